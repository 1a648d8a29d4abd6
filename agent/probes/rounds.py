"""When each check is made, and what becomes of its answer; a check asks a device over a network or a field bus.

Pure: it hands out jobs and takes their outcomes in; the threads that block are `callers.py`'s. A check that hangs is
left alone and stops no other.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from agent.facility_points import Place, PointState, Sink, tell
from agent.probes.verdict import UpDown
from telemetry.clock import Clock

GRACE_S: Final = 5.0
"""A check ends itself within its time-out; one that takes so much longer hangs, in name resolution most likely."""

MAX_ABANDONED: Final = 8
"""Checks that hang and are left alone, each with its thread; beyond, a hanging check waits until one ends."""

FIRST_WITHIN_S: Final = 2.0
"""The first checks are spread over so long, so that a branch with many does not begin with a burst."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPlan:
    """One check.

    Attributes:
        place: Its point.
        period_s: Seconds between two.
        limit_s: It ends itself within so long.
        failures: So many failures in a row count.
        bad_state: The state that they make.
    """

    place: Place
    period_s: float
    limit_s: float
    failures: int
    bad_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckJob:
    """One blocking call. `check` is the place in the list; `generation` tells a check's threads apart."""

    check: int
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a check ended: a state, or why there is none; neither: it cannot be told yet."""

    state: PointState | None = None
    failure: str = ""


class _Turn:
    def __init__(self, plan: CheckPlan, due_s: float) -> None:
        self.plan = plan
        self.verdict = UpDown(plan.failures, bad_state=plan.bad_state)
        self.generation = 0
        self.due_s = due_s
        self.busy_since_s: float | None = None
        self.is_abandoned = False
        self.told: PointState | None = None


class Rounds:
    """The plan of all checks. Not thread-safe: one thread calls.

    Attributes:
        failures: Checks that failed or hung.
    """

    def __init__(self, plans: Sequence[CheckPlan], *, sink: Sink, clock: Clock, rng: random.Random) -> None:
        now_s = clock.monotonic()
        self.failures = 0
        self._sink = sink
        self._clock = clock
        self._turns = [_Turn(plan, now_s + rng.uniform(0, min(plan.period_s, FIRST_WITHIN_S))) for plan in plans]
        self._abandoned: set[tuple[int, int]] = set()

    @property
    def abandoned(self) -> int:
        """Checks that hang and were left alone."""
        return len(self._abandoned)

    def poll(self) -> list[CheckJob]:
        """The checks that are due; those that hang are given up on the way."""
        now_s = self._clock.monotonic()
        jobs = []
        for index, turn in enumerate(self._turns):
            if turn.busy_since_s is not None and now_s >= self._hangs_at(turn):
                self._abandon(index, turn)
            if turn.busy_since_s is None and now_s >= turn.due_s and self._may_ask(turn):
                turn.busy_since_s = now_s
                turn.is_abandoned = False
                jobs.append(CheckJob(check=index, generation=turn.generation))
        return jobs

    def next_due(self) -> float:
        """Monotonic time of the next `poll` with something to do."""
        times = [turn.due_s if turn.busy_since_s is None else self._hangs_at(turn) for turn in self._turns]
        return min(times, default=float("inf"))

    def finished(self, job: CheckJob, answer: Answer) -> None:
        """Take in how a check ended; that of one given up before only makes room for another."""
        turn = self._turns[job.check]
        if job.generation != turn.generation:
            self._abandoned.discard((job.check, job.generation))
            return
        turn.busy_since_s = None
        turn.due_s = max(turn.due_s + turn.plan.period_s, self._clock.monotonic())
        if answer.failure:
            self._fail(turn, answer.failure)
        if answer.state is None:
            return
        if turn.verdict.in_a_row:
            log.info("check succeeds again", point=turn.plan.place.point, failures=turn.verdict.in_a_row)
        self._tell(turn, turn.verdict.good(answer.state))

    # -- inside --------------------------------------------------------------------------------------------------------

    def _hangs_at(self, turn: _Turn) -> float:
        return (turn.busy_since_s or 0.0) + turn.plan.limit_s + GRACE_S

    def _abandon(self, index: int, turn: _Turn) -> None:
        self._abandoned.add((index, turn.generation))
        turn.generation += 1
        turn.busy_since_s = None
        turn.is_abandoned = True
        turn.due_s = self._clock.monotonic() + turn.plan.period_s
        self._fail(turn, f"no end within {turn.plan.limit_s + GRACE_S:g} s")

    def _may_ask(self, turn: _Turn) -> bool:
        if not turn.is_abandoned or len(self._abandoned) < MAX_ABANDONED:
            return True
        turn.due_s = self._clock.monotonic() + turn.plan.period_s
        return False

    def _fail(self, turn: _Turn, reason: str) -> None:
        self.failures += 1
        state = turn.verdict.bad(reason)
        first = turn.verdict.in_a_row == 1
        (log.warning if first else log.debug)("check failed", point=turn.plan.place.point, error=reason)
        # The words of a failure vary with each attempt; the first ones stay until it answers.
        if state is not None and (turn.told is None or turn.told.state != state.state):
            self._tell(turn, state)

    def _tell(self, turn: _Turn, state: PointState) -> None:
        if state != turn.told:
            turn.told = state
            tell(self._sink, turn.plan.place, state)
