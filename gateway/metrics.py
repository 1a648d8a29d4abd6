"""The numbers of the ingest for `/metrics`, on a registry of their own. `gateway/ingest/README.md` lists them."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from telemetry.errors import Reason

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Metrics:
    """All counters and gauges of one gateway; others may add theirs to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_counters()
        self._make_gauges()
        for reason in Reason:
            self.dead_letters.labels(reason.value)
        for stage in ("inbox", "store"):
            for share in ("facility", "air"):
                self.shed.labels(stage, share)

    def expose(self) -> bytes:
        """Everything in Prometheus's text form."""
        return generate_latest(self.registry)

    def _make_counters(self) -> None:
        self.packs_received = self._counter("packs_received", "Packs of readings, states and declarations that arrived")
        self.messages_received = self._counter("messages_received", "Messages read, by channel", "channel")
        self.readings_stored = self._counter("readings_stored", "Values committed to the store, repeats included")
        self.readings_suspect = self._counter("readings_suspect", "Of those, stored as suspect")
        self.packs_committed = self._counter("packs_committed", "Packs committed to the store or the dead letters")
        self.packs_relative = self._counter("packs_relative", "Packs in relative time: heard or seen, not stored")
        self.receipts = self._counter("receipts", "Receipt messages sent after a commit")
        self.heard = self._counter("heard", "Facility packs whose alarm state was committed, repeats included")
        self.dead_letters = self._counter("dead_letters", "Messages, or parts of one, that were parked", "reason")
        self.dead_letters_deleted = self._counter("dead_letters_deleted", "Dead letters given up to keep within bounds")
        self.dead_letters_refused = self._counter(
            "dead_letters_refused", "Packs left to their agents since there was no room for a dead letter with a pair"
        )
        self.shed = self._counter("ingest_shed", "Messages not taken in since a queue was full", "stage", "share")
        self.store_failures = self._counter("store_failures", "Commit rounds that the store did not take")
        self.state_failures = self._counter("state_failures", "Transactions that the state database did not take")
        self.store_losses = self._counter("store_losses", "Regions whose store was found emptied or restored")
        self.minutes_found = self._counter("minutes_found", "Minutes that an agent gave up and the store has")
        self.commands = self._counter("commands", "Commands sent to agents, by name", "name")
        self.replies = self._counter("replies", "Answers to commands, by whether they were ok", "ok")
        self.faults = self._counter("faults", "Faults of ours that were contained; report them", "where")
        self.signatures = self._counter("signatures", "Packs by what their signature says", "verdict")
        self.ignored = self._counter("messages_ignored", "Messages that mean nothing here, by reason", "reason")

    def _make_gauges(self) -> None:
        self.queue = self._gauge("ingest_queue", "Messages and packs that wait anywhere in the ingest")
        self.queue_bytes = self._gauge("ingest_queue_bytes", "Their bytes")
        self.waiting = self._gauge("ingest_waiting", "What waits, by stage and share", "stage", "share")
        self.dead_letters_kept = self._gauge("dead_letters_kept", "Dead letters, by whether they have a pair", "pair")
        self.doubts = self._gauge("doubts", "Doubts about sensors that are open, by reason", "reason")
        self.unwatched = self._gauge(
            "readings_unwatched", "Readings of points beyond those that are watched for doubts"
        )
        self.storing = self._gauge("storing", "1 while the store takes readings, else 0")
        self.agents = self._gauge("agents", "Agents known, by whether they are online", "online")
        self.owing = self._gauge("agents_owing", "Agents that have something the store lacks")
        self.conflicts = self._gauge("point_conflicts", "Points that two agents claim")
        self.rivals = self._gauge("gateway_rivals", "Other gateways online for our regions")
        self.mark = self._gauge("mark", "The growing number of commit rounds, by region", "region")
        self.ledger_minutes = self._gauge("ledger_minutes", "Minutes by what the ledger says of them", "site", "status")
        self.ledger_forgotten = self._gauge("ledger_spans_forgotten", "Ranges forgotten to keep within bounds")
        self.looks_waiting = self._gauge("second_looks", "Declarations that are still to be looked up in the store")
        self.looks_left_out = self._gauge("second_looks_left_out", "Of those, found no room and count as lost")
        self.agent_keys = self._gauge("agent_keys", "Public keys of agents, by standing", "standing")
        self.directory_refused = self._gauge("directory_refused", "Messages of agents or points beyond the limits")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"openhall_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"openhall_{name}", text, labels, registry=self.registry)
