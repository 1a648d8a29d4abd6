"""The minutes of the ledger as gauges: a few sites at a time, and for at most so many sites a label of their own."""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.ingest.ledger import Ledger
from gateway.ingest.minutes import Status
from gateway.metrics import Metrics

SITES_A_TURN: Final = 50
OTHERS: Final = "_others"
"""Label of all sites beyond the limit; no site can be called so."""


class LedgerMetrics:
    """Refreshes the gauge `openhall_ledger_minutes` in turn."""

    def __init__(self, ledger: Ledger, metrics: Metrics, most_sites: int) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._most_sites = most_sites
        self._next = 0
        self._totals: dict[str, dict[Status, int]] = {}
        self._shown: set[str] = set()

    def refresh(self, sites: Sequence[str]) -> None:
        """Count the minutes of the next few of these sites again."""
        if not sites:
            return
        turn = set()
        for _ in range(min(SITES_A_TURN, len(sites))):
            site = sites[self._next % len(sites)]
            self._next += 1
            self._totals[site] = self._ledger.totals(site)
            turn.add(site)
        for gone in self._totals.keys() - set(sites):
            del self._totals[gone]
        self._show(turn, set(sites[: self._most_sites]))
        if len(sites) > self._most_sites:
            self._set(OTHERS, self._sum_of_others())

    def _show(self, turn: set[str], named: set[str]) -> None:
        """Set the gauges of the sites with labels of their own, as far as they may have changed."""
        named &= self._totals.keys()
        for site in self._shown - named:
            for status in Status:
                self._metrics.ledger_minutes.remove(site, status.value)
        for site in named & turn | named - self._shown:
            self._set(site, self._totals[site])
        self._shown = named

    def _sum_of_others(self) -> dict[Status, int]:
        sums = dict.fromkeys(Status, 0)
        for site in self._totals.keys() - self._shown:
            for status, minutes in self._totals[site].items():
                sums[status] += minutes
        return sums

    def _set(self, label: str, totals: Mapping[Status, int]) -> None:
        for status, minutes in totals.items():
            self._metrics.ledger_minutes.labels(label, status.value).set(minutes)
