"""What the ledger says of minutes and pairs: there, owed, lost; it heals, it survives, it expires."""

from gateway.ingest.dead_letters import dead_letters
from gateway.ingest.ingest import IngestSettings
from gateway.ingest.ledger import Entry, Ledger
from gateway.ingest.minutes import Interval, Status
from gateway.state.state import State
from telemetry import senml
from telemetry.readings import Declaration
from telemetry.topics import Root
from tests.fakes import FakeClock
from tests.gateway.ingest.hall import ROOT, Hall, air_pack


def test_minutes_with_readings_are_there_and_merge() -> None:
    """Three minutes in a row are one interval, whatever the order of arrival."""
    hall = Hall()
    for sequence, age_s in ((3, 0), (1, 120), (2, 60)):
        hall.air(sequence, age_s=age_s)
        hall.keep()
    minute_ms = hall.now_ms // 60_000 * 60_000
    [interval] = hall.ingest.ledger.intervals("b001", 0, 2**52)
    assert interval == Interval(minute_ms - 120_000, minute_ms + 60_000, Status.THERE)


def test_the_answer_is_cut_to_the_question() -> None:
    """`from` inclusive, `to` exclusive; an empty question has an empty answer."""
    hall = Hall()
    for sequence in range(10):
        hall.air(sequence + 1, age_s=60 * sequence)
    hall.keep()
    now = hall.now_ms
    [interval] = hall.ingest.ledger.intervals("b001", now - 250_000, now - 100_000)
    assert (interval.from_ms, interval.to_ms) == (now - 250_000, now - 100_000)
    assert hall.ingest.ledger.intervals("b001", now, now) == []
    assert hall.ingest.ledger.intervals("nowhere", 0, now) == []


def test_a_gap_in_time_without_a_missing_pair_is_no_interval() -> None:
    """A sensor that reads every ten minutes: nothing is lost between its readings."""
    hall = Hall()
    for sequence in (1, 2, 3):
        hall.air(sequence, age_s=600 * (3 - sequence))
    hall.keep()
    hall.health({"j1": [(1, 3)]})
    assert hall.statuses() == {-20: "there", -10: "there", 0: "there"}


def test_what_is_held_and_not_there_is_owed_between_its_neighbours() -> None:
    """Pair 2 is missing: the minutes from pair 1 to pair 3 are owed, then there once it comes."""
    hall = Hall()
    hall.air(1, age_s=300)
    hall.air(3, age_s=60)
    hall.keep()
    hall.health({"j1": [(1, 3)]})
    assert hall.statuses() == {-5: "there", -4: "owed", -3: "owed", -2: "owed", -1: "there"}
    hall.air(2, age_s=180)
    hall.keep()
    assert hall.statuses() == {-5: "there", -3: "there", -1: "there"}


def test_what_is_neither_held_nor_declared_is_lost_and_heals() -> None:
    """The agent has 1 and 3 and says so; nobody has 2. If it comes all the same, it is there."""
    hall = Hall()
    hall.air(1, age_s=300)
    hall.air(3, age_s=60)
    hall.keep()
    hall.clock.advance(1)
    hall.health({"j1": [(1, 1), (3, 3)]})
    assert hall.statuses()[-3] == "lost unknown"
    assert hall.ingest.ledger.gaps(ROOT, "j1").lost.spans() == [(2, 2)]
    hall.air(2, age_s=181)
    hall.keep()
    assert hall.ingest.ledger.gaps(ROOT, "j1").lost.spans() == []
    assert "lost unknown" not in hall.statuses().values()


def test_a_gap_is_not_lost_before_the_agent_could_speak_of_it() -> None:
    """What came after the last health may have gaps still under way."""
    hall = Hall()
    hall.air(1, age_s=300)
    hall.keep()
    hall.health({"j1": [(1, 1)]})
    hall.clock.advance(10)
    hall.air(3, age_s=0)
    hall.keep()
    assert set(hall.statuses().values()) == {"there"}
    hall.clock.advance(10)
    hall.health({"j1": [(1, 1), (3, 3)]})
    assert "lost unknown" in hall.statuses().values()


