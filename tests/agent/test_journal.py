"""Rules 1, 3, 7 and 9 of the journal, and that it refuses a second value for one time."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.journal import Journal
from agent.journal_rows import Label, Value, body_of, values_of
from telemetry.ids import is_journal_id
from telemetry.ranges import RangeSet
from telemetry.readings import MAX_SEQUENCE, Flag
from telemetry.topics import Root
from tests.agent.journals import ROOT, Machine, held_of, until

DAY_S = 86_400.0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A branch's machine."""
    return Machine(tmp_path)


def air(journal: Journal, co2_ppm: float = 500.0, **more: object) -> int:
    """The number of a new reading."""
    row = journal.add_air("hall-air", "hall", {"co2_ppm": co2_ppm}, **more)  # type: ignore[arg-type]
    assert row is not None
    return row.sequence


# -- rule 1 ------------------------------------------------------------------------------------------------------------


def test_every_opening_draws_a_new_id(machine: Machine) -> None:
    """Packs carry the id of the opening that journalled them, for ever."""
    first = machine.open()
    old = first.add_air("hall-air", "hall", {"co2_ppm": 500.0})
    first.close()
    machine.clock.advance(1.0)
    second = machine.open()
    new = second.add_air("hall-air", "hall", {"co2_ppm": 501.0})
    assert old is not None
    assert new is not None
    assert is_journal_id(first.id)
    assert first.id != second.id
    assert new.journal == second.id
    again = second.row(old.sequence)
    assert again is not None
    assert again.journal == first.id


def test_a_new_journal_starts_at_the_time(machine: Machine) -> None:
    """The first number of all is the Unix time in milliseconds."""
    assert air(machine.open()) == round(machine.clock.now() * 1000)


def test_numbers_grow_by_one_without_gaps(machine: Machine) -> None:
    """Within an opening there is no number that was not used: a gap would be taken for a loss."""
    journal = machine.open(block=8)
    numbers = [air(journal, 400.0, time_ms=1_700_000_000_000 + n) for n in range(50)]
    assert numbers == list(range(numbers[0], numbers[0] + 50))


def test_a_clean_end_leaves_no_gap_and_declares_nothing(machine: Machine) -> None:
    """After an orderly end the counter goes on where it was."""
    journal = machine.open()
    last = air(journal)
    journal.close()
    again = machine.open()
    assert again.owed.notes(0, 10) == []
    machine.clock.advance(1.0)
    assert air(again) == last + 1


@pytest.mark.parametrize("end", ["kill", "power"])
def test_no_number_comes_twice_after_a_crash(machine: Machine, end: str) -> None:
    """Numbers that a power cut took with their rows are never used again."""
    used: set[int] = set()
    for _ in range(5):
        journal = machine.open(block=4)
        for n in range(7):
            machine.clock.advance(0.1)
            number = air(journal, 400.0 + n)
            assert number not in used
            used.add(number)
        machine.cut_power() if end == "power" else machine.kill()


def test_a_lost_journal_starts_above_the_note(machine: Machine) -> None:
    """Without the file the note beside it keeps numbers from coming again, even where the clock went back."""
    journal = machine.open()
    last = air(journal)
    machine.kill()
    machine.path.unlink()
    machine.clock.wall_s -= 1000 * DAY_S
    assert air(machine.open()) > last


def test_a_lost_note_and_journal_start_at_the_time(machine: Machine) -> None:
    """With neither, the time in milliseconds is above any number that packs slower than one a millisecond used."""
    journal = machine.open()
    last = air(journal)
    machine.kill()
    for path in machine.folder.iterdir():
        path.unlink()
    machine.clock.advance(10.0)
    assert air(machine.open()) == round(machine.clock.now() * 1000) > last


