"""The ingest: from messages to committed readings and receipts; in two stages, so alarms never wait for the store."""

import random
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from gateway.errors import StateUnavailable
from gateway.ingest.arrived import Arrived
from gateway.ingest.asking import NEVER_S, RESEND, Asking
from gateway.ingest.committing import Committer, KeepEvidence
from gateway.ingest.directory import Directory
from gateway.ingest.doubting import Doubting
from gateway.ingest.gateways import OtherGateways
from gateway.ingest.hearing import Hearer
from gateway.ingest.intake import Reader
from gateway.ingest.items import AIR, FACILITY
from gateway.ingest.ledger import Ledger
from gateway.ingest.ledger_metrics import LedgerMetrics
from gateway.ingest.ledger_rows import DAY_MS
from gateway.ingest.letters import letter
from gateway.ingest.marks import Marks
from gateway.ingest.plain_hearing import PlainHearer
from gateway.ingest.queues import Limit, SharedQueue
from gateway.ingest.settings import IngestSettings
from gateway.ingest.signatures import Signatures
from gateway.metrics import Metrics
from gateway.ports import Alerts, Store
from gateway.quality.doubts import Doubts
from gateway.rollups.touched import TouchedHours
from gateway.state.state import State
from gateway.stores.watched_store import watched
from telemetry.bus import Message
from telemetry.clock import Clock, to_ms
from telemetry.errors import Reason
from telemetry.messages import MAX_BODY_BYTES, Reply
from telemetry.topics import Root, goes_down

__all__ = ["Ingest", "IngestSettings"]

log = structlog.get_logger(__name__)

CONTROL: Final = "control"
HEARD_AT_ONCE: Final = 1_024
TAKEN_AT_ONCE: Final = 32
"""A call waits for so many messages of air at most; one by one, taking them would cost more than reading them."""

LOOKS_A_TICK: Final = 2_000
CENSUS_EVERY_S: Final = 5.0


