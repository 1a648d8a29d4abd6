"""Rounds of checks on a fake clock: when each is made, what counts as down, and what hangs."""

import random
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.facility_points import Place, PointState
from agent.probes import Answer, CheckJob, CheckPlan, Rounds, UpDown
from agent.probes.rounds import GRACE_S, MAX_ABANDONED
from tests.agent.facility_fakes import FakeSink
from tests.fakes import FakeClock

UP = PointState(working=True, state="up")


def plan(point: str, *, period_s: float = 30.0, failures: int = 3) -> CheckPlan:
    place = Place(point=point, room="hall", kind="kiosk")
    return CheckPlan(place=place, period_s=period_s, limit_s=5.0, failures=failures, bad_state="down")


@dataclass
class Bench:
    rounds: Rounds
    sink: FakeSink
    clock: FakeClock

    @classmethod
    def of(cls, *plans: CheckPlan) -> "Bench":
        clock, sink = FakeClock(), FakeSink()
        return cls(Rounds(plans, sink=sink, clock=clock, rng=random.Random(1)), sink, clock)

    def jobs(self) -> list[CheckJob]:
        """The next jobs, when they are due."""
        self.clock.advance(max(self.rounds.next_due() - self.clock.monotonic(), 0.0))
        return self.rounds.poll()

    def answer(self, answer: Answer) -> None:
        (job,) = self.jobs()
        self.rounds.finished(job, answer)


def test_one_good_answer_is_up_and_three_failures_are_down() -> None:
    """One lost packet is no news; the reason is that of the failure that counted."""
    bench = Bench.of(plan("kiosk"))
    bench.answer(Answer(state=UP))
    for number in range(5):
        bench.answer(Answer(failure=f"failure {number}"))
        assert len(bench.sink.told) == (1 if number < 2 else 2)
    assert bench.sink.told == [("kiosk", True, "up", ""), ("kiosk", False, "down", "failure 2")]
    bench.answer(Answer(state=UP))
    assert bench.sink.last("kiosk") == (True, "up", "")
    assert bench.rounds.failures == 5


def test_failures_must_come_in_a_row() -> None:
    """A good answer in between begins the count again."""
    bench = Bench.of(plan("kiosk"))
    for _ in range(10):
        bench.answer(Answer(failure="no"))
        bench.answer(Answer(failure="no"))
        bench.answer(Answer(state=UP))
    assert bench.sink.states("kiosk") == ["up"]


def test_what_cannot_be_told_yet_is_neither() -> None:
    """A heartbeat that nobody could have heard yet."""
    bench = Bench.of(plan("kiosk", failures=1))
    bench.answer(Answer())
    assert bench.sink.told == []
    assert bench.rounds.failures == 0


def test_checks_keep_their_period() -> None:
    """Also when an answer takes its time."""
    bench = Bench.of(plan("kiosk"))
    times = []
    for _ in range(4):
        (job,) = bench.jobs()
        times.append(bench.clock.monotonic())
        bench.clock.advance(4.0)
        bench.rounds.finished(job, Answer(state=UP))
    assert [round(later - earlier, 6) for earlier, later in pairwise(times)] == [30.0] * 3


def test_a_check_is_not_made_twice_at_once() -> None:
    """While one runs no other is asked for."""
    bench = Bench.of(plan("kiosk", period_s=0.5))
    bench.jobs()
    bench.clock.advance(3.0)
    assert bench.rounds.poll() == []


def test_a_check_that_hangs_is_left_alone_and_stops_no_other() -> None:
    """It counts as a failure, gets a thread of its own, and what it says later counts for nothing."""
    bench = Bench.of(plan("dead", failures=1), plan("well"))
    bench.clock.advance(2.0)
    dead, well = bench.rounds.poll()
    bench.rounds.finished(well, Answer(state=UP))
    bench.clock.advance(5.0 + GRACE_S)
    bench.rounds.poll()
    assert bench.sink.last("dead") == (False, "down", "no end within 10 s")
    assert bench.sink.last("well") == (True, "up", "")
    assert bench.rounds.abandoned == 1
    bench.clock.advance(31.0)
    again = [job for job in bench.rounds.poll() if job.check == 0]
    assert [job.generation for job in again] == [1]
    bench.rounds.finished(dead, Answer(state=UP))
    assert bench.sink.last("dead") == (False, "down", "no end within 10 s")
    assert bench.rounds.abandoned == 0


def test_hanging_checks_are_bounded() -> None:
    """Each holds a thread for ever; beyond the bound a check waits."""
    bench = Bench.of(*(plan(f"p{number}", period_s=1.0) for number in range(3)))
    made = 0
    for _ in range(200):
        made += len(bench.rounds.poll())
        bench.clock.advance(1.0)
    assert bench.rounds.abandoned <= MAX_ABANDONED + 3
    assert made <= MAX_ABANDONED + 3


def test_first_checks_are_spread() -> None:
    """A branch with many does not begin with a burst."""
    bench = Bench.of(*(plan(f"p{number}") for number in range(20)))
    assert bench.rounds.poll() == []
    bench.clock.advance(2.0)
    assert len(bench.rounds.poll()) == 20


@given(st.integers(1, 6), st.lists(st.booleans(), max_size=40))
def test_down_needs_so_many_failures_in_a_row(failures: int, answers: list[bool]) -> None:
    """For every run of answers: bad exactly when the last `failures` of them were bad."""
    verdict = UpDown(failures, bad_state="down")
    for place, good in enumerate(answers):
        if good:
            assert verdict.good(UP) is UP
        else:
            last = answers[max(0, place + 1 - failures) : place + 1]
            is_down = len(last) == failures and not any(last)
            state = verdict.bad("why")
            assert (state is not None) is is_down
            assert state is None or (state.working, state.state, state.reason) == (False, "down", "why")
