"""The tables of acceptance cases: cases and what happened to them, files, raw packs, the register of instruments.

Whoever changes one adds a step to `upgrades`. Rows of `case_event` are added and never changed; a case is what its
events make of it, and `acceptance_case` only repeats what a list needs.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.state.tables import metadata

_ID: Final = BigInteger().with_variant(Integer, "sqlite")

acceptance_case: Final = Table(
    "acceptance_case",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("title", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("verdict", String(32), nullable=True),
    Column("at_risk", Boolean, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger, nullable=True),
    Column("events", Integer, nullable=False),
    Index("acceptance_case_open", "open", "site"),
    Index("acceptance_case_site", "site", "id"),
)

case_event: Final = Table(
    "case_event",
    metadata,
    Column("case_id", _ID, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String(32), nullable=False),
    Column("body", Text, nullable=False),
    # SHA-256 over the link before and this row: a row changed by hand breaks the chain behind it.
    Column("link", String(64), nullable=False),
)

case_file: Final = Table(
    "case_file",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("case_id", _ID, primary_key=True, autoincrement=False),
    Column("name", String(100), nullable=False),
    # zlib; readings and plans compress to a tenth.
    Column("body", LargeBinary, nullable=False),
)

evidence_pack: Final = Table(
    "evidence_pack",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("region", String(32), nullable=False),
    Column("site", String(32), nullable=False),
    Column("agent", String(32), nullable=False),
    Column("journal", String(32), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    # "" where nothing of the pack could be stored.
    Column("point", String(32), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    # Two bodies under one pair are both kept: that somebody sent another one is evidence, too.
    UniqueConstraint("region", "site", "agent", "journal", "sequence", "sha256"),
    Index("evidence_pack_time", "site", "to_ms"),
)

instrument: Final = Table(
    "instrument",
    metadata,
    Column("serial", String(100), primary_key=True),
    Column("part", String(32), nullable=False),
    Column("owner", Text, nullable=False),
    Column("noted_by", Text, nullable=False),
    Column("noted_ms", BigInteger, nullable=False),
)

calibration: Final = Table(
    "calibration",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("serial", String(100), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("body", Text, nullable=False),
    # What is imported twice is noted once.
    UniqueConstraint("serial", "sha256"),
)

ALL: Final = (acceptance_case, case_event, case_file, evidence_pack, instrument, calibration)
