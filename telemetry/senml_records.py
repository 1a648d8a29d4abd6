"""SenML records as they stand on the wire, and how base fields turn them into readings (RFC 8428 section 4)."""

import json
import re
from collections.abc import Sequence
from math import isfinite
from typing import Any, Final, NamedTuple

import msgspec

from telemetry.errors import MalformedError, Reason
from telemetry.ids import is_id, is_journal_id
from telemetry.quantities import PRIMARY_UNITS, WIRE_QUANTITIES
from telemetry.readings import CALL_PREFIX, MAX_SEQUENCE, Flag, Pack, Record

ABSOLUTE_FROM_S: Final = 2**28
"""RFC 8428 section 4.5.3: a time of 2^28 or more is Unix seconds, below it is relative to now."""

CALL_STATES: Final = frozenset({"called", "cleared", "test"})
MAX_REASON_CHARACTERS: Final = 200

_WORD_TYPES: Final[dict[str, type]] = {
    "working": bool,
    "state": str,
    "reason": str,
    "dropped_journal": str,
    "dropped_reason": str,
    "dropped_first": float,
    "dropped_last": float,
    "dropped_from": float,
    "dropped_to": float,
}
_FACILITY_WORDS: Final = frozenset({"working", "state", "reason"})
_STATE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_FLAGS: Final = {flag.value: flag for flag in Flag}
_VERSIONS: Final = (10, 26)


class Fault(NamedTuple):
    """One record of a pack that cannot be taken in: why, what was wrong, and the record as JSON."""

    reason: Reason
    detail: str
    record: bytes


class RawRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One SenML record, resolved or not, with our labels. Field order is the order on the wire."""

    bver: int | None = None
    bn: str | None = None
    bt: float | None = None
    bu: str | None = None
    bv: float | None = None
    bs: float | None = None
    jr: str | None = None
    sq: int | None = None
    rm: str | None = None
    kd: str | None = None
    n: str | None = None
    u: str | None = None
    v: float | None = None
    vb: bool | None = None
    vs: str | None = None
    vd: str | None = None
    s: float | None = None
    t: float | None = None
    ut: float | None = None
    qf: str | None = None
    sg: str | None = None


_BASE_FIELDS: Final = ("bver", "bn", "bt", "bu", "bv", "bs")


def read_loosely(body: bytes) -> tuple[list[RawRecord | None], list[Fault]]:
    """The records of a body that the strict reader refused: None in the place of each that cannot be read.

    Raises:
        MalformedError: If it is no JSON array of objects, or a base field is bad, since all later records rest on it.
    """
    try:
        objects = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError(Reason.JSON, str(error)[:200]) from error
    if not isinstance(objects, list) or not objects:
        raise MalformedError(Reason.SENML, "a pack is a JSON array of at least one record")
    raw: list[RawRecord | None] = []
    faults: list[Fault] = []
    for index, item in enumerate(objects):
        try:
            raw.append(_convert(item, index))
        except MalformedError as error:
            if isinstance(item, dict) and (index == 0 or any(field in item for field in _BASE_FIELDS)):
                raw.append(_salvage(item, index, objects[0]))
            else:
                raw.append(None)
            faults.append(Fault(error.reason, error.detail, json.dumps(item).encode()[:2000]))
    return raw, faults


def _convert(item: Any, index: int) -> RawRecord:
    if not isinstance(item, dict):
        raise MalformedError(Reason.SENML, f"record {index} is no object")
    must = [key for key in item if key.endswith("_")]
    if must:
        # RFC 8428 section 4.4: a label that ends in "_" must be understood, or the record is not to be used.
        raise MalformedError(Reason.SENML, f"record {index}: label {must[0][:40]!r} must be understood and is not")
    try:
        return msgspec.convert(item, RawRecord)
    except (msgspec.ValidationError, OverflowError) as error:
        raise MalformedError(Reason.SENML, f"record {index}: {error}") from error


def _salvage(item: dict[str, Any], index: int, first: Any) -> RawRecord:
    """The base fields and the pair of a record whose value is bad; it keeps no value, so it resolves to nothing."""
    journal, sequence = _readable_pair(first)
    kept = {key: item[key] for key in (*_BASE_FIELDS, "jr", "sq", "rm", "kd") if key in item}
    try:
        record = msgspec.convert(kept, RawRecord)
    except (msgspec.ValidationError, OverflowError) as error:
        raise MalformedError(Reason.SENML, f"record {index}: {error}", journal=journal, sequence=sequence) from error
    record.n = None
    record.ut = _SALVAGED
    return record


_SALVAGED: Final = float("nan")
"""Marks, in the unused field `ut`, a record that is here for its base fields only."""


def _readable_pair(first: Any) -> tuple[str | None, int | None]:
    journal = first.get("jr") if isinstance(first, dict) else None
    sequence = first.get("sq") if isinstance(first, dict) else None
    if not isinstance(journal, str) or not is_journal_id(journal):
        return None, None
    if isinstance(sequence, bool) or not isinstance(sequence, int) or not 1 <= sequence <= MAX_SEQUENCE:
        return None, None
    return journal, sequence


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
        if raw.ut is not None and raw.ut != raw.ut:
            return None
        name = self._own_name(raw)
        value = self._own_value(raw, name)
        time_ms = self._own_time(raw)
        return Record(name=name, time_ms=time_ms, value=value, flags=self._own_flags(raw))

    def pack(self, records: "Sequence[Record | None]", faults: list[Fault]) -> Pack | None:
        """The records as one pack, None if none is left; a facility pack that is not whole becomes a fault."""
        good = tuple(record for record in records if record is not None)
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
        words = _FACILITY_WORDS if self._kind is not None else _WORD_TYPES.keys() - _FACILITY_WORDS
        if name not in words and (self._kind is not None or name not in WIRE_QUANTITIES):
            raise MalformedError(Reason.UNKNOWN_QUANTITY, f"{name[:64]!r} is no quantity of the table")
        self._point = point
        return name

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
        wanted = float if quantity else _WORD_TYPES[name]
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
        relative = seconds < ABSOLUTE_FROM_S
        if self._relative is not None and relative != self._relative:
            raise MalformedError(Reason.SENML, "a pack's times are all absolute or all relative")
        self._relative = relative
        return round(seconds * 1000)

    def _own_flags(self, raw: RawRecord) -> tuple[Flag, ...]:
        if raw.qf is None:
            return ()
        words = set(raw.qf.split())
        unknown = words - _FLAGS.keys()
        if unknown:
            raise MalformedError(Reason.SENML, f"qf {min(unknown)[:40]!r} is none of {' '.join(_FLAGS)}")
        return tuple(flag for flag in Flag if flag in words)


def _short(value: object) -> str:
    return "missing" if value is None else repr(value)[:80]
