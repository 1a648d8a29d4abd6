"""The ledger: of each journal which packs are committed, and of each branch which minutes are there, owed or lost.

What is there, declared or missing is kept in the state database as merged ranges; what is owed, and what is lost for an
unknown reason, follows from that and from what the agents say they have, so it heals by itself.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple

from sqlalchemy import Connection

from gateway.ingest import ledger_rows
from gateway.ingest.ledger_rows import JournalEntry, Key
from gateway.ingest.minutes import (
    MINUTE_MS,
    Gaps,
    Held,
    Interval,
    Status,
    cut,
    gaps_of,
    intervals_of,
    owed_of,
    union,
)
from gateway.ingest.spans import Changes, TimedSpans
from gateway.state.state import State
from telemetry.clock import Clock, to_ms
from telemetry.ranges import RangeSet, Span
from telemetry.readings import Declaration
from telemetry.topics import Root


class Entry(NamedTuple):
    """What one pack (or one answer) tells the ledger.

    Attributes:
        root: Its agent.
        journal: Its journal; with `sequence` the pair.
        sequence: 0 if there is no pair: then only `missing` counts.
        from_ms: Time of its earliest record, 0 if nothing of it is stored.
        to_ms: Time of its latest; if nothing is stored, when it came.
        minutes: Unix minutes of which it stores something.
        declaration: What it gives up, if it is a declaration.
        missing: Of `journal`, what the agent has no more.
    """

    root: Root
    journal: str
    sequence: int
    from_ms: int = 0
    to_ms: int = 0
    minutes: Sequence[int] = ()
    declaration: Declaration | None = None
    missing: Sequence[Span] = ()


class Plan(NamedTuple):
    """What one commit round changes, in memory already, to be written in its transaction."""

    journals: list[JournalEntry]
    sites: list[tuple[str, int, Changes]]
    epochs: dict[str, int]


class Ledger:
    """One for a gateway. `record` and `write` are for the commit round; everything may be asked from any thread."""

    def __init__(
        self,
        state: State,
        *,
        clock: Clock,
        journals_in_memory: int = 50_000,
        spans_a_journal: int = 10_000,
        keep_ms: int = 400 * ledger_rows.DAY_MS,
    ) -> None:
        self.held: dict[Root, Held] = {}
        """What each agent last said it has."""
        self.silent: Callable[[str], Iterable[Root]] = lambda _site: ()
        """Agents of a site that are known and not online now."""
        self.spans_forgotten = 0
        self._state = state
        self._clock = clock
        self._journals_in_memory = journals_in_memory
        self._spans_a_journal = spans_a_journal
        self._keep_ms = keep_ms
        self._lock = threading.RLock()
        self._epochs: dict[str, int] = {}
        self._journals: dict[Key, JournalEntry] = {}
        self._by_site: dict[str, list[JournalEntry]] = {}
        self._minutes: dict[str, TimedSpans] = {}
        self._regions: dict[str, str] = {}
        self._whole_sites: set[str] = set()
        self._held_by_site: dict[str, dict[Root, Held]] = {}

    def hold(self, root: Root, held: Held) -> None:
        """Take in what an agent says it has."""
        self.held[root] = held
        self._held_by_site.setdefault(root.site, {})[root] = held

    def release(self, root: Root) -> None:
        """An agent is gone for good: what it last said counts no more."""
        self.held.pop(root, None)
        self._held_by_site.get(root.site, {}).pop(root, None)

    # -- the commit round ----------------------------------------------------------------------------------------------

    def set_epochs(self, epochs: Mapping[str, int]) -> None:
        """Take in the epoch of each region; where it rose, all that was there is there no more (rule 10)."""
        with self._lock:
            risen = [region for region, epoch in epochs.items() if self._epochs.get(region, 0) != epoch]
            self._epochs.update(epochs)
            if risen:
                self._forget_all()

    def record(self, entries: Sequence[Entry], connection: Connection | None = None) -> Plan:
        """Take in what a round commits, in memory; `write` must follow, or `forget` if the round failed.

        Args:
            entries: What it commits.
            connection: Where rows that are not in memory are read; None: a connection of its own.
        """
        with self._lock:
            if len(self._journals) > self._journals_in_memory:
                self._forget_all()
            self._load(entries, connection)
            now_ms = to_ms(self._clock.now())
            touched: dict[Key, JournalEntry] = {}
            minutes: dict[str, set[int]] = {}
            for entry in entries:
                self._record_one(entry, touched, now_ms)
                if entry.minutes:
                    minutes.setdefault(entry.root.site, set()).update(entry.minutes)
            changes = [(site, self._site_epoch(site), self._add_minutes(site, new)) for site, new in minutes.items()]
            return Plan(list(touched.values()), changes, dict(self._epochs))

    def write(self, connection: Connection, plan: Plan) -> None:
        """Write what `record` changed, in the round's transaction."""
        ledger_rows.write_journals(connection, plan.journals, plan.epochs)
        ledger_rows.write_minutes(connection, plan.sites)

    def forget(self) -> None:
        """A round was not committed: nothing in memory is to be trusted; all of it is read again where needed."""
        with self._lock:
            self._forget_all()

    def expire(self, keep_ms: int) -> None:
        """Give up what ended longer ago than that."""
        with self._lock:
            with self._state.write() as connection:
                ledger_rows.expire(connection, to_ms(self._clock.now()), keep_ms)
            self._forget_all()

    def _record_one(self, entry: Entry, touched: dict[Key, JournalEntry], now_ms: int) -> None:
        key = (entry.root, entry.journal)
        mine = touched[key] = self._journals[key]
        if entry.sequence:
            mine.there.add(entry.sequence, entry.sequence, entry.from_ms, entry.to_ms)
            mine.extended_ms = now_ms
            if len(mine.there) > self._spans_a_journal:
                self.spans_forgotten += len(mine.there) // 10 + 1
                mine.there.drop_lowest(len(mine.there) // 10 + 1)
        for first, last in entry.missing:
            mine.missing.add(first, last)
        given_up = entry.declaration
        if given_up is not None:
            other_key = (entry.root, given_up.journal)
            other = touched[other_key] = self._journals[other_key]
            spans = other.declared.setdefault(given_up.reason, TimedSpans())
            spans.add(given_up.first, given_up.last, given_up.from_ms, given_up.to_ms)

    def _add_minutes(self, site: str, minutes: Iterable[int]) -> Changes:
        spans = self._minutes[site]
        for minute in sorted(minutes):
            spans.add(minute, minute)
        return spans.take_changes()

    # -- memory --------------------------------------------------------------------------------------------------------

    def _load(self, entries: Iterable[Entry], given: Connection | None) -> None:
        keys: set[Key] = set()
        sites: set[str] = set()
        for entry in entries:
            keys.add((entry.root, entry.journal))
            if entry.declaration is not None:
                keys.add((entry.root, entry.declaration.journal))
            if entry.minutes:
                sites.add(entry.root.site)
                self._regions[entry.root.site] = entry.root.region
        new_keys = [key for key in keys if key not in self._journals]
        new_sites = [site for site in sites if site not in self._minutes]
        if not new_keys and not new_sites:
            return
        with self._state.read() if given is None else nullcontext(given) as connection:
            self._remember(ledger_rows.load_journals(connection, new_keys, self._epochs))
            self._minutes.update(ledger_rows.load_minutes(connection, new_sites, self._site_epochs(new_sites)))

    def _load_site(self, site: str) -> list[JournalEntry]:
        if site not in self._whole_sites:
            with self._state.read() as connection:
                self._remember(ledger_rows.load_site(connection, site, self._epochs))
                for entry in self._by_site.get(site, ()):
                    self._regions.setdefault(site, entry.key[0].region)
                if site not in self._minutes:
                    self._minutes.update(ledger_rows.load_minutes(connection, [site], self._site_epochs([site])))
            self._whole_sites.add(site)
        return list(self._by_site.get(site, ()))

    def _remember(self, loaded: Mapping[Key, JournalEntry]) -> None:
        """Keep in memory what was read; what is there already may be newer than its rows."""
        for key, entry in loaded.items():
            if key not in self._journals:
                self._journals[key] = entry
                self._by_site.setdefault(key[0].site, []).append(entry)

    def _site_epochs(self, sites: Iterable[str]) -> dict[str, int]:
        return {site: self._site_epoch(site) for site in sites}

    def _site_epoch(self, site: str) -> int:
        return self._epochs.get(self._regions.get(site, ""), 0)

    def _forget_all(self) -> None:
        self._journals.clear()
        self._by_site.clear()
        self._minutes.clear()
        self._whole_sites.clear()

    def _entry(self, root: Root, journal: str) -> JournalEntry:
        key = (root, journal)
        if key not in self._journals:
            with self._state.read() as connection:
                self._remember(ledger_rows.load_journals(connection, [key], self._epochs))
        return self._journals[key]

    # -- questions -----------------------------------------------------------------------------------------------------

    def there(self, root: Root, journal: str) -> RangeSet:
        """The numbers of a journal that are committed."""
        with self._lock:
            return self._entry(root, journal).there.ranges()

    def declared(self, root: Root, journal: str) -> RangeSet:
        """The numbers of a journal that its agent gave up, whether there or not."""
        with self._lock:
            return self._entry(root, journal).known().declared_ranges()

    def owed(self, root: Root) -> dict[str, RangeSet]:
        """By journal, what an agent last said it has and the store lacks (rule 9); only journals that owe."""
        held = self.held.get(root)
        if held is None:
            return {}
        with self._lock:
            owed = {name: owed_of(self._entry(root, name).known(), has) for name, has in held.journals.items()}
        return {name: numbers for name, numbers in owed.items() if numbers}

    def lapsed(self, root: Root, owed: Mapping[str, RangeSet]) -> dict[str, RangeSet]:
        """Of what an agent owes, what the store once had: lost with it, it is asked for at once (rule 10).

        This follows from what is in the state database, so a gateway that is killed just after it found the loss
        leaves the question to the next one.
        """
        with self._lock:
            lapsed = {name: numbers & self._entry(root, name).was.ranges() for name, numbers in owed.items()}
        return {name: numbers for name, numbers in lapsed.items() if numbers}

    def gaps(self, root: Root, journal: str) -> Gaps:
        """What of a journal is owed and lost."""
        with self._lock:
            return gaps_of(self._entry(root, journal).known(), self.held.get(root), journal)

    def intervals(self, site: str, from_ms: int, to_ms: int) -> list[Interval]:
        """What the ledger says of a site's time, oldest first, disjoint, cut to the question.

        Minutes of which nothing is known (the agent produced nothing, or there is none) are in no interval.
        """
        with self._lock:
            entries = self._load_site(site)
            return self._intervals(site, entries, self._minutes[site].ranges(), from_ms, to_ms)

    def survey(
        self, sites: Sequence[str], from_ms: int, to_ms: int
    ) -> Iterator[tuple[str, int | None, list[Interval]]]:
        """Of each of many sites its first minute that is there (Unix ms, None if none is), and what `intervals` says.

        They are read a few hundred at a time and not kept, so that sixteen thousand do not push out what is in use.
        """
        for at in range(0, len(sites), ledger_rows.CHUNK):
            some = sites[at : at + ledger_rows.CHUNK]
            with self._lock:
                epochs = dict(self._epochs)
            with self._state.read() as connection:
                entries = ledger_rows.load_sites(connection, some, epochs)
                regions = {site: one[0].key[0].region for site, one in entries.items() if one}
                by_site = {site: epochs.get(regions.get(site, ""), 0) for site in some}
                minutes = ledger_rows.load_minutes(connection, some, by_site)
            for site in some:
                there = minutes[site].ranges()
                begin = there.lowest()
                found = self._intervals(site, entries[site], there, from_ms, to_ms)
                yield site, None if begin is None else begin * MINUTE_MS, found

    def _intervals(
        self, site: str, entries: Sequence[JournalEntry], minutes: RangeSet, from_ms: int, to_ms: int
    ) -> list[Interval]:
        if to_ms <= from_ms:
            return []
        first, last = from_ms // MINUTE_MS, (to_ms - 1) // MINUTE_MS
        there = cut(minutes, first, last)
        gaps = [gaps_of(one.known(), self.held.get(one.key[0]), one.key[1]) for one in entries]
        owed = [gap.owed_minutes for gap in gaps] + self._unseen_journals(site, entries)
        owed += self._silence(site, entries)
        # Beyond what is kept nobody knows what was there, so nothing can be said to lack.
        kept = max(first, self._kept_since_ms() // MINUTE_MS)
        reasons = {reason for gap in gaps for reason in gap.lost_minutes}
        lost = {
            reason: cut(union(gap.lost_minutes.get(reason, RangeSet()) for gap in gaps), kept, last)
            for reason in reasons
        }
        return [
            Interval(max(begin * MINUTE_MS, from_ms), min((end + 1) * MINUTE_MS, to_ms), status, reason)
            for begin, end, status, reason in intervals_of(there, lost, cut(union(owed), kept, last))
        ]

    def _kept_since_ms(self) -> int:
        return to_ms(self._clock.now()) - self._keep_ms

    def totals(self, site: str) -> dict[Status, int]:
        """Whole minutes by status, over all that is kept."""
        totals = dict.fromkeys(Status, 0)
        for begin, end, status, _reason in self.intervals(site, 0, 2**52):
            totals[status] += (end - begin) // MINUTE_MS
        return totals

    def _unseen_journals(self, site: str, entries: Sequence[JournalEntry]) -> list[RangeSet]:
        """What is owed of journals that the ledger has no row of."""
        seen = {entry.key for entry in entries}
        found = []
        for root, held in list(self._held_by_site.get(site, {}).items()):
            for journal in held.journals:
                if (root, journal) not in seen:
                    found.append(gaps_of(JournalEntry((root, journal)).known(), held, journal).owed_minutes)
        return found

    def _silence(self, site: str, entries: Sequence[JournalEntry]) -> list[RangeSet]:
        """The minutes since the last stored reading of agents that are silent."""
        now_ms = to_ms(self._clock.now())
        found = []
        for root in self.silent(site):
            ends = (entry.there.latest_ms() for entry in entries if entry.key[0] == root)
            last_ms = max((end for end in ends if end is not None), default=None)
            if last_ms is not None and last_ms < now_ms:
                found.append(RangeSet([(last_ms // MINUTE_MS, now_ms // MINUTE_MS)]))
        return found
