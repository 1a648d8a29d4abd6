"""Rule 10: a growing number in store and ledger, so that a store that was emptied or restored is found out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, select, update

from gateway.errors import LedgerChanged
from gateway.ports import Point
from gateway.state.state import State, insert_missing, upsert
from gateway.state.tables import mark as mark_table
from telemetry.clock import Clock, to_ms

log = structlog.get_logger(__name__)

HOUR_MS: Final = 3_600_000
"""All rounds of one hour write their mark at the hour's begin: the newest number stays, one point an hour is kept."""


CHANGES: Final = "gateway"
"""A row whose epoch counts what others wrote into the ledger; the id is no region's (contract, section 1)."""


class Row(NamedTuple):
    """A region's mark in the state database."""

    n: int
    time_ms: int
    epoch: int


# Asked at every commit. There are a few regions in all, and choosing among them here costs less than a list in SQL.
_ALL: Final = select(mark_table)
_NO_ROW: Final = Row(0, 0, 0)


def note_change(connection: Connection) -> None:
    """Tell running gateways, in the transaction that writes into their ledger, that it is to be read again."""
    insert_missing(connection, mark_table, [{"region": CHANGES, "n": 0, "time_ms": 0, "epoch": 0}])
    raised = mark_table.c.epoch + 1
    connection.execute(update(mark_table).where(mark_table.c.region == CHANGES).values(epoch=raised))


def fallen(rows: Mapping[str, Row], stored: Mapping[str, int]) -> list[str]:
    """The regions whose number in the store is lower than in the ledger, or gone."""
    return [region for region, row in rows.items() if row.n and stored.get(region, 0) < row.n]


class Marks:
    """The numbers of the regions that this gateway owns."""

    def __init__(self, state: State, regions: Iterable[str], clock: Clock) -> None:
        self.regions = list(regions)
        self._state = state
        self._clock = clock
        self._rows: dict[str, Row] = dict.fromkeys(self.regions, _NO_ROW)
        # The highest number that any attempt of ours may have left in the store. A copy of the store taken between a
        # failed attempt and the next would look whole if both attempts wrote the same number.
        self._tried: dict[str, int] = dict.fromkeys(self.regions, 0)
        self._changes = 0

    def read(self) -> dict[str, int]:
        """Read the numbers again, since another gateway may have written; returns the epochs of what the ledger has.

        They are the regions' own, and under `CHANGES` how often another program wrote into the ledger.
        """
        with self._state.read() as connection:
            found = connection.execute(_ALL).all()
        for row in found:
            if row.region == CHANGES:
                self._changes = row.epoch
            if row.region not in self._rows:
                continue
            self._rows[row.region] = Row(row.n, row.time_ms, row.epoch)
            self._tried[row.region] = max(self._tried[row.region], row.n)
        return self._epochs()

    def _epochs(self) -> dict[str, int]:
        return {region: row.epoch for region, row in self._rows.items()} | {CHANGES: self._changes}

    def numbers(self) -> dict[str, int]:
        """By region, the number of the last round that ledger and store both have."""
        return {region: row.n for region, row in self._rows.items()}

    def compare(self, stored: Mapping[str, int]) -> list[str]:
        """Hold the store's numbers against the ledger's; where they fell, begin a new epoch.

        Returns:
            The regions of which nothing counts as there any more.
        """
        self.read()
        lost = fallen(self._rows, stored)
        for region in self.regions:
            self._tried[region] = max(self._tried[region], stored.get(region, 0))
        if lost:
            with self._state.write() as connection:
                for region in lost:
                    raised = mark_table.c.epoch + 1
                    connection.execute(update(mark_table).where(mark_table.c.region == region).values(epoch=raised))
            for region in lost:
                log.warning(
                    "store was emptied or restored: all that the branches still have is asked for again",
                    region=region,
                    ledger_n=self._rows[region].n,
                    store_n=stored.get(region),
                )
            self.read()
        return lost

    def points(self) -> list[Point]:
        """The marks of the round about to be tried, each with a number that no attempt had before."""
        now_ms = to_ms(self._clock.now())
        points = []
        for region in self.regions:
            self._tried[region] += 1
            # Never earlier than before, even if the clock goes back: the newest point must be the highest number.
            time_ms = max(now_ms // HOUR_MS * HOUR_MS, self._rows[region].time_ms)
            points.append(Point("mark", (("region", region),), time_ms, {"n": float(self._tried[region])}))
        return points

    def write(self, connection: Connection, written: Sequence[Point]) -> None:
        """Write the numbers that the store took, in the round's transaction.

        Raises:
            LedgerChanged: Another program wrote into the ledger since `read`: what is in memory would undo that.
        """
        known = self._epochs()
        for row in connection.execute(_ALL):
            if row.epoch != known.get(row.region, row.epoch):
                raise LedgerChanged(f"the ledger was changed by another program ({row.region}); it is read again")
        rows = []
        for point in written:
            region = point.tags[0][1]
            n = int(point.fields["n"])
            self._rows[region] = Row(n, point.time_ms, self._rows[region].epoch)
            rows.append({"region": region, "n": n, "time_ms": point.time_ms, "epoch": self._rows[region].epoch})
        upsert(connection, mark_table, rows, keep=("epoch",))
