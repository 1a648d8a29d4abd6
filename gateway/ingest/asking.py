"""Rule 9: what a branch has and the store lacks is asked for again, until it is there or known to be gone."""

import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
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

COHORTS: Final = 32
WORDS_A_QUESTION: Final = 3
"""An agent that speaks and never answers is asked again at its word so often, then ever less often."""

NEVER_S: Final = float("-inf")

Owed = Mapping[str, RangeSet]
"""By journal id, numbers that an agent has and the store lacks; no set is empty."""

NOTHING: Final[Owed] = MappingProxyType({})


class Missing(NamedTuple):
    """What an agent answered that it has no more."""

    root: Root
    journal: str
    spans: list[Span]


class _Asked(NamedTuple):
    root: Root
    journal: str
    ranges: RangeSet


@dataclass(slots=True)
class _Cohort:
    """Numbers of one agent that became owed at about the same time, and wait together.

    Attributes:
        owed: What of them is still owed.
        since_s: When they became owed, or were last asked for.
        wait_s: From then until they are asked for.
        asked: How many they were when they were last asked for, 0 if they never were.
    """

    owed: dict[str, RangeSet]
    since_s: float
    wait_s: float
    asked: int = 0

    def is_due(self, now_s: float) -> bool:
        return now_s - self.since_s >= self.wait_s


@dataclass(slots=True)
class _Watch:
    """One agent that owes.

    Attributes:
        cohorts: What it owes, oldest first.
        question: What it was last asked for.
        asked_s: When.
        repeat_s: From then until the question is put again if it has no answer.
        unsent: Parts of the question that are still to be sent.
        unanswered: Ids of its parts that have no answer.
        sent_s: When the newest of them was sent.
        words: How often the question was put again since the agent spoke without answering.
    """

    repeat_s: float
    cohorts: list[_Cohort] = field(default_factory=list)
    question: dict[str, RangeSet] = field(default_factory=dict)
    asked_s: float = NEVER_S
    unsent: list[tuple[str, list[Span]]] = field(default_factory=list)
    unanswered: set[str] = field(default_factory=set)
    sent_s: float = NEVER_S
    words: int = 0

    def is_due(self, now_s: float) -> bool:
        return bool(self.unsent) or self.must_repeat(now_s) or any(cohort.is_due(now_s) for cohort in self.cohorts)

    def must_repeat(self, now_s: float) -> bool:
        return bool(self.unanswered) and now_s - self.asked_s >= self.repeat_s

    def was_passed_over(self, heard_s: float) -> bool:
        """True if the agent said what it has after the question and did not answer it: one of the two got lost."""
        return bool(self.unanswered) and heard_s > self.sent_s and self.words < WORDS_A_QUESTION


