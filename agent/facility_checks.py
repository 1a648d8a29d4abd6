"""What the types cannot say of inputs, outputs, probes and Modbus points: each problem with its place and advice."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.facility_config import InputConfig
from agent.inputs.kinds import INPUT_KINDS, is_call
from agent.inputs.line import MIN_DISTANCE
from agent.inputs.wiring import levels_of_line, style_of
from agent.modbus.link import TCP_PREFIX, LinkPlan, link_of
from agent.modbus.registers import problems_of as register_problems_of
from agent.probes.opening import problem_of as probe_problem_of
from sensors.errors import SensorError
from sensors.spec import i2c_bus_number
from telemetry.parts import PARTS

if TYPE_CHECKING:
    from agent.config import AgentConfig, SensorConfig

SPI_PINS: Final = {7: "CE1", 8: "CE0", 9: "MISO", 10: "MOSI", 11: "SCLK"}
I2C_PINS: Final = {2: "SDA", 3: "SCL"}
SERIAL_PINS: Final = {14: "TXD", 15: "RXD"}
WIRE_PIN: Final = 4
"""Raspberry Pi documentation, "GPIO and the 40-pin header", alternative functions; w1-gpio's default."""

SERIAL_PORTS: Final = ("/dev/serial0", "/dev/ttyS0", "/dev/ttyAMA0")
CHANNELS: Final = {"mcp3004": 4, "mcp3008": 8}


def facility_problems(config: "AgentConfig") -> Iterator[str]:
    """All that is wrong with the facility tables."""
    yield from _point_problems(config)
    yield from _pin_problems(config)
    for index, one in enumerate(config.inputs):
        yield from _input_problems(f"$.inputs[{index}]", one)
    yield from _line_problems(config)
    yield from _output_problems(config)
    yield from _probe_problems(config)
    yield from _modbus_problems(config)


def _point_problems(config: "AgentConfig") -> Iterator[str]:
    seen = {sensor.point: f"$.sensors[{index}]" for index, sensor in enumerate(config.sensors)}
    for table in ("inputs", "outputs", "probes", "modbus"):
        for index, one in enumerate(getattr(config, table)):
            place = f"$.{table}[{index}]"
            if one.point == config.agent:
                yield (
                    f"{place}.point: {one.point!r} is the agent's own id, and points and agents share one space; "
                    "choose another"
                )
            elif one.point in seen:
                yield f"{place}.point: {one.point!r} is the point of {seen[one.point]} too; rename one"
            seen.setdefault(one.point, place)


# -- pins --------------------------------------------------------------------------------------------------------------


def _pin_problems(config: "AgentConfig") -> Iterator[str]:
    taken = _bus_pins(config)
    for index, one in enumerate(config.inputs):
        if one.pin is not None:
            yield from _claim(taken, one.pin, f"$.inputs[{index}].pin")
    resets: dict[int, tuple[str, str, bool]] = {}
    for index, one in enumerate(config.inputs):
        if one.reset_pin is None:
            continue
        place = f"$.inputs[{index}].reset_pin"
        first = resets.get(one.reset_pin)
        if first is None:
            resets[one.reset_pin] = (place, one.pull, one.closed_is_high)
            yield from _claim(taken, one.reset_pin, place)
        elif first[1:] != (one.pull, one.closed_is_high):
            yield f"{place}: GPIO {one.reset_pin} is {first[0]} too, with another pull or closed_is; make them alike"
    for index, output in enumerate(config.outputs):
        yield from _claim(taken, output.pin, f"$.outputs[{index}].pin")


def _claim(taken: dict[int, str], pin: int, place: str) -> Iterator[str]:
    if pin in taken:
        yield f"{place}: GPIO {pin} is taken by {taken[pin]}; wire it to another GPIO and give that one's number"
    taken.setdefault(pin, place)


def _bus_pins(config: "AgentConfig") -> dict[int, str]:
    """The GPIOs that buses in use have."""
    taken: dict[int, str] = {}
    for index, sensor in enumerate(config.sensors):
        place = f"$.sensors[{index}]"
        bus = PARTS[sensor.part].bus if sensor.part in PARTS else ""
        if bus == "i2c" and _is_first_bus(sensor):
            taken |= {pin: f"the I2C bus of {place} ({name})" for pin, name in I2C_PINS.items()}
        if bus == "serial" and sensor.bus in SERIAL_PORTS:
            taken |= {pin: f"the serial port of {place} ({name})" for pin, name in SERIAL_PINS.items()}
        if bus == "1-wire":
            taken[WIRE_PIN] = f"the 1-Wire bus of {place}"
    for index, device in enumerate(config.modbus):
        if device.link in SERIAL_PORTS:
            taken |= {pin: f"the serial port of $.modbus[{index}] ({name})" for pin, name in SERIAL_PINS.items()}
    for index, one in enumerate(config.inputs):
        if one.line is not None:
            taken |= {pin: f"the SPI bus of $.inputs[{index}].line ({name})" for pin, name in SPI_PINS.items()}
    return taken


