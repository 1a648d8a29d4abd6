"""What the types of the configuration cannot say: settings that do not fit each other, or the parts, or the files."""

from collections.abc import Iterator
from datetime import date
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from agent.facility_checks import facility_problems
from sensors.errors import SensorError
from sensors.spec import i2c_bus_number
from telemetry.ids import RESERVED_REGION
from telemetry.parts import PARTS, Part

if TYPE_CHECKING:
    from agent.config import AgentConfig, BrokerConfig, SensorConfig


def problems_of(config: "AgentConfig") -> list[str]:
    """All that is wrong: the place (`$.sensors[1].address`), what is wrong, what to do."""
    return [
        *_identity_problems(config),
        *_broker_problems(config.broker),
        *_wait_problems(config),
        *_sensor_problems(config),
        *_link_problems(config),
        *facility_problems(config),
    ]


def _identity_problems(config: "AgentConfig") -> Iterator[str]:
    if config.region == RESERVED_REGION:
        yield "$.region: the id 'gateway' is taken; choose another"
    for index, sensor in enumerate(config.sensors):
        if sensor.point == config.agent:
            yield (
                f"$.sensors[{index}].point: {sensor.point!r} is the agent's own id, and points and agents share one "
                "space; choose another"
            )


def _broker_problems(broker: "BrokerConfig") -> Iterator[str]:
    if broker.password_file and not broker.username:
        yield "$.broker.password_file: a password needs a username; set $.broker.username"
    if broker.cert_file and not broker.key_file:
        yield "$.broker.cert_file: a certificate needs its private key; set $.broker.key_file"
    if broker.key_file and not broker.cert_file:
        yield "$.broker.key_file: a private key needs its certificate; set $.broker.cert_file"
    if broker.cert_file and not broker.ca_file:
        yield "$.broker.cert_file: is for TLS; set $.broker.ca_file, which the broker's certificate is checked against"
    if broker.proxy_password_file and not broker.proxy_username:
        yield "$.broker.proxy_password_file: a password needs a username; set $.broker.proxy_username"
    if broker.proxy and not 0 < int(broker.proxy.rstrip("/").rpartition(":")[2]) < 65_536:
        yield "$.broker.proxy: a port is a number from 1 to 65535"
    if broker.proxy_username and not broker.proxy:
        yield "$.broker.proxy_username: is for a proxy; set $.broker.proxy"
    for name in ("password_file", "proxy_password_file", "ca_file", "cert_file", "key_file"):
        path = getattr(broker, name)
        if path is None:
            continue
        try:
            Path(path).read_bytes()
        except OSError as error:
            yield f"$.broker.{name}: cannot be read: {error.strerror}: {path}; give its path and let this user read it"


def _wait_problems(config: "AgentConfig") -> Iterator[str]:
    for table, low, high in (
        ("broker", "reconnect_min_s", "reconnect_max_s"),
        ("uplink", "resend_min_s", "resend_max_s"),
        ("uplink", "call_min_s", "call_max_s"),
        ("sampler", "retry_min_s", "retry_max_s"),
    ):
        settings = getattr(config, table)
        if getattr(settings, low) > getattr(settings, high):
            yield f"$.{table}.{low}: {getattr(settings, low):g} is more than {high} {getattr(settings, high):g}"


def _sensor_problems(config: "AgentConfig") -> Iterator[str]:
    seen: dict[tuple[str, object], int] = {}
    points: dict[str, int] = {}
    for index, sensor in enumerate(config.sensors):
        place = f"$.sensors[{index}]"
        if sensor.point in points:
            yield f"{place}.point: {sensor.point!r} is the point of $.sensors[{points[sensor.point]}] too; rename one"
        points.setdefault(sensor.point, index)
        part = PARTS.get(sensor.part)
        if part is None:
            yield f"{place}.part: no part {sensor.part!r}; there are {', '.join(sorted(PARTS))}"
            continue
        yield from _calibration_problems(f"{place}.calibration", sensor, part)
        yield from _place_problems(place, sensor, part, index, seen)


def _calibration_problems(place: str, sensor: "SensorConfig", part: Part) -> Iterator[str]:
    calibration = sensor.calibration
    if calibration is None:
        return
    if calibration.date and not _is_day(calibration.date):
        yield f"{place}.date: {calibration.date} is no day of the calendar"
    for table, numbers in (("offset", calibration.offset), ("gain", calibration.gain)):
        for quantity, number in numbers.items():
            if part.channel(quantity) is None:
                known = ", ".join(channel.quantity for channel in part.channels)
                yield f"{place}.{table}.{quantity}: the {part.title} does not measure it; it measures {known}"
            elif not isfinite(number):
                yield f"{place}.{table}.{quantity}: {number} is no finite number"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _place_problems(
    place: str, sensor: "SensorConfig", part: Part, index: int, seen: dict[tuple[str, object], int]
) -> Iterator[str]:
    """What is wrong with where a sensor sits; a bus that no driver takes is the driver's to say (`check_sensors`)."""
    if part.bus == "i2c":
        try:
            bus = i2c_bus_number(sensor.bus)
        except SensorError as error:
            yield f"{place}.bus: {error}"
            return
        address = sensor.address if sensor.address is not None else part.address
        if address is None:
            return
        other = seen.setdefault(("i2c", (bus, address)), index)
        if other != index:
            yield (
                f"{place}.address: 0x{address:02x} on {sensor.bus} is taken by $.sensors[{other}]; two devices cannot "
                "share an address: put one on another bus or behind a multiplexer, or set another address where the "
                "part allows it"
            )
    elif part.bus == "serial":
        other = seen.setdefault(("serial", _port(sensor.bus)), index)
        if other != index:
            yield (
                f"{place}.bus: the serial port {sensor.bus} is taken by $.sensors[{other}]; a port carries one sensor: "
                "put this one on a port of its own, such as a USB adapter, named as `ls -l /dev/serial/by-id` does"
            )
    elif part.bus == "1-wire":
        yield from _wire_problems(place, sensor.bus, index, seen)


def _wire_problems(place: str, bus: str, index: int, seen: dict[tuple[str, object], int]) -> Iterator[str]:
    name = f"28-{bus.rpartition('28-')[2]}" if "28-" in bus else ""
    others = {key: other for (kind, key), other in seen.items() if kind == "1-wire"}
    advice = "name each one, as w1:28-0316a2795aff: `ls /sys/bus/w1/devices` shows them"
    if name and name in others:
        yield f"{place}.bus: the 1-Wire device {name} is taken by $.sensors[{others[name]}]; {advice}"
    elif others and ("" in others or not name):
        unnamed = others.get("", index)
        yield f"$.sensors[{unnamed}].bus: 'w1' is for the only 1-Wire device, and there are several; {advice}"
    seen.setdefault(("1-wire", name), index)


def _link_problems(config: "AgentConfig") -> Iterator[str]:
    """Modbus devices may share a port with each other, never with a sensor."""
    ports = {
        _port(sensor.bus): index
        for index, sensor in enumerate(config.sensors)
        if sensor.part in PARTS and PARTS[sensor.part].bus == "serial"
    }
    for index, device in enumerate(config.modbus):
        other = None if device.link.startswith("tcp://") else ports.get(_port(device.link))
        if other is not None:
            yield (
                f"$.modbus[{index}].link: the serial port {device.link} is taken by $.sensors[{other}]; put one of "
                "them on a port of its own"
            )


def _port(path: str) -> str:
    """One port has several names: /dev/serial0 is a link to another."""
    return str(Path(path).resolve()) if path.startswith("/") else path
