"""A pack in memory: records about one point at one or several times, with its pair and its labels."""

from enum import StrEnum
from typing import Final

import msgspec

from telemetry.ids import is_journal_id

MAX_SEQUENCE: Final = 2**53 - 1
CALL_PREFIX: Final = "call-"
SENSOR_KIND: Final = "sensor"
"""The kind of the facility point that tells of a sensor in fault."""

CALIBRATION_KIND: Final = "calibration"
"""The kind of a pack that tells how a sensor was calibrated; no state of its point."""


class Flag(StrEnum):
    """What the sensor itself knows against, or of, a value (the words of `qf`)."""

    WARMUP = "warmup"
    RANGE = "range"
    CLOCK = "clock"
    SIMULATED = "simulated"


DOUBTFUL_FLAGS: Final = frozenset({Flag.WARMUP, Flag.RANGE, Flag.CLOCK})
"""A value with one of these is stored as suspect; `simulated` is only a badge."""


class DropReason(StrEnum):
    """Why an agent gave packs up (rule 8)."""

    DISK_FULL = "disk_full"
    THINNED = "thinned"
    CORRUPT = "corrupt"
    EXPIRED = "expired"


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One name and its value at one time.

    Attributes:
        name: A quantity, or one of the words of facility, declaration and calibration packs.
        time_ms: Unix milliseconds; in a relative pack milliseconds from now, 0 or below.
        value: A finite float for a quantity; bool or str for the words that ask for it.
        flags: What the sensor knows of it, in the order of `Flag`, none twice.
    """

    name: str
    time_ms: int
    value: float | bool | str
    flags: tuple[Flag, ...] = ()


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """What travels in one message.

    Attributes:
        site: Of the topic it travels on.
        point: The one point that all records are about; in a declaration the agent.
        room: Where the point is.
        journal: The journal id; with `sequence` the pair that names the pack for ever.
        sequence: 1 to 2^53-1.
        kind: The facility kind; None for air and declarations.
        relative: True if all times are relative to now (rule 6).
        records: At least one.
    """

    site: str
    point: str
    room: str
    journal: str
    sequence: int
    kind: str | None = None
    relative: bool = False
    records: tuple[Record, ...]

    @property
    def is_call(self) -> bool:
        """True if somebody asks for help, or did."""
        return self.kind is not None and self.kind.startswith(CALL_PREFIX)

    @property
    def is_calibration(self) -> bool:
        """True if it tells how a sensor was calibrated."""
        return self.kind == CALIBRATION_KIND

    @property
    def is_declaration(self) -> bool:
        """True if it tells what the agent gave up."""
        return self.records[0].name.startswith("dropped_")

    def value_of(self, name: str) -> float | bool | str | None:
        """The value of the last record of that name, None if there is none."""
        return next((record.value for record in reversed(self.records) if record.name == name), None)


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent gave up: the packs `first` to `last` of `journal`, measured between two times."""

    journal: str
    reason: str
    first: int
    last: int
    from_ms: int
    to_ms: int

    def records(self, at_ms: int) -> tuple[Record, ...]:
        """Its records as they stand in a pack dated `at_ms`."""
        values: dict[str, float | str] = {
            "dropped_journal": self.journal,
            "dropped_reason": self.reason,
            "dropped_first": float(self.first),
            "dropped_last": float(self.last),
            "dropped_from": self.from_ms / 1000,
            "dropped_to": self.to_ms / 1000,
        }
        return tuple(Record(name=name, time_ms=at_ms, value=value) for name, value in values.items())


def declaration_of(pack: Pack) -> Declaration | None:
    """The declaration a pack carries, None if it is not whole."""
    values = {record.name: record.value for record in pack.records}
    journal, reason = values.get("dropped_journal"), values.get("dropped_reason")
    numbers = [values.get(f"dropped_{word}") for word in ("first", "last", "from", "to")]
    if not isinstance(journal, str) or not isinstance(reason, str):
        return None
    if not all(isinstance(number, float) for number in numbers):
        return None
    first, last, begin, end = (float(number) for number in numbers if number is not None)
    if not is_journal_id(journal) or not first.is_integer() or not last.is_integer():
        return None
    if not 1 <= first <= last <= MAX_SEQUENCE or not -MAX_SEQUENCE <= begin * 1000 <= end * 1000 <= MAX_SEQUENCE:
        return None
    return Declaration(
        journal=journal,
        reason=reason,
        first=int(first),
        last=int(last),
        from_ms=round(begin * 1000),
        to_ms=round(end * 1000),
    )