def test_what_a_power_cut_took_is_declared(machine: Machine) -> None:
    """The numbers between the last row and the end of what was reserved are declared as lost, reason corrupt."""
    journal = machine.open()
    kept = air(journal)
    journal.sync()
    machine.clock.advance(1.0)
    lost = air(journal)
    machine.cut_power()
    machine.clock.advance(30.0)
    again = machine.open()
    assert again.row(lost) is None
    [number] = again.owed.notes(0, 10)
    note = again.row(number)
    assert note is not None
    text = str(note.values[0].value)
    assert f'"first":{kept + 1}' in text
    assert '"reason":"corrupt"' in text
    assert f'"journal":"{journal.id}"' in text
    assert again.id == note.journal != journal.id


def test_a_pack_keeps_root_and_labels(machine: Machine) -> None:
    """A branch that is renamed still sends old packs under their old topic; the answers come there too."""
    journal = machine.open()
    number = air(journal)
    journal.close()
    machine.root = Root("south", "site-b", "pi")
    again = machine.open()
    row = again.row(number)
    assert row is not None
    assert (row.root, row.room, row.point) == (ROOT, "hall", "hall-air")
    assert again.roots == [ROOT, machine.root]


# -- a second value ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [True, False])
def test_an_identical_repeat_is_ignored(machine: Machine, written: bool) -> None:
    """The same value of a quantity, point and millisecond is journalled once."""
    journal = machine.open()
    air(journal, 500.0, time_ms=1_700_000_000_000)
    if written:
        journal.commit()
    assert journal.add_air("hall-air", "hall", {"co2_ppm": 500.0}, time_ms=1_700_000_000_000) is None
    assert (journal.counters.repeated, journal.counters.refused) == (1, 0)
    assert journal.unreceipted_count == 1


@pytest.mark.parametrize("written", [True, False])
def test_a_second_value_is_refused(machine: Machine, written: bool) -> None:
    """Another value for the same quantity, point and millisecond is refused and counted; what is new stays."""
    journal = machine.open()
    air(journal, 500.0, time_ms=1_700_000_000_000)
    if written:
        journal.commit()
    both = journal.add_air("hall-air", "lobby", {"co2_ppm": 501.0, "temperature_c": 20}, time_ms=1_700_000_000_000)
    assert both is not None
    assert both.values == (Value("temperature_c", 20.0),)
    assert (journal.counters.repeated, journal.counters.refused) == (0, 1)
    elsewhere = journal.add_air("back-air", "hall", {"co2_ppm": 501.0}, time_ms=1_700_000_000_000)
    assert elsewhere is not None


def test_what_the_wire_would_refuse_is_not_journalled(machine: Machine) -> None:
    """A value that is not finite or of no quantity goes; the others of the same reading stay."""
    journal = machine.open()
    row = journal.add_air("hall-air", "hall", {"co2_ppm": float("nan"), "smell": 3.0, "humidity_pct": 40.0})
    assert row is not None
    assert [value.name for value in row.values] == ["humidity_pct"]
    assert journal.counters.malformed == 2
    with pytest.raises(ValueError, match="point 'Hall'"):
        journal.add_air("Hall", "hall", {"co2_ppm": 1.0})
    with pytest.raises(ValueError, match="called, cleared or test"):
        journal.add_state("cord", "wc", "call-toilet", True, "open")
    with pytest.raises(ValueError, match="state"):
        journal.add_state("door", "wc", "door", True, "Wide open")


@given(
    st.dictionaries(
        st.sampled_from(["co2_ppm", "temperature_c", "humidity_pct"]),
        st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.sets(st.sampled_from(list(Flag)))),
        min_size=1,
    )
)
def test_values_come_back_as_they_went_in(given_values: dict[str, tuple[float, set[Flag]]]) -> None:
    """The form in the file loses no bit and no flag."""
    values = tuple(
        Value(name, number, tuple(flag for flag in Flag if flag in flags))
        for name, (number, flags) in given_values.items()
    )
    label = Label(root=ROOT, point="p", room="r", kind="", names=tuple(given_values))
    assert values_of(body_of(values), label.names) == values


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x91\xc0", b"\x92\x01", b"\x92\x91\x01\x01", b"\x80"])
def test_a_damaged_body_is_an_error_and_no_value(body: bytes) -> None:
    """What is not a body raises; it never becomes a value."""
    with pytest.raises(ValueError, match="values"):
        values_of(body, ("co2_ppm",))


