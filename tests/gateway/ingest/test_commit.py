"""What is committed, in which order, and what is said of it."""

import pytest
from structlog.testing import capture_logs

from gateway.errors import StateUnavailable, StoreMisconfigured, StoreUnavailable
from gateway.ingest.dead_letters import dead_letters
from gateway.ingest.ingest import IngestSettings
from gateway.ports import Point
from telemetry import senml
from telemetry.bus import Message
from telemetry.readings import Flag, Pack, Record
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
    assert hall.metric("openhall_readings_stored_total") == 1
    assert hall.metric("openhall_packs_received_total") == 1


def test_packs_of_one_journal_share_a_receipt() -> None:
    """Six packs of a round, out of order, make one receipt with merged ranges."""
    hall = Hall()
    for sequence in (3, 1, 2, 10, 9, 5):
        hall.air(sequence, 600.0 + sequence)
    hall.keep()
    assert [one.ranges for one in hall.receipts()] == [[(1, 3), (5, 5), (9, 10)]]


def test_a_receipt_is_bounded() -> None:
    """2,500 ranges that do not touch make three receipts."""
    hall = Hall()
    for sequence in range(1, 5_001, 2):
        hall.air(sequence)
    hall.keep()
    assert [len(one.ranges) for one in hall.receipts()] == [1_000, 1_000, 500]


def test_a_repeat_is_written_and_receipted_again() -> None:
    """Nothing is told from a repeat but that its receipt was lost; the point stays one."""
    hall = Hall()
    body = senml.encode(hall.air(1, 600.0))
    hall.keep()
    hall.clock.advance(30)
    hall.say(ROOT.readings, body)
    hall.keep()
    assert len(hall.store.fields("air")) == 1
    assert hall.receipted() == [(1, 1), (1, 1)]


def test_a_suspect_reading_has_a_field_of_its_own() -> None:
    """Flags and an implausible value keep a reading out of what a plain query sees; `simulated` does not."""
    hall = Hall()
    hall.air(1, 600.0, flags=(Flag.WARMUP,), age_s=3)
    hall.air(2, 99_000.0, age_s=2)
    hall.air(3, 610.0, flags=(Flag.SIMULATED,), age_s=1)
    hall.keep()
    fields = list(hall.store.fields("air").values())
    assert fields == [{"co2_ppm_suspect": 600.0}, {"co2_ppm_suspect": 99_000.0}, {"co2_ppm": 610.0}]
    assert hall.metric("openhall_readings_suspect_total") == 2


def test_one_pack_may_tell_of_several_times() -> None:
    """Each time becomes a point; a second value for the same time is parked, the first stays."""
    hall = Hall()
    now = hall.now_ms
    values = [(now, 600.0), (now - 1000, 610.0), (now, 999.0)]
    records = tuple(Record(name="co2_ppm", time_ms=at, value=value) for at, value in values)
    pack = Pack(site="b001", point="hall-air", room="hall", journal="j1", sequence=1, records=records)
    hall.say(ROOT.readings, senml.encode(pack))
    hall.keep()
    assert hall.store.fields("air") == {now - 1000: {"co2_ppm": 610.0}, now: {"co2_ppm": 600.0}}
    assert [one.reason for one in dead_letters(hall.state)] == ["senml"]
    assert hall.receipted() == [(1, 1)]


def test_health_is_stored_as_floats_and_not_receipted() -> None:
    """The numbers of health go into `agent`; lists and what is absent do not."""
    hall = Hall()
    hall.health({"j1": [(1, 2)]}, cpu_c=47.5, journal_packs=3, clock_ok=1)
    hall.keep()
    assert list(hall.store.fields("agent").values()) == [{"cpu_c": 47.5, "journal_packs": 3.0, "clock_ok": 1.0}]
    assert all(isinstance(value, float) for fields in hall.store.fields("agent").values() for value in fields.values())
    assert hall.receipts() == []


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
    tags = (("region", "north"), ("site", "b001"), ("room", "toilet"), ("point", "cord"), ("kind", "call-toilet"))
    assert list(hall.store.series["facility", tags].values()) == [{"working": True, "state": "called"}]


