"""How an older state database becomes one of today, step by step, without loss."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, inspect, select, text

from gateway.errors import StateRefused
from gateway.state import alert_tables, case_tables, sensor_tables, tables

Step = Callable[[Connection], None]


def _add_alarms(connection: Connection) -> None:
    """Version 2: alarms, their history, what has not lasted long enough yet, and who was told what."""
    for table in (tables.alarm, tables.alarm_change, tables.condition, tables.notice, tables.alarm_note):
        table.create(connection)


def _add_sites(connection: Connection) -> None:
    """Version 3: the register of branches."""
    tables.registered_site.create(connection)


def _add_agent_keys(connection: Connection) -> None:
    """Version 4: the public keys of agents."""
    tables.agent_key.create(connection)


def _add_plans(connection: Connection) -> None:
    """Version 5: hand-overs, windows and reports of incidents; when a message was delivered and read."""
    for table in alert_tables.ALL:
        table.create(connection)
    known = {column["name"] for column in inspect(connection).get_columns(tables.notice.name)}
    for name in ("delivered_ms", "read_ms"):
        # A database that came from version 1 has just got them.
        if name not in known:
            connection.execute(text(f"ALTER TABLE {tables.notice.name} ADD COLUMN {name} BIGINT"))


def _add_cases(connection: Connection) -> None:
    """Version 6: acceptance cases, the raw packs that they rest on, and the register of instruments."""
    for table in case_tables.ALL:
        table.create(connection)


def _add_touched_hours(connection: Connection) -> None:
    """Version 7: hours that are to be summed up."""
    tables.touched_hour.create(connection)


def _add_calibrations(connection: Connection) -> None:
    """Version 8: calibrations that were done in branches."""
    sensor_tables.sensor_calibration.create(connection)


def _add_agent_commands(connection: Connection) -> None:
    """Version 9: orders to agents, and who gave them."""
    tables.agent_command.create(connection)


def _add_doubts(connection: Connection) -> None:
    """Version 10: doubts about sensors."""
    tables.doubt.create(connection)
    tables.quality_note.create(connection)


STEPS: Final = MappingProxyType[int, Step](
    {
        1: _add_alarms,
        2: _add_sites,
        3: _add_agent_keys,
        4: _add_plans,
        5: _add_cases,
        6: _add_touched_hours,
        7: _add_calibrations,
        8: _add_agent_commands,
        9: _add_doubts,
    }
)
"""By the version it starts from, what makes the next one of it. Version 1 is the first."""


def bring_up(connection: Connection, *, steps: "MappingProxyType[int, Step]" = STEPS, to: int | None = None) -> int:
    """Make the schema that of version `to` (today's unless given), inside the caller's transaction.

    Returns:
        The version that was found; 0 for an empty database.

    Raises:
        StateRefused: If the database is newer than this program, or holds tables that are not ours.
    """
    to = tables.SCHEMA_VERSION if to is None else to
    found = _version_of(connection)
    if found > to:
        raise StateRefused(
            f"the state database has version {found}, this program knows {to}; start the newer program, "
            "or restore the backup made before it ran"
        )
    if found == 0:
        tables.metadata.create_all(connection)
        connection.execute(tables.schema_version.insert().values(version=to))
        return 0
    for version in range(found, to):
        steps[version](connection)
    if found < to:
        connection.execute(tables.schema_version.update().values(version=to))
    return found


def _version_of(connection: Connection) -> int:
    names = set(inspect(connection).get_table_names())
    if tables.schema_version.name not in names:
        ours = sorted(names & set(tables.metadata.tables))
        if ours:
            raise StateRefused(f"the database has a table {ours[0]!r} but no schema_version: it is not a gateway's")
        return 0
    version = connection.execute(select(tables.schema_version.c.version)).scalar()
    if version is None or version < 1:
        raise StateRefused("the table schema_version of the state database is empty; restore a backup")
    return int(version)
