"""Cases in the state database: events added in one transaction each, the list beside them, files, raw packs."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from gateway.acceptance.evidence import EvidencePack
from gateway.cases import events, life
from gateway.cases.errors import CaseUnknown
from gateway.cases.events import Event, Stamp
from gateway.cases.life import Life
from gateway.state.case_tables import acceptance_case, case_event, case_file, evidence_pack
from gateway.state.state import insert_missing

MAX_FILE_BYTES: Final = 200_000_000
CHUNK: Final = 1_000


class CaseRow(NamedTuple):
    """One case as a list shows it; times are Unix milliseconds."""

    id: int
    region: str
    site: str
    title: str
    open: bool
    held: bool
    verdict: str | None
    at_risk: bool
    opened_ms: int
    changed_ms: int
    closed_ms: int | None
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event of a case with its place in the chain; `body` is the event as it is kept."""

    stamp: Stamp
    event: Event
    body: str
    link: str


def begin(connection: Connection, stamp: Stamp, event: events.Opened) -> int:
    """Write a new case; its number."""
    row = {
        "region": event.region,
        "site": event.site,
        "title": event.title,
        "open": True,
        "held": False,
        "verdict": None,
        "at_risk": False,
        "opened_ms": stamp.time_ms,
        "changed_ms": stamp.time_ms,
        "closed_ms": None,
        "events": 0,
    }
    key = connection.execute(acceptance_case.insert().values(row)).inserted_primary_key
    assert key is not None
    case = int(key[0])
    _add(connection, case, stamp, event, events.CHAIN_START)
    _repeat(connection, case, life.begun(stamp, event))
    return case


def append(connection: Connection, case: int, now_ms: int, who: str, event: Event) -> Life:
    """Check and add one event; the case after it. What was given to `check` is what stands in the database.

    Raises:
        CaseUnknown, CaseRefused: As `life.check`; nothing is written.
    """
    happened = read(connection, case)
    before = life.fold((one.stamp, one.event) for one in happened)
    life.check(before, event)
    # A clock that was set back must not turn the order of events round.
    stamp = Stamp(number=len(happened) + 1, time_ms=max(now_ms, happened[-1].stamp.time_ms), who=who)
    _add(connection, case, stamp, event, happened[-1].link)
    now = life.after(before, stamp, event)
    _repeat(connection, case, now)
    return now


def read(connection: Connection, case: int) -> list[Happened]:
    """All events of a case, the oldest first.

    Raises:
        CaseUnknown: If there is no such case.
    """
    wanted = select(case_event).where(case_event.c.case_id == case).order_by(case_event.c.number)
    found = [
        Happened(
            stamp=Stamp(number=row.number, time_ms=row.time_ms, who=row.who),
            event=events.decode(row.body),
            body=row.body,
            link=row.link,
        )
        for row in connection.execute(wanted)
    ]
    if not found:
        raise CaseUnknown(f"there is no case {case}; /api/v1/cases lists them")
    return found


def load(connection: Connection, case: int) -> Life:
    """A case as it stands.

    Raises:
        CaseUnknown: If there is no such case.
    """
    return life.fold((one.stamp, one.event) for one in read(connection, case))


def broken_at(connection: Connection, case: int) -> int | None:
    """The number of the first event whose link does not follow from the one before; None: the chain is whole."""
    link = events.CHAIN_START
    wanted = select(case_event).where(case_event.c.case_id == case).order_by(case_event.c.number)
    for place, row in enumerate(connection.execute(wanted), start=1):
        stamp = Stamp(number=row.number, time_ms=row.time_ms, who=row.who)
        link = events.link_of(link, case, stamp, row.body)
        if row.number != place or row.link != link:
            return place
    return None


def list_cases(
    connection: Connection,
    *,
    site: str | None = None,
    is_open: bool | None = None,
    before: int | None = None,
    limit: int = 1_000,
) -> list[CaseRow]:
    """Cases, the newest first; only those of a branch, open or ended, with numbers below `before`."""
    wanted = select(acceptance_case).order_by(acceptance_case.c.id.desc()).limit(limit)
    if site is not None:
        wanted = wanted.where(acceptance_case.c.site == site)
    if is_open is not None:
        wanted = wanted.where(acceptance_case.c.open == is_open)
    if before is not None:
        wanted = wanted.where(acceptance_case.c.id < before)
    return [CaseRow(**row._mapping) for row in connection.execute(wanted)]


def put_file(connection: Connection, case: int, name: str, body: bytes) -> str:
    """Keep a file of a case; its SHA-256, under which it is found again."""
    digest = sha256(body).hexdigest()
    row = {"sha256": digest, "case_id": case, "name": name[:100], "body": zlib.compress(body, 6)}
    insert_missing(connection, case_file, [row])
    return digest