def test_a_repeated_call_is_heard_again_and_recorded_once() -> None:
    """`heard` is sent for every repeat, since the first may be lost; the alarm is one."""
    hall = Hall()
    body = senml.encode(hall.cord(7, "called"))
    hall.say(ROOT.facility("cord"), body, retained=True)
    hall.say(ROOT.readings, body)
    assert len(hall.alerts.heard()) == 1
    assert [one.heard for one in hall.receipts()] == [[(7, 7)]] * 3


def test_without_alarm_state_nothing_is_heard_or_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 2: if the alarm's commit fails the pack is as if it had never come; the next sending is taken."""
    hall = Hall()

    def fail(*_arguments: object) -> bool:
        raise StateUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(hall.alerts, "hear", fail)
        body = senml.encode(hall.cord(7, "called"))
    hall.keep()
    assert hall.sent == []
    assert hall.store.fields("facility") == {}
    hall.say(ROOT.readings, body)
    hall.keep()
    assert hall.receipted() == [(7, 7)]


def test_a_state_database_that_fails_costs_nothing_but_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch stays, no receipt goes out; the next round commits it, and the ledger in memory was not ahead."""
    hall = Hall()
    hall.air(1)

    def fail() -> None:
        raise StateUnavailable("locked")

    with monkeypatch.context() as patch:
        patch.setattr(hall.state, "write", fail)
        assert hall.keep() == 0
    assert hall.receipted() == []
    assert 1 not in hall.ingest.ledger.there(ROOT, "j1")
    hall.pass_time(3)
    assert hall.receipted() == [(1, 1)]
    assert 1 in hall.ingest.ledger.there(ROOT, "j1")


def test_waits_grow_and_honour_the_store() -> None:
    """No round is tried before the store's own wait is over; without one the waits double up to a minute."""
    hall = Hall()
    hall.air(1)
    hall.store.refuses = StoreUnavailable("busy", retry_after_s=100.0)
    hall.keep()
    assert hall.ingest.wait_s() == 100.0
    tried = len(hall.store.writes)
    hall.pass_time(99)
    assert len(hall.store.writes) == tried
    hall.store.refuses = StoreUnavailable("busy")
    waits = []
    for _ in range(12):
        hall.clock.advance(hall.ingest.wait_s())
        hall.keep()
        waits.append(hall.ingest.wait_s())
    assert 0.5 <= waits[0] <= 4
    assert all(30 <= wait <= 60 for wait in waits[-3:])
    hall.store.refuses = StoreUnavailable("go away", retry_after_s=1e9)
    hall.clock.advance(60)
    hall.keep()
    assert hall.ingest.wait_s() == 600.0


def test_a_misconfigured_store_is_tried_slowly() -> None:
    """What only a person can mend is not hammered."""
    hall = Hall()
    hall.air(1)
    hall.store.refuses = StoreMisconfigured("401 unauthorized; check $.store.token_file")
    hall.keep()
    assert hall.ingest.wait_s() >= 30
    assert hall.metric("openhall_store_failures_total") == 1


def test_what_the_store_will_never_take_is_parked_alone() -> None:
    """One refused point: its message is parked with the store's words, all others are stored, all are receipted."""
    hall = Hall()
    hall.store.turns_down = lambda point: "field type conflict" if point.fields.get("co2_ppm") == 602.0 else None
    for sequence in (1, 2, 3):
        hall.air(sequence, 600.0 + sequence, age_s=600 * sequence)
    hall.keep()
    assert sorted(fields["co2_ppm"] for fields in hall.store.fields("air").values()) == [601.0, 603.0]
    [letter] = dead_letters(hall.state)
    assert (letter.reason, letter.sequence, letter.site) == ("store-refused", 2, "b001")
    assert "field type conflict" in letter.detail
    assert hall.receipted() == [(1, 3)]
    assert hall.statuses() == {-30: "there", -10: "there"}


def test_lines_older_than_the_bucket_keeps_are_parked_before_the_write() -> None:
    """They are never offered to the store, which would refuse the whole body."""
    hall = Hall(IngestSettings(retention_s=86_400.0))
    hall.air(1, age_s=90_000)
    hall.air(2, age_s=80_000)
    hall.keep()
    written = [point for batch in hall.store.writes for point in batch if point.measurement == "air"]
    assert len(written) == 1
    [letter] = dead_letters(hall.state)
    assert (letter.reason, letter.sequence) == ("store-refused", 1)
    assert hall.receipted() == [(1, 2)]


