"""Waits, lanes and gateways by themselves."""

from hypothesis import given
from hypothesis import strategies as st

from agent.uplink_gateways import MAX_GATEWAYS, Gateways, Hurry
from agent.uplink_waits import MAX_TRIES_KEPT, Lane, Waits, wait_s
from telemetry.messages import GatewayStatus
from telemetry.ranges import RangeSet


@given(st.integers(0, 10**6), st.floats(0.1, 100.0), st.floats(100.0, 1000.0))
def test_a_wait_doubles_up_to_the_longest(tries: int, first_s: float, longest_s: float) -> None:
    """Never below the first, never above the longest, never shorter than the one before."""
    wait = wait_s(tries, first_s, longest_s)
    assert first_s <= wait <= longest_s
    assert wait_s(tries + 1, first_s, longest_s) == min(2 * wait, longest_s)


def test_tries_are_bounded() -> None:
    """A backlog of any length costs so much memory and no more; the newest sendings are remembered."""
    waits = Waits(60.0, 900.0)
    for sequence in range(3 * MAX_TRIES_KEPT):
        waits.start(sequence, 0.0)
    assert len(waits._tries) == MAX_TRIES_KEPT
    assert len(waits.leave(60.0)) == 3 * MAX_TRIES_KEPT
    waits.start(3 * MAX_TRIES_KEPT - 1, 60.0)
    waits.start(0, 60.0)
    assert waits.leave(120.0) == [0]


@given(st.sets(st.integers(1, 400), max_size=60), st.sets(st.integers(1, 400), max_size=60))
def test_settling_few_and_many_is_the_same(sent: set[int], answered: set[int]) -> None:
    """Whether the ranges are narrow or wide."""
    for extra in ((), ((1_000, 9_000),)):
        waits = Waits(60.0, 900.0)
        for sequence in sent:
            waits.start(sequence, 5.0)
        numbers = RangeSet([*((one, one) for one in answered), *extra])
        assert waits.settle(numbers) == dict.fromkeys(sorted(sent & answered), 5.0)
        assert len(waits) == len(sent - answered)


@given(st.sets(st.integers(1, 200), min_size=1, max_size=80), st.integers(1, 20), st.integers(0, 40))
def test_a_lane_gives_every_pack_its_turn(owed: set[int], window: int, busy_below: int) -> None:
    """However small the window, each pack that is not in flight elsewhere comes once in each round."""

    def source(after: int, limit: int) -> list[int]:
        return sorted(one for one in owed if one > after)[:limit]

    lane = Lane(Waits(60.0, 60.0), window, source)
    due = {one for one in owed if one >= busy_below}
    seen: list[int] = []
    now_s = 0.0
    for _ in range(-(-len(due) // window)):
        lane.refresh(now_s)
        taken = lane.take(busy=lambda one: one < busy_below)
        assert len(taken) <= window
        assert len(taken) == len(set(taken))
        for one in taken:
            lane.waits.start(one, now_s)
        seen += taken
        now_s += 60.0
    assert set(seen) == due


def test_a_lane_that_found_nothing_waits_to_be_woken() -> None:
    """It does not look again and again for what is not there."""
    looks = []

    def source(after: int, limit: int) -> list[int]:
        looks.append(after)
        return []

    lane = Lane(Waits(60.0, 60.0), 4, source)
    assert lane.next_due(0.0) == 0.0
    assert lane.take(busy=lambda _: False) == []
    count = len(looks)
    assert lane.next_due(0.0) == float("inf")
    assert lane.take(busy=lambda _: False) == []
    assert len(looks) == count
    lane.wake()
    assert lane.next_due(7.0) == 7.0


def status(boot: str, **more: object) -> GatewayStatus:
    """A status of a gateway of region north."""
    return GatewayStatus(**{"online": True, "boot": boot, "regions": ["north"], "storing": True, **more})  # type: ignore[arg-type]


def test_what_a_status_makes_urgent() -> None:
    """A new boot, and storing after not storing; nothing else."""
    gateways = Gateways()
    assert gateways.hear("g", status("a"), "north") is Hurry.NEW_BOOT
    assert gateways.hear("g", status("a"), "north") is Hurry.NOTHING
    assert gateways.hear("g", status("a", storing=False), "north") is Hurry.NOTHING
    assert gateways.hear("g", status("a", storing=True), "north") is Hurry.STORING
    assert gateways.hear("g", GatewayStatus(online=False, boot="a"), "north") is Hurry.NOTHING
    assert gateways.hear("g", status("a"), "north") is Hurry.NOTHING
    assert gateways.hear("g", status("b"), "south") is Hurry.NOTHING
    assert gateways.hear("h", status("b", regions=["+"]), "south") is Hurry.NEW_BOOT
    assert gateways.hear("g", status("c"), "north") is Hurry.NEW_BOOT


def test_gateways_are_bounded() -> None:
    """Names that somebody makes up do not fill the memory."""
    gateways = Gateways()
    for n in range(1_000):
        gateways.hear(f"g{n}", status("a"), "north")
    assert len(gateways._known) == MAX_GATEWAYS
    assert gateways.hear("g999", status("a"), "north") is Hurry.NOTHING
