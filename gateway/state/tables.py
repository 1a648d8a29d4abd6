"""The tables of the state database, as of `SCHEMA_VERSION`.

Whoever changes one adds a step to `upgrades` and raises the version. Times are Unix milliseconds unless the name says
minutes; minutes are Unix minutes.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION: Final = 10

_ID: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only in a column declared INTEGER; elsewhere 64 bits are asked for."""

metadata: Final = MetaData()

schema_version: Final = Table("schema_version", metadata, Column("version", Integer, nullable=False))

mark: Final = Table(
    "mark",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    # Raised when the store was found emptied or restored: what an older epoch says is there, is not.
    Column("epoch", Integer, nullable=False),
)

agent: Final = Table(
    "agent",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("agent", String(32), primary_key=True),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("life", Text, nullable=False),
    Column("presence", LargeBinary, nullable=True),
    Column("held", Text, nullable=True),
)

point: Final = Table(
    "point",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("point", String(32), primary_key=True),
    Column("region", String(32), nullable=False),
    Column("body", Text, nullable=False),
)

journal: Final = Table(
    "journal",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("agent", String(32), nullable=False),
    Column("journal", String(32), nullable=False),
    UniqueConstraint("region", "site", "agent", "journal"),
    Index("journal_site", "site"),
)

span: Final = Table(
    "span",
    metadata,
    Column("journal_id", _ID, primary_key=True, autoincrement=False),
    Column("kind", String(8), primary_key=True),
    Column("reason", String(32), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

site_minutes: Final = Table(
    "site_minutes",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("first", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    sqlite_with_rowid=False,
)

dead_letter: Final = Table(
    "dead_letter",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("received_ms", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("site", String(32), nullable=True),
    Column("journal", String(32), nullable=True),
    Column("sequence", BigInteger, nullable=True),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("topic", "reason", "sha256"),
    Index("dead_letter_pair", "journal", "id"),
)

heard: Final = Table(
    "heard",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("agent", String(32), nullable=False),
    Column("journal", String(32), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("point", String(32), nullable=False),
    Column("room", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("working", Boolean, nullable=False),
    Column("state", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    UniqueConstraint("region", "site", "agent", "journal", "sequence"),
    Index("heard_point", "site", "point", "sequence"),
)

# Since version 2.

alarm: Final = Table(
    "alarm",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("open", Boolean, nullable=False),
    Column("state", String(32), nullable=False),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("rule", String(32), nullable=False),
    Column("raised_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("alarm_open", "open", "id"),
    Index("alarm_site", "site", "id"),
    Index("alarm_changed", "changed_ms"),
)

alarm_change: Final = Table(
    "alarm_change",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("alarm_id", BigInteger, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("state", String(32), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("who", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("alarm_change_alarm", "alarm_id", "id"),
    Index("alarm_change_time", "time_ms"),
)

condition: Final = Table(
    "condition",
    metadata,
    Column("rule", String(32), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("point", String(32), primary_key=True),
    Column("quantity", String(32), primary_key=True),
    Column("body", Text, nullable=False),
)

notice: Final = Table(
    "notice",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("alarm_id", BigInteger, nullable=False),
    # The hash of what is told: the same to the same person is one row, told once.
    Column("key", String(64), nullable=False),
    Column("person", String(32), nullable=False),
    Column("tell", String(16), nullable=False),
    Column("step", Integer, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("queued_ms", BigInteger, nullable=False),
    Column("not_before_ms", BigInteger, nullable=False),
    Column("channel", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    # One message may carry several notices; the batch is its key, the same when a crash makes it go out again.
    Column("batch", String(64), nullable=True),
    Column("ended_ms", BigInteger, nullable=True),
    # Since version 5: the channel said that it reached the person's device, and the person opened or answered it.
    Column("delivered_ms", BigInteger, nullable=True),
    Column("read_ms", BigInteger, nullable=True),
    Column("detail", Text, nullable=False),
    UniqueConstraint("key", "person"),
    Index("notice_status", "status", "not_before_ms"),
    Index("notice_alarm", "alarm_id"),
    Index("notice_batch", "batch"),
    Index("notice_person", "person", "ended_ms"),
)

alarm_note: Final = Table(
    "alarm_note",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

# Since version 3.

registered_site: Final = Table(
    "registered_site",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("region", String(32), nullable=False),
    # The row of the file it came with.
    Column("place", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

# Since version 4.

agent_key: Final = Table(
    "agent_key",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("agent", String(32), primary_key=True),
    Column("key", String(43), primary_key=True),
    Column("standing", String(16), nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Index("agent_key_changed", "changed_ms"),
)

# Since version 7.

touched_hour: Final = Table(
    "touched_hour",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("hour_ms", BigInteger, primary_key=True),
    Column("turn", BigInteger, nullable=False),
    Index("touched_hour_hour", "hour_ms"),
)

# Since version 9.

agent_command: Final = Table(
    "agent_command",
    metadata,
    Column("number", _ID, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("agent", String(32), nullable=False),
    Column("name", String(32), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("answered_ms", BigInteger, nullable=True),
    Column("answer", Text, nullable=False),
    Index("agent_command_agent", "site", "agent", "number"),
    Index("agent_command_state", "state", "number"),
)

# Since version 10.

doubt: Final = Table(
    "doubt",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("point", String(32), primary_key=True),
    Column("quantity", String(32), primary_key=True),
    Column("reason", String(16), primary_key=True),
    Column("from_ms", BigInteger, primary_key=True),
    Column("region", String(32), nullable=False),
    Column("room", String(32), nullable=False),
    # The first reading that is well again; null while the doubt is open.
    Column("to_ms", BigInteger, nullable=True),
    Column("value", Float, nullable=False),
    Column("value_ms", BigInteger, nullable=False),
    Index("doubt_to", "to_ms"),
)

# How far readings may have been stored, and the last week of each CO2 sensor.
quality_note: Final = Table(
    "quality_note",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
)