class Asking:
    """Decides when to ask which agent for what. May be used from several threads; all times are monotonic seconds."""

    def __init__(self, settings: IngestSettings, rng: random.Random) -> None:
        self._settings = settings
        self._longest_s = max(settings.ask_at_most_s, settings.ask_after_s)
        self._rng = rng
        self._lock = threading.Lock()
        self._watches: dict[Root, _Watch] = {}
        self._asked: dict[str, _Asked] = {}
        # When the store of a region was last found emptied or restored, and how old the word was by which each agent
        # was asked since: asked by an older word, it is asked again by its next one.
        self._lost_s: dict[str, float] = {}
        self._heeded_s: dict[Root, float] = {}

    def at_once(self, region: str, now_s: float) -> None:
        """Ask every agent of a region without the wait for all that it has (rule 10)."""
        with self._lock:
            self._lost_s[region] = now_s

    def watched(self) -> list[Root]:
        """Agents that owe."""
        with self._lock:
            return list(self._watches)

    def due(self, heard_s: Mapping[Root, float], now_s: float) -> list[Root]:
        """The agents of which a look at what they owe may now lead to a question.

        Args:
            heard_s: When each agent last said what it has.
            now_s: Now.
        """
        with self._lock:
            due = [root for root, watch in self._watches.items() if watch.is_due(now_s)]
            if self._lost_s:
                due += [root for root, said_s in heard_s.items() if self._must_ask_at_once(root, said_s)]
            return due

    def look(
        self, root: Root, owed: Owed, lapsed: Owed = NOTHING, *, heard_s: float, now_s: float, now_ms: int
    ) -> list[Message]:
        """What to send to an agent that is online and owes this.

        Args:
            root: The agent.
            owed: What it owes, by its newest word.
            lapsed: What of that the store once had.
            heard_s: When that word was heard.
            now_s: Now.
            now_ms: Wall time, for the command's end.
        """
        with self._lock:
            at_once = self._must_ask_at_once(root, heard_s)
            if at_once:
                self._heeded_s[root] = heard_s
            if not owed:
                self._watches.pop(root, None)
                return []
            watch = self._watches.setdefault(root, _Watch(self._settings.ask_again_s))
            self._sort(watch, owed, lapsed, now_s)
            if at_once:
                self._ask(watch, watch.cohorts, now_s)
            elif not watch.unsent:
                due = [cohort for cohort in watch.cohorts if cohort.is_due(now_s)]
                if due:
                    self._ask(watch, due, now_s)
                elif watch.was_passed_over(heard_s):
                    watch.words += 1
                    self._put(watch, _common(watch.question, owed), now_s)
                elif watch.must_repeat(now_s):
                    watch.repeat_s = min(watch.repeat_s * 2, self._longest_s)
                    self._put(watch, _common(watch.question, owed), now_s)
            if watch.unsent:
                watch.sent_s = now_s
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

    def _must_ask_at_once(self, root: Root, heard_s: float) -> bool:
        lost_s = self._lost_s.get(root.region)
        if lost_s is None:
            return False
        heeded_s = self._heeded_s.get(root)
        return heeded_s is None or (heeded_s < lost_s and heard_s > heeded_s)

    def _sort(self, watch: _Watch, owed: Owed, lapsed: Owed, now_s: float) -> None:
        """Drop from the cohorts what is owed no more; what is newly owed becomes the youngest.

        What lapsed waits for nothing: it was all there once, so none of it is only under way.
        """
        new = {journal: ranges.copy() for journal, ranges in owed.items()}
        for cohort in watch.cohorts:
            cohort.owed = _common(cohort.owed, owed)
            new = {journal: ranges - cohort.owed.get(journal, RangeSet()) for journal, ranges in new.items()}
        watch.cohorts = [cohort for cohort in watch.cohorts if cohort.owed]
        new = {journal: ranges for journal, ranges in new.items() if ranges}
        if not new:
            return
        at_once = _common(new, lapsed)
        later = {
            journal: rest for journal, ranges in new.items() if (rest := ranges - at_once.get(journal, RangeSet()))
        }
        for numbers, wait_s in ((at_once, 0.0), (later, self._settings.ask_after_s)):
            if numbers:
                self._add(watch, numbers, now_s, wait_s)

    @staticmethod
    def _add(watch: _Watch, new: Mapping[str, RangeSet], now_s: float, wait_s: float) -> None:
        if len(watch.cohorts) >= COHORTS:
            youngest = watch.cohorts.pop()
            wait_s = min(wait_s, youngest.wait_s)
            new = {
                journal: youngest.owed.get(journal, RangeSet()) | new.get(journal, RangeSet())
                for journal in youngest.owed.keys() | new.keys()
            }
        watch.cohorts.append(_Cohort(dict(new), now_s, wait_s))

    def _ask(self, watch: _Watch, due: Iterable[_Cohort], now_s: float) -> None:
        """Make a new question of these cohorts."""
        wanted: dict[str, RangeSet] = {}
        for cohort in due:
            count = sum(ranges.size() for ranges in cohort.owed.values())
            # As long as answers bring something, the pace stays; what brings nothing is asked for ever less often.
            stuck = count == cohort.asked
            cohort.wait_s = min(cohort.wait_s * 2, self._longest_s) if stuck else self._settings.ask_after_s
            cohort.since_s, cohort.asked = now_s, count
            for journal, ranges in cohort.owed.items():
                wanted[journal] = wanted.get(journal, RangeSet()) | ranges
        if not watch.unanswered:
            watch.repeat_s = self._settings.ask_again_s
            watch.words = 0
        self._put(watch, wanted, now_s)

    def _put(self, watch: _Watch, wanted: dict[str, RangeSet], now_s: float) -> None:
        size = self._settings.ranges_a_command
        watch.question, watch.asked_s = wanted, now_s
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


def _common(one: Owed, other: Owed) -> dict[str, RangeSet]:
    both = {journal: ranges & other[journal] for journal, ranges in one.items() if journal in other}
    return {journal: ranges for journal, ranges in both.items() if ranges}
