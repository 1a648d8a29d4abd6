"""What the robots of chat groups share: one JSON body over HTTPS, and an answer that has to be read.

All three answer HTTP 200 also when they refuse; only `errcode` or `code` in the body says so.
"""

import email.utils
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import urllib3

from gateway.notifiers.errors import ChannelRefused, ChannelUnavailable

MOST_ANSWER: Final = 65_536
MOST_WAIT_S: Final = 3_600.0


class Robot:
    """One service at one base address."""

    def __init__(self, base: str, *, timeout_s: float) -> None:
        self._base = base.rstrip("/")
        self._host = urlsplit(base).netloc
        # No retries of its own: the outbox decides when, and counts.
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=2, timeout=urllib3.Timeout(timeout_s), retries=False)

    def post(self, path: str, body: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
        """The answer to a body; whether it is a good one the caller sees.

        Raises:
            ChannelUnavailable: If there is no answer, or one that says: later.
            ChannelRefused: If the address is wrong.
        """
        try:
            answer = self._pool.request(
                "POST",
                self._base + path,
                body=msgspec.json.encode(body),
                headers={"Content-Type": "application/json; charset=utf-8"},
                preload_content=False,
                redirect=False,
            )
            content = answer.read(MOST_ANSWER)
            answer.release_conn()
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise ChannelUnavailable(f"{self._host} cannot be reached: {_why(error)}") from None
        except urllib3.exceptions.HTTPError as error:
            raise ChannelUnavailable(f"{self._host} gave no answer: {_why(error)}", in_doubt=True) from None
        self._check(answer.status, answer.headers.get("Retry-After"), now_ms)
        try:
            found = msgspec.json.decode(content, type=dict[str, Any])
        except msgspec.DecodeError as error:
            text = f"{self._host} answered {answer.status} with no JSON; is something between us and it?"
            raise ChannelUnavailable(text, in_doubt=True) from error
        return found

    def _check(self, status: int, retry_after: str | None, now_ms: int) -> None:
        if status == 429 or status >= 500:
            wait_s = wait_of(retry_after, now_ms)
            raise ChannelUnavailable(f"{self._host} answered {status}", wait_s=wait_s, in_doubt=status >= 500)
        # 400 comes with a body that says more.
        if status >= 300 and status != 400:
            raise ChannelRefused(f"{self._host} answered {status}; check base and key_file of the channel")


def code_of(answer: Mapping[str, Any], *names: str) -> int:
    """The number that says whether a message was taken.

    Raises:
        ChannelUnavailable: If there is none.
    """
    for name in names:
        code = answer.get(name)
        if isinstance(code, int) and not isinstance(code, bool):
            return code
    raise ChannelUnavailable(f"the answer has no {' or '.join(names)}; is base the address of the right service?")


def words_of(answer: Mapping[str, Any], *names: str) -> str:
    """What the service says of it, cut to a line."""
    return next((str(answer[name])[:200] for name in names if answer.get(name)), "no reason given")


def wait_of(retry_after: str | None, now_ms: int) -> float:
    """Seconds in a Retry-After header (RFC 9110, section 10.2.3), within an hour; 0 if it cannot be read."""
    if not retry_after:
        return 0.0
    if retry_after.strip().isdecimal():
        return min(MOST_WAIT_S, float(retry_after))
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, min(MOST_WAIT_S, moment.timestamp() - now_ms / 1000))


def cut(text: str, most: int) -> str:
    """Text of at most so many bytes in UTF-8, never cut within a letter."""
    body = text.encode("utf-8")
    return text if len(body) <= most else body[: most - 3].decode("utf-8", "ignore") + "…"


def _why(error: Exception) -> str:
    # urllib3's own words hold the whole address, and with it the key.
    return type(error).__name__