def _is_first_bus(sensor: "SensorConfig") -> bool:
    try:
        return i2c_bus_number(sensor.bus) == 1
    except SensorError:
        return False


# -- inputs ------------------------------------------------------------------------------------------------------------


def _input_problems(place: str, one: InputConfig) -> Iterator[str]:
    if not is_call(one.kind) and one.kind not in INPUT_KINDS:
        yield (
            f"{place}.kind: no kind {one.kind!r} for an input; there are {', '.join(INPUT_KINDS)}, and for calls all "
            "that begin with call-, such as call-toilet"
        )
        return
    style = style_of(one)
    if is_call(one.kind) and style == "contact":
        yield f'{place}.style: a call is a "button" or a "cord"; give one of them, or another kind'
    if not is_call(one.kind) and style != "contact":
        yield f"{place}.style: only a call is a {style}; take style away, or give a kind that begins with call-"
    if style == "button" and one.reset_pin is None:
        yield (
            f"{place}.reset_pin: is missing; a button that springs back needs a contact at the place that clears its "
            'call; for one that stays pulled give style = "cord"'
        )
    if style != "button" and one.reset_pin is not None:
        yield f"{place}.reset_pin: a {style} has none; a cord is cleared by being put back; take it away"
    if one.pin is None and one.line is None:
        yield f"{place}.pin: is missing; give the GPIO's number, or [inputs.line] for a supervised line"
    if one.pin is not None and one.line is not None:
        yield f"{place}.pin: the contact is at a GPIO or on a supervised line; take pin or [inputs.line] away"


def _line_problems(config: "AgentConfig") -> Iterator[str]:
    seen: dict[tuple[int, int], str] = {}
    for index, one in enumerate(config.inputs):
        line, place = one.line, f"$.inputs[{index}].line"
        if line is None:
            continue
        if line.channel >= CHANNELS[line.adc]:
            yield f"{place}.channel: the {line.adc} has channels 0 to {CHANNELS[line.adc] - 1}; got {line.channel}"
        other = seen.setdefault((line.select, line.channel), place)
        if other != place:
            yield f"{place}.channel: channel {line.channel} at CE{line.select} is {other}'s too; wire it to another"
        levels = levels_of_line(line)
        if levels.distance < MIN_DISTANCE:
            yield (
                f"{place}.pull_ohm: with these resistors the converter reads {levels.closed:.2f} closed and "
                f"{levels.open:.2f} open of full scale, with 0 for short and 1 for cut; some lie nearer than "
                f"{MIN_DISTANCE:g}: take {line.series_ohm:g} and {line.parallel_ohm:g} nearer to {line.pull_ohm:g} ohm"
            )


# -- outputs, probes, Modbus -------------------------------------------------------------------------------------------


def _output_problems(config: "AgentConfig") -> Iterator[str]:
    calls = {one.point for one in config.inputs if is_call(one.kind)}
    for index, one in enumerate(config.outputs):
        place = f"$.outputs[{index}]"
        for call in one.calls:
            if call not in calls:
                known = ", ".join(sorted(calls)) or "none yet"
                yield f"{place}.calls: {call!r} is no call of $.inputs; there are {known}"
        if not one.calls and one.no_gateway_min is None:
            yield f"{place}.calls: is empty, so that it would never be on; give calls, or no_gateway_min"


def _probe_problems(config: "AgentConfig") -> Iterator[str]:
    for index, one in enumerate(config.probes):
        place = f"$.probes[{index}]"
        problem = probe_problem_of(one)
        if problem is not None:
            yield f"{place}.{problem[0]}: {problem[1]}"
        for name in ("ca_file", "password_file"):
            path = getattr(one, name)
            try:
                if path is not None:
                    Path(path).read_bytes()
            except OSError as error:
                yield f"{place}.{name}: cannot be read: {error.strerror}: {path}; give its path, readable for this user"


def _modbus_problems(config: "AgentConfig") -> Iterator[str]:
    links: dict[str, tuple[str, LinkPlan]] = {}
    for index, one in enumerate(config.modbus):
        place = f"$.modbus[{index}]"
        for setting, text in register_problems_of(one):
            yield f"{place}.{setting}: {text}"
        if not one.link.startswith((TCP_PREFIX, "/")) or one.link == TCP_PREFIX:
            yield f"{place}.link: {one.link!r} is no link; give tcp://host:port or a port such as /dev/ttyUSB0"
        other, plan = links.setdefault(one.link, (place, link_of(one)))
        if plan != link_of(one):
            yield (
                f"{place}.baud_rate: {one.link} is {other}'s too, with another baud_rate, parity or stop_bits; all "
                "devices of a link speak alike: make them equal, or use a second adapter"
            )
