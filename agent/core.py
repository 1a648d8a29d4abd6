"""The agent without sensors, sockets and threads: journal, uplink, presence, health and commands as one thing.

`run.py` and `replay.py` drive it on the machine's clock, the simulation on its own. Not thread-safe: one thread calls.
"""

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from msgspec import structs

from agent.commands import CommandError, Commands, Handler
from agent.health import HostNumbers, health_of
from agent.journal import Journal, Row
from agent.presence import PresenceCard
from agent.signer import Signer
from agent.uplink import Uplink, UplinkSettings
from telemetry.bus import Message
from telemetry.calibrations import CalibrationRecord
from telemetry.clock import Clock, to_ms
from telemetry.errors import MalformedError
from telemetry.messages import Command, PointInfo, encode
from telemetry.readings import Flag
from telemetry.topics import Root, gateway_of, parse

HEALTH_PERIOD_S: Final = 60.0
"""The contract's "every minute"."""

HEALTH_REST_S: Final = 1.0
"""Between two health messages, however often gateways come and stores return."""

STANDING: Final = ("called", "test")
"""States in which a call stands."""

MAX_HEARD: Final = 256
"""Calls that are remembered as heard, so that the journal need not be asked; a branch has some dozens."""

QUIET_S: Final = 30.0
"""A gateway that is online and has said something within so long is there."""

MAX_REPLIES: Final = 64
"""Answers waiting for the next tick; a gateway asks one thing at a time."""


