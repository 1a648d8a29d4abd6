"""What registers mean: their types, their scales, the states they stand for. Pure."""

import struct
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Final

from agent.facility_config import ModbusConfig, RegisterConfig
from telemetry.messages import PointInfo
from telemetry.parts import Channel, Part
from telemetry.quantities import QUANTITIES, WIRE_QUANTITIES

AIR: Final = "air"
PART: Final = "modbus"
"""What presence calls the part behind a register map."""

WELL: Final = frozenset({"ok", "on", "up", "open", "closed", "dry", "wet"})
"""States in which a device does what it is there for; all others do not work."""

MODBUS_KINDS: Final = (
    "air-conditioner",
    "automatic-door",
    "boiler",
    "door",
    "escalator",
    "fan",
    "fresh-air",
    "humidifier",
    "leak",
    "lift",
    "mains",
    "pump",
    "purifier",
    "stair-lift",
    "ups",
    "window",
)
"""What a Modbus facility point may stand for."""

_FORMS: Final = {"uint16": ">H", "int16": ">h", "uint32": ">I", "int32": ">i", "float32": ">f"}
_WORDS: Final = {"uint16": 1, "int16": 1, "uint32": 2, "int32": 2, "float32": 2}


def is_bit(register: RegisterConfig) -> bool:
    """True if it is a single bit: a coil or a discrete input."""
    return register.table in ("coil", "discrete")


def words_of(register: RegisterConfig) -> int:
    """How many words, or bits, are read for it."""
    return 1 if is_bit(register) else _WORDS[register.type]


def raw_of(register: RegisterConfig, words: Sequence[int]) -> float:
    """The number in the words read, before scale and offset.

    Raises:
        ValueError: There are not as many words as asked for.
    """
    if len(words) != words_of(register):
        raise ValueError(f"register {register.address}: {len(words)} words came, {words_of(register)} were asked for")
    if is_bit(register):
        return int(bool(words[0]))
    # Modbus application protocol v1.1b3, section 4.2: the high byte comes first; it orders no registers.
    ordered = list(words) if register.word_order == "big" else list(reversed(words))
    number: float = struct.unpack(_FORMS[register.type], struct.pack(f">{len(ordered)}H", *ordered))[0]
    return number


def value_of(register: RegisterConfig, words: Sequence[int]) -> float:
    """The value in the quantity's unit.

    Raises:
        ValueError: It is not finite, or words are missing.
    """
    value = raw_of(register, words) * register.scale + register.offset
    if not isfinite(value):
        raise ValueError(f"register {register.address}: {value} is no finite number")
    return value


def words_for(register: RegisterConfig, value: float) -> list[int]:
    """The words that `value_of` makes that value of, as near as the type allows."""
    raw = (value - register.offset) / register.scale
    if is_bit(register):
        return [int(bool(round(raw)))]
    number: float = raw if register.type == "float32" else round(raw)
    packed = struct.pack(_FORMS[register.type], number)
    words = list(struct.unpack(f">{len(packed) // 2}H", packed))
    return words if register.word_order == "big" else words[::-1]


def state_of(register: RegisterConfig, words: Sequence[int]) -> tuple[str, int]:
    """The state that the words stand for, "" for a number without one; and the number."""
    number = int(raw_of(register, words))
    if register.mask is not None:
        shift = (register.mask & -register.mask).bit_length() - 1
        number = (number & register.mask) >> shift
    return register.states.get(str(number), ""), number


def part_of(config: ModbusConfig) -> Part:
    """An air sensor behind a register map, as the table of parts has others; no accuracy is known of it."""
    channels = tuple(
        Channel(
            quantity=register.quantity, low=QUANTITIES[register.quantity].low, high=QUANTITIES[register.quantity].high
        )
        for register in config.registers
        if register.quantity is not None
    )
    return Part(
        name=PART,
        title=f"Modbus device {config.unit} at {config.link}",
        bus="modbus",
        warmup_s=0.0,
        channels=channels,
        source="the register map of the configuration",
    )


def point_of(config: ModbusConfig, *, simulate: bool) -> PointInfo:
    """As presence declares it."""
    quantities = [register.quantity for register in config.registers if register.quantity is not None]
    return PointInfo(
        point=config.point,
        room=config.room,
        kind=config.kind,
        part=PART,
        period_s=config.period_s,
        quantities=quantities,
        simulated=simulate,
    )


def problems_of(config: ModbusConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with a map: which setting, and what to do."""
    if config.kind != AIR and config.kind not in MODBUS_KINDS:
        known = ", ".join((AIR, *MODBUS_KINDS))
        yield "kind", f"no kind {config.kind!r} for a Modbus point; there are {known}"
    if not config.registers:
        yield "registers", "is empty; add one [[modbus.registers]]"
    elif config.kind != AIR and len(config.registers) > 1:
        yield "registers", f"a point of kind {config.kind} has one register with states; give each its own [[modbus]]"
    quantities = [register.quantity for register in config.registers]
    for index, register in enumerate(config.registers):
        place = f"registers[{index}]"
        if register.quantity is not None and quantities.index(register.quantity) != index:
            yield f"{place}.quantity", f"{register.quantity!r} stands in another register too; take one away"
        for setting, text in _air_problems(register) if config.kind == AIR else _state_problems(register):
            yield f"{place}.{setting}", text


def _air_problems(register: RegisterConfig) -> Iterator[tuple[str, str]]:
    if register.quantity is None:
        yield "quantity", "is missing; a point of kind air measures one in each register"
    elif register.quantity not in WIRE_QUANTITIES:
        yield "quantity", f"no quantity {register.quantity!r}; there are {', '.join(sorted(WIRE_QUANTITIES))}"
    if register.states or register.mask is not None:
        yield "states", "a point of kind air has quantities, no states; give the facility point a [[modbus]] of its own"
    if not isfinite(register.scale) or register.scale == 0:
        yield "scale", f"{register.scale} is no factor"
    if not isfinite(register.offset):
        yield "offset", f"{register.offset} is no finite number"


def _state_problems(register: RegisterConfig) -> Iterator[tuple[str, str]]:
    if register.quantity is not None:
        yield "quantity", "only a point of kind air measures; give it a [[modbus]] of its own"
    if not register.states:
        yield "states", 'is missing; say what each value means: states = { 0 = "ok", 1 = "fault" }'
    if register.type == "float32" and not is_bit(register):
        yield "type", "a state is no float; take an integer type"
    for value in register.states:
        if not value.removeprefix("-").isdecimal() or value != str(int(value)):
            yield f"states.{value}", f"{value!r} is no whole number"