class Ingest:
    """The whole ingest of one gateway; no socket, no thread, no clock but the one it is given.

    `offer` may be called from any thread; `hear`, `keep` and `tick` each from one thread, which may be three.

    Attributes:
        directory: Who is there, and the newest values.
        ledger: What is there, owed, lost.
    """

    def __init__(
        self,
        *,
        regions: Sequence[str],
        store: Store,
        state: State,
        alerts: Alerts,
        publish: Callable[[Message], None],
        clock: Clock,
        settings: IngestSettings,
        metrics: Metrics,
        rng: random.Random,
        gateway: str = "",
        census_every_s: float = CENSUS_EVERY_S,
        keep_evidence: KeepEvidence | None = None,
    ) -> None:
        """Make it; nothing is read before `start`.

        Args:
            regions: Those whose agents it hears.
            store: Where readings go.
            state: Where ledger, dead letters and directory live.
            alerts: Who hears facility states and sees live air.
            publish: Sends a message; must not block for long.
            clock: The time.
            settings: Waits and limits.
            metrics: Where everything is counted.
            rng: For jitter and for the ids of commands.
            gateway: Our own id; without it other gateways are not looked for.
            census_every_s: How often the gauges over all agents and sites are set anew, and changed keys looked for.
            keep_evidence: Keeps the raw packs of branches with an acceptance case.
        """
        # Its own questions, and those of whoever else shares it, must hide no failure from the commit.
        shared = watched(store)
        self._regions = list(regions)
        self._state = state
        self._publish = publish
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self._inbox = SharedQueue[Arrived](
            {
                FACILITY: Limit(settings.inbox_facility_messages, settings.inbox_facility_bytes),
                CONTROL: Limit(settings.inbox_facility_messages, settings.inbox_facility_bytes),
                AIR: Limit(settings.inbox_messages, settings.inbox_bytes),
            }
        )
        self.directory = Directory(
            clock=clock, store=shared, online_s=settings.online_s, agents=settings.agents, points=settings.points
        )
        self.ledger = Ledger(
            state,
            clock=clock,
            journals_in_memory=settings.journals_in_memory,
            spans_a_journal=settings.spans_a_journal,
            keep_ms=round(settings.ledger_keep_days * DAY_MS),
        )
        self.ledger.silent = self.directory.silent
        self._asking = Asking(settings, rng)
        self._gateways = OtherGateways(gateway, regions)
        self.touched = TouchedHours(state)
        self._marks = Marks(state, regions, clock)
        doubts = Doubts(period_s=self.directory.period_s, part=self.directory.part, points=settings.points)
        self._doubting = Doubting(state, doubts, regions, metrics)
        self.directory.flaws = doubts.flaws
        self._committer = Committer(
            store=shared,
            state=state,
            ledger=self.ledger,
            marks=self._marks,
            lost=self._store_lost,
            remember=self.directory.save_fresh,
            doubting=self._doubting,
            series=self.directory.series,
            touched=self.touched,
            publish=publish,
            clock=clock,
            settings=settings,
            metrics=metrics,
            rng=rng,
            keep_evidence=keep_evidence,
        )
        self._signatures = Signatures(
            state,
            refuse=settings.signatures == "refuse",
            agents=settings.agents,
            clock=clock,
            metrics=metrics,
            look_every_s=census_every_s,
        )
        reader = Reader(settings, self.directory.period_s, self._signatures.judge)
        self._hearer = Hearer(
            regions=frozenset(regions),
            reader=reader,
            plain=PlainHearer(
                reader=reader,
                directory=self.directory,
                signatures=self._signatures,
                flaws=doubts.flaws,
                points=settings.points,
            ),
            directory=self.directory,
            ledger=self.ledger,
            alerts=alerts,
            flagged=self._doubting.flagged,
            asking=self._asking,
            gateways=self._gateways,
            signatures=self._signatures,
            committer=self._committer,
            publish=publish,
            clock=clock,
            metrics=metrics,
        )
        self._echoes = metrics.ignored.labels("goes-down")
        self._ledger_metrics = LedgerMetrics(self.ledger, metrics, settings.sites_in_metrics)
        self._census_every_s = census_every_s
        self._next_save_s = 0.0
        self._next_census_s = 0.0

    @property
    def storing(self) -> bool:
        """True while the store takes what it is given."""
        return self._committer.storing

    @property
    def trouble(self) -> tuple[str, str] | None:
        """While it takes nothing: `store` or `state`, and what that said last; None before the first attempt."""
        return self._committer.trouble

    def start(self) -> None:
        """Take in what an earlier run left, and hold the store's marks against the ledger's (rule 10).

        A store that cannot be reached is no error here: the rounds go on trying.

        Raises:
            StateUnavailable: If the state database cannot be read.
        """
        # Before anything is asked of the ledger: what is there counts as there also while the store is away.
        self.ledger.set_epochs(self._marks.read())
        self.directory.load(self._state, self._regions)
        self._doubting.load()
        self._signatures.load()
        for view in self.directory.agents():
            if view.held is not None:
                self.ledger.hold(view.root, view.held)
                self._hearer.heard_s[view.root] = NEVER_S
        self._committer.second_look.resume()
        self.keep()

    def offer(self, topic: str, body: bytes, retained: bool) -> bool:
        """Let a message wait to be read; False if there is no room for it: its agent still owns it.

        What goes down, our own receipts above all, comes back from the broker: it is left out here, before it
        costs more.
        """
        if goes_down(topic):
            self._echoes.inc()
            return True
        now_ms, now_s = to_ms(self._clock.now()), self._clock.monotonic()
        if len(body) > MAX_BODY_BYTES:
            detail = f"{len(body)} bytes; a body has at most {MAX_BODY_BYTES}"
            parked = letter(topic, body, Reason.OVERSIZE, detail, received_ms=now_ms)
            arrived = Arrived(topic, b"", retained, now_ms, now_s, parked)
            size, share = len(parked.body), AIR
        else:
            arrived = Arrived(topic, body, retained, now_ms, now_s)
            size, share = len(body), _share_of(topic)
        if self._inbox.put(share, arrived, size + len(topic) + 200):
            return True
        self._metrics.shed.labels("inbox", share).inc()
        return False

    def hear(self) -> int:
        """Read what waits, at most about a thousand messages; returns how many were read."""
        count = 0
        while count < HEARD_AT_ONCE and (taken := self._inbox.take(TAKEN_AT_ONCE)):
            count += len(taken)
            for message in taken:
                self._hearer.hear(message)
        if count:
            self._hearer.flush_counts()
        return count

    def keep(self) -> int:
        """One commit round; returns how many packs were dealt with, 0 if none waited or the store did not take them."""
        return self._committer.round()

    def wait_s(self) -> float:
        """Seconds until `keep` can do anything: 0, or what is left of the wait after a failure."""
        return self._committer.wait_s()

    def tick(self) -> None:
        """To be called every second: questions to agents, what must outlive us, gauges."""
        self._ask()
        self._signatures.tick()
        now_s = self._clock.monotonic()
        if now_s >= self._next_save_s:
            more = self._save()
            self._next_save_s = now_s if more else now_s + self._settings.save_every_s
        self._measure()

    def save(self) -> None:
        """Write who was seen, all of it, before a proper stop."""
        while self._save():
            pass

    def _save(self) -> bool:
        """Write a part of who was seen; what the state database does not take it gets next time."""
        try:
            return self.directory.save(self._state)
        except StateUnavailable as error:
            self._metrics.state_failures.inc()
            log.warning("directory is not saved", error=str(error))
            return False

    def tell_answers(self, answered: Callable[[Root, Reply], None]) -> None:
        """Let somebody hear every answer of an agent, in the thread of `hear`."""
        self._hearer.answered = answered

    def warnings(self) -> list[str]:
        """What an operator should know though the gateway works: one sentence each."""
        return [words for _part, words in self.findings()]

    def findings(self) -> list[tuple[str, str]]:
        """The same, each behind its part: `two_gateways`, `two_regions`, `dead_letters` or `signatures`."""
        rivals = [
            (
                "two_gateways",
                f"gateway {gateway} is online for our region {', '.join(regions)} too; let only one own it",
            )
            for gateway, regions in self._gateways.rivals().items()
        ]
        split = [
            (
                "two_regions",
                f"site {site} is heard in the regions {', '.join(found)}; a site belongs to one: correct its agents, "
                "and clear the retained presence of those that are gone",
            )
            for site, found in self.directory.split_sites().items()
        ]
        letters = [("dead_letters", words) for words in self._committer.warnings()]
        return rivals + split + letters + self._signatures.findings()

    def _store_lost(self, regions: list[str]) -> None:
        for region in regions:
            self._asking.at_once(region, self._clock.monotonic())

    def _ask(self) -> None:
        fresh = self._hearer.fresh
        roots = {fresh.popitem()[0] for _ in range(min(len(fresh), LOOKS_A_TICK))}
        now_s = self._clock.monotonic()
        heard_s = dict(self._hearer.heard_s)
        roots.update(self._asking.due(heard_s, now_s))
        now_ms = to_ms(self._clock.now())
        for root in sorted(roots):
            if root not in heard_s or not self.directory.is_online(root):
                continue
            try:
                owed = self.ledger.owed(root)
                lapsed = self.ledger.lapsed(root, owed)
            except StateUnavailable as error:
                self._metrics.state_failures.inc()
                log.warning("ledger cannot be read", error=str(error))
                return
            for message in self._asking.look(root, owed, lapsed, heard_s=heard_s[root], now_s=now_s, now_ms=now_ms):
                self._metrics.commands.labels(RESEND).inc()
                self._publish(message)

    def _measure(self) -> None:
        metrics = self._metrics
        inbox, store = self._inbox.waiting(), self._committer.waiting()
        metrics.queue.set(sum(count for count, _size in (*inbox.values(), *store.values())) + self._committer.in_hand)
        metrics.queue_bytes.set(sum(size for _count, size in (*inbox.values(), *store.values())))
        for stage, shares in (("inbox", inbox), ("store", store)):
            for share, (count, _size) in shares.items():
                metrics.waiting.labels(stage, share).set(count)
        metrics.storing.set(self.storing)
        for region, n in self._marks.numbers().items():
            metrics.mark.labels(region).set(n)
        now_s = self._clock.monotonic()
        if now_s >= self._next_census_s:
            self._next_census_s = now_s + self._census_every_s
            self._take_census()

    def _take_census(self) -> None:
        """What is counted over all agents and sites: too much work for every second."""
        metrics = self._metrics
        online, offline = self.directory.count_agents()
        metrics.agents.labels("true").set(online)
        metrics.agents.labels("false").set(offline)
        metrics.owing.set(len(self._asking.watched()))
        metrics.conflicts.set(len(self.directory.conflicts()))
        metrics.rivals.set(len(self._gateways.rivals()))
        metrics.looks_waiting.set(len(self._committer.second_look))
        metrics.looks_left_out.set(self._committer.second_look.left_out)
        metrics.directory_refused.set(self.directory.refused)
        metrics.ledger_forgotten.set(self.ledger.spans_forgotten)
        try:
            self._ledger_metrics.refresh(self.directory.site_names())
        except StateUnavailable as error:
            metrics.state_failures.inc()
            log.warning("ledger cannot be read", error=str(error))


def _share_of(topic: str) -> str:
    parts = topic.split("/", 6)
    channel = parts[5] if len(parts) > 5 else CONTROL
    return {"facility": FACILITY, "readings": AIR}.get(channel, CONTROL)
