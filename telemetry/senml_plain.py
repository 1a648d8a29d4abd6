"""The short way for the pack that agents send all day: air, whole, and nothing in it that needs a second look.

It gives what the long way (`senml_resolver`) gives, a third as slowly, or None, and then the long way is gone; a
property holds the two together.
"""

from math import isfinite
from typing import Final

import msgspec

from telemetry.ids import is_id, is_journal_id
from telemetry.readings import MAX_SEQUENCE, Pack, Record
from telemetry.senml_records import ABSOLUTE_FROM_MS, FLAGS_OF_TEXTS, UNITS

VERSION: Final = 26
"""RFC 9100: 10 is RFC 8428's base, 2^4 the feature "secondary units"."""


class PlainRecord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A record of a plain pack; any other label makes the pack none."""

    bver: int | None = None
    bn: str | None = None
    bt: float | None = None
    jr: str = ""
    sq: int = 0
    rm: str = ""
    n: str
    u: str
    v: float
    t: float = 0.0
    qf: str | None = None
    sg: str = ""


_DECODER: Final = msgspec.json.Decoder(list[PlainRecord])


def plain_records(body: bytes) -> list[PlainRecord] | None:
    """The records as they stand on the wire, one at least; None if they are no plain pack's. Nothing is checked yet."""
    try:
        return _DECODER.decode(body) or None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_plainly(body: bytes, site: str) -> Pack | None:
    """The pack, or None if `body` is anything but a plain one, be it good or bad."""
    raw = plain_records(body)
    if raw is None:
        return None
    first = raw[0]
    point = _point_of(first, site)
    if point is None or first.bt is None or not isfinite((first.bt + first.t) * 1000):
        return None
    base, is_relative = first.bt, round((first.bt + first.t) * 1000) < ABSOLUTE_FROM_MS
    first.bn = first.bt = first.bver = None  # taken; no other record may have one
    records: list[Record] = []
    offset, time_ms = None, 0
    for one in raw:
        if one.t != offset:
            offset, at_ms = one.t, (base + one.t) * 1000
            if not -MAX_SEQUENCE <= at_ms <= MAX_SEQUENCE:
                return None
            time_ms = round(at_ms)
            if (time_ms < ABSOLUTE_FROM_MS) is not is_relative:
                return None
        flags = FLAGS_OF_TEXTS.get(one.qf)
        if UNITS.get(one.n) != one.u or flags is None:
            return None
        if one.bn is not None or one.bt is not None or one.bver is not None:
            return None
        records.append(Record(name=one.n, time_ms=time_ms, value=one.v, flags=flags))
    if len({(one.name, one.time_ms) for one in records}) != len(records):
        return None
    return Pack(
        site=site,
        point=point,
        room=first.rm,
        journal=first.jr,
        sequence=first.sq,
        relative=is_relative,
        records=tuple(records),
    )


def _point_of(first: PlainRecord, site: str) -> str | None:
    """The point, if all labels of the first record are as they should be."""
    if first.bver != VERSION or first.bn is None or not 1 <= first.sq <= MAX_SEQUENCE:
        return None
    parts = first.bn.split("/")
    if len(parts) != 3 or parts[0] != site or parts[2] or not is_id(parts[1]):
        return None
    return parts[1] if is_journal_id(first.jr) and is_id(first.rm) else None
