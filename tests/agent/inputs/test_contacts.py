"""What contacts mean: doors, leaks, buttons that spring back, cords that stay pulled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.facility_points import PointState
from agent.inputs.contacts import CallButton, Contact, PullCord
from agent.inputs.kinds import INPUT_KINDS, is_call
from agent.inputs.line import WireState

OPEN, CLOSED, CUT, SHORT = WireState.OPEN, WireState.CLOSED, WireState.CUT, WireState.SHORT


def test_nothing_is_said_before_something_is_known() -> None:
    """At start nobody invents a state."""
    assert Contact(INPUT_KINDS["door"], normally_closed=True).state() is None
    assert CallButton(None, normally_closed=False).state() is None
    assert PullCord(None, normally_closed=False).state() is None


@pytest.mark.parametrize(
    ("kind", "normally_closed", "wire", "state"),
    [
        ("door", True, CLOSED, PointState(working=True, state="closed")),
        ("door", True, OPEN, PointState(working=True, state="open")),
        ("door", False, CLOSED, PointState(working=True, state="open")),
        ("leak", False, OPEN, PointState(working=True, state="dry")),
        ("leak", False, CLOSED, PointState(working=True, state="wet")),
        ("mains", True, CLOSED, PointState(working=True, state="on")),
        ("mains", True, OPEN, PointState(working=False, state="off")),
        ("lift", False, CLOSED, PointState(working=False, state="fault")),
        ("door", True, CUT, PointState(working=False, state="unknown", reason="the line is cut")),
        ("door", True, SHORT, PointState(working=False, state="unknown", reason="the line is short-circuited")),
    ],
)
def test_a_contact_has_the_words_of_its_kind(
    kind: str, normally_closed: bool, wire: WireState, state: PointState
) -> None:
    """The usual position has the usual word, whichever it is."""
    one = Contact(INPUT_KINDS[kind], normally_closed=normally_closed)
    one.contact(wire)
    assert one.state() == state


def test_a_pin_that_cannot_be_read_is_unknown_and_comes_back() -> None:
    """The last position is no knowledge of the present one."""
    one = Contact(INPUT_KINDS["door"], normally_closed=True)
    one.contact(OPEN)
    one.broken("GPIO 5 cannot be read")
    assert one.state() == PointState(working=False, state="unknown", reason="GPIO 5 cannot be read")
    one.broken("")
    assert one.state() == PointState(working=True, state="open")


def word(one: CallButton | PullCord) -> str | None:
    state = one.state()
    return None if state is None else state.state


def test_a_button_calls_when_pressed_and_not_when_let_go() -> None:
    """Only the reset contact clears."""
    one = CallButton(None, normally_closed=False)
    one.reset(OPEN)
    one.contact(OPEN)
    assert word(one) == "cleared"
    one.contact(CLOSED)
    assert word(one) == "called"
    one.contact(OPEN)
    assert word(one) == "called"
    one.reset(CLOSED)
    assert word(one) == "cleared"
    one.reset(OPEN)
    one.contact(CLOSED)
    assert word(one) == "called"


def test_a_restart_leaves_a_standing_call() -> None:
    """Rule 7: the button is at rest, the call stands."""
    one = CallButton("called", normally_closed=False)
    one.reset(OPEN)
    one.contact(OPEN)
    assert word(one) == "called"


def test_a_button_pressed_while_the_agent_started_calls() -> None:
    """Somebody holds it now."""
    one = CallButton("cleared", normally_closed=False)
    one.contact(CLOSED)
    assert word(one) == "called"


def test_a_reset_contact_found_closed_at_start_clears_nothing() -> None:
    """It is stuck, or was closed before: nobody pressed it."""
    one = CallButton("called", normally_closed=False)
    one.reset(CLOSED)
    one.contact(OPEN)
    assert word(one) == "called"
    one.reset(OPEN)
    one.reset(CLOSED)
    assert word(one) == "cleared"


def test_a_button_still_pressed_after_the_reset_is_told() -> None:
    """Stuck, it could not call again: that must be known, and goes away when it is free."""
    one = CallButton(None, normally_closed=False)
    one.reset(OPEN)
    one.contact(CLOSED)
    one.reset(CLOSED)
    state = one.state()
    assert state is not None
    assert (state.working, state.state) == (False, "cleared")
    assert "stuck" in state.reason
    one.reset(OPEN)
    one.contact(OPEN)
    assert one.state() == PointState(working=True, state="cleared")


def test_a_normally_closed_button_calls_when_it_opens() -> None:
    """As fire buttons are wired."""
    one = CallButton(None, normally_closed=True)
    one.contact(CLOSED)
    assert word(one) == "cleared"
    one.contact(OPEN)
    assert word(one) == "called"


@pytest.mark.parametrize("fault", [CUT, SHORT])
@pytest.mark.parametrize("before", ["called", "cleared"])
@pytest.mark.parametrize("make", [CallButton, PullCord])
def test_a_broken_line_neither_calls_nor_clears(
    make: type[CallButton] | type[PullCord], before: str, fault: WireState
) -> None:
    """A cut cable is a fault of its own; the call that stands goes on standing."""
    one = make(before, normally_closed=False)
    one.contact(CLOSED if before == "called" else OPEN)
    one.contact(fault)
    state = one.state()
    assert state is not None
    assert (state.working, state.state) == (False, before)
    assert state.reason


def test_a_cord_calls_while_it_is_pulled() -> None:
    """Put back it is cleared; at start it is what it is."""
    one = PullCord("called", normally_closed=False)
    one.contact(CLOSED)
    assert word(one) == "called"
    one.contact(OPEN)
    assert word(one) == "cleared"
    # Put back while the agent was off: the debounced input differs from the last state (rule 7).
    again = PullCord("called", normally_closed=False)
    again.contact(OPEN)
    assert word(again) == "cleared"


@given(st.lists(st.sampled_from([OPEN, CLOSED, CUT, SHORT]), max_size=30))
def test_without_a_reset_no_call_is_ever_cleared(states: list[WireState]) -> None:
    """Whatever the line does, a button's call stands once it was made."""
    one = CallButton(None, normally_closed=False)
    called = False
    for state in states:
        one.contact(state)
        called = called or state is CLOSED
        assert (word(one) == "called") is called


def test_calls_are_known_by_their_kind() -> None:
    """`call-` alone is no kind."""
    assert is_call("call-toilet")
    assert not is_call("call-")
    assert not is_call("door")
