"""A failure of the store that somebody else met is looked into before the next commit."""

from collections.abc import Callable
from typing import cast

import pytest

from gateway.errors import StoreMisconfigured, StoreUnavailable, StoreWriteOnly
from gateway.ports import Point, ReadingsQuery, Store
from gateway.stores.watched_store import WatchedStore, watched
from tests.fakes import FakeStore
from tests.gateway.ingest.hall import ROOT, Hall

QUERY = ReadingsQuery(site=ROOT.site, point="hall-air", quantity="co2_ppm", from_ms=0, to_ms=2**52)

ASKS: dict[str, Callable[[WatchedStore], object]] = {
    "prove": lambda store: store.prove(["north"]),
    "write": lambda store: store.write([Point("air", (), 1, {"co2_ppm": 1.0})]),
    "marks": lambda store: store.marks(),
    "readings": lambda store: store.readings(QUERY),
    "summaries": lambda store: store.summaries(ROOT.site, 0, 1),
    "counted": lambda store: store.counted(ROOT.site, 0),
    "keeps_ms": lambda store: store.keeps_ms(),
}


class _Answering:
    """Answers whatever it is asked, or refuses."""

    refuses: Exception | None = None

    def __getattr__(self, _name: str) -> Callable[..., str]:
        return self._answer

    def _answer(self, *_args: object) -> str:
        if self.refuses is not None:
            raise self.refuses
        return "an answer"


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_every_failure_puts_it_in_doubt_until_the_marks_are_compared(ask: Callable[[WatchedStore], object]) -> None:
    """Also one that comes while they are being compared; an answer changes nothing."""
    inner = _Answering()
    store = WatchedStore(cast("Store", inner))
    assert ask(store) in ("an answer", None)
    assert not store.is_in_doubt
    inner.refuses = StoreUnavailable("down")
    with pytest.raises(StoreUnavailable):
        ask(store)
    assert store.is_in_doubt
    failures = store.failures
    with pytest.raises(StoreUnavailable):
        ask(store)
    store.settle(failures)
    assert store.is_in_doubt
    store.settle(store.failures)
    assert not store.is_in_doubt


def test_what_it_cannot_do_is_no_failure_and_a_wrong_setting_is_one() -> None:
    """A write-only store is as whole as before it was asked to read."""
    inner = FakeStore()
    store = WatchedStore(inner)
    inner.refuses = StoreWriteOnly("gives nothing back")
    with pytest.raises(StoreWriteOnly):
        store.readings(QUERY)
    assert not store.is_in_doubt
    inner.refuses = StoreMisconfigured("no bucket")
    with pytest.raises(StoreMisconfigured):
        store.readings(QUERY)
    assert store.is_in_doubt


def test_it_is_watched_once() -> None:
    """All who are given it share the one that counts."""
    store = watched(FakeStore())
    assert watched(store) is store
    store.close()


def test_a_loss_that_a_page_of_the_board_met_first_is_found_out() -> None:
    """The store came back empty and failed once, for a reader: the next commit compares before it writes its mark."""
    hall = Hall()
    hall.presence("boot-1")
    for sequence in range(1, 6):
        hall.air(sequence, 600.0 + sequence)
        hall.keep()
        hall.clock.advance(60)
    hall.store.restore()
    hall.store.refuses = StoreUnavailable("connection reset")
    shared = hall.ingest.directory._store
    assert shared is not None
    with pytest.raises(StoreUnavailable):
        shared.readings(QUERY)
    hall.store.refuses = None
    hall.air(6)
    hall.keep()
    assert hall.metric("openhall_store_losses_total") == 1
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(6, 6)]
    assert hall.store.marks() == {"north": 6}
    hall.health({"j1": [(1, 6)]})
    hall.ingest.tick()
    assert [one.ranges for one in hall.commands()] == [[(1, 5)]]


def test_a_failure_within_a_round_stops_its_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Met by another thread after the round began: nothing is written before the marks were compared."""
    hall = Hall()
    hall.presence("boot-1")
    hall.air(1)
    hall.keep()
    hall.store.restore()
    shared = hall.ingest.directory._store
    assert shared is not None
    points = hall.ingest._marks.points

    def meanwhile() -> list[Point]:
        hall.store.refuses = StoreUnavailable("connection reset")
        with pytest.raises(StoreUnavailable):
            shared.readings(QUERY)
        hall.store.refuses = None
        monkeypatch.undo()
        return points()

    monkeypatch.setattr(hall.ingest._marks, "points", meanwhile)
    hall.air(2)
    writes = len(hall.store.writes)
    assert hall.keep() == 0
    assert len(hall.store.writes) == writes
    assert hall.ingest.storing, "a page that waited too long is no reason to call all branches"
    assert hall.keep() == 1
    assert hall.metric("openhall_store_losses_total") == 1
