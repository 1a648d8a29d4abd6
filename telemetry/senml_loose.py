"""Reading a pack that the strict decoder refused: what can be saved of it record by record."""

import json
from typing import Any

import msgspec

from telemetry.errors import MalformedError, Reason
from telemetry.senml_records import BASE_FIELDS, MAX_SHOWN_BYTES, BaseRecord, Fault, RawRecord, readable_pair


def read_loosely(body: bytes) -> tuple[list[RawRecord | None], list[Fault]]:
    """The records of a body that the strict reader refused: None in the place of each that cannot be read.

    Raises:
        MalformedError: If it is no JSON array of objects, or a base field is bad, since all later records rest on it.
    """
    try:
        objects = json.loads(body.decode(), parse_int=_number)
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
            if isinstance(item, dict) and (index == 0 or any(field in item for field in BASE_FIELDS)):
                raw.append(_salvage(item, index, objects[0]))
            else:
                raw.append(None)
            faults.append(Fault(error.reason, error.detail, _shown(item)))
    return raw, faults


def _number(digits: str) -> int | float:
    """A whole number; one beyond all use as a float, which may be infinite, so that it spoils its own record only."""
    return int(digits) if len(digits) <= 20 else float(digits)


def _shown(item: Any) -> bytes:
    """The start of a record that was refused, as ASCII JSON."""
    try:
        return json.dumps(item).encode()[:MAX_SHOWN_BYTES]
    except RecursionError:
        return b""


def _convert(item: Any, index: int) -> RawRecord:
    if not isinstance(item, dict):
        raise MalformedError(Reason.SENML, f"record {index} is no object")
    must = [key for key in item if key.endswith("_")]
    if must:
        # RFC 8428 section 4.4: a label that ends in "_" must be understood, or the record is not to be used.
        raise MalformedError(Reason.SENML, f"record {index}: label {must[0][:40]!r} must be understood and is not")
    lone = [key for key, value in item.items() if isinstance(value, str) and not _is_text(value)]
    if lone:
        raise MalformedError(Reason.JSON, f"record {index}: {lone[0][:40]!r} holds half a character (a lone surrogate)")
    try:
        return msgspec.convert(item, RawRecord)
    except (msgspec.ValidationError, OverflowError) as error:
        raise MalformedError(Reason.SENML, f"record {index}: {error}") from error


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _salvage(item: dict[str, Any], index: int, first: Any) -> RawRecord:
    """The base fields and the pair of a record whose value is bad; it keeps no value, so it resolves to nothing."""
    journal, sequence = readable_pair(first)
    if journal is None:
        raise MalformedError(Reason.NO_PAIR, f"record {index} is bad, and the first has no jr and sq that can be read")
    kept = {key: item[key] for key in (*BASE_FIELDS, "jr", "sq", "rm", "kd") if key in item}
    try:
        return msgspec.convert(kept, BaseRecord)
    except (msgspec.ValidationError, OverflowError) as error:
        raise MalformedError(Reason.SENML, f"record {index}: {error}", journal=journal, sequence=sequence) from error
