"""Tables beside the alarms: what people planned ahead, and what they reported. Times are Unix milliseconds."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from gateway.state.tables import metadata

_ID: Final = BigInteger().with_variant(Integer, "sqlite")

hand_over: Final = Table(
    "hand_over",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("person", String(32), nullable=False),
    Column("stands_in", String(32), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    # Taken back before its end; the row stays, so that a record of who was responsible stays true.
    Column("ended_ms", BigInteger, nullable=True),
    Column("ended_by", Text, nullable=False),
    Index("hand_over_until", "until_ms"),
)

window: Final = Table(
    "window",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("why", Text, nullable=False),
    Column("region", String(32), nullable=True),
    Column("site", String(32), nullable=True),
    Column("room", String(32), nullable=True),
    Column("point", String(32), nullable=True),
    Column("from_ms", BigInteger, nullable=False),
    # Null: until somebody ends it; only what is out of service may be so.
    Column("until_ms", BigInteger, nullable=True),
    Column("out_of_service", Boolean, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=True),
    Column("ended_by", Text, nullable=False),
    Index("window_until", "until_ms"),
)

incident_report: Final = Table(
    "incident_report",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("alarm_id", BigInteger, nullable=False),
    Column("reported_ms", BigInteger, nullable=False),
    Column("reported_by", Text, nullable=False),
    # The incident was none: a false report counts against whoever made it.
    Column("false", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Index("incident_report_alarm", "alarm_id"),
)

ALL: Final = (hand_over, window, incident_report)
