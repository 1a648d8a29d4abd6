"""SenML records as they stand on the wire (RFC 8428 section 4), and the words of ours in them."""

from itertools import combinations
from typing import Any, Final, NamedTuple

import msgspec

from telemetry import calibrations
from telemetry.errors import MalformedError, Reason
from telemetry.ids import is_journal_id
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.readings import MAX_SEQUENCE, Flag

ABSOLUTE_FROM_MS: Final = 2**28 * 1000
"""RFC 8428 section 4.5.3: a time of 2^28 s or more is Unix time, below it is relative to now."""

MAX_SHOWN_BYTES: Final = 2_000
"""So much of a refused record is kept to look at."""

WORD_TYPES: Final[dict[str, type]] = {
    "working": bool,
    "state": str,
    "reason": str,
    "dropped_journal": str,
    "dropped_reason": str,
    "dropped_first": float,
    "dropped_last": float,
    "dropped_from": float,
    "dropped_to": float,
    **calibrations.WORDS,
}
FACILITY_WORDS: Final = frozenset({"working", "state", "reason"})
CALIBRATION_WORDS: Final = FACILITY_WORDS | calibrations.WORDS.keys()
_FLAGS: Final = {flag.value: flag for flag in Flag}
FLAGS_OF_TEXTS: Final[dict[str | None, tuple[Flag, ...]]] = {
    " ".join(some) or None: some for count in range(len(Flag) + 1) for some in combinations(Flag, count)
}
"""Every set of flags as our encoder writes it."""
_TEXTS_OF_FLAGS: Final = {flags: text for text, flags in FLAGS_OF_TEXTS.items()}
UNITS: Final = {name: quantity.unit for name, quantity in WIRE_QUANTITIES.items()}


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


class BaseRecord(RawRecord, kw_only=True, omit_defaults=True):
    """A record that is here for its base fields only, its value being refused."""


BASE_FIELDS: Final = ("bver", "bn", "bt", "bu", "bv", "bs")


def flags_of(text: str | None) -> tuple[Flag, ...]:
    """The words of a `qf` in the order of `Flag`, none twice.

    Raises:
        MalformedError: If one of them is no flag.
    """
    known = FLAGS_OF_TEXTS.get(text)
    if known is not None:
        return known
    words = set((text or "").split())
    unknown = words - _FLAGS.keys()
    if unknown:
        raise MalformedError(Reason.SENML, f"qf {min(unknown)[:40]!r} is none of {' '.join(_FLAGS)}")
    return tuple(flag for flag in Flag if flag in words)


def text_of(flags: tuple[Flag, ...]) -> str | None:
    """Flags as a `qf`, in the order of `Flag`; None for none."""
    if flags in _TEXTS_OF_FLAGS:
        return _TEXTS_OF_FLAGS[flags]
    return " ".join(flag for flag in Flag if flag in flags) or None


def readable_pair(first: Any) -> tuple[str | None, int | None]:
    """The pair in a first record as JSON gives it, (None, None) where it cannot be read."""
    journal = first.get("jr") if isinstance(first, dict) else None
    sequence = first.get("sq") if isinstance(first, dict) else None
    if not isinstance(journal, str) or not is_journal_id(journal):
        return None, None
    if isinstance(sequence, bool) or not isinstance(sequence, int) or not 1 <= sequence <= MAX_SEQUENCE:
        return None, None
    return journal, sequence
