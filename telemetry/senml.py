"""Packs as SenML (RFC 8428, JSON form) and back.

The wire form: the first record carries `bver` 26 (RFC 9100, since secondary units are used), `bn` `{site}/{point}/`,
`bt`, and our labels `jr`, `sq`, `rm`, `kd`, which a foreign reader may ignore. Any record may carry `qf`.
"""

from math import isfinite
from typing import Final, NamedTuple

import msgspec

from telemetry.errors import MalformedError, Reason
from telemetry.messages import MAX_BODY_BYTES
from telemetry.readings import Pack, Record
from telemetry.senml_loose import read_loosely
from telemetry.senml_plain import VERSION, read_plainly
from telemetry.senml_records import ABSOLUTE_FROM_MS, UNITS, WORD_TYPES, Fault, RawRecord, text_of
from telemetry.senml_resolver import Resolver

__all__ = ["VERSION", "Decoded", "Fault", "decode", "encode"]

_DECODER: Final = msgspec.json.Decoder(list[RawRecord])
_ENCODER: Final = msgspec.json.Encoder()


class Decoded(NamedTuple):
    """A pack's good records, and its bad ones. `pack` is None if no record is good; the pair is there all the same."""

    pack: Pack | None
    faults: list[Fault]
    journal: str
    sequence: int


def encode(pack: Pack) -> bytes:
    """The pack as one JSON body.

    Times keep their milliseconds. A relative pack gets a base time of 0 or below (RFC 8428 section 4.5.3).

    Raises:
        MalformedError: With reason `oversize` if the body is longer than the wire allows, `unknown-quantity` or `senml`
            if a record is none that the wire knows, `not-finite` for NaN or infinity, `relative-time` if a time would
            be read back as relative though the pack is not, or the other way round.
    """
    if not pack.records:
        raise MalformedError(Reason.SENML, "a pack has at least one record")
    base_ms = pack.records[0].time_ms
    raw = [_raw(record, base_ms, is_relative=pack.relative) for record in pack.records]
    first = raw[0]
    first.bver = VERSION
    first.bn = f"{pack.site}/{pack.point}/"
    first.bt = base_ms / 1000
    first.jr, first.sq, first.rm, first.kd = pack.journal, pack.sequence, pack.room, pack.kind
    body = _ENCODER.encode(raw)
    if len(body) > MAX_BODY_BYTES:
        raise MalformedError(Reason.OVERSIZE, f"{len(body)} bytes; a body has at most {MAX_BODY_BYTES}")
    return body


def _raw(record: Record, base_ms: int, *, is_relative: bool) -> RawRecord:
    name, value, time_ms = record.name, record.value, record.time_ms
    if (time_ms < ABSOLUTE_FROM_MS) is not is_relative:
        # Below 2^28 s, in 1978, a reader takes a time for relative: a clock that was never set, or a pack mislabelled.
        raise MalformedError(Reason.RELATIVE_TIME, f"{name}: {time_ms} ms in a pack with relative={is_relative}")
    unit = UNITS.get(name)
    if unit is None:
        return _word(record, base_ms)
    if isinstance(value, bool | str):
        raise MalformedError(Reason.SENML, f"{name}: float wanted, got {type(value).__name__}")
    if not isfinite(value):
        raise MalformedError(Reason.NOT_FINITE, f"{name} is {value}")
    return RawRecord(n=name, u=unit, v=float(value), t=_offset_s(record, base_ms), qf=text_of(record.flags))


def _word(record: Record, base_ms: int) -> RawRecord:
    """A record that is no quantity: a facility state, a declaration."""
    name, value, wanted = record.name, record.value, WORD_TYPES.get(record.name)
    if wanted is None:
        raise MalformedError(Reason.UNKNOWN_QUANTITY, f"{name[:64]!r} is no quantity of the table")
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    if not (is_number if wanted is float else isinstance(value, wanted)):
        raise MalformedError(Reason.SENML, f"{name}: {wanted.__name__} wanted, got {type(value).__name__}")
    one = RawRecord(n=name, t=_offset_s(record, base_ms), qf=text_of(record.flags))
    if isinstance(value, bool):
        one.vb = value
    elif isinstance(value, str):
        one.vs = value
    elif isfinite(value):
        one.v = float(value)
    else:
        raise MalformedError(Reason.NOT_FINITE, f"{name} is {value}")
    return one


def _offset_s(record: Record, base_ms: int) -> float | None:
    return (record.time_ms - base_ms) / 1000 if record.time_ms != base_ms else None


def decode(body: bytes, site: str) -> Decoded:
    """The pack in `body`, which came on a topic of `site`.

    A relative time stays relative: milliseconds from now. A bad record never takes the good ones with it.

    Raises:
        MalformedError: If the message as a whole cannot be read. It carries the pair where that could be read; without
            a pair its reason is that of the fault, or `no-pair` where nothing else is wrong.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MalformedError(Reason.OVERSIZE, f"{len(body)} bytes; a body has at most {MAX_BODY_BYTES}")
    pack = read_plainly(body, site)
    if pack is not None:
        return Decoded(pack, [], pack.journal, pack.sequence)
    raw, faults = _read(body)
    resolver = Resolver.of(raw, site)
    records = []
    for one in raw:
        if one is None:
            continue
        try:
            records.append(resolver.resolve(one))
        except MalformedError as error:
            faults.append(Fault(error.reason, error.detail, _ENCODER.encode(one)[:2000]))
    return Decoded(resolver.pack(records, faults), faults, resolver.journal, resolver.sequence)


def _read(body: bytes) -> tuple[list[RawRecord | None], list[Fault]]:
    # The strict decoder skips labels it does not know, also one that ends in "_" and must be understood, however that
    # may be written; and only the loose one can leave out a single record.
    if b'_"' not in body and b"\\u" not in body:
        try:
            raw: list[RawRecord | None] = list(_DECODER.decode(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raw = []
        if raw:
            return raw, []
    return read_loosely(body)
