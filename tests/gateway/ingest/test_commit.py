"""What is committed, in which order, and what is said of it."""

from gateway.errors import StoreUnavailable
from telemetry.readings import Flag
from tests.gateway.ingest.hall import ROOT, Hall


def test_a_reading_is_stored_and_then_receipted() -> None:
    """No receipt before the commit; the point has the contract's tags and field."""
    hall = Hall()
    hall.air(5, 612.5)
    assert hall.receipted() == []
    assert hall.keep() == 1
    tags = (("region", "north"), ("site", "b001"), ("room", "hall"), ("point", "hall-air"))
    assert hall.store.series["air", tags] == {hall.now_ms: {"co2_ppm": 612.5}}
    assert hall.receipted() == [(5, 5)]
    assert 5 in hall.ingest.ledger.there(ROOT, "j1")


def test_packs_of_one_journal_share_a_receipt() -> None:
    """Ten packs of a round, out of order, make one receipt with merged ranges."""
    hall = Hall()
    for sequence in (3, 1, 2, 10, 9, 5):
        hall.air(sequence, 600.0 + sequence)
    hall.keep()
    assert [one.ranges for one in hall.receipts()] == [[(1, 3), (5, 5), (9, 10)]]


def test_a_suspect_reading_has_a_field_of_its_own() -> None:
    """Flags and an implausible value keep a reading out of what a plain query sees; `simulated` does not."""
    hall = Hall()
    hall.air(1, 600.0, flags=(Flag.WARMUP,), age_s=3)
    hall.air(2, 99_000.0, age_s=2)
    hall.air(3, 610.0, flags=(Flag.SIMULATED,), age_s=1)
    hall.keep()
    fields = list(hall.store.fields("air").values())
    assert fields == [{"co2_ppm_suspect": 600.0}, {"co2_ppm_suspect": 99_000.0}, {"co2_ppm": 610.0}]


def test_a_call_is_heard_while_the_store_is_down() -> None:
    """Alarm state and `heard` never wait for the store; the receipt does."""
    hall = Hall()
    hall.store.refuses = StoreUnavailable("down")
    hall.cord(7, "called")
    assert [one.state for one in hall.alerts.heard()] == ["called"]
    assert [one.heard for one in hall.receipts()] == [[(7, 7)]]
    assert hall.keep() == 0
    assert not hall.ingest.storing
    hall.store.refuses = None
    hall.pass_time(5)
    assert hall.receipted() == [(7, 7)]
    assert hall.ingest.storing
