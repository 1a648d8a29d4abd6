"""A pack as it lies in the journal, and the form of its values in the file."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from telemetry.readings import CALL_PREFIX, Flag
from telemetry.topics import Root


class RowClass(IntEnum):
    """What a pack is about; the lower goes first and is kept longer."""

    CALL = 0
    STATE = 1
    NOTE = 2
    """A declaration of what was given up."""
    AIR = 3

    @property
    def is_facility(self) -> bool:
        """True for calls and other states of facility points."""
        return self <= RowClass.STATE


def class_of(kind: str) -> RowClass:
    """The class of a facility kind."""
    return RowClass.CALL if kind.startswith(CALL_PREFIX) else RowClass.STATE


class Value(NamedTuple):
    """One name of a pack and its value."""

    name: str
    value: float | bool | str
    flags: tuple[Flag, ...] = ()


class Moment(NamedTuple):
    """A time: Unix milliseconds, or, while the clock is not trusted, milliseconds since the start of a boot."""

    ms: int
    boot: str = ""

    @property
    def is_absolute(self) -> bool:
        """True if it is Unix time."""
        return not self.boot


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What many packs have in common, and each keeps for ever (rule 1).

    Attributes:
        root: The topic root it was journalled under.
        point: The point, in a declaration the agent.
        room: Where the point is.
        kind: The facility kind, "" for air and declarations.
        names: The names of the values, in order.
    """

    root: Root
    point: str
    room: str
    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One pack of the journal.

    Attributes:
        journal: The id of the opening that journalled it; with `sequence` its pair.
        sequence: Grows by one with each pack, over all openings.
        label: Topic root, point, room, kind, names.
        row_class: Call, state, declaration or air.
        values: Its values with their flags; a declaration has one, see `journal_notes`.
        moment: When it was measured.
        journalled_ms: Unix milliseconds when it was journalled; None while the clock is not trusted.
        level: Seconds that a mean covers (rule 8), 0 for a reading.
        sent: It was handed to the network at least once.
        receipted: A gateway has committed it.
        heard: A gateway has told somebody.
    """

    journal: str
    sequence: int
    label: Label
    row_class: RowClass
    values: tuple[Value, ...]
    moment: Moment
    journalled_ms: int | None
    level: int = 0
    sent: bool = False
    receipted: bool = False
    heard: bool = False

    @property
    def root(self) -> Root:
        """The topic root."""
        return self.label.root

    @property
    def point(self) -> str:
        """The point."""
        return self.label.point

    @property
    def room(self) -> str:
        """Its room."""
        return self.label.room

    @property
    def kind(self) -> str:
        """The facility kind, "" for air and declarations."""
        return self.label.kind

    @property
    def time_ms(self) -> int | None:
        """Unix milliseconds, None until the clock is trusted."""
        return self.moment.ms if self.moment.is_absolute else None

    @property
    def is_timed(self) -> bool:
        """True once its Unix time is known."""
        return self.moment.is_absolute

    def value_of(self, name: str) -> float | bool | str | None:
        """The value of that name, None if there is none."""
        return next((value.value for value in self.values if value.name == name), None)


_BITS: Final = {flag: 1 << place for place, flag in enumerate(Flag)}
"""Each flag's bit in the file: the order of `Flag` must not change, new ones go to its end."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[float | bool | str | list[float | bool | str]])


def body_of(values: Iterable[Value]) -> bytes:
    """The values as they lie in the file: a MessagePack list; with flags two lists, values and bits."""
    values = list(values)
    plain: list[object] = [value.value for value in values]
    if any(value.flags for value in values):
        return _ENCODER.encode([plain, [sum(_BITS[flag] for flag in value.flags) for value in values]])
    return _ENCODER.encode(plain)


def values_of(body: bytes, names: tuple[str, ...]) -> tuple[Value, ...]:
    """The values in `body`.

    Raises:
        ValueError: If it is no such body.
    """
    try:
        raw = _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(f"values cannot be read: {error}") from error
    plain = [one for one in raw if not isinstance(one, list)]
    bits: list[float | bool | str] = [0] * len(names)
    lists = [one for one in raw if isinstance(one, list)]
    if lists:
        if plain or len(lists) != 2:
            raise ValueError("values with flags are two lists")
        plain, bits = lists
    if len(plain) != len(names) or len(bits) != len(names):
        raise ValueError(f"{len(plain)} values for {len(names)} names")
    return tuple(Value(name, value, flags_of(bit)) for name, value, bit in zip(names, plain, bits, strict=True))


def flags_of(bits: object) -> tuple[Flag, ...]:
    """The flags whose bits are set."""
    number = int(bits) if isinstance(bits, int | float) else 0
    return tuple(flag for flag, bit in _BITS.items() if number & bit) if number else ()


def with_flag(values: Iterable[Value], flag: Flag) -> tuple[Value, ...]:
    """The values, each with `flag` too."""
    return tuple(
        value._replace(flags=tuple(one for one in Flag if one == flag or one in value.flags)) for value in values
    )
