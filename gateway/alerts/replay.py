"""What rules would have said over history: the real engine on a clock that history moves.

Nobody answers in a replay, so every step of escalation is told while an alarm lasts; once it is over it counts as
answered, so that the next rise is an alarm of its own.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry

from gateway.alerts import alarm_rows
from gateway.alerts.alarm import Alarm
from gateway.alerts.alarm_rows import Change
from gateway.alerts.census import AgentLife
from gateway.alerts.dispatch import Dispatcher
from gateway.alerts.engine import AlertEngine
from gateway.alerts.kpis import RISES, SOMEBODY, Kpis, Telling, figures
from gateway.alerts.links import Links
from gateway.alerts.metrics import AlertMetrics
from gateway.alerts.outbox import Outbox
from gateway.alerts.places import Register
from gateway.alerts.routing import Routing
from gateway.alerts.rule_files import RuleFile, default_rules
from gateway.alerts.rules import AIR_KIND, Place, Rules
from gateway.alerts.texts import Wording
from gateway.alerts.words import Reason, State, Tell, When
from gateway.notifiers.message import Address, Message
from gateway.notifiers.ports import Notifier
from gateway.state.state import State as Database
from telemetry.clock import to_seconds
from telemetry.messages import PointInfo
from telemetry.readings import Flag, Pack, Record
from telemetry.topics import Root

TICK_MS: Final = 60_000
"""How finely time passes where something waits for it."""

AFTER_MS: Final = 4 * TICK_MS
REPLAY: Final = "replay"


class Event(NamedTuple):
    """Something that was measured or said at one time."""

    at_ms: int
    root: Root
    pack: Pack


class Told(NamedTuple):
    """Somebody who would have been told."""

    at_ms: int
    person: str
    channel: str
    tell: str
    repeat: bool


class Replayed(NamedTuple):
    """One alarm that there would have been; `to_ms` None: it lasted to the end."""

    alarm: Alarm
    from_ms: int
    to_ms: int | None
    told: tuple[Told, ...]

    def as_json(self) -> dict[str, Any]:
        """As `rules test --json` shows it; times are Unix seconds."""
        return {
            "rule": self.alarm.key.rule,
            "site": self.alarm.key.site or None,
            "point": self.alarm.key.point or None,
            "quantity": self.alarm.key.quantity or None,
            "severity": self.alarm.severity.value,
            "from": to_seconds(self.from_ms),
            "to": None if self.to_ms is None else to_seconds(self.to_ms),
            "told": [
                {"time": to_seconds(one.at_ms), "to": one.person, "channel": one.channel, "tell": one.tell}
                for one in self.told
            ],
        }


class _Clock:
    """History's own time."""

    boot_id = REPLAY

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms

    def now(self) -> float:
        """Unix seconds."""
        return self.at_ms / 1000

    def monotonic(self) -> float:
        """The same; it only goes forward."""
        return self.at_ms / 1000


class _Ear:
    """A channel that only remembers."""

    in_group = False

    def __init__(self, name: str, told: dict[int, list[Told]]) -> None:
        self._name = name
        self._told = told

    def send(self, message: Message, to: Address, now_ms: int) -> None:
        """Remember who was told of which alarm."""
        for one in message.alarms:
            told = Told(now_ms, to.person, self._name, message.tell, message.repeat)
            self._told.setdefault(int(one["id"]), []).append(told)


