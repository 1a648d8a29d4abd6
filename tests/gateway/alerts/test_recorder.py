"""What was heard is written down, each pair once."""

import msgspec

from gateway.alerts.recorder import AlertRecorder
from gateway.state.state import State
from telemetry.topics import Root
from tests.gateway.ingest.hall import ROOT, air_pack, state_pack

DAY_MS = 86_400_000


def test_a_pair_is_recorded_once_and_survives() -> None:
    """A second recorder on the same state knows it; another agent's same pair is another one."""
    state = State.open("sqlite://")
    pack = state_pack(7, "called", time_ms=5_000, reason="cord pulled")
    assert AlertRecorder(state).hear(ROOT, pack, 6_000)
    assert not AlertRecorder(state).hear(ROOT, pack, 9_000)
    assert AlertRecorder(state).hear(Root("north", "b001", "pi-2"), pack, 9_000)
    first, second = AlertRecorder(state).heard()
    assert (first.root, first.journal, first.sequence, first.point, first.kind) == (
        ROOT,
        "j1",
        7,
        "cord",
        "call-toilet",
    )
    assert (first.working, first.state, first.reason, first.time_ms, first.arrived_ms) == (
        True,
        "called",
        "cord pulled",
        5_000,
        6_000,
    )
    assert second.root.agent == "pi-2"


def test_lists_go_in_pages_and_by_site() -> None:
    """`after`, `limit` and `site`."""
    recorder = AlertRecorder(State.open("sqlite://"))
    for sequence in range(1, 6):
        pack = state_pack(sequence, "called", time_ms=sequence)
        root = ROOT if sequence % 2 else Root("north", "b002", "pi-1")
        recorder.hear(root, msgspec.structs.replace(pack, site=root.site), sequence)
    page = recorder.heard(limit=2)
    assert [one.sequence for one in page] == [1, 2]
    assert [one.sequence for one in recorder.heard(after=page[-1].id)] == [3, 4, 5]
    assert [one.sequence for one in recorder.heard(site="b002")] == [2, 4]


def test_the_newest_state_is_the_one_with_the_higher_number() -> None:
    """Not the one that came last, nor the one with the later time."""
    recorder = AlertRecorder(State.open("sqlite://"))
    recorder.hear(ROOT, state_pack(9, "cleared", time_ms=1_000), 10_000)
    recorder.hear(ROOT, state_pack(8, "called", time_ms=2_000), 20_000)
    newest = recorder.newest("b001", "cord")
    assert newest is not None
    assert newest.state == "cleared"
    assert recorder.newest("b001", "other") is None


def test_what_is_old_goes_but_the_newest_state_stays() -> None:
    """400 days; a door that was never touched since keeps its state."""
    recorder = AlertRecorder(State.open("sqlite://"))
    recorder.hear(ROOT, state_pack(1, "open", kind="door", point="door", time_ms=0), DAY_MS)
    recorder.hear(ROOT, state_pack(2, "called", time_ms=0), DAY_MS)
    recorder.hear(ROOT, state_pack(3, "cleared", time_ms=0), DAY_MS * 2)
    recorder.hear(ROOT, state_pack(4, "called", time_ms=0), DAY_MS * 500)
    assert [one.sequence for one in recorder.heard()] == [1, 3, 4]
    assert recorder.expire(DAY_MS * 400) == 1
    assert [one.sequence for one in recorder.heard()] == [1, 4]


def test_live_air_is_counted() -> None:
    """And nothing of it is kept."""
    recorder = AlertRecorder(State.open("sqlite://"))
    recorder.see(ROOT, air_pack(1, time_ms=0), 0)
    assert recorder.seen == 1
    assert recorder.heard() == []
