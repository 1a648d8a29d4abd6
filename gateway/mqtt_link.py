"""One connection to the broker, whatever client library makes it: what it is told, what it tells, what it can do.

How long one lasts and what is said over it is `mqtt_bus`'s; `paho_link` and `gmqtt_link` are the libraries.
"""

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from gateway.config import BrokerConfig
from gateway.config_file import read_secret, require_client
from gateway.errors import ConfigurationError
from telemetry.bus import Message

CONNECT_WITHIN_S: Final = 10.0
"""How long TCP, TLS, CONNACK and SUBACK may each take."""

UNREADABLE_TOPIC: Final = "(no UTF-8)"
"""Stands for a topic that is no UTF-8, which no filter of ours but a wildcard can bring in."""

Arrival = tuple[str, bytes, bool]
"""A message that came: topic, body, whether it was retained. A bare tuple, since ten thousand a second are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What a connection is made with.

    Attributes:
        host: Name or address.
        port: TCP port.
        keepalive_s: MQTT keep-alive.
        client_id: Ours.
        will: What the broker says when we vanish.
        filters: Everything subscribed to, QoS 1.
        username: None: neither name nor password.
        password: None: a name alone.
        tls: What checks the broker's certificate and shows ours; None: no TLS.
        max_queued: Publications that may wait to be sent or for their PUBACK, at most 60,000.
    """

    host: str
    port: int
    keepalive_s: int
    client_id: str
    will: Message
    filters: Sequence[str]
    username: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None
    max_queued: int

    @classmethod
    def of(cls, config: BrokerConfig, *, client_id: str, will: Message, filters: Sequence[str]) -> "Hello":
        """As the configuration says; password and certificates are read anew.

        Raises:
            ConfigurationError: If they cannot be used.
        """
        secret = None
        if config.username is not None and config.password_file:
            secret = read_secret(config.password_file, "$.broker.password_file")
        return cls(
            host=config.host,
            port=config.effective_port,
            keepalive_s=config.keepalive_s,
            client_id=client_id,
            will=will,
            filters=filters,
            username=config.username,
            password=secret,
            tls=_tls_context(config),
            max_queued=config.max_queued,
        )


class LinkOwner(Protocol):
    """Who is told what happens on a link; called from the library's thread."""

    def link_changed(self) -> None:
        """It became ready, or ended."""

    def link_received(self, arrivals: list[Arrival]) -> None:
        """Messages came, oldest first; never raises."""

    def link_dropped(self, reason: Literal["full", "offline", "malformed"]) -> None:
        """A message was not sent, or one that came could not be read."""


class Link(ABC):
    """One connection from CONNECT to its end, never used again; a subclass is one client library.

    Attributes:
        ready: True while the broker has taken us and all our subscriptions.
        ended: Why there is no connection any more, in words; None before.
        shown: The certificate (DER) that the broker showed; None without TLS.
    """

    def __init__(self, hello: Hello, owner: LinkOwner) -> None:
        """Make it; `open` opens it."""
        self.ready = False
        self.ended: str | None = None
        self.shown: bytes | None = None
        self._hello = hello
        self._owner = owner

    @abstractmethod
    def open(self) -> None:
        """Begin to connect. That it stands or cannot be made is told through `link_changed`.

        Raises:
            OSError: If the broker cannot be reached, where that is known at once.
        """

    @abstractmethod
    def publish(self, message: Message) -> None:
        """Send it, or tell the owner that it was dropped; from any thread, never blocks."""

    @abstractmethod
    def farewell(self, message: Message, within_s: float) -> None:
        """Publish the last word and see it acknowledged, within a bound."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect, end the library's thread, free the socket, within a bound."""

    def refused(self, reason: str) -> None:
        """The broker answered CONNECT with a no."""
        self._end(f"the broker refuses us: {reason}; check [broker] username, password_file and certificates")

    def subscribed(self, failed: Sequence[bool]) -> None:
        """The broker answered SUBSCRIBE; for each filter whether it was refused."""
        refused = [name for name, is_refused in zip(self._hello.filters, failed, strict=False) if is_refused]
        if refused:
            self._end(f"the broker refuses the subscription to {', '.join(refused)}; check its ACL")
        else:
            self.ready = True
            self._owner.link_changed()

    def lost(self, reason: str) -> None:
        """The connection ended, or was never made."""
        if self.ready:
            self._end(f"connection lost: {reason}")
        else:
            advice = "its log has the reason; often a certificate, a name or an ACL that does not fit"
            self._end(f"the broker closed the connection before it took us ({reason}): {advice}")

    def _end(self, words: str) -> None:
        self.ended = self.ended or words
        self.ready = False
        self._owner.link_changed()


LinkMaker = Callable[[Hello, LinkOwner], Link]


def link_maker(config: BrokerConfig) -> LinkMaker:
    """What makes links over the library that the configuration names.

    Raises:
        ConfigurationError: If it is not installed.
    """
    require_client(config)
    if config.client == "gmqtt":
        from gateway.gmqtt_link import GmqttLink

        return GmqttLink
    from gateway.paho_link import PahoLink

    return PahoLink


def words_of(error: BaseException) -> str:
    """What an operator reads of an error of socket or TLS."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return words or type(error).__name__


def _tls_context(config: BrokerConfig) -> ssl.SSLContext | None:
    if config.ca_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(config.ca_file)
        if config.cert_file is not None:
            context.load_cert_chain(config.cert_file, config.key_file, password=_refuse_password)
    except (OSError, ValueError) as error:
        text = f"$.broker.ca_file, cert_file, key_file: {error}; give PEM files that belong together"
        raise ConfigurationError(text) from error
    return context


def _refuse_password() -> str:
    # Without this OpenSSL would ask on the terminal, and the gateway would hang.
    raise ValueError("the private key is encrypted; give one without a passphrase")
