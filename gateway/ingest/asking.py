"""Rule 9: what a branch has and the store lacks is asked for again, until it is there or known to be gone."""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from gateway.ingest.settings import IngestSettings
from telemetry import messages
from telemetry.bus import Message
from telemetry.clock import to_seconds
from telemetry.messages import Command, Reply, ResendResult
from telemetry.ranges import RangeSet, Span
from telemetry.topics import Root

RESEND: Final = "resend"
ANSWERS_AWAITED: Final = 100_000
"""Commands whose answers are still understood; of more, the oldest are forgotten, and asked again."""


class Missing(NamedTuple):
    """What an agent answered that it has no more."""

    root: Root
    journal: str
    spans: list[Span]


@dataclass(slots=True)
class _Watch:
    """One agent that owes.

    Attributes:
        since_s: When it was last asked, or first seen to owe.
        wait_s: From then until it is asked for what it owed already then.
        repeat_s: From then until a question without an answer is put again.
        owed: What it owed then.
        question: What it was last asked for.
        unsent: Parts of the question that are still to be sent.
        unanswered: Ids of its parts that have no answer.
    """

    since_s: float
    wait_s: float
    repeat_s: float
    owed: dict[str, RangeSet]
    question: dict[str, RangeSet] = field(default_factory=dict)
    unsent: list[tuple[str, list[Span]]] = field(default_factory=list)
    unanswered: set[str] = field(default_factory=set)

    def is_due(self, now_s: float) -> bool:
        return bool(self.unsent) or self.must_repeat(now_s) or now_s - self.since_s >= self.wait_s

    def must_repeat(self, now_s: float) -> bool:
        return bool(self.unanswered) and now_s - self.since_s >= self.repeat_s


class _Asked(NamedTuple):
    root: Root
    journal: str
    ranges: RangeSet


class Asking:
    """Decides when to ask which agent for what. May be used from several threads."""

    def __init__(self, settings: IngestSettings, rng: random.Random) -> None:
        self._settings = settings
        self._rng = rng
        self._lock = threading.Lock()
        self._watches: dict[Root, _Watch] = {}
        self._asked: dict[str, _Asked] = {}
        # How often the store of a region was found emptied or restored, and up to which time each agent was asked.
        self._losses: Counter[str] = Counter()
        self._heeded: dict[Root, int] = {}

    def at_once(self, region: str) -> None:
        """Ask every agent of a region without the wait, as soon as it is known what it has (rule 10)."""
        with self._lock:
            self._losses[region] += 1

    def watched(self) -> list[Root]:
        """Agents that owe."""
        with self._lock:
            return list(self._watches)

    def due(self, known: Iterable[Root], now_s: float) -> list[Root]:
        """The agents of which a look at what they owe may now lead to a question.

        Args:
            known: Agents of which it is known what they have.
            now_s: Monotonic time.
        """
        with self._lock:
            due = [root for root, watch in self._watches.items() if watch.is_due(now_s)]
            if self._losses:
                due += [root for root in known if self._must_ask_at_once(root)]
            return due

    def look(self, root: Root, owed: Mapping[str, RangeSet], *, now_s: float, now_ms: int) -> list[Message]:
        """What to send to an agent that is online and owes this.

        Args:
            root: The agent.
            owed: By journal, what it has and the store lacks, by its newest word.
            now_s: Monotonic time.
            now_ms: Wall time, for the command's end.
        """
        with self._lock:
            if not owed:
                self._watches.pop(root, None)
                self._heeded[root] = self._losses[root.region]
                return []
            watch = self._watches.get(root)
            if watch is None:
                wait_s, repeat_s = self._settings.ask_after_s, self._settings.ask_again_s
                watch = self._watches[root] = _Watch(now_s, wait_s, repeat_s, _copy(owed))
            if self._must_ask_at_once(root):
                self._heeded[root] = self._losses[root.region]
                self._ask(watch, _copy(owed), owed, now_s)
            elif watch.unsent:
                pass
            elif watch.must_repeat(now_s):
                watch.repeat_s = min(watch.repeat_s * 2, self._longest_s)
                self._put(watch, _common(watch.question, owed))
                watch.since_s = now_s
            elif now_s - watch.since_s >= watch.wait_s:
                self._ask(watch, _common(watch.owed, owed), owed, now_s)
            return self._send_part(root, watch, now_ms)

    def answer(self, root: Root, reply: Reply) -> Missing | None:
        """Take in the answer to a command of ours; None if it tells of nothing missing."""
        with self._lock:
            asked = self._asked.get(reply.id)
            if asked is None or asked.root != root:
                return None
            del self._asked[reply.id]
            watch = self._watches.get(root)
            if watch is not None:
                watch.unanswered.discard(reply.id)
        if not reply.ok:
            return None
        try:
            result = msgspec.convert(reply.result, ResendResult)
        except msgspec.ValidationError:
            return None
        missing = RangeSet((first, last) for first, last in result.missing if 0 < first <= last) & asked.ranges
        return Missing(root, asked.journal, missing.spans()) if missing else None

    def _must_ask_at_once(self, root: Root) -> bool:
        return self._losses[root.region] > self._heeded.get(root, 0)

    @property
    def _longest_s(self) -> float:
        return max(self._settings.ask_at_most_s, self._settings.ask_after_s)

    def _ask(self, watch: _Watch, wanted: dict[str, RangeSet], owed: Mapping[str, RangeSet], now_s: float) -> None:
        """Make a new question."""
        # As long as answers bring something, the pace stays; an agent that brings nothing is asked ever less often.
        stuck = bool(watch.question) and _common(watch.question, wanted) == watch.question
        watch.wait_s = min(watch.wait_s * 2, self._longest_s) if stuck else self._settings.ask_after_s
        if not watch.unanswered:
            watch.repeat_s = self._settings.ask_again_s
        watch.owed, watch.since_s = _copy(owed), now_s
        self._put(watch, wanted)

    def _put(self, watch: _Watch, wanted: dict[str, RangeSet]) -> None:
        size = self._settings.ranges_a_command
        watch.question = wanted
        watch.unanswered.clear()
        watch.unsent = [
            (journal, spans[at : at + size])
            for journal, spans in sorted((name, ranges.spans()) for name, ranges in wanted.items())
            for at in range(0, len(spans), size)
        ]

    def _send_part(self, root: Root, watch: _Watch, now_ms: int) -> list[Message]:
        count = self._settings.commands_at_once
        now, watch.unsent = watch.unsent[:count], watch.unsent[count:]
        return [self._command(root, watch, journal, spans, now_ms) for journal, spans in now]

    def _command(self, root: Root, watch: _Watch, journal: str, spans: list[Span], now_ms: int) -> Message:
        command_id = f"{self._rng.getrandbits(64):016x}"
        while len(self._asked) >= ANSWERS_AWAITED:
            del self._asked[next(iter(self._asked))]
        watch.unanswered.add(command_id)
        self._asked[command_id] = _Asked(root, journal, RangeSet(spans))
        expires = to_seconds(now_ms + round(self._settings.command_expires_s * 1000))
        command = Command(id=command_id, expires=expires, journal=journal, ranges=spans)
        return Message(topic=root.command(RESEND), body=messages.encode(command))


def _copy(owed: Mapping[str, RangeSet]) -> dict[str, RangeSet]:
    return {journal: ranges.copy() for journal, ranges in owed.items()}


def _common(one: Mapping[str, RangeSet], other: Mapping[str, RangeSet]) -> dict[str, RangeSet]:
    both = {journal: ranges & other[journal] for journal, ranges in one.items() if journal in other}
    return {journal: ranges for journal, ranges in both.items() if ranges}
