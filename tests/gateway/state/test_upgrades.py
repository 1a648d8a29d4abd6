"""Files of every older version become today's without loss."""

import sqlite3
from pathlib import Path

from sqlalchemy import inspect, select

from gateway.state import tables
from gateway.state.state import State

NEW_IN = {
    2: ("alarm", "alarm_change", "condition", "notice", "alarm_note"),
    3: ("registered_site",),
    4: ("agent_key",),
    5: ("hand_over", "window", "incident_report"),
    6: ("acceptance_case", "case_event", "case_file", "evidence_pack", "instrument", "calibration"),
    7: ("touched_hour",),
    8: ("sensor_calibration",),
    9: ("agent_command",),
    10: ("doubt", "quality_note"),
}
NEW_SINCE_1 = tuple(name for names in NEW_IN.values() for name in names)


def test_version_1_gets_the_tables_of_alarms_and_keeps_its_rows(tmp_path: Path) -> None:
    """What was heard stays heard, so that no call of before the upgrade rings again."""
    url = f"sqlite:///{tmp_path / 'state.sqlite3'}"
    State.open(url).close()
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        for name in NEW_SINCE_1:
            connection.execute(f"DROP TABLE {name}")
        connection.execute("UPDATE schema_version SET version = 1")
        connection.execute("INSERT INTO mark VALUES ('north', 7, 5, 1)")
        connection.execute(
            "INSERT INTO heard VALUES (1, 'north', 'b1', 'pi-1', 'j', 3, 'cord', 'wc', 'call-a', 1, 'called', '', 5, 6)"
        )
    connection.close()
    state = State.open(url)
    with state.read() as reading:
        assert set(NEW_SINCE_1) <= set(inspect(reading).get_table_names())
        assert [row.sequence for row in reading.execute(select(tables.heard))] == [3]
        assert [row.n for row in reading.execute(select(tables.mark))] == [7]
        assert reading.execute(select(tables.schema_version.c.version)).scalar() == tables.SCHEMA_VERSION
    state.close()


def test_version_3_gets_the_keys_of_agents_and_keeps_its_rows(tmp_path: Path) -> None:
    """Whoever upgrades has enrolled nobody yet."""
    url = f"sqlite:///{tmp_path / 'state.sqlite3'}"
    State.open(url).close()
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        for name in (name for version, names in NEW_IN.items() if version > 3 for name in names):
            connection.execute(f"DROP TABLE {name}")
        connection.execute("UPDATE schema_version SET version = 3")
        connection.execute("INSERT INTO mark VALUES ('north', 7, 5, 1)")
    connection.close()
    state = State.open(url)
    with state.read() as reading:
        assert reading.execute(select(tables.agent_key)).all() == []
        assert [row.n for row in reading.execute(select(tables.mark))] == [7]
    state.close()


def test_version_4_gets_plans_and_its_notices_keep_what_they_say(tmp_path: Path) -> None:
    """A notice that was told before the upgrade stays told, so that nobody hears of it again."""
    url = f"sqlite:///{tmp_path / 'state.sqlite3'}"
    State.open(url).close()
    values = "1, 1, 'k', 'li', 'rise', 1, 'info', 'told', 1, 1, 0, 0, 'b', 2, ''"
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        for name in (name for version, names in NEW_IN.items() if version > 4 for name in names):
            connection.execute(f"DROP TABLE {name}")
        for name in ("delivered_ms", "read_ms"):
            connection.execute(f"ALTER TABLE notice DROP COLUMN {name}")
        connection.execute("UPDATE schema_version SET version = 4")
        connection.execute(f"INSERT INTO notice VALUES ({values})")
    connection.close()
    state = State.open(url)
    with state.read() as reading:
        assert set(NEW_IN[5]) <= set(inspect(reading).get_table_names())
        (row,) = reading.execute(select(tables.notice)).all()
        assert (row.status, row.ended_ms, row.delivered_ms, row.read_ms) == ("told", 2, None, None)
    state.close()
