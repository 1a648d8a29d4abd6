"""The minutes of the ledger as gauges: a few sites at a time, and for at most so many sites a label of their own."""

from collections.abc import Sequence
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

    def refresh(self, sites: Sequence[str]) -> None:
        """Count the minutes of the next few of these sites again."""
        if not sites:
            return
        for _ in range(min(SITES_A_TURN, len(sites))):
            site = sites[self._next % len(sites)]
            self._next += 1
            self._totals[site] = self._ledger.totals(site)
        for gone in self._totals.keys() - set(sites):
            del self._totals[gone]
        named = set(sites[: self._most_sites])
        others = dict.fromkeys(Status, 0)
        for site, totals in self._totals.items():
            for status, minutes in totals.items():
                if site in named:
                    self._metrics.ledger_minutes.labels(site, status.value).set(minutes)
                else:
                    others[status] += minutes
        if len(sites) > self._most_sites:
            for status, minutes in others.items():
                self._metrics.ledger_minutes.labels(OTHERS, status.value).set(minutes)
