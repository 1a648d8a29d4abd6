"""Rule 6 in the journal: rows without a trusted clock get their time once, and keep it."""

from pathlib import Path

import pytest

from agent.journal import Journal, Row
from agent.journal_time import BATCH
from agent.journal_upkeep import BATCHES_AT_ONCE
from telemetry.readings import Flag
from tests.agent.journals import Machine, Wire, declarations_of, held_of, until

AT_ONCE = BATCH * BATCHES_AT_ONCE


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A branch's machine."""
    return Machine(tmp_path)


def air(journal: Journal, co2_ppm: float = 500.0, point: str = "hall-air") -> Row:
    """A new reading."""
    row = journal.add_air(point, "hall", {"co2_ppm": co2_ppm})
    assert row is not None
    return row


def again(journal: Journal, row: Row) -> Row:
    """The row as it is now."""
    now = journal.row(row.sequence)
    assert now is not None
    return now


def test_before_trust_a_row_has_no_time(machine: Machine) -> None:
    """Boot and monotonic time stand for it, and it is neither owed as air nor late."""
    journal = machine.open(trusted=False)
    row = air(journal)
    assert row.time_ms is None
    assert (row.moment.boot, row.moment.ms) == ("boot-1", 1_000_000)
    assert journal.owed.air(0, 9) == []
    assert journal.unreceipted_count == 1
    assert journal.oldest_unreceipted_ms is None
    assert held_of(journal).size() == 1


def test_this_boots_rows_get_their_exact_time(machine: Machine) -> None:
    """Wall time is computed from the monotonic time of measuring, however far off the wall clock was then."""
    machine.clock.wall_s = 12_345.0
    journal = machine.open(trusted=False)
    rows = [air(journal, 400.0 + n) for n in range(3) if machine.clock.advance(10.0) is None]
    machine.clock.advance(100.0)
    machine.clock.wall_s = 1_790_000_000.0
    journal.trust_clock()
    times = [again(journal, row).time_ms for row in rows]
    assert times == [1_790_000_000_000 - ago for ago in (120_000, 110_000, 100_000)]
    assert all(not value.flags for row in rows for value in again(journal, row).values)
    assert journal.owed.air(0, 9) == [row.sequence for row in rows]


def test_time_is_computed_once_and_on_the_disk(machine: Machine) -> None:
    """A clock that moves after trust, a power cut at once, another opening: the time stays what it was."""
    journal = machine.open(trusted=False)
    row = air(journal)
    journal.trust_clock()
    placed_ms = again(journal, row).time_ms
    machine.clock.wall_s += 86_400.0
    journal.trust_clock()
    machine.cut_power()
    reopened = machine.open()
    assert again(reopened, row).time_ms == placed_ms


def test_an_earlier_boots_rows_are_placed_before_this_one(machine: Machine) -> None:
    """The last at this boot's start, the others at their recorded spacing, all of them flagged `clock`."""
    journal = machine.open(trusted=False)
    rows = [air(journal, 400.0 + n) for n in range(3) if machine.clock.advance(7.0) is None]
    journal.sync()
    machine.cut_power()
    machine.clock.advance(50.0)
    second = machine.open(trusted=False)
    own = air(second)
    machine.clock.advance(10.0)
    second.trust_clock()
    start_ms = round((machine.clock.now() - machine.clock.monotonic()) * 1000)
    assert [again(second, row).time_ms for row in rows] == [start_ms - 14_000, start_ms - 7_000, start_ms]
    assert all(value.flags == (Flag.CLOCK,) for row in rows for value in again(second, row).values)
    assert again(second, own).time_ms == start_ms + 50_000
    assert again(second, own).values[0].flags == ()


def test_boots_before_that_are_placed_before_each_other(machine: Machine) -> None:
    """Of two boots without a clock the earlier one ends where the later begins."""
    rows = []
    for _ in range(2):
        journal = machine.open(trusted=False)
        machine.clock.advance(5.0)
        rows.append(air(journal))
        journal.sync()
        machine.cut_power()
    journal = machine.open()
    start_ms = round(machine.clock.now() * 1000)
    later_began_ms = start_ms - 5_000
    assert [again(journal, row).time_ms for row in rows] == [later_began_ms, start_ms]


