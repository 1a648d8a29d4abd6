"""What no channel takes: tried by all of them, then again and again, until it is told or says nothing true any more."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.outbox import Status, told_of
from gateway.alerts.retries import LONGEST_REST_S, next_try
from gateway.alerts.settings import AlertsConfig
from gateway.notifiers.errors import ChannelRefused, ChannelUnavailable
from tests.gateway.alerts.desk import CALL, CO2, Desk

QUICK = {**CO2, "for_s": 0, "recover_for_s": 0}


def cut(desk: Desk, error: Exception | None) -> None:
    for channel in desk.channels.values():
        channel.fails = error


def people(desk: Desk) -> set[str]:
    return {person for _minute, person, tell in desk.heard() if tell == "rise"}


def statuses(desk: Desk, alarm: int) -> set[str]:
    with desk.database.read() as connection:
        return {row["status"] for row in told_of(connection, alarm)}


def test_a_call_during_an_outage_is_told_once_it_is_over() -> None:
    desk = Desk([CALL])
    cut(desk, ChannelUnavailable("no route"))
    desk.state("called")
    desk.settle()
    desk.pass_time(3_600, step_s=60)
    assert desk.told == []
    assert statuses(desk, desk.alarm.id) == {Status.RESTING.value}
    cut(desk, None)
    desk.pass_time(1_000, step_s=20)
    assert people(desk) == {"resp", "dep", "reg", "city"}
    assert len(desk.told) == 4, "each heard it once"


def test_with_all_channels_dead_every_step_is_reached_at_once_and_a_warning_is_told_later_too() -> None:
    desk = Desk([{**QUICK, "severity": "warning"}], attempts=2)
    cut(desk, ChannelUnavailable("no route"))
    desk.air(1_200.0)
    desk.settle()
    desk.pass_time(120, step_s=5)
    assert desk.alarm.due_ms is None, "the last step was not waited for"
    cut(desk, None)
    desk.pass_time(600, step_s=20)
    assert people(desk) == {"resp", "dep", "reg"}


def test_what_is_over_or_answered_meanwhile_is_not_told_as_if_it_lasted() -> None:
    desk = Desk([QUICK, CALL])
    cut(desk, ChannelUnavailable("no route"))
    desk.air(1_200.0)
    desk.state("called")
    desk.settle()
    desk.pass_time(600, step_s=20)
    desk.air(800.0)
    for alarm in desk.open:
        if alarm.key.rule == "call":
            desk.engine.acknowledge(alarm.id, "resp")
    cut(desk, None)
    desk.pass_time(1_200, step_s=30)
    assert people(desk) == set()


def test_it_is_given_up_after_a_day_and_counted_once() -> None:
    desk = Desk([CALL], give_up_s=3_600)
    cut(desk, ChannelRefused("wrong key"))
    desk.state("called")
    desk.settle()
    desk.pass_time(2 * 3_600, step_s=120)
    assert statuses(desk, desk.alarm.id) == {Status.FAILED.value}
    assert desk.engine.metrics.hopeless._value.get() == 4 * 2, "when it came to rest, and when it was given up"


def test_a_restart_in_an_outage_loses_nothing(tmp_path: Any) -> None:
    desk = Desk([CALL], url=f"sqlite:///{tmp_path / 's'}")
    cut(desk, ChannelUnavailable("no route"))
    desk.state("called")
    desk.settle()
    desk.pass_time(300, step_s=10)
    desk.start(reopen=True)
    cut(desk, None)
    desk.pass_time(600, step_s=20)
    assert people(desk) == {"resp", "dep", "reg", "city"}
    desk.database.close()


@given(
    channels=st.integers(1, 5),
    tries=st.integers(1, 6),
    urgent=st.booleans(),
    failures=st.lists(st.tuples(st.booleans(), st.floats(0, 10_000)), min_size=1, max_size=60),
)
def test_every_round_tries_every_channel_and_every_wait_is_bounded(
    channels: int, tries: int, urgent: bool, failures: list[tuple[bool, float]]
) -> None:
    config = AlertsConfig(attempts=tries)
    attempts = channel = age_ms = 0
    tried: set[int] = set()
    for refused, wait_s in failures:
        tried.add(channel)
        then = next_try(
            config,
            attempts=attempts,
            channel=channel,
            channels=channels,
            urgent=urgent,
            refused=refused,
            wait_s=wait_s,
            age_ms=age_ms,
        )
        assert 0 <= then.wait_ms <= LONGEST_REST_S * 1000
        assert not then.gives_up or age_ms >= config.give_up_s * 1000
        if then.gives_up:
            return
        assert 0 <= then.channel < channels
        if then.rests:
            assert tried == set(range(channels))
            assert then.wait_ms >= config.retry_at_most_s * 1000
            tried = set()
        attempts, channel, age_ms = then.attempts, then.channel, age_ms + then.wait_ms
