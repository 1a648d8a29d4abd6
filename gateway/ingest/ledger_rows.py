"""The ledger's rows in the state database: read into memory, and written as far as they changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_

from gateway.ingest.minutes import Known
from gateway.ingest.spans import Changes, TimedSpans
from gateway.state.state import insert_missing, upsert
from gateway.state.tables import journal as journal_table
from gateway.state.tables import site_minutes as minutes_table
from gateway.state.tables import span as span_table
from telemetry.topics import Root

THERE: Final = "there"
DECLARED: Final = "declared"
MISSING: Final = "missing"
DAY_MS: Final = 86_400_000
CHUNK: Final = 400
"""Keys asked for in one query; SQLite takes at most 999 variables in its older builds."""

Key = tuple[Root, str]

_DELETE_SPAN: Final = delete(span_table).where(
    span_table.c.journal_id == bindparam("b_id"),
    span_table.c.kind == bindparam("b_kind"),
    span_table.c.reason == bindparam("b_reason"),
    span_table.c.epoch == bindparam("b_epoch"),
    span_table.c.first == bindparam("b_first"),
)
_DELETE_MINUTES: Final = delete(minutes_table).where(
    minutes_table.c.site == bindparam("b_site"),
    minutes_table.c.epoch == bindparam("b_epoch"),
    minutes_table.c.first == bindparam("b_first"),
)


class JournalEntry:
    """What the ledger has in memory of one journal; `row_id` is None until its row is written."""

    __slots__ = ("declared", "extended_ms", "key", "missing", "row_id", "there", "was")

    def __init__(self, key: Key, row_id: int | None = None) -> None:
        self.key = key
        self.row_id = row_id
        self.there = TimedSpans()
        self.was = TimedSpans()
        self.missing = TimedSpans()
        self.declared: dict[str, TimedSpans] = {}
        self.extended_ms = 0

    def known(self) -> Known:
        """The same for the pure functions of `minutes`."""
        return Known(self.there, self.was, self.declared, self.missing, self.extended_ms)

    def parts(self) -> list[tuple[str, str, TimedSpans]]:
        """Kind, reason and ranges of all that is written."""
        return [
            (THERE, "", self.there),
            (MISSING, "", self.missing),
            *((DECLARED, reason, spans) for reason, spans in self.declared.items()),
        ]


def load_journals(connection: Connection, keys: Sequence[Key], epochs: dict[str, int]) -> dict[Key, JournalEntry]:
    """The entries of these journals, empty where there is no row."""
    entries = {key: JournalEntry(key) for key in keys}
    _find_rows(connection, entries)
    _load_spans(connection, entries.values(), epochs)
    return entries


def load_site(connection: Connection, site: str, epochs: dict[str, int]) -> dict[Key, JournalEntry]:
    """The entries of every journal of a site."""
    entries: dict[Key, JournalEntry] = {}
    for row in connection.execute(select(journal_table).where(journal_table.c.site == site)):
        key = (Root(row.region, row.site, row.agent), row.journal)
        entries[key] = JournalEntry(key, row.id)
    _load_spans(connection, entries.values(), epochs)
    return entries


def load_sites(connection: Connection, sites: Sequence[str], epochs: dict[str, int]) -> dict[str, list[JournalEntry]]:
    """The entries of every journal of each of these sites, at most `CHUNK` of them."""
    found: dict[str, list[JournalEntry]] = {site: [] for site in sites}
    for row in connection.execute(select(journal_table).where(journal_table.c.site.in_(sites))):
        key = (Root(row.region, row.site, row.agent), row.journal)
        found[row.site].append(JournalEntry(key, row.id))
    _load_spans(connection, [one for entries in found.values() for one in entries], epochs)
    return found


def declared_since(connection: Connection, since_ms: int, limit: int) -> list[tuple[Root, str, int, int]]:
    """Of what was given up and ends after `since_ms`, the latest: of whom, of which journal, from when to when."""
    joined = select(journal_table, span_table.c.from_ms, span_table.c.to_ms).join_from(
        span_table, journal_table, span_table.c.journal_id == journal_table.c.id
    )
    wanted = joined.where(span_table.c.kind == DECLARED, span_table.c.to_ms > since_ms)
    rows = connection.execute(wanted.order_by(span_table.c.to_ms.desc()).limit(limit))
    return [(Root(row.region, row.site, row.agent), row.journal, row.from_ms, row.to_ms) for row in rows]


def load_minutes(connection: Connection, sites: Sequence[str], epochs: dict[str, int]) -> dict[str, TimedSpans]:
    """The minutes of these sites that are there; `epochs` is by site."""
    loaded = {site: TimedSpans() for site in sites}
    for at in range(0, len(sites), CHUNK):
        wanted = minutes_table.c.site.in_(sites[at : at + CHUNK])
        for row in connection.execute(select(minutes_table).where(wanted).order_by(minutes_table.c.first)):
            if row.epoch == epochs[row.site]:
                loaded[row.site].add(row.first, row.last)
    for spans in loaded.values():
        spans.take_changes()
    return loaded


def _load_spans(connection: Connection, entries: Iterable[JournalEntry], epochs: dict[str, int]) -> None:
    by_id = {entry.row_id: entry for entry in entries if entry.row_id is not None}
    ids = list(by_id)
    for at in range(0, len(ids), CHUNK):
        wanted = span_table.c.journal_id.in_(ids[at : at + CHUNK])
        for row in connection.execute(select(span_table).where(wanted).order_by(span_table.c.first)):
            entry = by_id[row.journal_id]
            _spans_of(entry, row.kind, row.reason, row.epoch, epochs).add(row.first, row.last, row.from_ms, row.to_ms)
    for entry in by_id.values():
        for _kind, _reason, spans in entry.parts():
            spans.take_changes()


def _spans_of(entry: JournalEntry, kind: str, reason: str, epoch: int, epochs: dict[str, int]) -> TimedSpans:
    if kind == THERE:
        return entry.there if epoch == epochs.get(entry.key[0].region, 0) else entry.was
    if kind == MISSING:
        return entry.missing
    return entry.declared.setdefault(reason, TimedSpans())


def write_journals(connection: Connection, entries: Iterable[JournalEntry], epochs: dict[str, int]) -> None:
    """Write what changed in these entries."""
    entries = list(entries)
    _make_rows(connection, {entry.key: entry for entry in entries if entry.row_id is None})
    put: list[dict[str, object]] = []
    gone: list[dict[str, object]] = []
    for entry in entries:
        row_id = entry.row_id
        for kind, reason, spans in entry.parts():
            changes = spans.take_changes()
            key = {"kind": kind, "reason": reason, "epoch": epochs.get(entry.key[0].region, 0) if kind == THERE else 0}
            put += [{"journal_id": row_id, **key, **span._asdict()} for span in changes.put]
            gone += [
                {"b_id": row_id, "b_kind": kind, "b_reason": reason, "b_epoch": key["epoch"], "b_first": first}
                for first in changes.gone
            ]
    if gone:
        connection.execute(_DELETE_SPAN, gone)
    upsert(connection, span_table, put)


def write_minutes(connection: Connection, changes: Iterable[tuple[str, int, Changes]]) -> None:
    """Write changed minutes: site, epoch, and what changed."""
    put: list[dict[str, object]] = []
    gone: list[dict[str, object]] = []
    for site, epoch, change in changes:
        put += [{"site": site, "epoch": epoch, "first": one.first, "last": one.last} for one in change.put]
        gone += [{"b_site": site, "b_epoch": epoch, "b_first": first} for first in change.gone]
    if gone:
        connection.execute(_DELETE_MINUTES, gone)
    upsert(connection, minutes_table, put)


def expire(connection: Connection, now_ms: int, keep_ms: int) -> None:
    """Forget what ended more than `keep_ms` ago, and journals of which nothing is left.

    Where the clock is more than a day ahead of the newest minute there, that minute counts as now: a clock that jumped
    ahead must not wipe the ledger.
    """
    newest = connection.execute(select(func.max(minutes_table.c.last))).scalar()
    before_ms = min(now_ms, newest * 60_000 + DAY_MS if newest is not None else now_ms) - keep_ms
    connection.execute(delete(span_table).where(span_table.c.to_ms < before_ms, span_table.c.to_ms > 0))
    connection.execute(delete(minutes_table).where(minutes_table.c.last < before_ms // 60_000))
    # Ranges without times (missing) mean nothing once no range with times is left beside them.
    timed = select(span_table.c.journal_id).where(span_table.c.to_ms > 0)
    connection.execute(delete(span_table).where(span_table.c.journal_id.not_in(timed)))
    used = select(span_table.c.journal_id)
    connection.execute(delete(journal_table).where(journal_table.c.id.not_in(used)))


def _make_rows(connection: Connection, entries: Mapping[Key, JournalEntry]) -> None:
    """The rows of journals heard of for the first time; another gateway on the same state may have made some."""
    words = [
        {"region": root.region, "site": root.site, "agent": root.agent, "journal": journal} for root, journal in entries
    ]
    insert_missing(connection, journal_table, words)
    _find_rows(connection, entries)


def _find_rows(connection: Connection, entries: Mapping[Key, JournalEntry]) -> None:
    """Tell each entry which row is its own, where there is one."""
    keys = [(root.region, root.site, root.agent, journal) for root, journal in entries]
    columns = (journal_table.c.region, journal_table.c.site, journal_table.c.agent, journal_table.c.journal)
    for at in range(0, len(keys), CHUNK // 4):
        for row in connection.execute(select(journal_table).where(tuple_(*columns).in_(keys[at : at + CHUNK // 4]))):
            entries[(Root(row.region, row.site, row.agent), row.journal)].row_id = row.id