def test_equal_milliseconds_are_set_apart(machine: Machine) -> None:
    """Two rows of one point at one time would be one in the store."""
    journal = machine.open(trusted=False)
    rows = [air(journal, 400.0 + n) for n in range(3)]
    other = air(journal, 400.0, point="back-air")
    journal.trust_clock()
    times = [again(journal, row).time_ms or 0 for row in rows]
    assert times == [times[0], times[0] + 1, times[0] + 2]
    assert again(journal, other).time_ms == times[0]


def test_a_process_of_the_same_boot_knows_the_exact_time(machine: Machine) -> None:
    """An agent that was restarted with the machine running places its rows exactly."""
    journal = machine.open(trusted=False)
    row = air(journal)
    journal.close()
    machine.clock.advance(30.0)
    journal = machine.open(trusted=True)
    assert again(journal, row).time_ms == round(machine.clock.now() * 1000) - 30_000
    assert again(journal, row).values[0].flags == ()


def test_a_receipt_for_a_row_without_time_does_not_free_it(machine: Machine) -> None:
    """Relative packs are not stored: whatever a gateway answers, the pack goes again with its time."""
    journal = machine.open(trusted=False)
    row = air(journal)
    journal.receipt(journal.id, [(row.sequence, row.sequence)])
    journal.commit()
    journal.trust_clock()
    assert journal.owed.air(0, 9) == [row.sequence]


def test_a_state_without_time_is_the_last_one_all_the_same(machine: Machine) -> None:
    """Rule 7 holds before the clock is trusted, and the newest state keeps its time when it gets it."""
    journal = machine.open(trusted=False)
    row = journal.add_state("cord", "toilet", "call-toilet", True, "called")
    assert row is not None
    assert journal.add_state("cord", "toilet", "call-toilet", True, "called") is None
    machine.cut_power()
    journal = machine.open()
    assert journal.add_state("cord", "toilet", "call-toilet", True, "called") is None
    last = journal.last_state("cord")
    assert last is not None
    assert last.is_timed
    assert journal.is_newest(last)


def test_a_large_number_of_rows_gets_its_time_in_parts(machine: Machine) -> None:
    """A journal that was without a clock for a day does not stand still when it gets one."""
    journal = machine.open(trusted=False, max_mb=64.0)
    count = AT_ONCE + 3_000
    for n in range(count):
        journal.add_air("hall-air", "hall", {"co2_ppm": float(n)})
        machine.clock.advance(0.5)
    journal.trust_clock()
    assert len(journal.owed.air(0, 2 * count)) == AT_ONCE
    ticks = 0
    for _ in until(lambda: len(journal.owed.air(0, 2 * count)) == count):
        assert journal.due() <= machine.clock.monotonic()
        journal.tick()
        ticks += 1
    assert ticks == 2
    assert journal.unreceipted_count == count


def test_a_crash_between_the_parts_changes_no_time(machine: Machine) -> None:
    """The start of the boot is fixed before the first row gets its time: the rest follow from it after a restart."""
    journal = machine.open(trusted=False, max_mb=64.0)
    count = AT_ONCE + 10
    rows = [air(journal, float(n)) for n in range(count) if machine.clock.advance(0.5) is None]
    journal.trust_clock()
    first_ms = again(journal, rows[0]).time_ms or 0
    assert not again(journal, rows[-1]).is_timed
    machine.cut_power()
    machine.clock.advance(500.0)
    journal = machine.open()
    assert again(journal, rows[0]).time_ms == first_ms
    assert again(journal, rows[-1]).time_ms == first_ms + 500 * (count - 1)


def test_declarations_wait_for_the_clock(machine: Machine) -> None:
    """What was lost is declared once its time can be told, though the agent ends and begins again before that."""
    journal = machine.open(trusted=False)
    kept = air(journal)
    journal.sync()
    machine.clock.advance(60.0)
    air(journal)
    machine.cut_power()
    machine.clock.advance(5.0)
    journal = machine.open(trusted=False)
    wire = Wire(journal, machine.clock)
    assert wire.poll() == []
    journal.sync()
    machine.kill()
    journal = machine.open(trusted=False)
    wire = Wire(journal, machine.clock)
    assert wire.poll() == []
    machine.clock.advance(5.0)
    journal.trust_clock()
    declared = declarations_of(wire.poll())
    start_ms = round((machine.clock.now() - machine.clock.monotonic()) * 1000)
    first = next(one for one in declared if one.journal == kept.journal)
    assert first.first == kept.sequence + 1
    assert (first.from_ms, first.to_ms) == (start_ms, start_ms)
    assert all(abs(one.to_ms - start_ms) < 60_000 for one in declared)
