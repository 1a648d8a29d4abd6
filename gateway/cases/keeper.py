"""Keeps the raw packs of branches with an open case, in the transaction that writes ledger and dead letters.

So a pack is receipted only once it is evidence, too: what an agent may forget is never missing here.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from gateway.cases import rows
from gateway.cases.metrics import CaseMetrics
from gateway.ingest.items import AnyItem


class PackKeeper:
    """What the ingest calls in every round."""

    def __init__(self, metrics: CaseMetrics) -> None:
        self._metrics = metrics

    def keep(self, connection: Connection, items: Sequence[AnyItem]) -> int:
        """Keep those of a round that are from a branch with an open case, in the caller's transaction; how many."""
        with_pair = [item for item in items if item.root is not None and item.entry is not None and item.entry.sequence]
        if not with_pair:
            return 0
        # Asked anew in every round: whoever opened a case, in whichever process, opened it for the next commit.
        sites = rows.sites_to_keep(connection)
        kept = [_row(item) for item in with_pair if item.root is not None and item.root.site in sites]
        rows.keep_packs(connection, kept)
        self._metrics.packs.inc(len(kept))
        return len(kept)


def _row(item: AnyItem) -> dict[str, Any]:
    assert item.root is not None and item.entry is not None
    return {
        "region": item.root.region,
        "site": item.root.site,
        "agent": item.root.agent,
        "journal": item.entry.journal,
        "sequence": item.entry.sequence,
        "point": next((value for point in item.points for name, value in point.tags if name == "point"), ""),
        "received_ms": item.arrived_ms,
        "from_ms": item.entry.from_ms,
        "to_ms": item.entry.to_ms,
        "topic": item.topic,
        "sha256": sha256(item.body).hexdigest(),
        "body": item.body,
    }
