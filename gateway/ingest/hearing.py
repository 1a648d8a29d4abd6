"""The first stage: every message is read, calls are heard, live air is seen; nothing here waits for the store."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import structlog

from gateway.errors import StateUnavailable
from gateway.ingest.arrived import Arrived
from gateway.ingest.asking import Asking
from gateway.ingest.committing import Committer
from gateway.ingest.directory import Directory
from gateway.ingest.gateways import OtherGateways
from gateway.ingest.intake import Intake, Reader
from gateway.ingest.items import AIR, FACILITY, AnyItem, Item
from gateway.ingest.ledger import Entry, Ledger
from gateway.ingest.letters import Letter, letter
from gateway.ingest.minutes import Held
from gateway.ingest.plain_hearing import PlainHearer
from gateway.ingest.points import health_point
from gateway.ingest.signatures import Signatures, Verdict
from gateway.metrics import Metrics
from gateway.ports import Alerts
from telemetry import messages, topics
from telemetry.bus import Message
from telemetry.clock import Clock, to_ms
from telemetry.errors import MalformedError, Reason
from telemetry.ids import is_journal_id
from telemetry.messages import MAX_RANGES, GatewayStatus, Health, Presence, Receipt, Reply
from telemetry.ranges import RangeSet
from telemetry.readings import Pack
from telemetry.topics import Channel, Root

log = structlog.get_logger(__name__)

JOURNALS_HELD: Final = 1_000
"""Of one agent; an agent that restarts every hour needs 168 for what it keeps of a week."""

LONGEST_TOPIC: Final = 250
"""Above the longest topic of an agent; a longer one is no agent's and would only fill the memory of what was read."""


def _channel(topic: str) -> Channel | MalformedError:
    return _read(topic) if len(topic) > LONGEST_TOPIC else _remembered(topic)


def _read(topic: str) -> Channel | MalformedError:
    try:
        return topics.parse(topic)
    except MalformedError as error:
        # Kept in the cache: without the frames that it was raised through.
        return error.with_traceback(None)


_remembered = lru_cache(maxsize=65_536)(_read)


