"""`openhall-agent doctor`: what stands in the way of readings reaching head office, found beside a running agent.

It only looks: no sensor is spoken to, no key made, nothing written, and its connection has a client id of its own.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from agent import build
from agent.clock_trust import why_trusted
from agent.config import AgentConfig
from agent.health import MB, probe_host
from agent.inbox import Inbox
from agent.mqtt_bus import BusEvent, Connected, Disconnected, MqttBus, Received
from agent.signer import MAX_FILE_BYTES, OTHERS, Signer, seed_of
from sensors import SensorError, SensorSpec
from sensors.spec import i2c_bus_number, serial_path
from telemetry.errors import MalformedError
from telemetry.messages import GatewayStatus, decode
from telemetry.parts import PARTS
from telemetry.topics import GATEWAY_STATUS_FILTER

STATUS_S: Final = 3.0
"""How long a gateway's retained status may take once all is subscribed; it comes with the subscription."""

MAX_NEWS: Final = 1_000
"""Events taken in at most: a broker that floods ends the look, not the doctor."""

PINS: Final = "dev/gpiochip0"
W1: Final = "sys/bus/w1/devices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at.

    Attributes:
        about: `clock`, `signing`, `journal`, `disk`, `bus`, `broker` or `gateway`.
        ok: Whether nothing is to be done.
        text: What was found; if not ok, what to do too.
    """

    about: str
    ok: bool
    text: str

    @property
    def is_unreachable(self) -> bool:
        """Whether the service outside is what is missing."""
        return self.about == "broker" and not self.ok


def examine(
    config: AgentConfig, *, simulate: bool = False, root: Path = Path("/"), status_s: float = STATUS_S
) -> list[Finding]:
    """Look at everything between the sensors' buses and the gateway.

    Args:
        config: The agent's, checked.
        simulate: Its parts are simulated: no bus is looked at.
        root: Where `/dev`, `/proc` and `/sys` are.
        status_s: How long to wait for a gateway's status.
    """
    found = [_clock(config, root), _signing(config), _journal(config), _disk(config)]
    return [*found, *([] if simulate else _buses(config, root)), *_broker(config, status_s)]


def _clock(config: AgentConfig, root: Path) -> Finding:
    if config.clock.trust == "always":
        return Finding(about="clock", ok=True, text="trusted, $.clock.trust says so")
    why = why_trusted(root=root)
    text = why or "no time source was heard since boot: readings go without times; let NTP through (timedatectl status)"
    return Finding(about="clock", ok=why is not None, text=text)


# -- signing, journal, disk --------------------------------------------------------------------------------------------


def _signing(config: AgentConfig) -> Finding:
    ok, text = _key_words(build.signing_key_path(config), config.signing.enabled)
    return Finding(about="signing", ok=ok, text=text)


def _key_words(path: Path, enabled: bool) -> tuple[bool, str]:
    if not enabled:
        return True, "packs go unsigned, $.signing.enabled is false"
    if find_spec("nacl") is None:
        return False, "packs go unsigned: PyNaCl is not installed (32-bit Arm has no wheel of it; a 64-bit system has)"
    try:
        with path.open("rb") as file:
            rights = os.fstat(file.fileno()).st_mode & 0o777
            seed = seed_of(file.read(MAX_FILE_BYTES).decode("ascii", "replace"))
    except FileNotFoundError:
        return True, f"{path} is made at the first start"
    except OSError as error:
        return False, f"packs go unsigned: {path}: {error.strerror}; let this user read it"
    if seed is None:
        return False, f"{path} holds no key; the next start sets it aside and makes a new one, to be enrolled again"
    if rights & OTHERS:
        return False, f"{path} is open to others (mode {rights:04o}); the next start closes it, the key may be known"
    return True, f"packs are signed with {Signer(seed).key}"


def _journal(config: AgentConfig) -> Finding:
    path = Path(config.journal.path)
    folder = path.parent
    if not path.exists():
        near = next(one for one in (folder, *folder.parents) if one.exists())
        ok = near.is_dir() and os.access(near, os.W_OK | os.X_OK)
        text = f"{path} is made at the first start" if ok else f"{near} cannot be written by this user; give it to them"
        return Finding(about="journal", ok=ok, text=text)
    if not os.access(path, os.R_OK | os.W_OK):
        return Finding(about="journal", ok=False, text=f"{path} cannot be read and written by this user")
    ok, text = _owed(path)
    return Finding(about="journal", ok=ok, text=text)


def _owed(path: Path) -> tuple[bool, str]:
    sql = "SELECT count(*), min(time_ms) FROM packs WHERE receipted = 0"
    # A running agent has a log beside it. Where there is none, SQLite would make one, and an index, and leave them.
    log, index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    how = "mode=ro" if log.exists() else "immutable=1"
    had_index = index.exists()
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=0.2)) as look:
            packs, oldest_ms = look.execute(sql).fetchone()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return True, f"{path} is in use, an agent runs"
        return False, f"{path}: {error}; the next start sets a damaged journal aside and goes on with a new one"
    finally:
        if not had_index:
            # An agent keeps its index in memory.
            index.unlink(missing_ok=True)
    if not packs:
        return True, f"{path} owes nothing; no agent runs"
    since = "" if oldest_ms is None else time.strftime(" since %Y-%m-%d %H:%M UTC", time.gmtime(oldest_ms / 1000))
    return True, f"{path} owes {packs} packs{since}; no agent runs, they go out when one does"


def _disk(config: AgentConfig) -> Finding:
    path = Path(config.journal.path)
    near = next(one for one in (path.parent, *path.parent.parents) if one.exists())
    free_mb = probe_host(near).disk_free_mb or 0.0
    grows_mb = max(config.journal.max_mb - (path.stat().st_size / MB if path.exists() else 0.0), 0.0)
    text = f"{free_mb:.0f} MB free where the journal is, it may yet grow by {grows_mb:.0f} MB"
    advice = "" if free_mb >= grows_mb else "; make room, or lower $.journal.max_mb"
    return Finding(about="disk", ok=not advice, text=text + advice)


# -- buses -------------------------------------------------------------------------------------------------------------


def _buses(config: AgentConfig, root: Path) -> Iterator[Finding]:
    """Each device file that the configuration needs, once."""
    seen = set[str]()
    for point, device, advice in _devices(config):
        if device in seen:
            continue
        seen.add(device)
        path = root / device
        if not path.exists():
            text = f"{path} is not there, {point} needs it; {advice}"
            yield Finding(about="bus", ok=False, text=text)
        elif not os.access(path, os.R_OK | (0 if path.is_dir() else os.W_OK)):
            text = f"{path} is closed to this user, {point} needs it; add the user to its group ({_group(path)})"
            yield Finding(about="bus", ok=False, text=text)
        else:
            yield Finding(about="bus", ok=True, text=f"{path} is there")


def _group(path: Path) -> str:
    try:
        return path.group()
    except (KeyError, OSError):
        return "ls -l shows which"


def _devices(config: AgentConfig) -> Iterator[tuple[str, str, str]]:
    """Point, device and what to do if it is missing, of everything wired."""
    for sensor in config.sensors:
        bus = PARTS[sensor.part].bus
        spec = SensorSpec(part=sensor.part, bus=sensor.bus)
        try:
            if bus == "serial":
                yield sensor.point, serial_path(spec).lstrip("/"), "turn the serial port on, or plug the adapter in"
            elif bus == "1-wire":
                yield sensor.point, W1, "turn 1-Wire on (dtoverlay=w1-gpio)"
            else:
                yield sensor.point, f"dev/i2c-{i2c_bus_number(sensor.bus)}", "turn I2C on (dtparam=i2c_arm=on)"
        except SensorError:
            continue
    for point in (*(one.point for one in config.inputs), *(one.point for one in config.outputs)):
        yield point, PINS, "pins are a Raspberry Pi's"
    for device in config.modbus:
        if "://" not in device.link:
            yield device.point, device.link.lstrip("/"), "plug the RS-485 adapter in"


# -- broker and gateway ------------------------------------------------------------------------------------------------


def _broker(config: AgentConfig, status_s: float) -> list[Finding]:
    """Whether the broker lets us in, and whether a gateway of our region stands behind it."""
    inbox: Inbox[BusEvent] = Inbox()
    broker = config.broker
    where = f"{broker.host}:{broker.effective_port}"
    bus = MqttBus(
        broker,
        client_id=f"{build.client_id_of(build.root_of(config))}-doctor",
        subscriptions=[GATEWAY_STATUS_FILTER],
        report=inbox.put,
    )
    bus.open(None)
    try:
        refusal, gateways = _hear(inbox, config.region, broker.connect_timeout_s, status_s)
    finally:
        bus.abandon()
    if refusal is not None:
        return [Finding(about="broker", ok=False, text=f"{where}: {refusal}")]
    return [Finding(about="broker", ok=True, text=f"{where} lets us in"), _gateway(config.region, gateways)]


def _hear(inbox: Inbox[BusEvent], region: str, connect_s: float, status_s: float) -> tuple[str | None, dict[str, bool]]:
    """Why the broker is not to be had, and which gateways of the region are online, with whether they store."""
    refusal: str | None = f"no answer within {connect_s:g} s; a firewall may swallow it"
    gateways: dict[str, bool] = {}
    end_s = time.monotonic() + connect_s
    for _ in range(MAX_NEWS):
        event = inbox.get(max(end_s - time.monotonic(), 0))
        if event is None or isinstance(event, Disconnected):
            return (refusal if event is None else event.reason), gateways
        if isinstance(event, Connected):
            refusal, end_s = None, time.monotonic() + status_s
        elif isinstance(event, Received):
            gateways |= _standing(event, region)
        if gateways and refusal is None:
            break
    return refusal, gateways


def _standing(event: Received, region: str) -> dict[str, bool]:
    try:
        status = decode(event.body, GatewayStatus)
    except MalformedError:
        return {}
    serves = status.online and (region in status.regions or "+" in status.regions)
    return {event.topic.rpartition("/")[2]: status.storing is not False} if serves else {}


def _gateway(region: str, gateways: dict[str, bool]) -> Finding:
    storing = [name for name, stores in gateways.items() if stores]
    if storing:
        return Finding(about="gateway", ok=True, text=f"{storing[0]} is online and stores")
    text = f"no gateway of region {region} is online; readings wait in the journal. Is $.region right?"
    if gateways:
        text = f"{next(iter(gateways))} is online and cannot store; readings wait in the journal, its log says why"
    return Finding(about="gateway", ok=False, text=text)
