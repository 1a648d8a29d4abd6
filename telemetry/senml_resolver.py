"""How base fields turn SenML records into readings (RFC 8428 section 4)."""

import re
from collections.abc import Sequence, Set
from math import isfinite
from typing import Final

from telemetry.calibrations import MAX_CHARACTERS, PREFIX
from telemetry.errors import MalformedError, Reason
from telemetry.ids import is_id, is_journal_id
from telemetry.quantities import PRIMARY_UNITS, WIRE_QUANTITIES
from telemetry.readings import CALIBRATION_KIND, CALL_PREFIX, MAX_SEQUENCE, Pack, Record
from telemetry.senml_records import (
    ABSOLUTE_FROM_MS,
    CALIBRATION_WORDS,
    FACILITY_WORDS,
    WORD_TYPES,
    BaseRecord,
    Fault,
    RawRecord,
    flags_of,
)

CALL_STATES: Final = frozenset({"called", "cleared", "test"})
MAX_REASON_CHARACTERS: Final = 200

_STATE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_VERSIONS: Final = (10, 26)


class Resolver:
    """Carries the base fields from record to record, and what all records of a pack have in common."""

    def __init__(self, site: str, journal: str, sequence: int, room: str, kind: str | None, version: int) -> None:
        self.journal = journal
        self.sequence = sequence
        self._site = site
        self._room = room
        self._kind = kind
        self._version = version
        self._point = ""
        self._relative: bool | None = None
        self._name = ""
        self._time = 0.0
        self._unit: str | None = None
        self._value: float | None = None
        self._has_sum = False

    @classmethod
    def of(cls, raw: "Sequence[RawRecord | None]", site: str) -> "Resolver":
        """A resolver for these records, the labels of the first checked.

        Raises:
            MalformedError: If the pair, the version or a label is missing or bad.
        """
        first = raw[0] if raw else None
        if first is None:
            raise MalformedError(Reason.NO_PAIR, "the first record carries jr and sq; it is missing or cannot be read")
        if first.jr is None or not is_journal_id(first.jr):
            raise MalformedError(Reason.NO_PAIR, f"jr is {_short(first.jr)}; it is 1 to 32 of [A-Za-z0-9-]")
        if first.sq is None or not 1 <= first.sq <= MAX_SEQUENCE:
            raise MalformedError(Reason.NO_PAIR, f"sq is {_short(first.sq)}; it is a whole number from 1 to 2^53-1")
        pair = {"journal": first.jr, "sequence": first.sq}
        versions = {record.bver for record in raw if record is not None and record.bver is not None}
        if versions - set(_VERSIONS) or len(versions) > 1:
            got = ", ".join(str(version) for version in sorted(versions))
            raise MalformedError(Reason.BVER, f"bver is {got}; 26 (or 10, or none) is understood", **pair)  # type: ignore[arg-type]
        for label, text in (("rm", first.rm), ("kd", first.kd)):
            if (label == "rm" or text is not None) and not is_id(text or ""):
                raise MalformedError(Reason.SENML, f"{label} is {_short(text)}; it must be an id", **pair)  # type: ignore[arg-type]
        return cls(site, first.jr, first.sq, first.rm or "", first.kd, versions.pop() if versions else 10)

    def resolve(self, raw: RawRecord) -> Record | None:
        """The reading a record stands for, None for one that is here for its base fields only.

        Raises:
            MalformedError: If the record cannot be taken in; the base fields it sets hold all the same.
        """
        self._take_bases(raw)
        if isinstance(raw, BaseRecord):
            return None
        name = self._own_name(raw)
        value = self._own_value(raw, name)
        time_ms = self._own_time(raw)
        return Record(name=name, time_ms=time_ms, value=value, flags=flags_of(raw.qf))

    def pack(self, records: "Sequence[Record | None]", faults: list[Fault]) -> Pack | None:
        """The records as one pack, None if none is left; a facility pack that is not whole becomes a fault."""
        good = self._without_repeats(records, faults)
        if not good:
            return None
        if self._kind is not None:
            missing = {"working", "state"} - {record.name for record in good}
            if missing:
                detail = f"a facility pack carries working and state; {' and '.join(sorted(missing))} is missing"
                faults.append(Fault(Reason.SENML, detail, b""))
                return None
        return Pack(
            site=self._site,
            point=self._point,
            room=self._room,
            journal=self.journal,
            sequence=self.sequence,
            kind=self._kind,
            relative=bool(self._relative),
            records=good,
        )

    def _without_repeats(self, records: "Sequence[Record | None]", faults: list[Fault]) -> tuple[Record, ...]:
        """The first record of each name and time; a second one would overwrite it in the store, unseen."""
        good: dict[tuple[str, int], Record] = {}
        for record in records:
            if record is None:
                continue
            kept = good.setdefault((record.name, record.time_ms), record)
            if kept is not record:
                faults.append(Fault(Reason.SENML, f"{record.name} stands in the pack twice for one time", b""))
        return tuple(good.values())

    def _take_bases(self, raw: RawRecord) -> None:
        if raw.bn is not None:
            self._name = raw.bn
        if raw.bt is not None:
            self._time = raw.bt
        if raw.bu is not None:
            self._unit = raw.bu
        if raw.bv is not None:
            self._value = raw.bv
        if raw.bs is not None:
            self._has_sum = True

    def _own_name(self, raw: RawRecord) -> str:
        full = self._name + (raw.n or "")
        parts = full.split("/")
        if len(parts) != 3:
            raise MalformedError(Reason.SENML, f"name {full[:100]!r} is not SITE/POINT/QUANTITY")
        site, point, name = parts
        if site != self._site:
            raise MalformedError(Reason.SITE_MISMATCH, f"site {site[:40]!r} in the pack, {self._site!r} in the topic")
        if not is_id(point):
            raise MalformedError(Reason.SENML, f"point {point[:64]!r} is no id")
        if self._point and point != self._point:
            raise MalformedError(Reason.SENML, f"a pack is about one point: {self._point!r}, then {point!r}")
        words = self._words()
        if name not in words and (self._kind is not None or name not in WIRE_QUANTITIES):
            raise MalformedError(Reason.UNKNOWN_QUANTITY, f"{name[:64]!r} is no quantity of the table")
        self._point = point
        return name

    def _words(self) -> Set[str]:
        """The names that a pack of this kind may have beside quantities."""
        if self._kind is None:
            return WORD_TYPES.keys() - CALIBRATION_WORDS
        return CALIBRATION_WORDS if self._kind == CALIBRATION_KIND else FACILITY_WORDS

    def _own_value(self, raw: RawRecord, name: str) -> float | bool | str:
        given = [value for value in (raw.v, raw.vb, raw.vs, raw.vd) if value is not None]
        if raw.s is not None or self._has_sum or raw.vd is not None:
            raise MalformedError(Reason.SENML, f"{name}: sums and data values are not part of this wire")
        if len(given) > 1:
            raise MalformedError(Reason.SENML, f"{name}: more than one value")
        value: float | bool | str | None = given[0] if given else None
        if self._value is not None and not isinstance(value, bool | str):
            value = self._value + (value or 0.0)
        if value is None:
            raise MalformedError(Reason.SENML, f"{name}: no value")
        quantity = WIRE_QUANTITIES.get(name)
        wanted = float if quantity else WORD_TYPES[name]
        if not isinstance(value, wanted):
            raise MalformedError(Reason.SENML, f"{name}: {wanted.__name__} wanted, got {type(value).__name__}")
        if isinstance(value, float) and not isfinite(value):
            raise MalformedError(Reason.NOT_FINITE, f"{name} is {value}")
        if isinstance(value, str):
            self._check_word(name, value)
        if quantity:
            self._check_unit(name, raw.u if raw.u is not None else self._unit, quantity.unit)
        return value

    def _check_word(self, name: str, value: str) -> None:
        if name == "reason" and len(value) > MAX_REASON_CHARACTERS:
            raise MalformedError(Reason.SENML, f"reason has {len(value)} characters; at most {MAX_REASON_CHARACTERS}")
        if name.startswith(PREFIX) and len(value) > MAX_CHARACTERS:
            raise MalformedError(Reason.SENML, f"{name} has {len(value)} characters; at most {MAX_CHARACTERS}")
        if name != "state":
            return
        if self._kind is not None and self._kind.startswith(CALL_PREFIX) and value not in CALL_STATES:
            raise MalformedError(Reason.SENML, f"state of a call is called, cleared or test, got {value[:40]!r}")
        if not _STATE.fullmatch(value):
            raise MalformedError(Reason.SENML, f"state {value[:40]!r} is no lower-case word of at most 32 characters")

    def _check_unit(self, name: str, unit: str | None, wanted: str) -> None:
        if unit != wanted:
            raise MalformedError(Reason.UNIT, f"{name} is in {wanted}, got {_short(unit)}")
        if self._version == 10 and wanted not in PRIMARY_UNITS:
            raise MalformedError(Reason.BVER, f"{wanted} is a secondary unit; it needs bver 26, got 10 or none")

    def _own_time(self, raw: RawRecord) -> int:
        seconds = self._time + (raw.t or 0.0)
        if not isfinite(seconds):
            raise MalformedError(Reason.NOT_FINITE, f"time is {seconds}")
        if abs(seconds) > MAX_SEQUENCE / 1000:
            reason = Reason.FUTURE if seconds > 0 else Reason.RELATIVE_TIME
            raise MalformedError(reason, f"time {seconds} is beyond all reason")
        # Decided after rounding: base time plus offset may miss 2^28 s by a float's last digit.
        time_ms = round(seconds * 1000)
        relative = time_ms < ABSOLUTE_FROM_MS
        if self._relative is not None and relative != self._relative:
            raise MalformedError(Reason.SENML, "a pack's times are all absolute or all relative")
        self._relative = relative
        return time_ms


def _short(value: object) -> str:
    return "missing" if value is None else repr(value)[:80]
