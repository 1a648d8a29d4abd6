"""The local rule: lamp at once, buzzer when nobody heard, blinking when no gateway speaks."""

from hypothesis import given
from hypothesis import strategies as st

from agent.outputs.rule import CallView, OutputPlan, is_on, next_change

LAMP = OutputPlan(calls=("a",), when="called", after_s=0.0)
BUZZER = OutputPlan(calls=("a",), when="unheard", after_s=30.0)
BLINKER = OutputPlan(calls=("a",), when="called", after_s=0.0, no_gateway_s=600.0)


def test_a_lamp_is_on_while_a_call_stands() -> None:
    """At once, heard or not, also in a drill."""
    assert not is_on(LAMP, [], None, 100.0)
    assert is_on(LAMP, [CallView(since_s=100.0, is_heard=False)], None, 100.0)
    assert is_on(LAMP, [CallView(since_s=100.0, is_heard=True)], None, 9_000.0)
    assert is_on(LAMP, [CallView(since_s=100.0, is_heard=False, is_test=True)], None, 100.0)


def test_a_buzzer_waits_for_the_gateway() -> None:
    """It sounds once nobody heard for 30 s, and stops when somebody does."""
    unheard, heard = CallView(since_s=100.0, is_heard=False), CallView(since_s=100.0, is_heard=True)
    assert not is_on(BUZZER, [unheard], None, 129.9)
    assert is_on(BUZZER, [unheard], None, 130.0)
    assert not is_on(BUZZER, [heard], None, 130.0)
    assert is_on(BUZZER, [heard, unheard], None, 130.0)
    assert not is_on(BUZZER, [CallView(since_s=100.0, is_heard=False, is_test=True)], None, 500.0)


def test_a_lamp_blinks_when_no_gateway_was_heard() -> None:
    """On for half a second, off for half a second; a call outweighs it."""
    assert not is_on(BLINKER, [], 100.0, 699.9)
    assert [is_on(BLINKER, [], 100.0, 700.0 + 0.25 + 0.5 * step) for step in range(4)] == [True, False, True, False]
    assert is_on(BLINKER, [CallView(since_s=1.0, is_heard=False)], 100.0, 700.75)
    assert not is_on(BLINKER, [], None, 9_000.0)
    assert not is_on(LAMP, [], 100.0, 9_000.0)


calls = st.lists(
    st.builds(CallView, since_s=st.floats(0, 1_000), is_heard=st.booleans(), is_test=st.booleans()), max_size=4
)
plans = st.builds(
    OutputPlan,
    calls=st.just(("a",)),
    when=st.sampled_from(["called", "unheard"]),
    after_s=st.floats(0, 100),
    no_gateway_s=st.none() | st.floats(1, 900),
)


@given(plans, calls, st.none() | st.floats(0, 1_000), st.floats(0, 2_000), st.floats(0.001, 0.999))
def test_nothing_changes_before_next_change(
    plan: OutputPlan, standing: list[CallView], silent: float | None, now: float, part: float
) -> None:
    """Who sleeps until then misses nothing."""
    due = next_change(plan, standing, silent, now)
    between = now + (min(due, now + 10.0) - now) * part
    if now < between < due - 1e-6:
        assert is_on(plan, standing, silent, between) is is_on(plan, standing, silent, now)


@given(plans, calls, st.floats(0, 2_000))
def test_hearing_never_switches_anything_on(plan: OutputPlan, standing: list[CallView], now: float) -> None:
    """That head office knows is no reason for more noise."""
    heard = [CallView(since_s=call.since_s, is_heard=True, is_test=call.is_test) for call in standing]
    assert is_on(plan, heard, None, now) <= is_on(plan, standing, None, now)
