"""What the store has counts as there, whatever was declared (rule 8)."""

from pathlib import Path

import pytest

from gateway.errors import StateUnavailable, StoreUnavailable, StoreWriteOnly
from gateway.ingest import second_look
from telemetry.messages import PointInfo
from telemetry.readings import Declaration, DropReason
from tests.gateway.ingest.hall import POINT, ROOT, Hall


def _die_between(hall: Hall, monkeypatch: pytest.MonkeyPatch, sequence: int = 2, value: float = 612.0) -> int:
    """A reading reaches the store, and the gateway dies before its ledger is written; the time of the reading."""
    hall.presence("boot-1")
    hall.air(1, 600.0)
    hall.keep()
    hall.clock.advance(120.0)
    hall.air(sequence, value)
    with monkeypatch.context() as patch:
        patch.setattr(hall.ingest.ledger, "write", _raise(StateUnavailable("killed here, by the test")))
        hall.keep()
    time_ms = hall.now_ms
    assert sequence not in hall.ingest.ledger.there(ROOT, "j1")
    hall.start()
    hall.presence("boot-2")
    return time_ms


def _raise(error: Exception):  # type: ignore[no-untyped-def]
    def refuse(*_args: object, **_more: object) -> None:
        raise error

    return refuse


def _declare_lost(hall: Hall, time_ms: int, first: int = 2, last: int = 10_001, sequence: int = 20_000) -> None:
    """The branch lost power before its journal was on the disk, and gives up what it may have had."""
    hall.clock.advance(60.0)
    lost = Declaration(
        journal="j1", reason=DropReason.CORRUPT, first=first, last=last, from_ms=time_ms - 10_000, to_ms=time_ms + 1_000
    )
    hall.declare(sequence, lost, journal="j2")
    hall.keep()


def test_a_minute_that_the_store_has_is_there_though_its_branch_gave_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway died between store and ledger, and the branch lost the pack with its power."""
    hall = Hall()
    time_ms = _die_between(hall, monkeypatch)
    assert list(hall.store.fields("air").values()) == [{"co2_ppm": 600.0}, {"co2_ppm": 612.0}]
    _declare_lost(hall, time_ms)
    hall.pass_time(5.0)
    assert hall.statuses()[time_ms // 60_000 - hall.now_ms // 60_000] == "there"
    assert hall.metric("openhall_minutes_found_total") == 1
    assert hall.metric("openhall_second_looks") == 0


def test_what_neither_has_stays_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the minutes of which the store has something are there."""
    hall = Hall()
    time_ms = _die_between(hall, monkeypatch)
    for points in hall.store.series.values():
        points.pop(time_ms, None)
    _declare_lost(hall, time_ms)
    hall.pass_time(5.0)
    assert hall.statuses()[time_ms // 60_000 - hall.now_ms // 60_000] == "lost corrupt"
    assert hall.metric("openhall_minutes_found_total") == 0


def test_a_store_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up waits for the store, and holds up nothing that is to be stored."""
    hall = Hall()
    time_ms = _die_between(hall, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(hall.store, "readings", _raise(StoreUnavailable("too slow, by the test")))
        _declare_lost(hall, time_ms)
        hall.pass_time(30.0)
        hall.air(20_001, 620.0, journal="j2")
        hall.keep()
        assert (20_001, 20_001) in hall.receipted("j2")
        assert hall.metric("openhall_second_looks") == 1
    hall.pass_time(30.0)
    assert hall.statuses()[time_ms // 60_000 - hall.now_ms // 60_000] == "there"


def test_a_gateway_that_dies_meanwhile_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was given up within a day before the start is looked up once more."""
    hall = Hall()
    time_ms = _die_between(hall, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(hall.store, "readings", _raise(StoreUnavailable("too slow, by the test")))
        _declare_lost(hall, time_ms)
    hall.start()
    hall.presence("boot-3")
    hall.pass_time(30.0)
    assert hall.statuses()[time_ms // 60_000 - hall.now_ms // 60_000] == "there"


def test_a_store_that_is_only_written_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot say; what was declared stands."""
    hall = Hall()
    time_ms = _die_between(hall, monkeypatch)
    monkeypatch.setattr(hall.store, "readings", _raise(StoreWriteOnly("it gives nothing back")))
    _declare_lost(hall, time_ms)
    hall.pass_time(30.0)
    assert hall.metric("openhall_second_looks") == 0


def test_a_fault_of_ours_is_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, the stretch stays lost, and rounds go on."""
    hall = Hall()
    time_ms = _die_between(hall, monkeypatch)
    monkeypatch.setattr(hall.store, "readings", _raise(ZeroDivisionError("by the test")))
    _declare_lost(hall, time_ms)
    hall.pass_time(30.0)
    assert hall.metric("openhall_faults_total", where="second-look") == 1
    hall.air(20_001, 620.0, journal="j2")
    assert hall.keep() == 1


def test_long_stretches_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that was cut is asked for on, from where it ended."""
    monkeypatch.setattr(second_look, "ROWS_A_LOOK", 3)
    hall = Hall()
    hall.presence("boot-1", points=[PointInfo(point="a", room="hall", quantities=["co2_ppm"]), POINT])
    hall.air(1)
    hall.keep()
    begin_ms = hall.now_ms
    for _ in range(30):
        hall.clock.advance(20.0)
        hall.store.series.setdefault(next(key for key in hall.store.series if key[0] == "air"), {})[hall.now_ms] = {
            "co2_ppm": 500.0
        }
    _declare_lost(hall, (begin_ms + hall.now_ms) // 2, sequence=90_000)
    hall.declare(
        90_001,
        Declaration(journal="j1", reason=DropReason.DISK_FULL, first=2, last=40, from_ms=begin_ms, to_ms=hall.now_ms),
        journal="j2",
    )
    hall.pass_time(60.0)
    assert set(hall.statuses().values()) == {"there", "lost disk_full"}
    assert hall.metric("openhall_minutes_found_total") >= 9


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many stretches the oldest are left out, and a metric says so."""
    monkeypatch.setattr(second_look, "LOOKS_WAITING", 5)
    hall = Hall()
    hall.air(1)
    hall.keep()
    monkeypatch.setattr(hall.store, "readings", _raise(StoreUnavailable("down")))
    for n in range(20):
        _declare_lost(hall, hall.now_ms, first=100 + n, last=100 + n, sequence=200 + n)
    hall.pass_time(10.0)
    assert hall.metric("openhall_second_looks") == 6
    assert hall.metric("openhall_second_looks_left_out") == 13


def test_a_state_database_that_refuses_is_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What was found and could not be written is found again."""
    hall = Hall(state_url=f"sqlite:///{tmp_path / 'state.db'}")
    time_ms = _die_between(hall, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(hall.store, "readings", _raise(StateUnavailable("locked, by the test")))
        _declare_lost(hall, time_ms)
    hall.pass_time(30.0)
    assert hall.statuses()[time_ms // 60_000 - hall.now_ms // 60_000] == "there"
