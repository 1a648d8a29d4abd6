"""The life of a case under any order of deeds: a state machine on the real database beside a model of a few sets."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.acceptance.laboratory import LaboratoryResult
from gateway.cases import events, life, rows
from gateway.cases.errors import CaseError, CaseRefused, CaseUnknown
from gateway.cases.events import Stamp
from gateway.state.state import State

VERDICTS = ("pass", "fail", "indeterminate", "not-due")
WHO = st.sampled_from(["Wang", "Chen", "gateway"])


def opened() -> events.Opened:
    return events.Opened(region="north", site="xidan", title="Hall", profile="p", plan="plan 1")


def result(value: float, sample: str = "S-1") -> LaboratoryResult:
    return LaboratoryResult(
        laboratory="City", accreditation="CMA 1", method="AHMT", sampled_ms=0, sample=sample, room="hall",
        point="hall-1", quantity="hcho_ug_m3", value=value,
    )  # fmt: skip


def judged(verdict: str) -> events.Judged:
    return events.Judged(
        verdict=verdict, basis="screening", answer={}, software="openhall", seal="0" * 64, packs_upto=0, files={}
    )


class CaseLife(RuleBasedStateMachine):
    """What may happen, happens; what may not is refused and changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.open("sqlite://")
        self.now_ms = 1_000
        self.written: list[events.Event] = []
        self.values: list[list[float]] = []
        self.rounds = [None]  # type: list[str | None]
        self.of_round: list[int] = []
        self.is_open = True
        self.is_held = False

    @initialize(who=WHO)
    def begin(self, who: str) -> None:
        with self.state.write() as connection:
            self.case = rows.begin(connection, Stamp(number=1, time_ms=self.now_ms, who=who), opened())
        self.written.append(opened())

    def do(self, who: str, event: events.Event, *, allowed: bool) -> None:
        self.now_ms += 1
        try:
            with self.state.write() as connection:
                rows.append(connection, self.case, self.now_ms, who, event)
        except CaseError:
            assert not allowed, f"{event} was refused"
            return
        assert allowed, f"{event} was not refused"
        self.written.append(event)

    @rule(who=WHO, verdict=st.sampled_from(VERDICTS))
    def judge(self, who: str, verdict: str) -> None:
        self.do(who, judged(verdict), allowed=self.is_open)
        if self.is_open:
            self.rounds[-1] = verdict

    @rule(who=WHO, values=st.lists(st.floats(0, 500), min_size=1, max_size=3))
    def enter(self, who: str, values: list[float]) -> None:
        self.do(who, events.Entered(results=tuple(map(result, values))), allowed=self.is_open)
        if self.is_open:
            self.values += [[value] for value in values]
            self.of_round += [len(self.rounds)] * len(values)

    @precondition(lambda self: self.values)
    @rule(who=WHO, data=st.data(), value=st.floats(501, 900), stale=st.booleans())
    def correct(self, who: str, data: Any, value: float, stale: bool) -> None:
        place = data.draw(st.integers(0, len(self.values) - 1))
        old = -1.0 if stale else self.values[place][-1]
        event = events.Corrected(result=place + 1, old=result(old), new=result(value), why="slip")
        allowed = (
            self.is_open and not stale and self.of_round[place] == len(self.rounds) and value != self.values[place][-1]
        )
        self.do(who, event, allowed=allowed)
        if allowed:
            self.values[place].append(value)

    @rule(who=WHO)
    def replan(self, who: str) -> None:
        allowed = self.is_open and self.rounds[-1] not in ("pass", "fail")
        self.do(who, events.Replanned(old="", new=f"plan {len(self.written)}", why=""), allowed=allowed)

    @rule(who=WHO)
    def resample(self, who: str) -> None:
        allowed = self.is_open and self.rounds[-1] == "fail"
        self.do(who, events.Resampled(plan=f"plan {len(self.written)}", why=""), allowed=allowed)
        if allowed:
            self.rounds.append(None)

    @rule(who=WHO, hold=st.booleans())
    def hold(self, who: str, hold: bool) -> None:
        event: events.Event = events.Held(why="suit") if hold else events.Released(why="settled")
        self.do(who, event, allowed=hold is not self.is_held)
        self.is_held = hold

    @rule(who=WHO, why=st.sampled_from(["", "works go on"]))
    def close(self, who: str, why: str) -> None:
        allowed = self.is_open and (bool(why) or self.rounds[-1] == "pass")
        self.do(who, events.Closed(why=why), allowed=allowed)
        if allowed:
            self.is_open = False

    @rule()
    def open_again(self) -> None:
        self.do("Wang", opened(), allowed=False)

    @invariant()
    def every_event_stands_where_it_was_written(self) -> None:
        if not self.written:
            return
        with self.state.read() as connection:
            happened = rows.read(connection, self.case)
            assert rows.broken_at(connection, self.case) is None
            [row] = rows.list_cases(connection)
        assert [one.event for one in happened] == self.written
        assert [one.stamp.number for one in happened] == list(range(1, len(self.written) + 1))
        assert all(one.stamp.time_ms <= other.stamp.time_ms for one, other in pairwise(happened))
        found = life.fold((one.stamp, one.event) for one in happened)
        assert (row.open, row.held, row.events) == (self.is_open, self.is_held, len(self.written))
        assert (found.is_open, found.hold is not None, found.round) == (self.is_open, self.is_held, len(self.rounds))
        assert (found.verdict.event.verdict if found.verdict else None) == self.rounds[-1]

    @invariant()
    def no_laboratory_value_was_ever_lost(self) -> None:
        if not self.written:
            return
        with self.state.read() as connection:
            found = rows.load(connection, self.case)
        history = [[own.old.value for own in one.corrections] + [one.result.value] for one in found.results]
        assert history == self.values

    def teardown(self) -> None:
        self.state.close()


