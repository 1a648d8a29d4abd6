"""What the gateway's configuration holds; `config_file` reads it.

Unknown keys are errors. Secrets are given by path, never in the file. A relative path is taken from the folder of the
configuration file, so that a file and what belongs to it can be moved together.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from gateway.alerts.settings import AlertsConfig, RuleConfig
from gateway.cases.settings import AcceptanceConfig
from gateway.ingest.settings import IngestSettings

Port = Annotated[int, Meta(ge=1, le=65_535)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class BrokerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the MQTT 3.1.1 broker is and how the gateway shows who it is.

    Attributes:
        client: The library that speaks MQTT: `paho`, or `gmqtt`, with which a gateway needs half the processor time a
            pack, and which comes with the extra `fast`.
        host: Name or address.
        port: 1883 without TLS, 8883 with it, unless given.
        username: None: no name and password are sent.
        password_file: A file with nothing but the password; needs `username`.
        ca_file: PEM file of the authority that signed the broker's certificate; switches TLS on.
        cert_file: The gateway's own certificate (PEM) for mutual TLS; needs `key_file` and `ca_file`.
        key_file: Its private key (PEM, no passphrase).
        keepalive_s: MQTT keep-alive; a silent link is noticed after one and a half of it.
        ping_s: How often a message is sent round through the broker to see whether it still carries.
        reconnect_min_s: First wait after a lost connection; doubles up to the next, each with jitter.
        reconnect_max_s: Longest wait between two attempts.
        max_queued: Outgoing messages that wait for the broker; more are dropped and counted.
    """

    client: Literal["paho", "gmqtt"] = "paho"
    host: str = "127.0.0.1"
    port: Port | None = None
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    keepalive_s: Annotated[int, Meta(ge=5, le=3_600)] = 30
    ping_s: Seconds = 10.0
    reconnect_min_s: Seconds = 1.0
    reconnect_max_s: Seconds = 60.0
    max_queued: Annotated[int, Meta(ge=100, le=60_000)] = 20_000

    @property
    def tls(self) -> bool:
        """True if the connection is encrypted."""
        return self.ca_file is not None

    @property
    def effective_port(self) -> int:
        """`port`, or the registered one for TLS or plain MQTT (IANA: secure-mqtt 8883, mqtt 1883)."""
        return self.port or (8883 if self.tls else 1883)


class SqliteStoreConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="sqlite"
):
    """The embedded store: one SQLite file."""

    path: str = "readings.sqlite3"


class InfluxStoreConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="influx"
):
    """An InfluxDB 1.x, 2.x or 3 Core, or a server that speaks its line protocol.

    Attributes:
        url: Such as `http://127.0.0.1:8086`.
        token_file: A file with nothing but the token (1.x with authentication: `user:password`).
        org: InfluxDB 2's organisation; the others do not look at it.
        ca_file: PEM file of the authority that signed its certificate; the system's own unless given.
        bucket_prefix: Put before `openhall`, `openhall_long` and `openhall_evidence`.
        write_only: For servers that answer no InfluxQL: no history on the board, no mark to compare.
        timeout_s: How long one request may take.
        gzip: Compress what is written; worth it over a slow link, not on one machine.
    """

    url: Annotated[str, Meta(pattern=r"^https?://[^/\s]+")]
    token_file: str | None = None
    org: str = "openhall"
    ca_file: str | None = None
    bucket_prefix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,32}$")] = ""
    write_only: bool = False
    timeout_s: Seconds = 10.0
    gzip: bool = False


StoreConfig = SqliteStoreConfig | InfluxStoreConfig


class StateConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where ledger, dead letters and alert state are kept, as an SQLAlchemy address."""

    url: Annotated[str, Meta(min_length=1)] = "sqlite:///state.sqlite3"


class HttpConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The board, the API and the metrics.

    Attributes:
        host: Address to listen on; anything but loopback needs `token_file`.
        port: TCP port.
        token_file: Lines `NAME TOKEN`; each program shows its token as `Authorization: Bearer TOKEN`.
        names: Further names under which browsers reach this server (a reverse proxy's), besides loopback's own.
        session_valid_s: How long a browser is known after somebody gave it their token.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8080
    token_file: str | None = None
    names: tuple[str, ...] = ()
    session_valid_s: Annotated[float, Meta(ge=300, le=31_536_000)] = 2_592_000.0

    @property
    def on_loopback(self) -> bool:
        """True if nobody outside this machine can reach it."""
        return self.host in LOOPBACK_HOSTS or self.host.startswith("127.")


LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class SiteConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the board calls a branch, until the register of sites comes."""

    title_en: str = ""
    title_zh: str = ""
    time_zone: str = ""


class RoomConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people call the rooms of one id, in messages and on the page of alerts."""

    title_en: Annotated[str, Meta(max_length=100)] = ""
    title_zh: Annotated[str, Meta(max_length=100)] = ""


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written to stderr.

    Attributes:
        level: The least grave that is written.
        form: `auto`: lines for people on a terminal, JSON lines elsewhere.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["auto", "console", "json"] = "auto"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of the gateway's settings.

    Attributes:
        gateway: Its id, unique on the broker.
        regions: The regions whose agents it hears.
        sites: By site id, how the board calls it.
        rooms: By room id, how people call it; goes before the usual words.
        rule: Alert rules beside the default ones.
        alerts: Who is told of alarms, when and how.
        acceptance: How acceptance cases are watched, and how long their evidence is kept.
    """

    gateway: str
    regions: tuple[str, ...]
    broker: BrokerConfig = BrokerConfig()
    store: StoreConfig = SqliteStoreConfig()
    state: StateConfig = StateConfig()
    http: HttpConfig = HttpConfig()
    ingest: IngestSettings = IngestSettings()
    log: LogConfig = LogConfig()
    sites: dict[str, SiteConfig] = {}
    rooms: dict[str, RoomConfig] = {}
    rule: tuple[RuleConfig, ...] = ()
    alerts: AlertsConfig = AlertsConfig()
    acceptance: AcceptanceConfig = AcceptanceConfig()
