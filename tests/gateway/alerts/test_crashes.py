"""A gateway that may die at any commit, before and after any channel's answer: nothing is lost, nothing told twice."""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from gateway.alerts.words import State
from gateway.notifiers.errors import ChannelUnavailable
from gateway.state.tables import notice
from tests.examples import examples
from tests.gateway.alerts.desk import CALL, CO2, Desk

LIFT = {"name": "lift", "severity": "warning", "when": "facility", "for_s": 120, "recover_for_s": 0}
RULES = ({**CO2, "for_s": 120, "recover_for_s": 60}, CALL, LIFT)


class Crash(BaseException):
    """The process is gone: no handler of errors may see it."""


class MortalDesk:
    """A desk that dies at the moments it is told, and is started again on what it left."""

    def __init__(self, folder: Path, deaths: set[int]) -> None:
        self.deaths = deaths
        self.moment = 0
        self.after_answers = 0
        self.armed = True
        self.unrecorded = False
        self.desk = Desk(RULES, url=f"sqlite:///{folder / 'state.sqlite3'}", attempts=2, retry_s=1)
        for channel in self.desk.channels.values():
            channel.before = self.maybe_die
            channel.after = self.maybe_die_after_the_answer
        self._listen()

    def _listen(self) -> None:
        event.listen(self.desk.database.engine, "commit", lambda _connection: self.maybe_die())

    def maybe_die(self) -> None:
        self.moment += 1
        if self.armed and self.moment in self.deaths:
            # The commit after an answer is our record of it.
            self.after_answers += self.unrecorded
            raise Crash
        self.unrecorded = False

    def maybe_die_after_the_answer(self) -> None:
        self.moment += 1
        self.unrecorded = True
        if self.armed and self.moment in self.deaths:
            self.after_answers += 1
            raise Crash

    def live(self, act: Callable[[], object]) -> bool:
        """Do something; False if the gateway died of it and was started again."""
        try:
            act()
        except Crash:
            armed, self.armed = self.armed, False
            self.unrecorded = False
            self.desk.start(reopen=True)
            self._listen()
            self.armed = armed
            return False
        return True

    def cut(self, error: Exception | None) -> None:
        """From now on every channel fails, or works again."""
        for channel in self.desk.channels.values():
            channel.fails = error

    def insist(self, act: Callable[[], object]) -> None:
        """As an agent does: send it again until it is heard."""
        while not self.live(act):
            pass


STEPS = st.sampled_from(
    ["call", "clear", "late-call", "bad-air", "good-air", "down", "up", "acknowledge", "wait", "cut", "mend"]
)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=1, max_size=14), deaths=st.sets(st.integers(1, 120), max_size=12))
def test_nothing_is_lost_and_nothing_told_twice_but_with_the_same_key(steps: list[str], deaths: set[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        mortal = MortalDesk(Path(name), deaths)
        try:
            _play(mortal, steps)
            mortal.armed = False
            mortal.cut(None)
            mortal.desk.pass_time(5 * 3_600, step_s=300)
            _judge(mortal, steps)
        finally:
            mortal.desk.database.close()


def _play(mortal: MortalDesk, steps: list[str]) -> None:
    desk = mortal.desk
    for number, step in enumerate(steps, start=1):
        sequence = number * 10
        match step:
            case "call" | "clear":
                word = "called" if step == "call" else "cleared"
                mortal.insist(lambda w=word, s=sequence: desk.state(w, sequence=s))
            case "late-call":
                mortal.insist(lambda s=sequence: desk.state("called", sequence=s - 15, journal="late", age_s=600))
            case "down" | "up":
                mortal.insist(
                    lambda w=step, s=sequence: desk.state(w, sequence=s, kind="lift", point="lift", working=w == "up")
                )
            case "bad-air" | "good-air":
                mortal.live(lambda v=1_100.0 if step == "bad-air" else 800.0: desk.air(v))
            case "cut" | "mend":
                mortal.cut(ChannelUnavailable("no route") if step == "cut" else None)
            case "acknowledge":
                for alarm in desk.open:
                    mortal.live(lambda a=alarm: desk.engine.acknowledge(a.id, "resp"))
            case _:
                for _ in range(4):
                    mortal.live(lambda: desk.pass_time(30))
        mortal.live(desk.settle)


def _judge(mortal: MortalDesk, steps: list[str]) -> None:
    desk = mortal.desk
    with desk.database.read() as connection:
        rows = [row._asdict() for row in connection.execute(select(notice))]
    batches = {(row["person"], row["batch"]) for row in rows if row["status"] == "told"}
    sent = Counter((person, message.key) for _at, _channel, person, message in desk.told)
    # What people hold in their hands is in our record under the same key, and the other way round.
    assert set(sent) == batches
    # A second one needs a crash right after an answer, and says that it is a repeat.
    assert sum(count - 1 for count in sent.values()) <= mortal.after_answers
    seen: set[tuple[str, str]] = set()
    for _at, _channel, person, message in desk.told:
        assert ((person, message.key) not in seen) or message.repeat
        seen.add((person, message.key))
    # Every open alarm that nobody answered has asked everybody; none waits for ever.
    assert not [row for row in rows if row["status"] in ("waiting", "sending", "resting")]
    for alarm in desk.open:
        if alarm.state is State.UNACKNOWLEDGED:
            assert alarm.due_ms is None
            told = {row["person"] for row in rows if row["alarm_id"] == alarm.id and row["status"] == "told"}
            everybody = {"resp", "dep", "reg"} | ({"city"} if alarm.severity.value != "warning" else set())
            assert everybody <= told, alarm
    last = [step for step in steps if step in ("call", "clear")][-1:]
    if last == ["call"]:
        assert [alarm for alarm in desk.open if alarm.key.rule == "call" and alarm.active]
    elif last == ["clear"]:
        assert not [alarm for alarm in desk.open if alarm.key.rule == "call" and alarm.active]
    last = [step for step in steps if step in ("down", "up")][-1:]
    is_down = [alarm for alarm in desk.open if alarm.key.rule == "lift" and alarm.active]
    assert bool(is_down) is (last == ["down"])