TestCaseLife = CaseLife.TestCase
TestCaseLife.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize("column", ["who", "body", "time_ms"])
def test_a_row_changed_by_hand_breaks_the_chain_from_there(column: str) -> None:
    state = State.open("sqlite://")
    with state.write() as connection:
        case = rows.begin(connection, Stamp(number=1, time_ms=1, who="Wang"), opened())
        for number in range(3):
            rows.append(
                connection,
                case,
                2 + number,
                "Chen",
                events.Held(why="a") if number % 2 == 0 else events.Released(why="b"),
            )
        value = {"who": "'Zhao'", "body": "replace(body, 'held', 'helm')", "time_ms": "time_ms + 1"}[column]
        connection.exec_driver_sql(f"UPDATE case_event SET {column} = {value} WHERE number = 2")
        assert rows.broken_at(connection, case) == 2
    state.close()


def test_an_event_reads_as_it_was_written() -> None:
    for event in (opened(), judged("pass"), events.Entered(results=(result(1.0),), file="a.csv", sha256="f" * 64)):
        assert events.decode(events.encode(event)) == event
        assert msgspec.json.decode(events.encode(event))["what"] == events.tag_of(event)


def test_a_case_begins_with_its_opening_and_is_known_by_its_number() -> None:
    with pytest.raises(ValueError, match="opening"):
        life.fold([(Stamp(number=1, time_ms=1, who="Wang"), judged("pass"))])
    with pytest.raises(ValueError, match="at least one"):
        life.fold([])
    state = State.open("sqlite://")
    with state.read() as connection, pytest.raises(CaseUnknown, match="no case 7"):
        rows.read(connection, 7)
    begun = life.begun(Stamp(number=1, time_ms=1, who="Wang"), opened())
    with pytest.raises(CaseRefused, match="not under legal hold"):
        life.check(begun, events.Released(why="x"))
    with pytest.raises(CaseUnknown, match="no laboratory result 1"):
        life.check(begun, events.Corrected(result=1, old=result(1), new=result(2), why="x"))
    state.close()
