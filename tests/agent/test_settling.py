"""When a replay is over, on a fake clock."""

from agent.settling import Settling
from tests.fakes import FakeClock


class Core:
    """Says what it holds in the moment it is told to, unless the connection is gone."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.held_said_s: float | None = None
        self.asked_s = float("-inf")
        self.is_gateway_missing = False
        self.said = 0

    def say_held(self) -> None:
        self.said += 1
        self.held_said_s = self.clock.monotonic()


def test_silence_after_the_last_word_is_the_end() -> None:
    """It is said once, and a question begins the wait anew."""
    clock = FakeClock()
    core = Core(clock)
    settling = Settling(core, clock, 3.0)
    assert not settling.look(5)
    assert core.said == 0
    assert not settling.look(0)
    clock.advance(2.9)
    assert not settling.look(0)
    core.asked_s = clock.monotonic()
    clock.advance(2.9)
    assert not settling.look(0)
    clock.advance(0.2)
    assert settling.look(0)
    assert core.said == 1


def test_what_is_owed_again_begins_it_all_anew() -> None:
    """After the last receipt of what was asked for it is said again."""
    clock = FakeClock()
    core = Core(clock)
    settling = Settling(core, clock, 3.0)
    settling.look(0)
    assert not settling.look(7)
    assert settling.due_s is None
    clock.advance(10)
    assert not settling.look(0)
    assert core.said == 2
    clock.advance(3)
    assert settling.look(0)


def test_it_is_not_over_while_nobody_listens() -> None:
    """No gateway, or nothing said to the newest one."""
    clock = FakeClock()
    core = Core(clock)
    settling = Settling(core, clock, 3.0)
    settling.look(0)
    core.is_gateway_missing = True
    clock.advance(10)
    assert not settling.look(0)
    core.is_gateway_missing = False
    core.held_said_s = None
    assert not settling.look(0)
    core.held_said_s = clock.monotonic()
    assert not settling.look(0)
    clock.advance(3)
    assert settling.look(0)


def test_without_settling_the_last_receipt_is_the_end() -> None:
    """`--settle 0`."""
    clock = FakeClock()
    core = Core(clock)
    settling = Settling(core, clock, 0.0)
    assert not settling.look(1)
    assert settling.look(0)
    assert core.said == 0