def test_a_declared_loss_has_its_reason_and_times() -> None:
    """The minutes the agent names; a minute with another reading stays there."""
    hall = Hall()
    now = hall.now_ms
    hall.air(9, age_s=120)
    hall.declare(
        10, Declaration(journal="j1", reason="disk_full", first=3, last=8, from_ms=now - 240_000, to_ms=now - 60_000)
    )
    hall.keep()
    assert hall.statuses() == {-4: "lost disk_full", -3: "lost disk_full", -2: "there", -1: "lost disk_full"}


def test_what_the_store_has_is_there_whatever_was_declared() -> None:
    """All declared pairs were stored before (the receipt was lost with the journal): nothing is lost."""
    hall = Hall()
    now = hall.now_ms
    hall.air(1, age_s=300)
    hall.air(2, age_s=60)
    hall.declare(
        3, Declaration(journal="j1", reason="corrupt", first=1, last=2, from_ms=now - 300_000, to_ms=now - 60_000)
    )
    hall.keep()
    assert hall.statuses() == {-5: "there", -1: "there"}


def test_a_reason_that_is_none_of_the_four_is_parked() -> None:
    """A declaration says why in the contract's words or says nothing; it is on record, and its pair receipted."""
    hall = Hall()
    now = hall.now_ms
    hall.declare(3, Declaration(journal="j1", reason="moths", first=1, last=2, from_ms=now - 60_000, to_ms=now))
    hall.keep()
    (letter,) = dead_letters(hall.state)
    assert (letter.reason, letter.journal, letter.sequence) == ("senml", "j1", 3)
    assert letter.detail == "dropped_reason 'moths' is none of disk_full, thinned, corrupt, expired"
    assert hall.receipted() == [(3, 3)]
    assert not hall.ingest.ledger.declared(ROOT, "j1")


def test_a_silent_agent_owes_the_minutes_since_its_last_reading() -> None:
    """Known and not online: owed until now; once it is back with nothing missing, they are no interval at all."""
    hall = Hall()
    hall.presence("boot-1")
    hall.air(1)
    hall.keep()
    hall.clock.advance(600)
    assert hall.statuses() == {-10: "there", **dict.fromkeys(range(-9, 1), "owed")}
    hall.health({"j1": [(1, 1)]})
    assert hall.statuses() == {-10: "there"}


def test_a_replay_without_presence_owes_nothing_when_it_ends() -> None:
    """It is known by its packs and health only, and is not expected to go on."""
    hall = Hall()
    root = Root("north", "b001", "pi-1-replay")
    hall.air(1, root=root)
    hall.health({"j1": [(1, 1)]}, root=root)
    hall.keep()
    hall.clock.advance(6_000)
    assert set(hall.statuses().values()) == {"there"}


def test_a_journal_never_heard_of_is_owed_as_a_whole() -> None:
    """From the oldest pack that has no receipt to the agent's word."""
    hall = Hall()
    hall.health({"j9": [(5, 9)]}, journal_oldest=hall.clock.now() - 180)
    assert hall.statuses() == dict.fromkeys(range(-3, 1), "owed")


def test_a_newer_gateway_reads_the_same_ledger() -> None:
    """Everything that was said is said again after a restart, from the state database."""
    hall = Hall()
    now = hall.now_ms
    hall.presence("boot-1")
    hall.air(1, age_s=600)
    hall.air(4, age_s=300)
    hall.declare(
        5, Declaration(journal="j1", reason="thinned", first=2, last=2, from_ms=now - 540_000, to_ms=now - 480_000)
    )
    hall.keep()
    hall.clock.advance(1)
    hall.health({"j1": [(1, 1), (4, 5)]})
    hall.ingest.tick()
    before = hall.ingest.ledger.intervals("b001", 0, 2**52)
    assert {one.status for one in before} == {"there", "lost"}
    hall.start()
    hall.ingest.directory.message(ROOT)
    assert hall.ingest.ledger.intervals("b001", 0, 2**52) == before