# -- rules 3 and 9 -----------------------------------------------------------------------------------------------------


def test_a_receipted_pack_stays_until_keep_days(machine: Machine) -> None:
    """A receipt permits to forget; forgotten is after seven days, and only what has its receipt."""
    journal = machine.open()
    old = air(journal, 500.0)
    machine.clock.advance(60.0)
    owed = air(journal, 501.0)
    journal.receipt(journal.id, [(old, old)])
    assert journal.unreceipted_count == 1
    machine.clock.advance(7 * DAY_S - 120.0)
    assert journal.expire() == 0
    assert old in held_of(journal)
    machine.clock.advance(200.0)
    assert journal.expire() == 1
    assert held_of(journal) == RangeSet([(owed, owed)])
    assert journal.row(old) is None
    assert journal.counters.expired == 1


def test_expiry_passes_what_is_still_owed(machine: Machine) -> None:
    """Thousands of old packs without a receipt do not keep the receipted behind them."""
    journal = machine.open(max_mb=64.0)
    owed = [air(journal, 400.0, time_ms=1_700_000_000_000 + n) for n in range(2_500)]
    done = [air(journal, 401.0, time_ms=1_701_000_000_000 + n) for n in range(500)]
    journal.receipt(journal.id, [(done[0], done[-1])])
    machine.clock.advance(8 * DAY_S)
    assert sum(journal.expire() for _ in range(3)) == 500
    assert held_of(journal) == RangeSet([(owed[0], owed[-1])])


def test_the_newest_state_never_expires(machine: Machine) -> None:
    """Rule 7 needs a point's last state for ever."""
    journal = machine.open()
    first = journal.add_state("door", "hall", "door", True, "open")
    second = journal.add_state("door", "hall", "door", True, "closed")
    assert first is not None
    assert second is not None
    journal.receipt(journal.id, [(first.sequence, second.sequence)])
    machine.clock.advance(30 * DAY_S)
    assert journal.expire() == 1
    journal.close()
    assert machine.open().last_state("door") is not None


def test_a_receipt_for_an_unknown_journal_is_ignored(machine: Machine) -> None:
    """A receipt that names another opening's id does not touch the same numbers here."""
    journal = machine.open()
    number = air(journal)
    journal.receipt("somebody-else", [(number, number)])
    assert journal.unreceipted_count == 1
    assert journal.counters.unknown_receipts == 1


def test_a_receipt_counts_for_its_own_opening_only(machine: Machine) -> None:
    """A range wider than what one opening journalled does not reach into another's."""
    first = machine.open()
    old = air(first)
    first.close()
    second = machine.open()
    machine.clock.advance(1.0)
    new = air(second)
    second.receipt(first.id, [(1, MAX_SEQUENCE)])
    rows = [second.row(number) for number in (old, new)]
    assert [row.receipted for row in rows if row] == [True, False]


def test_heard_frees_nothing(machine: Machine) -> None:
    """A call that head office knows of is still owed until its receipt."""
    journal = machine.open()
    call = journal.add_state("cord", "toilet", "call-toilet", True, "called")
    assert call is not None
    journal.heard(journal.id, [(call.sequence, call.sequence)])
    assert journal.owed.unheard_calls(0, 10) == []
    assert journal.unreceipted_count == 1
    assert journal.owed.facility(0, 10) == [call.sequence]


def test_receipts_survive_the_process(machine: Machine) -> None:
    """What was receipted and committed is not owed after a restart."""
    journal = machine.open()
    number = air(journal)
    journal.receipt(journal.id, [(number, number)])
    journal.commit()
    machine.kill()
    again = machine.open()
    row = again.row(number)
    assert row is not None
    assert row.receipted


