"""A contact that bounces is believed once it stands still, and what stood still is never forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from agent.inputs.debounce import Debounce

HOLD_S = 0.03


def debounce() -> Debounce[bool]:
    return Debounce(HOLD_S, restless_s=10.0)


def test_the_first_value_must_stand_too() -> None:
    """At start the contact may be in the middle of a bounce."""
    one = debounce()
    assert one.sample(False, 0.0) is None
    assert one.poll(0.029) is None
    assert one.poll(0.03) is False
    assert one.poll(1.0) is None
    assert one.believed is False


def test_bounce_is_one_change() -> None:
    """Ten edges within a few milliseconds are one press."""
    one = debounce()
    one.sample(False, 0.0)
    assert one.poll(1.0) is False
    for number in range(10):
        assert one.edge(number % 2 == 0, 2.0 + number * 0.002) is None
    assert one.edge(True, 2.02) is None
    assert one.poll(2.049) is None
    assert one.poll(2.05) is True


def test_a_spike_is_nothing() -> None:
    """Interference that is gone at once changes nothing, though it restarts the wait."""
    one = debounce()
    one.sample(False, 0.0)
    one.poll(1.0)
    one.edge(True, 2.0)
    one.edge(False, 2.001)
    assert one.poll(3.0) is None
    assert one.believed is False


def test_a_press_counts_though_nobody_looked_while_it_stood() -> None:
    """The main thread was busy for seconds; the press of one second in between is found by its second edge."""
    one = debounce()
    one.sample(False, 0.0)
    one.poll(1.0)
    assert one.edge(True, 2.0) is None
    assert one.edge(False, 3.0) is True
    assert one.poll(9.0) is False


def test_a_lost_edge_is_found_by_looking() -> None:
    """A look that differs is an edge; a look that agrees does not restart the wait."""
    one = debounce()
    one.sample(False, 0.0)
    one.poll(1.0)
    assert one.sample(True, 2.0) is None
    assert one.sample(True, 2.02) is None
    assert one.sample(True, 2.03) is True


def test_a_contact_that_never_rests_is_restless() -> None:
    """Ten seconds of chatter are a fault; one moment of rest ends it."""
    one = debounce()
    one.sample(False, 0.0)
    for number in range(1, 1_100):
        one.edge(number % 2 == 0, number * 0.01)
        assert one.believed is None
    assert not one.is_restless(9.99)
    assert one.is_restless(11.0)
    assert one.poll(11.05) is not None
    assert not one.is_restless(11.05)


def test_due_tells_when_to_ask_again() -> None:
    """While all stands still nobody need wake up."""
    one = debounce()
    assert one.due() == float("inf")
    one.edge(True, 5.0)
    assert one.due() == 5.03
    one.poll(5.03)
    assert one.due() == float("inf")


@given(
    gaps=st.lists(st.floats(0.0005, 0.2, allow_nan=False), max_size=60),
    looks=st.sets(st.integers(0, 59)),
)
def test_what_is_believed_is_what_stood(gaps: list[float], looks: set[int]) -> None:
    """Whenever anybody looks, the believed values are those that stood for the hold time, in order, each once."""
    one = debounce()
    now, value = 0.0, False
    believed: list[bool] = []
    stood: list[bool] = []

    def take(news: bool | None) -> None:
        if news is not None:
            believed.append(news)

    take(one.edge(value, now))
    for index, gap in enumerate(gaps):
        before = now
        now += gap
        if now >= before + HOLD_S and (not stood or stood[-1] is not value):
            stood.append(value)
        if index in looks:
            take(one.poll(now))
        value = not value
        take(one.edge(value, now))
    assert believed == stood
    if not stood or stood[-1] is not value:
        stood.append(value)
    take(one.poll(now + 1.0))
    assert believed == stood
