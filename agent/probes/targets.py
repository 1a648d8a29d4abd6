"""Where a probe goes: `host:port`, and the addresses of HTTP, MQTT and SIP."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

HTTP_PORTS: Final = {"http": 80, "https": 443}
MQTT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
SIP_PORT: Final = 5060
"""RFC 3261, section 19.1.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a probe goes.

    Attributes:
        scheme: `http`, `https`, `mqtt`, `mqtts`, `sip`, or "" where there is none.
        host: Name or address.
        port: Its port; 0 for ping.
        path: Path with query, topic, or the name before a SIP address's `@`.
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def place(self) -> str:
        """Host and port as people write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host


def target_of(method: str, text: str) -> Target:
    """What a probe's `target` names.

    Raises:
        ValueError: It does not fit the method; the text says what would.
    """
    if not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} has characters that no address has")
    return {"ping": _ping, "tcp": _tcp, "http": _http, "mqtt": _mqtt, "sip": _sip}[method](text)


def _ping(text: str) -> Target:
    if "/" in text or text.startswith("-"):
        raise ValueError(f"{text!r} is no host; give a name or an address, such as 192.0.2.7")
    return Target(scheme="", host=text.strip("[]"), port=0)


def _tcp(text: str) -> Target:
    host, port = _place(urlsplit(f"//{text}"), 0, text)
    if not port:
        raise ValueError(f"{text!r} has no port; give host:port, such as 192.0.2.7:9100")
    return Target(scheme="", host=host, port=port)


def _http(text: str) -> Target:
    parts = urlsplit(text)
    if parts.scheme not in HTTP_PORTS:
        raise ValueError(f"{text!r} does not begin with http:// or https://")
    host, port = _place(parts, HTTP_PORTS[parts.scheme], text)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=path)


def _mqtt(text: str) -> Target:
    parts = urlsplit(text, allow_fragments=False)
    if parts.scheme not in MQTT_PORTS:
        raise ValueError(f"{text!r} does not begin with mqtt:// or mqtts://")
    host, port = _place(parts, MQTT_PORTS[parts.scheme], text)
    topic = parts.path.removeprefix("/")
    if not topic:
        raise ValueError(f"{text!r} names no topic; give mqtt://host:port/topic")
    return Target(scheme=parts.scheme, host=host, port=port, path=topic)


def _sip(text: str) -> Target:
    scheme, _, rest = text.partition(":")
    if scheme != "sip" or not rest:
        raise ValueError(f"{text!r} does not begin with sip:; give sip:name@host or sip:host")
    name, _, place = rest.rpartition("@")
    host, port = _place(urlsplit(f"//{place}"), SIP_PORT, text)
    return Target(scheme="sip", host=host, port=port, path=name)


def _place(parts: SplitResult, default_port: int, text: str) -> tuple[str, int]:
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
    if not parts.hostname:
        raise ValueError(f"{text!r} names no host")
    if parts.username is not None:
        raise ValueError(f"{text!r} holds a user name; secrets are given by username and password_file")
    return parts.hostname, default_port if port is None else port