def test_a_round_is_bounded_and_a_large_pack_goes_in_parts() -> None:
    """No body has more than 5,000 points; a pack of 12,000 times is receipted once all of it is stored."""
    hall = Hall()
    first = hall.now_ms - 12_000_000
    records = tuple(Record(name="co2_ppm", time_ms=first + 1000 * at, value=600.0) for at in range(12_000))
    pack = Pack(site="b001", point="hall-air", room="hall", journal="j1", sequence=1, records=records)
    hall.say(ROOT.readings, senml.encode(pack))
    for sequence in range(2, 102):
        hall.air(sequence, age_s=sequence)
    hall.keep()
    assert max(len(batch) for batch in hall.store.writes) <= 5_000
    assert len(hall.store.fields("air")) == 12_000
    assert hall.receipted()[-1][1] == 101


def test_a_crash_before_the_ledger_repeats_and_a_crash_before_the_receipt_repeats() -> None:
    """Killed between store and ledger, or between ledger and receipt: the agent sends again and gets its receipt."""
    hall = Hall()
    body = senml.encode(hall.air(1))

    class PowerCutError(BaseException):
        pass

    def die(_message: Message) -> None:
        raise PowerCutError

    hall.ingest._committer._publish = die
    with pytest.raises(PowerCutError):
        hall.keep()
    hall.start()
    assert 1 in hall.ingest.ledger.there(ROOT, "j1")
    hall.say(ROOT.readings, body)
    hall.keep()
    assert hall.receipted() == [(1, 1)]
    assert len(hall.store.fields("air")) == 1


def test_a_fault_of_ours_is_contained_to_its_message() -> None:
    """A point that makes the store's adapter fail unexpectedly costs that message; 99 others are kept."""
    hall = Hall()
    honest = hall.store.write

    def faulty(points: list[Point]) -> object:
        if any(point.fields.get("co2_ppm") == 637.0 for point in points):
            raise ZeroDivisionError
        return honest(points)

    hall.store.write = faulty  # type: ignore[assignment]
    for sequence in range(1, 101):
        hall.air(sequence, 600.0 + sequence, age_s=sequence)
    with capture_logs() as logs:
        for _ in range(50):
            hall.ingest.keep()
    assert {one["event"] for one in logs if one["log_level"] == "error"} == {
        "fault of ours in a commit round",
        "this message brings about a fault of ours and is left out",
    }
    assert len(hall.store.fields("air")) == 99
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(1, 36), (38, 100)]
    assert hall.metric("openhall_faults_total", where="keep") >= 1


def test_full_queues_shed_air_and_keep_states() -> None:
    """While the store is down air beyond the bound is shed and counted; states have a share of their own."""
    hall = Hall(IngestSettings(waiting_packs=10, waiting_facility_packs=5))
    hall.store.refuses = StoreUnavailable("down")
    hall.keep()
    for sequence in range(1, 31):
        hall.air(sequence, age_s=sequence)
    for sequence in range(31, 35):
        hall.cord(sequence, "called" if sequence % 2 else "cleared")
    assert hall.metric("openhall_ingest_shed_total", stage="store", share="air") == 20
    assert hall.metric("openhall_ingest_shed_total", stage="store", share="facility") == 0
    hall.store.refuses = None
    hall.pass_time(5)
    assert hall.receipted() == [(1, 10), (31, 34)]


def test_the_inbox_is_bounded_by_count_and_bytes() -> None:
    """`offer` says no when there is no room; facility states, presence and health have room of their own."""
    hall = Hall(IngestSettings(inbox_messages=3, inbox_bytes=1_000_000))
    assert [hall.ingest.offer(ROOT.readings, b"x", False) for _ in range(4)] == [True, True, True, False]
    assert hall.ingest.offer(ROOT.facility("cord"), b"x", False)
    assert hall.ingest.offer(ROOT.health, b"x", False)
    assert hall.metric("openhall_ingest_shed_total", stage="inbox", share="air") == 1
    other = Hall(IngestSettings(inbox_bytes=1_000_000))
    big = b"x" * 600_000
    assert [other.ingest.offer(ROOT.readings, big, False) for _ in range(2)] == [True, False]