def get_file(connection: Connection, case: int, digest: str) -> bytes:
    """A file of a case.

    Raises:
        CaseUnknown: If it is not there.
    """
    wanted = select(case_file.c.body).where(case_file.c.case_id == case, case_file.c.sha256 == digest)
    body = connection.execute(wanted).scalar()
    if body is None:
        raise CaseUnknown(f"case {case} has no file {digest}")
    return zlib.decompress(bytes(body))


def sites_to_keep(connection: Connection) -> set[str]:
    """The branches whose raw packs are kept: those with an open case."""
    wanted = select(acceptance_case.c.site).where(acceptance_case.c.open).distinct()
    return {row.site for row in connection.execute(wanted)}


def keep_packs(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep raw packs; one that is there already stays as it is."""
    for at in range(0, len(rows), CHUNK):
        insert_missing(connection, evidence_pack, rows[at : at + CHUNK])


class RawPack(NamedTuple):
    """One raw pack as it is kept; `id` grows with the order in which they came."""

    id: int
    pack: EvidencePack


@dataclass(frozen=True, slots=True, kw_only=True)
class PackQuery:
    """Which raw packs are asked for.

    Attributes:
        site: The branch.
        points: Its points; None: all.
        from_ms: What tells of no time from here on is left out, Unix milliseconds.
        to_ms: What begins here or later, likewise.
        upto: The highest id wanted; None: all.
        limit: At most so many.
    """

    site: str
    points: frozenset[str] | None
    from_ms: int
    to_ms: int
    upto: int | None = None
    limit: int


def packs(connection: Connection, query: PackQuery) -> list[RawPack]:
    """Raw packs in the order of arrival."""
    columns = (evidence_pack.c.id, evidence_pack.c.topic, evidence_pack.c.body)
    wanted = (
        select(*columns)
        .where(evidence_pack.c.site == query.site)
        .where(evidence_pack.c.to_ms >= query.from_ms, evidence_pack.c.from_ms < query.to_ms)
        .order_by(evidence_pack.c.id)
        .limit(query.limit)
    )
    if query.points is not None:
        wanted = wanted.where(evidence_pack.c.point.in_(sorted(query.points)))
    if query.upto is not None:
        wanted = wanted.where(evidence_pack.c.id <= query.upto)
    return [
        RawPack(row.id, EvidencePack(topic=row.topic, body=bytes(row.body).decode()))
        for row in connection.execute(wanted)
    ]


def newest_pack(connection: Connection) -> int:
    """The highest id of a raw pack; 0 if there is none."""
    return int(connection.execute(select(func.max(evidence_pack.c.id))).scalar() or 0)


def count_packs(connection: Connection) -> int:
    """How many raw packs are kept."""
    return int(connection.execute(select(func.count()).select_from(evidence_pack)).scalar() or 0)


def expire_packs(connection: Connection, before_ms: int) -> int:
    """Delete raw packs of branches all of whose cases ended before that time; how many.

    A branch with an open case, one that ended later, or one under legal hold keeps all of its packs.
    """
    kept = (
        select(acceptance_case.c.site)
        .where(acceptance_case.c.open | acceptance_case.c.held | (acceptance_case.c.closed_ms >= before_ms))
        .distinct()
    )
    return connection.execute(delete(evidence_pack).where(evidence_pack.c.site.not_in(kept))).rowcount


def links(connection: Connection, case: int) -> Iterable[tuple[int, str]]:
    """The chain of a case: number and link of each event."""
    wanted = select(case_event.c.number, case_event.c.link).where(case_event.c.case_id == case)
    return [(row.number, row.link) for row in connection.execute(wanted.order_by(case_event.c.number))]


def _add(connection: Connection, case: int, stamp: Stamp, event: Event, before: str) -> None:
    body = events.encode(event)
    row = {
        "case_id": case,
        "number": stamp.number,
        "time_ms": stamp.time_ms,
        "who": stamp.who,
        "what": events.tag_of(event),
        "body": body,
        "link": events.link_of(before, case, stamp, body),
    }
    connection.execute(case_event.insert().values(row))


def _repeat(connection: Connection, case: int, now: Life) -> None:
    """What the list shows of a case."""
    values = {
        "open": now.is_open,
        "held": now.hold is not None,
        "verdict": now.judgements[-1].event.verdict if now.judgements else None,
        "at_risk": now.is_at_risk,
        "changed_ms": now.changed_ms,
        "closed_ms": None if now.closed_at is None else now.closed_at.time_ms,
        "events": now.count,
    }
    connection.execute(update(acceptance_case).where(acceptance_case.c.id == case).values(values))
