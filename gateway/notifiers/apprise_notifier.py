"""Everything that Apprise knows: e-mail, SMS, Telegram, Slack, web hooks, MQTT; loaded at the first message."""

import logging
import re
import threading
import warnings
from functools import cache
from typing import Any, Final
from urllib.parse import quote, urlsplit

from gateway.notifiers.errors import ChannelRefused, ChannelUnavailable
from gateway.notifiers.message import Address, Message

_LOADING: Final = threading.Lock()
_FIELDS: Final = re.compile(r"\{(person|name|email|mobile|wecom|dingtalk|feishu|address)\}")
_TYPES: Final = {"emergency": "failure", "critical": "failure", "warning": "warning", "info": "info"}


class AppriseNotifier:
    """Speaks through one address in Apprise's form, in which `{email}` and the like stand for the person's."""

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        self._url = url
        self._timeout_s = timeout_s

    @property
    def in_group(self) -> bool:
        """True if the address is the same for everybody."""
        return _FIELDS.search(self._url) is None

    def send(self, message: Message, to: Address, now_ms: int) -> None:
        """Tell a person.

        Raises:
            ChannelUnavailable: If the service did not take it; Apprise does not say why.
            ChannelRefused: If the address means nothing to Apprise, or the person has none for it.
        """
        del now_ms
        apprise = load()
        scheme = urlsplit(self._url).scheme
        sender = apprise.Apprise()
        if not sender.add(self._filled(to)):
            raise ChannelRefused(f"Apprise does not understand the {scheme} address in url_file of the channel")
        kind = "success" if message.tell == "clear" else _TYPES.get(message.severity, "info")
        with _overheard() as said:
            taken = sender.notify(body=message.text, title=message.title, notify_type=kind)
        if not taken:
            # Its log names services and reasons; the address with its secrets is not among them at this level.
            raise ChannelUnavailable(f"{scheme} did not take it: {said.last or 'no reason given'}", in_doubt=True)

    def _filled(self, to: Address) -> str:
        def value_of(match: "re.Match[str]") -> str:
            value = str(getattr(to, match[1]))
            if not value:
                raise ChannelRefused(f"{to.person} has no {match[1]}, which this channel needs")
            return quote(value, safe="")

        url = _FIELDS.sub(value_of, self._url)
        if "cto=" in url:
            return url
        joint = "&" if "?" in url else "?"
        return f"{url}{joint}cto={self._timeout_s:g}&rto={self._timeout_s:g}"


class _Overheard(logging.Handler):
    """Remembers the last warning of a logger."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()[:200]

    def __enter__(self) -> "_Overheard":
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


def _overheard() -> _Overheard:
    return _Overheard()


@cache
def _load() -> Any:
    with warnings.catch_warnings():
        # apprise imports imghdr, which Python 3.11 announces to remove; it loads its services at the first address.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        apprise.Apprise.instantiate("json://localhost")
    return apprise


def load() -> Any:
    """The package, loaded once; it takes a second."""
    with _LOADING:
        return _load()