def test_a_receipt_for_everything_is_taken_in_parts(machine: Machine) -> None:
    """A range over the whole journal is one message; it is written in transactions that stay small."""
    journal = machine.open(max_mb=64.0)
    numbers = [air(journal, 400.0, time_ms=1_700_000_000_000 + n) for n in range(12_000)]
    journal.receipt(journal.id, [(1, MAX_SEQUENCE)])
    assert journal.owed.air(0, 10) == []
    commits = sum(1 for _ in until(lambda: not journal.unreceipted_count))
    assert 1 <= commits <= 3
    assert held_of(journal) == RangeSet([(numbers[0], numbers[-1])])


def test_resend_takes_receipts_back(machine: Machine) -> None:
    """What a restored store asks for is owed again until it is receipted again; what is gone is named."""
    journal = machine.open()
    numbers = [air(journal, 400.0 + n, time_ms=1_700_000_000_000 + n) for n in range(10)]
    journal.receipt(journal.id, [(numbers[0], numbers[-1])])
    assert journal.unreceipted_count == 0
    answer = journal.resend(journal.id, [(numbers[2] - 100, numbers[4])])
    assert answer.sent == 5
    assert answer.missing == [(numbers[2] - 100, numbers[0] - 1)]
    assert journal.unreceipted_count == 5
    assert journal.take_hurried().spans() == [(numbers[0], numbers[4])]
    assert journal.counters.resent == 5
    stranger = journal.resend("unknown", [(5, 9)])
    assert (stranger.sent, stranger.missing) == (0, [(5, 9)])


def test_resend_by_time(machine: Machine) -> None:
    """`from` is included, `to` is not, and points are all of them."""
    journal = machine.open()
    numbers = [air(journal, 400.0 + n, time_ms=1_700_000_000_000 + 1000 * n) for n in range(10)]
    other = journal.add_air("back-air", "back", {"co2_ppm": 1.0}, time_ms=1_700_000_004_000)
    assert other is not None
    journal.receipt(journal.id, [(numbers[0], other.sequence)])
    assert journal.resend_between(1_700_000_003_000, 1_700_000_005_000).sent == 3
    assert journal.owed.air(0, 99) == [numbers[3], numbers[4], other.sequence]


def test_a_late_receipt_does_not_undo_a_resend_that_waits(machine: Machine) -> None:
    """A receipt after the resend counts, one before it does not."""
    journal = machine.open()
    number = air(journal)
    journal.receipt(journal.id, [(number, number)])
    journal.resend(journal.id, [(number, number)])
    assert journal.owed.air(0, 9) == [number]
    journal.receipt(journal.id, [(number, number)])
    assert journal.owed.air(0, 9) == []
    assert journal.unreceipted_count == 0


def test_held_lists_all_receipted_or_not(machine: Machine) -> None:
    """Every number that the journal has is in `held`, under its own opening."""
    journal = machine.open()
    first = [air(journal, 400.0 + n, time_ms=1_700_000_000_000 + n) for n in range(5)]
    journal.receipt(journal.id, [(first[0], first[2])])
    journal.close()
    again = machine.open()
    second = air(again)
    assert again.held() == {journal.id: [(first[0], first[4])], again.id: [(second, second)]}


def test_held_is_capped_at_32_ranges(machine: Machine) -> None:
    """Up to 32 ranges are listed, beyond that one span from lowest to highest."""
    journal = machine.open()
    numbers = [air(journal, 400.0, time_ms=1_700_000_000_000 + n) for n in range(66)]
    assert len(numbers) == 66
    machine.clock.advance(8 * DAY_S)
    for count, lone in ((32, numbers[1:62:2]), (33, numbers[63:64])):
        journal.receipt(journal.id, [(number, number) for number in lone])
        journal.expire()
        if count == 32:
            assert len(journal.held()[journal.id]) == 32
        else:
            assert journal.held()[journal.id] == [(numbers[0], numbers[-1])]


# -- rule 7 ------------------------------------------------------------------------------------------------------------