class Hearer:
    """Reads messages one by one. Called from one thread."""

    def __init__(
        self,
        *,
        regions: frozenset[str],
        reader: Reader,
        plain: PlainHearer,
        directory: Directory,
        ledger: Ledger,
        alerts: Alerts,
        flagged: Callable[[Pack], Pack],
        asking: Asking,
        gateways: OtherGateways,
        signatures: Signatures,
        committer: Committer,
        publish: Callable[[Message], None],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.fresh: dict[Root, None] = {}
        """Agents that said what they have since somebody last looked here: a set that keeps its order."""
        self.heard_s: dict[Root, float] = {}
        """When each agent last said what it has, in monotonic time; what an earlier run heard counts as long ago."""
        self.answered: Callable[[Root, Reply], None] = lambda _root, _reply: None
        """Hears every answer to a command, besides those that only ask for packs."""
        self._regions = regions
        self._reader = reader
        self._plain = plain
        self._directory = directory
        self._ledger = ledger
        self._alerts = alerts
        self._flagged = flagged
        self._asking = asking
        self._gateways = gateways
        self._signatures = signatures
        self._committer = committer
        self._publish = publish
        self._clock = clock
        self._metrics = metrics
        self._alerts_failing = False
        self._seen: Counter[str] = Counter()
        self._verdicts: Counter[Verdict] = Counter()

    def hear(self, message: Arrived) -> None:
        """Take one message in, whatever it is; a fault of ours in it is counted and stops nothing behind it."""
        try:
            plain = self._plain.hear(message)
            if plain is None:
                self._hear(message)
                return
            self._seen["readings"] += 1
            self._verdicts[plain.lane.judged.verdict] += 1
            self._hand_over(AIR, plain)
        except Exception:
            self._metrics.faults.labels("hear").inc()
            log.exception("fault of ours while reading a message; it is left out", topic=message.topic)

    def _hear(self, message: Arrived) -> None:
        if message.oversize is not None:
            self._seen["oversize"] += 1
            known = _channel(message.topic)
            root = known.root if isinstance(known, Channel) else None
            self._park(message, message.oversize._replace(root=root))
            return
        gateway = topics.gateway_of(message.topic)
        if gateway is not None:
            self._hear_gateway(gateway, message)
            return
        channel = _channel(message.topic)
        if isinstance(channel, MalformedError):
            self._refuse(message, channel, None)
        elif channel.root.region not in self._regions:
            what = f"region {channel.root.region!r} is not ours"
            self._refuse(message, MalformedError(Reason.TOPIC, what), channel.root)
        else:
            self._hear_agent(channel, message)

    def flush_counts(self) -> None:
        """Pass the counts of many messages on to the metrics at once."""
        for name, count in self._seen.items():
            self._metrics.messages_received.labels(name).inc(count)
        self._metrics.packs_received.inc(self._seen["readings"] + self._seen["facility"])
        self._seen.clear()
        for verdict, count in self._verdicts.items():
            self._metrics.signatures.labels(verdict.value).inc(count)
        self._verdicts.clear()

    def _hear_agent(self, channel: Channel, message: Arrived) -> None:
        root, name = channel.root, channel.name
        self._seen[name] += 1
        if not message.retained and name != "presence":
            self._directory.message(root, message.arrived_s)
        if name == "facility" and not message.body:
            self._directory.remove_point(root.site, channel.tail)
        elif name in ("readings", "facility"):
            self._hear_pack(channel, message)
        elif name == "presence":
            self._hear_presence(root, message)
        elif name == "health":
            self._hear_health(root, message)
        else:
            self._hear_reply(root, message)

    # -- packs ---------------------------------------------------------------------------------------------------------

    def _hear_pack(self, channel: Channel, message: Arrived) -> None:
        intake = self._reader.read(
            channel, message.topic, message.body, retained=message.retained, arrived_ms=message.arrived_ms
        )
        if intake.judged is not None:
            self._verdicts[intake.judged.verdict] += 1
            self._signatures.note(channel.root, intake.judged)
        if intake.hear is not None and not self._heard(intake, message.arrived_ms):
            return
        if intake.see is not None:
            self._see(intake, message.arrived_ms)
        if intake.newest is not None:
            self._directory.air(channel.root, intake.newest)
            self._plain.learn(channel, message.topic, intake, self._alerts)
        if intake.pair is None and not intake.letters:
            self._metrics.packs_relative.inc()
            return
        share = FACILITY if intake.hear is not None else AIR
        self._hand_over(share, _item(intake, message))

    def _heard(self, intake: Intake, arrived_ms: int) -> bool:
        """Rule 2: alarm state committed, then `heard` sent, and only then the store. False if it was not committed."""
        pack, root = intake.hear, intake.channel.root
        assert pack is not None
        try:
            self._alerts.hear(root, pack, arrived_ms)
        except StateUnavailable as error:
            self._alerts_failed(error)
            return False
        self._alerts_failing = False
        receipt = Receipt(journal=pack.journal, heard=[(pack.sequence, pack.sequence)])
        self._publish(Message(topic=root.receipt, body=messages.encode(receipt)))
        self._metrics.heard.inc()
        self._directory.state(root, pack)
        return True

    def _see(self, intake: Intake, arrived_ms: int) -> None:
        assert intake.see is not None
        try:
            self._alerts.see(intake.channel.root, self._flagged(intake.see), arrived_ms)
        except StateUnavailable as error:
            self._alerts_failed(error)

    def _alerts_failed(self, error: StateUnavailable) -> None:
        self._metrics.state_failures.inc()
        tell = log.debug if self._alerts_failing else log.warning
        tell("alarm state is not committed; the agents will send again", error=str(error))
        self._alerts_failing = True

    # -- the other channels --------------------------------------------------------------------------------------------

    def _hear_presence(self, root: Root, message: Arrived) -> None:
        if not message.body:
            self._directory.remove_agent(root)
            self._ledger.release(root)
            self.heard_s.pop(root, None)
            return
        try:
            presence = messages.decode(message.body, Presence)
        except MalformedError as error:
            self._refuse(message, error, root)
            return
        if presence.online and not message.retained:
            # A will is the broker's word, not the agent's: a late one of an old boot must not make a dead agent live.
            self._directory.message(root, message.arrived_s)
        if presence.key:
            self._signatures.seen(root, presence.key)
        self._directory.presence(root, presence, message.arrived_s)

    def _hear_health(self, root: Root, message: Arrived) -> None:
        try:
            health = messages.decode(message.body, Health)
        except MalformedError as error:
            self._refuse(message, error, root)
            return
        if message.retained:
            # Never published retained by an agent: it would tell of a time that has passed.
            self._metrics.ignored.labels("retained-health").inc()
            return
        if health.held is not None:
            held = _held(health, message.arrived_ms)
            if self._directory.held(root, held):
                self._ledger.hold(root, held)
                self.heard_s[root] = self._clock.monotonic()
                self.fresh[root] = None
        try:
            self._alerts.health(root, health, message.arrived_ms)
        except StateUnavailable as error:
            self._alerts_failed(error)
        point = health_point(root, health, message.arrived_ms)
        if point is not None:
            item = Item(
                topic=message.topic, body=message.body, arrived_ms=message.arrived_ms, root=root, points=[point]
            )
            self._hand_over(AIR, item)

    def _hear_reply(self, root: Root, message: Arrived) -> None:
        try:
            reply = messages.decode(message.body, Reply)
        except MalformedError as error:
            self._refuse(message, error, root)
            return
        self._metrics.replies.labels("true" if reply.ok else "false").inc()
        self.answered(root, reply)
        missing = self._asking.answer(root, reply)
        if missing is not None:
            entry = Entry(root, missing.journal, 0, missing=missing.spans)
            item = Item(topic=message.topic, body=message.body, arrived_ms=message.arrived_ms, root=root, entry=entry)
            self._hand_over(FACILITY, item)

    def _hear_gateway(self, gateway: str, message: Arrived) -> None:
        self._seen["gateway"] += 1
        if not message.body:
            self._gateways.removed(gateway)
            return
        try:
            self._gateways.status(gateway, messages.decode(message.body, GatewayStatus))
        except MalformedError as error:
            self._refuse(message, error, None)

    # -- on to the second stage ----------------------------------------------------------------------------------------

    def _refuse(self, message: Arrived, error: MalformedError, root: Root | None) -> None:
        self._park(
            message,
            letter(message.topic, message.body, error.reason, error.detail, received_ms=message.arrived_ms, root=root),
        )

    def _park(self, message: Arrived, one: Letter) -> None:
        self._hand_over(AIR, Item(topic=message.topic, body=one.body, arrived_ms=message.arrived_ms, letters=[one]))

    def _hand_over(self, share: str, item: AnyItem) -> None:
        if not self._committer.put(share, item):
            self._metrics.shed.labels("store", share).inc()


def _held(health: Health, arrived_ms: int) -> Held:
    """What an agent says it has, within bounds: a journal of more ranges than allowed counts as one (rule 9)."""
    journals = {}
    for name, spans in sorted((health.held or {}).items(), reverse=True)[:JOURNALS_HELD]:
        if len(spans) > MAX_RANGES:
            spans = [(min(first for first, _last in spans), max(last for _first, last in spans))]
        if is_journal_id(name):
            journals[name] = RangeSet(spans)
    oldest_ms = None
    if health.journal_oldest is not None and 0 <= health.journal_oldest <= arrived_ms / 1000:
        oldest_ms = to_ms(health.journal_oldest)
    return Held(arrived_ms, journals, oldest_ms)


def _item(intake: Intake, message: Arrived) -> Item:
    entry = None
    if intake.pair is not None:
        journal, sequence = intake.pair
        entry = Entry(
            root=intake.channel.root,
            journal=journal,
            sequence=sequence,
            from_ms=intake.from_ms,
            to_ms=intake.to_ms,
            minutes=intake.minutes,
            declaration=intake.declaration,
        )
    return Item(
        topic=message.topic,
        body=message.body,
        arrived_ms=message.arrived_ms,
        root=intake.channel.root,
        points=intake.points,
        letters=intake.letters,
        entry=entry,
        calibration=intake.calibration,
    )