class AgentCore:
    """Decides all that an agent publishes, and takes in all that it hears.

    Attributes:
        points: The points by their ids.
        connects: Connections made since start.
        malformed: Messages heard that could not be read.
        retained_commands: Commands that came retained; they are ignored, or each connect would carry them out.
    """

    def __init__(
        self,
        *,
        root: Root,
        points: Sequence[PointInfo],
        journal: Journal,
        uplink_settings: UplinkSettings,
        clock: Clock,
        rng: random.Random,
        trusted: bool,
        version: str,
        probe: Callable[[], HostNumbers],
        with_presence: bool = True,
        health_period_s: float = HEALTH_PERIOD_S,
        signer: Signer | None = None,
        answered: Mapping[str, bytes] | None = None,
    ) -> None:
        self.points = {point.point: point for point in points}
        self.connects = 0
        self.malformed = 0
        self.retained_commands = 0
        self._root = root
        self._journal = journal
        periods = {point.point: point.period_s for point in points if point.period_s is not None}
        seal = signer.seal if signer else None
        self._uplink = Uplink(journal, settings=uplink_settings, clock=clock, rng=rng, periods=periods, seal=seal)
        self._facility = {root.facility(point) for point in self.points}
        self._clock = clock
        self._trusted = trusted
        self._probe = probe
        self._health_period_s = health_period_s
        self._health_due_s = 0.0
        self._health_said_s: float | None = None
        self._held_said_s = 0.0
        self._is_health_owed = True
        self._asked_s = float("-inf")
        key = signer.key if signer else ""
        self._presence = PresenceCard(root, points, version=version, rng=rng, key=key) if with_presence else None
        self._presence_due = False
        self._rng = rng
        self._boot_spread_s = uplink_settings.gateway_boot_spread_s
        self._connected = False
        self._since_ms = 0
        self._since_monotonic_s = 0.0
        self._commands = Commands(root, {"resend": self._resend}, clock, answered=answered)
        self._replies: deque[Message] = deque(maxlen=MAX_REPLIES)
        self._removed: list[Message] = []
        self._heard: dict[int, None] = {}
        self._word_s = clock.monotonic()

    @property
    def subscriptions(self) -> list[str]:
        """Topic filters, to be subscribed at every connect."""
        return [*self._uplink.subscriptions, self._root.command("+")]

    # -- the connection ------------------------------------------------------------------------------------------------

    def will(self) -> Message | None:
        """The will for the CONNECT about to be made; draws its boot. None without presence."""
        return self._presence.will() if self._presence else None

    def connected(self) -> None:
        """The connection stands and everything is subscribed."""
        self._connected = True
        self.connects += 1
        self._since_monotonic_s = self._clock.monotonic()
        self._presence_due = self._presence is not None
        self._health_due_s = self._since_monotonic_s
        self._is_health_owed = True
        self._removed = self._gone_points()
        self._uplink.connected()

    def disconnected(self) -> None:
        """The connection is gone."""
        self._connected = False
        self._is_health_owed = True
        self._replies.clear()
        self._uplink.disconnected()

    def receive(self, topic: str, body: bytes, retained: bool) -> None:
        """Take in one message of the bus. Nothing it holds raises; what cannot be read is counted."""
        if gateway_of(topic) is not None:
            hurried = self._uplink.counters.hurried
            self._uplink.receive(topic, body)
            if self._uplink.counters.hurried > hurried:
                # It may have lost its store, or never have heard of us: only `held` tells it what to ask for. Ten
                # thousand branches hear of it at the same moment.
                self.say_held(within_s=self._boot_spread_s)
            return
        try:
            channel = parse(topic)
        except MalformedError:
            self.malformed += 1
            return
        if channel.name == "receipt":
            # Of any root: the journal may hold packs of a time when this agent had another (rule 1).
            self._uplink.receive(topic, body)
            self._word_s = self._clock.monotonic()
        elif channel.name != "command" or channel.root != self._root:
            self.malformed += 1
        elif retained:
            self.retained_commands += 1
        else:
            self._word_s = self._clock.monotonic()
            reply = self._commands.receive(channel.tail, body)
            if reply is not None:
                self._replies.append(reply)

    def say_held(self, within_s: float = 0.0) -> None:
        """Send health, and with it what the journal holds, as soon as the last one is `HEALTH_REST_S` ago.

        Args:
            within_s: At a moment drawn from so many seconds after that.
        """
        self._is_health_owed = True
        now_s = self._clock.monotonic()
        said_s = self._health_said_s
        rested_s = now_s if said_s is None else max(now_s, said_s + HEALTH_REST_S)
        self._health_due_s = min(self._health_due_s, rested_s + self._rng.uniform(0.0, within_s))

    @property
    def held_said_s(self) -> float | None:
        """When `held` was sent that was due at once, monotonic; None: it still is.

        It is due with a connection, with a gateway that comes or stores again, and with `say_held`; the health of every
        minute does not count.
        """
        return None if self._is_health_owed else self._held_said_s

    @property
    def asked_s(self) -> float:
        """When a gateway last asked for packs again, monotonic; -inf: never."""
        return self._asked_s

    @property
    def is_gateway_missing(self) -> bool:
        """Whether gateways of the region are known and none of them is online and storing."""
        return self._uplink.is_gateway_missing

    def counters(self) -> dict[str, int]:
        """What happened since start, by name: its own numbers, and those of uplink and journal that are not zero."""
        own = {
            "connects": self.connects,
            "malformed": self.malformed + self._commands.malformed,
            "retained_commands": self.retained_commands,
            "commands": self._commands.carried_out,
            "journal_packs": self._journal.unreceipted_count,
        }
        parts = {"uplink": asdict(self._uplink.counters), "journal": asdict(self._journal.counters)}
        return own | {f"{part}_{name}": n for part, numbers in parts.items() for name, n in numbers.items() if n}

    # -- what is measured ----------------------------------------------------------------------------------------------

    def measure(
        self,
        point: str,
        values: Mapping[str, float],
        flags: Mapping[str, tuple[Flag, ...]] | None = None,
        time_ms: int | None = None,
    ) -> Row | None:
        """Journal the values of one air point at one time; None if nothing of it is new.

        Args:
            point: One of the points given at the start.
            values: At least one, by quantity.
            flags: What the sensor knows of a value, by quantity.
            time_ms: Unix milliseconds; None: now.
        """
        row = self._journal.add_air(point, self.points[point].room, values, flags=flags or {}, time_ms=time_ms)
        return self._added(row)

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> Row | None:
        """Journal the state of a facility point; None if it does not differ from its last one (rule 7)."""
        self._facility.add(self._root.facility(point))
        return self._added(self._journal.add_state(point, room, kind, working, state, reason))

    def add_calibration(self, point: str, record: CalibrationRecord) -> None:
        """Journal how the sensor of an air point was calibrated."""
        self._added(self._journal.add_calibration(point, self.points[point].room, record.values()))

    def call_of(self, point: str) -> tuple[str | None, bool]:
        """A facility point's newest state, None if it never had one; and if a call stands, whether it was heard."""
        last = self._journal.last_state(point)
        if last is None:
            return None, False
        word = str(last.value_of("state"))
        if word not in STANDING:
            return word, False
        if last.sequence not in self._heard:
            row = self._journal.row(last.sequence)
            # A receipt says that it was heard before it was stored (rule 2); a row that is gone had one.
            if row is not None and not row.heard and not row.receipted:
                return word, False
            self._heard[last.sequence] = None
            if len(self._heard) > MAX_HEARD:
                del self._heard[next(iter(self._heard))]
        return word, True

    def silent_since(self) -> float | None:
        """Since when no gateway has said a word, monotonic; None: one is there.

        A receipt or a command is a word. Where nothing waits for a receipt, an online gateway of the region is one too.
        """
        if self._connected and self._uplink.is_gateway_online:
            now_s = self._clock.monotonic()
            if now_s - self._word_s < QUIET_S:
                return None
            # Asked at most so often: the count makes the journal write what waits.
            if not self._journal.unreceipted_count:
                self._word_s = now_s
                return None
        return self._word_s

    def identify(self, point: str, serial: str) -> None:
        """Say which sensor measures a point; presence is sent again if that is news."""
        info = self.points[point]
        if info.serial == serial:
            return
        self.points[point] = structs.replace(info, serial=serial)
        self._show_points()

    def trust_clock(self) -> None:
        """From now on the wall clock is believed (rule 6)."""
        if self._trusted:
            return
        self._trusted = True
        self._uplink.trust_clock()
        self._presence_due = self._presence is not None and self._connected

    # -- what is sent --------------------------------------------------------------------------------------------------

    def tick(self) -> list[Message]:
        """All that is to be published now, in order; nothing while there is no connection."""
        if not self._connected:
            return self._uplink.poll()
        messages: list[Message] = []
        if self._presence_due and self._presence:
            self._presence_due = False
            since_s = self._clock.now() - (self._clock.monotonic() - self._since_monotonic_s)
            messages.append(self._presence.online(since_ms=to_ms(since_s), clock_ok=self._trusted))
        messages += self._removed
        self._removed = []
        messages += self._replies
        self._replies.clear()
        messages += [self._placed(message) for message in self._uplink.poll()]
        if self._clock.monotonic() >= self._health_due_s:
            self._health_said_s = self._clock.monotonic()
            self._health_due_s = self._health_said_s + self._health_period_s
            if self._is_health_owed:
                self._is_health_owed = False
                self._held_said_s = self._health_said_s
            messages.append(self._health())
        return messages

    def next_due(self) -> float:
        """Monotonic time at which the next tick has something to do."""
        now_s = self._clock.monotonic()
        if self._connected and (self._presence_due or self._replies or self._removed):
            return now_s
        uplink_s = self._uplink.next_due()
        health_s = self._health_due_s if self._connected else now_s + self._health_period_s
        return health_s if uplink_s is None else min(uplink_s, health_s)

    # -- commands ------------------------------------------------------------------------------------------------------

    def add_commands(self, handlers: Mapping[str, Handler]) -> None:
        """Know these commands beside `resend`, which needs nothing but the journal."""
        self._commands.add(handlers)

    def finish_command(self, command_id: str, outcome: Mapping[str, Any] | str) -> None:
        """Answer a command that was put off: its result, or why there is none.

        Without a connection the answer waits for a repeat of the command.
        """
        self._replies.append(self._commands.finish(command_id, outcome))

    def set_period(self, point: str, period_s: float) -> None:
        """Seconds between two readings of an air point from now on; presence is sent again if that is news."""
        if self.points[point].period_s == period_s:
            return
        self.points[point] = structs.replace(self.points[point], period_s=period_s)
        self._uplink.set_period(point, period_s)
        self._show_points()

    def farewell(self) -> list[Message]:
        """The last words of a clean end; the connection is to be closed after them."""
        return [self._presence.offline()] if self._presence and self._connected else []

    # -- inside --------------------------------------------------------------------------------------------------------

    def _show_points(self) -> None:
        if self._presence:
            self._presence.points = list(self.points.values())
            self._presence_due = self._connected

    def _added(self, row: Row | None) -> Row | None:
        if row is not None:
            self._uplink.added(row)
        return row

    def _gone_points(self) -> list[Message]:
        """Empties the retained states of points that the configuration no longer has; they would stand for ever."""
        topics = sorted({self._root.facility(point) for point in self._journal.points_with_state()} - self._facility)
        return [Message(topic=topic, body=b"", retain=True) for topic in topics]

    def _placed(self, message: Message) -> Message:
        """A last state still owed by a point that is gone travels unretained, as every older state does."""
        if not message.retain or message.topic in self._facility:
            return message
        root = message.topic.rpartition("/facility/")[0]
        return Message(topic=f"{root}/readings", body=message.body, qos=message.qos)

    def _health(self) -> Message:
        body = health_of(self._probe(), self._journal, clock_ok=self._trusted, reconnects=max(self.connects - 1, 0))
        return Message(topic=self._root.health, body=encode(body), qos=0)

    def _resend(self, command: Command) -> Mapping[str, Any]:
        self._asked_s = self._clock.monotonic()
        by_number = (command.journal, command.ranges)
        by_time = (command.from_, command.to)
        if any(one is not None for one in by_number) and any(one is not None for one in by_time):
            raise CommandError("resend takes journal and ranges, or from and to; these say both")
        if command.journal is not None and command.ranges is not None:
            result = self._journal.resend(command.journal, command.ranges)
        elif command.from_ is not None and command.to is not None:
            if command.to < command.from_:
                raise CommandError(f"from {command.from_} lies after to {command.to}")
            result = self._journal.resend_between(to_ms(command.from_), to_ms(command.to))
        else:
            raise CommandError("resend needs journal and ranges, or from and to")
        return {"sent": result.sent, "missing": result.missing}