class Replay:
    """One run of rules over history."""

    def __init__(self, rules: RuleFile, begin_ms: int, *, register: Register = dict) -> None:
        """Make it.

        Args:
            rules: What would have alarmed, and whom it would have told.
            begin_ms: When history begins.
            register: The register of branches, for opening hours and people that the rules' file does not give.
        """
        self._clock = _Clock(begin_ms)
        self._told: dict[int, list[Told]] = {}
        self._database = Database.open("sqlite://")
        config = rules.alerts
        applied = Rules(rules.rule)
        self._applied = applied
        self._seen: dict[Place, set[str]] = {}
        self.tried = 0
        """Values and states that the rules were held against."""
        self.rules = len(applied.all)
        """Rules that are on."""
        self._stands = any(one.when not in (When.THRESHOLD, When.RATE) for one in applied.all)
        self._engine = AlertEngine(
            self._database,
            rules=applied,
            config=config,
            routing=Routing(config, register=register),
            clock=self._clock,
            metrics=AlertMetrics(CollectorRegistry()),
            grace_s=0.0,
        )
        ears: dict[str, Notifier] = {name: _Ear(name, self._told) for name in config.channels}
        self._dispatcher = Dispatcher(
            self._database,
            outbox=Outbox(self._database, config),
            engine=self._engine,
            wording=Wording({}, {rule.name: rule for rule in rules.rule}, config.time_zone),
            links=Links(b"replay"),
            config=config,
            notifiers=ears,
            clock=self._clock,
        )
        self._agents: list[AgentLife] = []
        self._busy = False
        self._begin_ms = begin_ms
        self._changes: list[Change] = []
        self._tells = bool(config.people)

    def run(self, events: Iterable[Event], agents: Sequence[AgentLife]) -> list[Replayed]:
        """Let history happen.

        Args:
            events: Oldest first.
            agents: Whose points are expected to measure; taken for online all the time.
        """
        self._agents = list(agents)
        self._engine.load()
        self._engine.watch(lambda: self._agents)
        for event in events:
            self._pass_until(event.at_ms)
            self._happen(event)
        if self._busy:
            self._pass_until(self._clock.at_ms + AFTER_MS)
        found = self._found()
        self._database.close()
        return found

    def idle_rules(self) -> list[str]:
        """Rules about values, other than the default ones, for which no value was there."""
        ours = {rule.name for rule in default_rules()}
        busy = {
            rule.config.name
            for place, quantities in self._seen.items()
            for quantity, rules in self._applied.for_air(place).items()
            if quantity in quantities
            for rule in rules
        }
        return [
            rule.name
            for rule in self._applied.all
            if rule.when in (When.THRESHOLD, When.RATE) and rule.name not in busy and rule.name not in ours
        ]

    def figures(self) -> Kpis:
        """How much of what was found is noise; where nobody is configured, one person would have been told of all."""
        end_ms = max(self._clock.at_ms, self._begin_ms + 1)
        rises = [change for change in self._changes if change.reason in RISES]
        told = [
            Telling(one.person, one.at_ms)
            for tellings in self._told.values()
            for one in tellings
            if one.tell in (Tell.RISE, Tell.MISSED)
        ]
        if not self._tells:
            told = [Telling(SOMEBODY, change.alarm.changed_ms) for change in rises]
        last = {change.alarm.id: change.alarm for change in self._changes}
        standing = [alarm.raised_ms for alarm in last.values() if alarm.is_open and alarm.active]
        return figures(self._changes, told, standing, from_ms=self._begin_ms, to_ms=end_ms)

    def _happen(self, event: Event) -> None:
        self.tried += len(event.pack.records)
        if event.pack.kind is None:
            place = Place(event.root.region, event.root.site, event.pack.room, event.pack.point, AIR_KIND)
            self._seen.setdefault(place, set()).update(record.name for record in event.pack.records)
            self._engine.see(event.root, event.pack, event.at_ms)
        else:
            self._engine.hear(event.root, event.pack, event.at_ms)
        self._settle()

    def _pass_until(self, at_ms: int) -> None:
        while self._busy or self._stands:
            next_ms = self._clock.at_ms + TICK_MS
            if next_ms >= at_ms:
                break
            self._clock.at_ms = next_ms
            self._engine.tick()
            self._settle()
        self._clock.at_ms = max(self._clock.at_ms, at_ms)

    def _settle(self) -> None:
        """Tell what is due, and answer what is over."""
        open_alarms = self._engine.open_alarms()
        if not open_alarms and not self._busy:
            return
        if open_alarms:
            self._engine.tick()
        while self._dispatcher.round():
            pass
        for alarm in self._engine.open_alarms():
            if alarm.state is State.RETURNED:
                self._engine.acknowledge(alarm.id, REPLAY)
        self._busy = bool(self._engine.open_alarms()) or self._dispatcher.waits()

    def _found(self) -> list[Replayed]:
        with self._database.read() as connection:
            changes = alarm_rows.changes(connection, limit=10_000_000)
        self._changes = changes
        ended = {one.alarm.id: one.alarm for one in changes}
        rises = {Reason.RAISED, Reason.RAISED_IN_SILENCE, Reason.MISSED_CALL}
        return [
            Replayed(
                ended[one.alarm.id],
                one.alarm.raised_ms,
                ended[one.alarm.id].returned_ms,
                tuple(self._told.get(one.alarm.id, ())),
            )
            for one in changes
            if one.reason in rises
        ]


def air_event(
    root: Root,
    point: str,
    room: str,
    at_ms: int,
    values: dict[str, float],
    sequence: int,
    suspect: Collection[str] = (),
) -> Event:
    """What was measured at one time, as a pack; what is `suspect` decides nothing, but its point is not silent."""
    records = tuple(
        Record(name=name, time_ms=at_ms, value=value, flags=(Flag.RANGE,) if name in suspect else ())
        for name, value in values.items()
    )
    pack = Pack(site=root.site, point=point, room=room, journal=REPLAY, sequence=sequence, records=records)
    return Event(at_ms, root, pack)


def file_events(
    rows: Sequence[tuple[int, dict[str, float]]], root: Root, point: str, room: str
) -> tuple[Iterator[Event], list[AgentLife]]:
    """The events of one recording, and the agent that would have sent them."""
    gaps = sorted(later[0] - earlier[0] for earlier, later in itertools.pairwise(rows))
    period_s = gaps[(len(gaps) - 1) // 2] / 1000 if gaps else None
    info = PointInfo(point=point, room=room, period_s=period_s)
    events = (air_event(root, point, room, at, values, place) for place, (at, values) in enumerate(rows, start=1))
    return events, [AgentLife(root, True, [info])]


def encode(found: Sequence[Replayed], kpis: Kpis | None = None, faults: Sequence[str] = ()) -> str:
    """The answer of `rules test --json`; with figures also what of it is noise."""
    answer: dict[str, Any] = {"alarms": [one.as_json() for one in found]}
    if kpis is not None:
        answer |= {"noise": list(faults), "kpis": kpis}
    return msgspec.json.encode(answer).decode()