def test_totals_count_whole_minutes() -> None:
    """The gauge has every status of the site; sites beyond the bound share one label."""
    hall = Hall(IngestSettings(sites_in_metrics=1))
    other = Root("north", "b002", "pi-9")
    for sequence in range(1, 6):
        hall.air(sequence, age_s=60 * sequence)
        hall.air(sequence, age_s=60 * sequence, root=other)
    hall.keep()
    hall.ingest.tick()
    assert hall.ingest.ledger.totals("b001") == {"there": 5, "owed": 0, "lost": 0}
    assert hall.metric("openhall_ledger_minutes", site="b001", status="there") == 5
    assert hall.metric("openhall_ledger_minutes", site="_others", status="there") == 5


def test_what_is_older_than_it_is_kept_for_is_forgotten() -> None:
    """After 400 days spans and minutes go, and rows of journals of which nothing is left."""
    hall = Hall()
    hall.air(1)
    hall.keep()
    hall.clock.advance(86_400 * 200)
    hall.air(1, journal="j2")
    hall.keep()
    hall.clock.advance(86_400 * 201)
    hall.air(2, journal="j2")
    hall.keep()
    hall.clock.advance(3_601)
    hall.keep()
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == []
    assert hall.ingest.ledger.there(ROOT, "j2").spans() == [(1, 2)]
    assert len(hall.ingest.ledger.intervals("b001", 0, 2**52)) == 2


def test_a_clock_that_jumps_ahead_does_not_wipe_the_ledger() -> None:
    """Ten years ahead for an hour: what is there stays."""
    hall = Hall()
    hall.air(1)
    hall.keep()
    hall.clock.advance(7_200)
    hall.clock.wall_s += 86_400 * 3_650
    hall.keep()
    hall.clock.wall_s -= 86_400 * 3_650
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(1, 1)]


def test_memory_and_ranges_are_bounded() -> None:
    """Many journals and a journal of single numbers: memory is given back, the lowest ranges are forgotten."""
    clock = FakeClock()
    ledger = Ledger(State.open("sqlite://"), clock=clock, journals_in_memory=10, spans_a_journal=100)
    state = ledger._state

    def commit(entries: list[Entry]) -> None:
        plan = ledger.record(entries)
        with state.write() as connection:
            ledger.write(connection, plan)

    for number in range(50):
        commit([Entry(ROOT, f"j{number}", 1, 1, 1)])
    assert len(ledger._journals) <= 12
    assert ledger.there(ROOT, "j0").spans() == [(1, 1)]
    commit([Entry(ROOT, "wild", number * 2, 1, 1) for number in range(1, 500)])
    assert len(ledger.there(ROOT, "wild").spans()) <= 101
    assert 998 in ledger.there(ROOT, "wild")
    assert ledger.spans_forgotten > 0
    ledger.forget()
    assert len(ledger.there(ROOT, "wild").spans()) <= 101


def test_late_air_fills_the_minute_it_belongs_to() -> None:
    """There also when stored late."""
    hall = Hall()
    hall.say(ROOT.readings, senml.encode(air_pack(1, time_ms=hall.now_ms - 86_400_000)))
    hall.keep()
    assert hall.statuses() == {-1440: "there"}


def test_a_site_that_another_one_displaces_keeps_no_label() -> None:
    """Within the bound go the first sites by name; what stood under a label of its own moves to the others."""
    hall = Hall(IngestSettings(sites_in_metrics=1))
    hall.air(1, age_s=60)
    hall.keep()
    hall.ingest.tick()
    assert hall.metric("openhall_ledger_minutes", site="b001", status="there") == 1
    hall.air(1, age_s=60, root=Root("north", "a001", "pi-9"))
    hall.keep()
    hall.clock.advance(10)
    hall.ingest.tick()
    assert hall.metric("openhall_ledger_minutes", site="a001", status="there") == 1
    assert hall.metric("openhall_ledger_minutes", site="_others", status="there") == 1
    assert b'site="b001"' not in hall.metrics.expose()
