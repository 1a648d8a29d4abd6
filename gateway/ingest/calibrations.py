"""Calibrations that were done in branches, as their agents wrote them down: kept for ever, each pair once."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from gateway.state.sensor_tables import sensor_calibration
from gateway.state.state import State, insert_missing
from telemetry.calibrations import CalibrationRecord, calibration_of
from telemetry.readings import Pack
from telemetry.topics import Root


class Calibrated(NamedTuple):
    """One calibration: whose pack told of it, where and when (Unix ms), and what was done."""

    root: Root
    journal: str
    sequence: int
    point: str
    room: str
    time_ms: int
    record: CalibrationRecord


def calibrated(root: Root, pack: Pack) -> Calibrated | None:
    """What a pack of kind `calibration` tells; None if it is not whole."""
    record = calibration_of(pack)
    if record is None:
        return None
    time_ms = max(one.time_ms for one in pack.records)
    return Calibrated(root, pack.journal, pack.sequence, pack.point, pack.room, time_ms, record)


def keep(connection: Connection, found: Iterable[Calibrated]) -> None:
    """Write them down; one that is there already stays as it is."""
    rows = [
        {
            "region": one.root.region,
            "site": one.root.site,
            "agent": one.root.agent,
            "journal": one.journal,
            "sequence": one.sequence,
            "point": one.point,
            "room": one.room,
            "time_ms": one.time_ms,
            "body": msgspec.json.encode(one.record).decode(),
        }
        for one in found
    ]
    insert_missing(connection, sensor_calibration, rows)


def of_site(state: State, site: str, before_ms: int | None, limit: int) -> Sequence[Calibrated]:
    """Those of a branch, the newest first.

    Args:
        state: Where they are.
        site: The branch.
        before_ms: Only older ones; None: all.
        limit: At most so many.

    Raises:
        StateUnavailable: If they cannot be read.
    """
    table = sensor_calibration.c
    wanted = select(sensor_calibration).where(table.site == site).order_by(table.time_ms.desc(), table.sequence.desc())
    if before_ms is not None:
        wanted = wanted.where(table.time_ms < before_ms)
    with state.read() as connection:
        rows = connection.execute(wanted.limit(limit)).all()
    return [
        Calibrated(
            Root(row.region, row.site, row.agent),
            row.journal,
            row.sequence,
            row.point,
            row.room,
            row.time_ms,
            msgspec.json.decode(row.body, type=CalibrationRecord),
        )
        for row in rows
    ]
