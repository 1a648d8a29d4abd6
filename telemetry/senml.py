"""Packs as SenML (RFC 8428, JSON form) and back.

The wire form: the first record carries `bver` 26 (RFC 9100, since secondary units are used), `bn` `{site}/{point}/`,
`bt`, and our labels `jr`, `sq`, `rm`, `kd`, which a foreign reader may ignore. Any record may carry `qf`.
"""

from typing import Final, NamedTuple

import msgspec

from telemetry.errors import MalformedError, Reason
from telemetry.messages import MAX_BODY_BYTES
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.readings import Pack
from telemetry.senml_records import Fault, RawRecord, Resolver, read_loosely

VERSION: Final = 26
"""RFC 9100: 10 is RFC 8428's base, 2^4 the feature "secondary units"."""

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
            if a record is none that the wire knows, `not-finite` for NaN or infinity.
    """
    base_ms = pack.records[0].time_ms
    raw: list[RawRecord] = []
    for index, record in enumerate(pack.records):
        one = RawRecord(n=record.name, t=(record.time_ms - base_ms) / 1000 if record.time_ms != base_ms else None)
        if isinstance(record.value, bool):
            one.vb = record.value
        elif isinstance(record.value, str):
            one.vs = record.value
        else:
            one.v = float(record.value)
            quantity = WIRE_QUANTITIES.get(record.name)
            one.u = quantity.unit if quantity else None
            if one.v - one.v != 0.0:
                raise MalformedError(Reason.NOT_FINITE, f"{record.name} is {record.value}")
        one.qf = " ".join(record.flags) if record.flags else None
        if index == 0:
            one.bver = VERSION
            one.bn = f"{pack.site}/{pack.point}/"
            one.bt = base_ms / 1000
            one.jr, one.sq, one.rm, one.kd = pack.journal, pack.sequence, pack.room, pack.kind
        raw.append(one)
    body = _ENCODER.encode(raw)
    if len(body) > MAX_BODY_BYTES:
        raise MalformedError(Reason.OVERSIZE, f"{len(body)} bytes; a body has at most {MAX_BODY_BYTES}")
    return body


def decode(body: bytes, site: str) -> Decoded:
    """The pack in `body`, which came on a topic of `site`.

    A relative time stays relative: milliseconds from now. A bad record never takes the good ones with it.

    Raises:
        MalformedError: If the message as a whole cannot be read. It carries the pair where that could be read; without
            a pair its reason is that of the fault, or `no-pair` where nothing else is wrong.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MalformedError(Reason.OVERSIZE, f"{len(body)} bytes; a body has at most {MAX_BODY_BYTES}")
    faults: list[Fault] = []
    try:
        raw: list[RawRecord | None] = list(_DECODER.decode(body)) if b'_"' not in body else []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raw = []
    if not raw:
        raw, faults = read_loosely(body)
    resolver = Resolver.of(raw, site)
    records = []
    for one in raw:
        if one is None:
            continue
        try:
            records.append(resolver.resolve(one))
        except MalformedError as error:
            faults.append(Fault(error.reason, error.detail, _ENCODER.encode(one)[:2000]))
    pack = resolver.pack(records, faults)
    return Decoded(pack, faults, resolver.journal, resolver.sequence)
