"""The register of instruments in the state database: added to, never overwritten."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from gateway.acceptance.register import Calibration, Instrument
from gateway.cases.errors import CaseInvalid, CaseRefused, CaseUnknown
from gateway.state.case_tables import calibration as calibration_table
from gateway.state.case_tables import instrument as table
from gateway.state.state import insert_missing
from telemetry.parts import PARTS

MAX_LETTERS: Final = 100
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


def all_instruments(connection: Connection, *, after: str = "", limit: int = 10_000) -> list[Instrument]:
    """The register by serial, each instrument with its calibrations in the order they were entered."""
    wanted = select(table).where(table.c.serial > after).order_by(table.c.serial).limit(limit)
    found = list(connection.execute(wanted))
    if not found:
        return []
    # Both ends bound the question, so that it needs no list of a thousand serials.
    own = calibration_table.c.serial.between(found[0].serial, found[-1].serial)
    histories: dict[str, list[Calibration]] = {}
    for row in connection.execute(select(calibration_table).where(own).order_by(calibration_table.c.id)):
        histories.setdefault(row.serial, []).append(msgspec.json.decode(row.body, type=Calibration))
    return [
        Instrument(serial=row.serial, part=row.part, owner=row.owner, calibrations=tuple(histories.get(row.serial, ())))
        for row in found
    ]


def get(connection: Connection, serial: str) -> Instrument:
    """One instrument.

    Raises:
        CaseUnknown: If it is not in the register.
    """
    row = connection.execute(select(table).where(table.c.serial == serial)).first()
    if row is None:
        raise CaseUnknown(f"no instrument {serial[:MAX_LETTERS]!r} is in the register; /api/v1/instruments lists them")
    wanted = select(calibration_table.c.body).where(calibration_table.c.serial == serial)
    history = [
        msgspec.json.decode(found.body, type=Calibration)
        for found in connection.execute(wanted.order_by(calibration_table.c.id))
    ]
    return Instrument(serial=row.serial, part=row.part, owner=row.owner, calibrations=tuple(history))


def add(connection: Connection, instrument: Instrument, *, by: str, now_ms: int) -> Instrument:
    """Add an instrument, and those of its calibrations that are not in the register; how it stands now.

    Raises:
        CaseInvalid: If its serial or part cannot be used, or a calibration.
        CaseRefused: If the serial is registered as another part.
    """
    _check(instrument)
    row = {
        "serial": instrument.serial, "part": instrument.part, "owner": instrument.owner,
        "noted_by": by, "noted_ms": now_ms,
    }  # fmt: skip
    insert_missing(connection, table, [row])
    now = get(connection, instrument.serial)
    if now.part != instrument.part:
        raise CaseRefused(f"{instrument.serial!r} is registered as {now.part}, not {instrument.part}; check the serial")
    for one in instrument.calibrations:
        try:
            now = now.with_calibration(one)
        except ValueError as error:
            raise CaseInvalid(f"{instrument.serial}: {error}") from error
        body = _ENCODER.encode(one).decode()
        # When and by whom it was noted does not make it another calibration.
        facts = msgspec.structs.replace(one, noted_by="", noted_at=datetime.fromtimestamp(0, UTC))
        digest = sha256(_ENCODER.encode(facts)).hexdigest()
        insert_missing(connection, calibration_table, [{"serial": instrument.serial, "sha256": digest, "body": body}])
    return get(connection, instrument.serial)


def of_serials(connection: Connection, serials: Iterable[str]) -> list[Instrument]:
    """Those of these instruments that are in the register, by serial."""
    found: list[Instrument] = []
    for serial in sorted({serial for serial in serials if serial}):
        try:
            found.append(get(connection, serial))
        except CaseUnknown:
            continue
    return found


def _check(instrument: Instrument) -> None:
    for name, word in (("serial", instrument.serial), ("owner", instrument.owner)):
        if not word.strip() or len(word) > MAX_LETTERS or not word.isprintable():
            raise CaseInvalid(f"{name}: give 1 to {MAX_LETTERS} printable letters, got {word[:MAX_LETTERS]!r}")
    if instrument.part not in PARTS:
        known: Sequence[str] = sorted(PARTS)
        raise CaseInvalid(f"part: {instrument.part[:MAX_LETTERS]!r} is no part known here; one of {', '.join(known)}")
