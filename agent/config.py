"""The agent's configuration: one TOML file, loaded once into frozen records.

Unknown keys are errors, and every error names its place (`$.sensors[1].address`) and what to do.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from agent.config_checks import problems_of
from agent.errors import ConfigurationError
from agent.facility_config import InputConfig, LineConfig, ModbusConfig, OutputConfig, ProbeConfig, RegisterConfig
from agent.home_assistant.settings import HomeAssistantConfig
from telemetry.ids import ID_PATTERN
from telemetry.messages import Calibration

PLAIN_PORT: Final = 1883
TLS_PORT: Final = 8883
HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443
"""The ports that IANA registers for MQTT, MQTT over TLS, HTTP and HTTPS; WebSocket uses the last two (RFC 6455)."""

Id = Annotated[str, msgspec.Meta(pattern=f"^{ID_PATTERN}$")]
Wait = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
"""Seconds, more than nothing and at most a day."""

Words = Annotated[str, msgspec.Meta(min_length=1)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class BrokerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[broker]`: where the MQTT broker is and how the agent shows who it is.

    Attributes:
        host: Name or address.
        port: None: 1883, or 8883 with TLS; with `websockets` 80, or 443 with TLS.
        transport: `tcp`, or `websockets` where a network lets nothing but HTTPS out.
        path: The broker's WebSocket address.
        proxy: An HTTP proxy that takes CONNECT, `http://host:port`; None: the broker is reached without one.
        proxy_username: None: the proxy asks for no name.
        proxy_password_file: A file that holds its password and nothing else but a line end.
        username: None: anonymous, or by certificate.
        password_file: A file that holds the password and nothing else but a line end.
        ca_file: PEM certificates the broker's is checked against; having it turns TLS on.
        cert_file: The agent's own certificate, PEM, for a broker that asks for one.
        key_file: Its private key, PEM.
        keepalive_s: Seconds of silence after which a ping must be answered.
        connect_timeout_s: Seconds a connection may take from the first packet until everything is subscribed.
        reconnect_min_s: First wait before the next attempt; it doubles up to the next one.
        reconnect_max_s: The longest such wait.
    """

    host: Words = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    transport: Literal["tcp", "websockets"] = "tcp"
    path: Annotated[str, msgspec.Meta(pattern=r"^/[!-~]*$")] = "/mqtt"
    proxy: (
        Annotated[str, msgspec.Meta(pattern=r"^http://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?$")] | None
    ) = None
    proxy_username: Words | None = None
    proxy_password_file: Words | None = None
    username: Words | None = None
    password_file: Words | None = None
    ca_file: Words | None = None
    cert_file: Words | None = None
    key_file: Words | None = None
    keepalive_s: Annotated[int, msgspec.Meta(ge=5, le=3_600)] = 30
    connect_timeout_s: Wait = 15.0
    reconnect_min_s: Wait = 1.0
    reconnect_max_s: Wait = 60.0

    @property
    def is_tls(self) -> bool:
        """True if the connection is encrypted."""
        return self.ca_file is not None

    @property
    def effective_port(self) -> int:
        """The port, whether or not it is given."""
        plain, secure = (PLAIN_PORT, TLS_PORT) if self.transport == "tcp" else (HTTP_PORT, HTTPS_PORT)
        return self.port or (secure if self.is_tls else plain)


class JournalConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[journal]`: where readings wait for their receipts.

    Attributes:
        path: The SQLite file; its folder is made if it is missing.
        keep_days: Days that a receipted pack is kept, so that a restored store can ask again.
        max_mb: The most it may take on the disk, in MB of 10^6 bytes.
        fsync: `always`: each pack is on the disk before it is sent; `calls`: facility states are, air follows.
        fsync_interval_s: With `calls`, the longest that air stays unsynced.
    """

    path: Words = "/var/lib/openhall/agent.journal"
    keep_days: Annotated[float, msgspec.Meta(gt=0, le=3_650)] = 7.0
    max_mb: Annotated[float, msgspec.Meta(ge=4, le=1_000_000)] = 512.0
    fsync: Literal["always", "calls"] = "calls"
    fsync_interval_s: Wait = 5.0


class UplinkConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[uplink]`: the waits of rule 4.

    Attributes:
        resend_min_s: An unreceipted pack is sent again after so long; the wait doubles up to the next one.
        resend_max_s: The longest such wait.
        call_min_s: The same for a call that nobody has heard yet.
        call_max_s: The longest wait between two sendings of an unheard call.
        gateway_boot_spread_s: After a new boot of a gateway all goes again, and health, spread over so long.
        backlog_window: Backlog packs in flight at most.
        late_s: Air older than this, and than so many periods, is backlog.
        late_periods: As above.
    """

    resend_min_s: Wait = 60.0
    resend_max_s: Wait = 900.0
    call_min_s: Wait = 5.0
    call_max_s: Wait = 60.0
    gateway_boot_spread_s: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 30.0
    backlog_window: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 64
    late_s: Wait = 120.0
    late_periods: Annotated[float, msgspec.Meta(ge=1, le=1_000)] = 3.0


class ClockConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[clock]`: when the wall clock is believed (rule 6 of the journal).

    Attributes:
        trust: `auto`: once the machine shows that it was set; `always`: from the start.
    """

    trust: Literal["auto", "always"] = "auto"


class SamplerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sampler]`: how sensors that fail are treated.

    Attributes:
        hang_s: A driver call that takes longer is given up, its sensor reported as a fault.
        silent_periods: A sensor without new data for that many periods (at least a minute) is a fault.
        fault_after: Failed reads in a row that make a fault.
        retry_min_s: First wait before a failed sensor is tried again; it doubles up to the next one.
        retry_max_s: The longest such wait.
        max_abandoned: Driver calls that hang and are left alone, at most; beyond, a sensor waits until one ends.
    """

    hang_s: Wait = 30.0
    silent_periods: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 3
    fault_after: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 2
    retry_min_s: Wait = 1.0
    retry_max_s: Wait = 300.0
    max_abandoned: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8


class SigningConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[signing]`: whether packs carry the agent's signature.

    Attributes:
        enabled: False: packs go unsigned, and PyNaCl is not loaded.
        key_file: The private key, made at the first start; None: beside the journal, with `.signing.key` as its end.
    """

    enabled: bool = True
    key_file: Words | None = None


class CommandsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[commands]`: what head office may order.

    Attributes:
        allow: The commands that are obeyed; `resend` always is.
    """

    allow: tuple[Literal["identify", "read", "period", "config", "restart", "logs", "calibrate"], ...] = (
        "identify",
        "read",
        "period",
        "config",
        "restart",
        "logs",
        "calibrate",
    )


class HealthConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[health]`: the agent's own numbers.

    Attributes:
        period_s: Seconds between two of them; the gateway thinks an agent dead after three minutes of silence.
    """

    period_s: Annotated[float, msgspec.Meta(gt=0, le=120)] = 60.0


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[log]`: what is written to stderr.

    Attributes:
        level: The least grave that is written.
        form: `auto`: lines for people on a terminal, JSON lines elsewhere.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["auto", "console", "json"] = "auto"


class CalibrationConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sensors.calibration]`: what was found when the sensor was held against a reference.

    Attributes:
        offset: By quantity; added to each value after the gain.
        gain: By quantity; each value is multiplied by it.
        date: The day of the certificate.
        certificate: Its number.
        valid_days: So long after its day it holds; then it is said that a new one is due.
    """

    offset: dict[str, float] = {}
    gain: dict[str, Annotated[float, msgspec.Meta(gt=0)]] = {}
    date: Annotated[str, msgspec.Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
    certificate: str = ""
    valid_days: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 365

    def declared(self) -> Calibration:
        """As presence declares it."""
        return Calibration(offset=self.offset, gain=self.gain, date=self.date, certificate=self.certificate)


class SensorConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[sensors]]`.

    Attributes:
        part: The part as it is sold.
        point: The air point it measures.
        room: The room that point is in.
        bus: The bus it is on: I2C, a serial port, or 1-Wire.
        address: Its I2C address; None: the part's own.
        period_s: Seconds between two readings.
        altitude_m: Height above the sea, for parts that need the air pressure.
        ambient_pressure_hpa: The air pressure itself, where it is known better.
        self_calibration: Let the part take the lowest CO2 of the week for fresh air.
        temperature_offset_c: How much the part warms itself in its housing.
        installed: The day it was put there; for parts without a serial number another day means another sensor.
        calibration: What a calibration found.
    """

    part: Words
    point: Id
    room: Id
    bus: Words = "/dev/i2c-1"
    address: Annotated[int, msgspec.Meta(ge=0x03, le=0x77)] | None = None
    period_s: Annotated[float, msgspec.Meta(ge=0.1, le=86_400)] = 60.0
    altitude_m: Annotated[int, msgspec.Meta(ge=-500, le=9_000)] = 0
    ambient_pressure_hpa: Annotated[int, msgspec.Meta(ge=500, le=1_200)] | None = None
    self_calibration: bool = False
    temperature_offset_c: Annotated[float, msgspec.Meta(ge=0, le=20)] | None = None
    installed: Day | None = None
    calibration: CalibrationConfig | None = None


class AgentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file.

    Attributes:
        region: The region's id.
        site: The branch's id, unique in the bank.
        agent: This agent's id, unique in the branch, points included.
    """

    region: Id
    site: Id
    agent: Id
    broker: BrokerConfig = BrokerConfig()
    journal: JournalConfig = JournalConfig()
    uplink: UplinkConfig = UplinkConfig()
    clock: ClockConfig = ClockConfig()
    sampler: SamplerConfig = SamplerConfig()
    signing: SigningConfig = SigningConfig()
    commands: CommandsConfig = CommandsConfig()
    health: HealthConfig = HealthConfig()
    log: LogConfig = LogConfig()
    home_assistant: HomeAssistantConfig | None = None
    sensors: list[SensorConfig] = []
    inputs: list[InputConfig] = []
    outputs: list[OutputConfig] = []
    probes: list[ProbeConfig] = []
    modbus: list[ModbusConfig] = []


def load(path: Path) -> AgentConfig:
    """The configuration in a file, checked.

    Raises:
        ConfigurationError: It names the file and every problem found.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path}: cannot be read: {error}"]) from error
    try:
        return parse(text)
    except ConfigurationError as error:
        raise ConfigurationError([f"{path}: {problem}" for problem in error.problems]) from error


def parse(text: str) -> AgentConfig:
    """The configuration in a text, checked.

    Raises:
        ConfigurationError: Each problem with its place.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([f"this is no TOML: {error}"]) from error
    try:
        config = msgspec.convert(raw, AgentConfig)
    except msgspec.ValidationError as error:
        raise ConfigurationError([_explain(str(error))]) from error
    problems = problems_of(config)
    if problems:
        raise ConfigurationError(problems)
    return config


_KNOWN_TABLES: Final = {
    "$": AgentConfig,
    "$.broker": BrokerConfig,
    "$.journal": JournalConfig,
    "$.uplink": UplinkConfig,
    "$.clock": ClockConfig,
    "$.sampler": SamplerConfig,
    "$.signing": SigningConfig,
    "$.commands": CommandsConfig,
    "$.health": HealthConfig,
    "$.log": LogConfig,
    "$.home_assistant": HomeAssistantConfig,
    "$.sensors[]": SensorConfig,
    "$.sensors[].calibration": CalibrationConfig,
    "$.inputs[]": InputConfig,
    "$.inputs[].line": LineConfig,
    "$.outputs[]": OutputConfig,
    "$.probes[]": ProbeConfig,
    "$.modbus[]": ModbusConfig,
    "$.modbus[].registers[]": RegisterConfig,
}
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<key>.*?)`(?: - at `(?P<place>.*)`)?$")
_MISSING: Final = re.compile(r"Object missing required field `(?P<key>.*?)`(?: - at `(?P<place>.*)`)?$")
_OTHER: Final = re.compile(r"(?P<what>.*) - at `(?P<place>.*)`$")


def _explain(text: str) -> str:
    """What msgspec says, with the place in front and what to do."""
    if match := _UNKNOWN.match(text):
        place = match["place"] or "$"
        table = _KNOWN_TABLES.get(re.sub(r"\[\d+\]", "[]", place))
        known = ", ".join(table.__struct_fields__) if table else ""
        return f"{place}.{match['key']}: there is no such setting; there are {known}"
    if match := _MISSING.match(text):
        return f"{match['place'] or '$'}.{match['key']}: is missing; add it"
    if match := _OTHER.match(text):
        what = match["what"].replace("`", "")
        if ID_PATTERN in what:
            what = "an id is lower-case letters, digits and hyphens, at most 32, and begins with no hyphen"
        return f"{match['place']}: {what[:1].lower()}{what[1:]}"
    return text