def test_a_state_that_does_not_differ_is_not_journalled(machine: Machine) -> None:
    """Not in one run, and not after a restart: a latched cord calls once, and a standing call stands."""
    journal = machine.open()
    assert journal.add_state("cord", "toilet", "call-toilet", True, "called") is not None
    assert journal.add_state("cord", "toilet", "call-toilet", True, "called") is None
    machine.kill()
    again = machine.open()
    assert again.add_state("cord", "toilet", "call-toilet", True, "called") is None
    row = again.add_state("cord", "toilet", "call-toilet", True, "cleared")
    assert row is not None
    assert again.last_state("cord") == row
    assert again.add_state("cord", "toilet", "call-toilet", False, "cleared") is not None
    assert again.add_state("cord", "toilet", "call-toilet", False, "cleared", "cut") is not None


def test_a_state_is_on_the_disk_when_it_is_journalled(machine: Machine) -> None:
    """A button press goes to the disk before the network: a power cut at once does not take it."""
    journal = machine.open()
    call = journal.add_state("cord", "toilet", "call-toilet", True, "called")
    assert call is not None
    machine.cut_power()
    assert machine.open().last_state("cord") is not None


def test_the_newest_state_is_the_highest_number_whatever_the_time(machine: Machine) -> None:
    """A clock that was set back does not make an old state the newest."""
    journal = machine.open()
    journal.add_state("door", "hall", "door", True, "open")
    machine.clock.wall_s -= 3600.0
    journal.add_state("door", "hall", "door", True, "closed")
    journal.close()
    last = machine.open().last_state("door")
    assert last is not None
    assert last.value_of("state") == "closed"


def test_two_states_of_one_millisecond_get_two_times(machine: Machine) -> None:
    """In a store they would be one point."""
    journal = machine.open()
    first = journal.add_state("cord", "toilet", "call-toilet", True, "called")
    second = journal.add_state("cord", "toilet", "call-toilet", True, "cleared")
    assert first is not None
    assert second is not None
    assert (first.time_ms or 0) + 1 == second.time_ms


# -- the disk ----------------------------------------------------------------------------------------------------------


def test_air_is_on_the_disk_after_the_interval(machine: Machine) -> None:
    """A power cut takes at most `fsync_interval_s` of air."""
    journal = machine.open(fsync_interval_s=5.0)
    number = air(journal)
    for _ in until(lambda: journal.due() - machine.clock.monotonic() > 5.0):
        machine.clock.advance(max(journal.due() - machine.clock.monotonic(), 0.0))
        journal.tick()
    machine.cut_power()
    assert number in held_of(machine.open())


def test_always_puts_each_pack_on_the_disk(machine: Machine) -> None:
    """With `fsync = "always"` a power cut takes nothing that was journalled."""
    journal = machine.open(fsync="always")
    number = air(journal)
    machine.cut_power()
    assert number in held_of(machine.open())


def test_air_is_in_the_file_after_the_commit_interval(machine: Machine) -> None:
    """The end of the process takes at most `commit_interval_s` of air, and what is taken is declared."""
    journal = machine.open(commit_interval_s=1.0)
    first = air(journal)
    machine.clock.advance(1.0)
    journal.tick()
    second = air(journal)
    machine.kill()
    again = machine.open()
    assert again.row(first) is not None
    assert again.row(second) is None
    assert len(again.owed.notes(0, 9)) == 1


def test_the_rows_without_receipts_are_counted(machine: Machine) -> None:
    """Count and age of what is owed are right through commits, receipts and openings."""
    rng = random.Random(3)
    journal = machine.open()
    owed: dict[int, int] = {}
    assert journal.oldest_unreceipted_ms is None
    for n in range(200):
        machine.clock.advance(1.0)
        number = air(journal, 400.0 + n)
        owed[number] = round(machine.clock.now() * 1000)
        if rng.random() < 0.4:
            done = rng.choice(list(owed))
            del owed[done]
            journal.receipt(
                next(name for name in journal.held() if done in RangeSet(journal.held()[name])), [(done, done)]
            )
        if rng.random() < 0.05:
            journal.close()
            journal = machine.open()
        assert journal.unreceipted_count == len(owed)
        assert journal.oldest_unreceipted_ms == (owed[min(owed)] if owed else None)
