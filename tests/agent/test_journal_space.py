"""Rule 8: what goes when space runs out, in which order, and that every loss is declared."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.declaring import from_text
from agent.journal import Journal, Row, RowClass
from agent.journal_errors import JournalFullError
from agent.journal_file import JournalFile
from agent.journal_space import Step
from agent.thinning import means_of
from telemetry.ranges import RangeSet
from telemetry.readings import DropReason
from tests.agent.journals import Machine, Wire, drain, held_of, until

START_MS = 1_700_000_000_000 // 600_000 * 600_000
SMALL_MB = 1.0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A branch's machine."""
    return Machine(tmp_path, can_lose_power=False)


def fill(journal: Journal, count: int, *, step_ms: int = 10_000, first: int = 0) -> list[Row]:
    """Air at regular times."""
    rows = []
    for n in range(first, first + count):
        row = journal.add_air("hall-air", "hall", {"co2_ppm": 400.0 + n % 100}, time_ms=START_MS + n * step_ms)
        assert row is not None
        rows.append(row)
    journal.commit()
    return rows


def declared_of(journal: Journal) -> dict[str, RangeSet]:
    """What the declarations in the journal say was dropped, by reason; whatever the journal id."""
    declared: dict[str, RangeSet] = {}
    for number in journal.owed.notes(0, 1_000):
        row = journal.row(number)
        assert row is not None
        dropped = from_text(str(row.values[0].value))
        declared.setdefault(dropped.reason, RangeSet()).add(dropped.first, dropped.last)
    return declared


def levels_of(journal: Journal) -> set[int]:
    """How coarse the air is that is still owed."""
    rows = (journal.row(number) for number in journal.owed.air(0, 100_000))
    return {row.level for row in rows if row is not None}


def test_receipted_packs_go_first_oldest_first_and_without_a_word(machine: Machine) -> None:
    """As long as there is something receipted, nothing else goes."""
    journal = machine.open(max_mb=SMALL_MB)
    rows = fill(journal, 1_000)
    journal.receipt(journal.id, [(rows[0].sequence, rows[-1].sequence)])
    more: list[Row] = []
    for _ in until(lambda: journal.counters.forgotten):
        more += fill(journal, 100, first=1_000 + len(more))
    held = held_of(journal)
    assert held.lowest() == rows[journal.counters.forgotten].sequence
    assert all(row.sequence in held for row in more)
    assert declared_of(journal) == {}
    assert (journal.counters.dropped, journal.counters.thinned) == (0, 0)


def test_then_never_sent_air_is_thinned_to_minutes_then_to_ten(machine: Machine) -> None:
    """Means of a minute first, of ten minutes when that does not help any more; all of it is declared as thinned."""
    journal = machine.open(max_mb=SMALL_MB)
    rows: list[Row] = []
    for _ in until(lambda: journal.counters.means):
        rows += fill(journal, 100, first=len(rows))
    assert levels_of(journal) == {0, 60}
    for _ in until(lambda: 600 in levels_of(journal)):
        rows += fill(journal, 1_000, first=len(rows))
    assert journal.counters.dropped == 0
    gone = RangeSet((row.sequence, row.sequence) for row in rows) - held_of(journal)
    assert gone
    assert not gone - declared_of(journal)["thinned"]


def test_a_mean_says_what_its_readings_said(machine: Machine) -> None:
    """The mean of a minute of known readings, under a pair of its own, sent like other air."""
    journal = machine.open(max_mb=SMALL_MB)
    rows: list[Row] = []
    for _ in until(lambda: journal.counters.means):
        rows += fill(journal, 100, first=len(rows))
    means = [row for number in journal.owed.air(0, 100_000) if (row := journal.row(number)) and row.level == 60]
    first = min(means, key=lambda row: row.moment.ms)
    assert first.moment.ms == START_MS + 1
    assert first.values[0].value == pytest.approx(402.5)
    assert first.sequence > rows[0].sequence
    assert not first.sent


def test_then_sent_air_goes_oldest_first(machine: Machine) -> None:
    """Sent and unreceipted air goes only when never-sent air is as coarse as it gets; it is declared as disk_full."""
    journal = machine.open(max_mb=SMALL_MB)
    sent = fill(journal, 1_000, step_ms=60_000)
    journal.mark_sent(sent)
    count = 1_000
    for _ in until(lambda: journal.counters.dropped, 1_000):
        fill(journal, 100, step_ms=60_000, first=count)
        count += 100
    held = held_of(journal)
    gone = [row for row in sent if row.sequence not in held]
    assert gone
    assert gone == sent[: len(gone)]
    assert declared_of(journal)["disk_full"].spans() == [(gone[0].sequence, gone[-1].sequence)]
    assert 600 in levels_of(journal)


def test_sent_air_goes_before_older_air_that_was_never_sent(machine: Machine) -> None:
    """What was sent may well be in the store; what never was, is nowhere else."""
    journal = machine.open(max_mb=SMALL_MB)
    never = fill(journal, 500, step_ms=601_000)
    sent = fill(journal, 500, step_ms=601_000, first=500)
    journal.mark_sent(sent)
    count = 1_000
    for _ in until(lambda: journal.counters.dropped, 1_000):
        count += len(fill(journal, 100, step_ms=601_000, first=count))
    held = held_of(journal)
    assert all(row.sequence in held for row in never)
    assert sent[0].sequence not in held


def test_in_the_end_means_go_too_and_the_journal_stays_within_its_space(machine: Machine) -> None:
    """However much comes and nobody answers, the newest stays, the size stays, and every loss is declared."""
    journal = machine.open(max_mb=SMALL_MB)
    wire = Wire(journal, machine.clock, connected=False)
    everything: list[Row] = []
    for block in range(60):
        everything += fill(journal, 500, step_ms=601_000, first=block * 500)
        assert journal.size_bytes <= SMALL_MB * 1_000_000
    held = held_of(journal)
    assert everything[-1].sequence in held
    gone = RangeSet((row.sequence, row.sequence) for row in everything) - held
    declared = declared_of(journal)
    assert not gone - declared["disk_full"] - declared.get("thinned", RangeSet())
    assert len(journal.owed.notes(0, 100)) <= 4
    machine.clock.advance(1.0)
    wire.uplink.connected()
    drain(wire)
    assert journal.unreceipted_count == 0


def test_calls_and_newest_states_never_go(machine: Machine) -> None:
    """Calls stay whatever comes; of other points the newest state stays, superseded ones go last and are declared."""
    journal = machine.open(max_mb=SMALL_MB)
    calls = [journal.add_state("cord", "wc", "call-toilet", True, state) for state in ("called", "cleared") * 20]
    doors: list[Row | None] = []
    for _ in until(lambda: journal.counters.dropped and len(doors) % 500 == 0, 20_000):
        n = len(doors)
        machine.clock.advance(1.0)
        doors.append(journal.add_state("door", "hall", "door", True, "open" if n % 2 else "closed", "draught" * 10))
        if n % 100 == 0:
            journal.add_air("hall-air", "hall", {"co2_ppm": float(n)})
    held = held_of(journal)
    assert all(row is not None and row.sequence in held for row in calls)
    assert doors[-1] is not None
    assert doors[-1].sequence in held
    assert journal.size_bytes <= SMALL_MB * 1_000_000
    gone = RangeSet((row.sequence, row.sequence) for row in doors if row is not None) - held
    assert gone
    assert not gone - declared_of(journal)["disk_full"]


def test_an_unheard_call_is_not_forgotten_though_receipted(machine: Machine) -> None:
    """It still has to be repeated until somebody was told."""
    journal = machine.open(max_mb=SMALL_MB)
    call = journal.add_state("cord", "wc", "call-toilet", True, "called")
    newer = journal.add_state("cord", "wc", "call-toilet", True, "cleared")
    assert call is not None
    assert newer is not None
    journal.receipt(journal.id, [(call.sequence, newer.sequence)])
    rows = fill(journal, 1_000)
    journal.receipt(journal.id, [(rows[0].sequence, rows[-1].sequence)])
    count = 1_000
    for _ in until(lambda: journal.counters.forgotten >= 1_000):
        count += len(fill(journal, 100, first=count))
    assert call.sequence in held_of(journal)
    assert journal.owed.unheard_calls(0, 9) == [call.sequence, newer.sequence]


def test_when_calls_alone_fill_it_new_air_is_given_up_and_declared(machine: Machine) -> None:
    """The last space belongs to calls and declarations; a reading that finds none is declared as lost."""
    journal = machine.open(max_mb=SMALL_MB)
    door = journal.add_state("door", "hall", "door", True, "open")
    for n in range(20_000):
        state = "called" if n % 2 else "cleared"
        machine.clock.advance(1.0)
        if journal.add_state("cord", "wc", "call-toilet", True, state, "x" * 190) is None:
            continue
        if n % 50 == 0 and journal._store.file.used_pages > journal._store.file.budget.high_pages:
            break
    row = journal.add_air("hall-air", "hall", {"co2_ppm": 500.0})
    assert row is not None
    journal.commit()
    assert row.sequence not in held_of(journal)
    assert row.sequence in declared_of(journal)["disk_full"]
    call = journal.add_state("cord", "wc", "call-toilet", True, "test")
    assert call is not None
    assert call.sequence in held_of(journal)
    assert door is not None
    assert door.sequence in held_of(journal)
    assert journal.size_bytes <= SMALL_MB * 1_000_000


def test_without_a_clock_air_is_thinned_too(machine: Machine) -> None:
    """A branch that never had the time fills its disk like any other; the declarations wait for the clock."""
    journal = machine.open(max_mb=SMALL_MB, trusted=False)
    begin_s = machine.clock.now()
    for _ in until(lambda: journal.counters.means >= 2_000, 50_000):
        machine.clock.advance(10.0)
        journal.add_air("hall-air", "hall", {"co2_ppm": 500.0})
    assert journal.size_bytes <= SMALL_MB * 1_000_000
    assert journal.owed.notes(0, 9) == []
    journal.trust_clock()
    for _ in until(lambda: journal.due() > machine.clock.monotonic()):
        journal.tick()
    start_ms = round(begin_s * 1000)
    rows = [row for number in journal.owed.notes(0, 99) if (row := journal.row(number))]
    notes = [from_text(str(row.values[0].value)) for row in rows]
    assert notes
    assert all(start_ms <= note.begin.ms <= note.end.ms <= machine.clock.now() * 1000 for note in notes)
    air = [row for number in journal.owed.air(0, 99_999) if (row := journal.row(number))]
    assert all(row.row_class is RowClass.AIR and row.is_timed for row in air)


def test_a_smaller_max_mb_takes_effect(machine: Machine) -> None:
    """A journal that was allowed more is brought down, a part at a time."""
    journal = machine.open(max_mb=8.0)
    rows = fill(journal, 30_000)
    journal.receipt(journal.id, [(rows[0].sequence, rows[-1].sequence)])
    for _ in until(lambda: not journal.unreceipted_count):
        journal.commit()
    journal.close()
    journal = machine.open(max_mb=SMALL_MB)
    for n in range(200):
        fill(journal, 1, first=40_000 + n)
        machine.clock.advance(61.0)
        journal.tick()
    assert journal.size_bytes <= SMALL_MB * 1_000_000


# -- a full disk -------------------------------------------------------------------------------------------------------


@contextmanager
def no_room(monkeypatch: pytest.MonkeyPatch, *, times: int) -> Iterator[list[int]]:
    """The disk is full for the next so many transactions; how many it refused."""
    real = JournalFile.transaction
    refused = [0]

    @contextmanager
    def transaction(self: JournalFile) -> Iterator[None]:
        with real(self):
            yield
            if refused[0] < times:
                refused[0] += 1
                raise JournalFullError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "transaction", transaction)
        yield refused


def test_a_full_disk_loses_nothing_while_something_can_go(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write is repeated once the reserve is given back and room was made."""
    journal = machine.open()
    assert machine.path.with_name("journal.db.reserve").stat().st_blocks > 0
    row = journal.add_air("hall-air", "hall", {"co2_ppm": 500.0})
    assert row is not None
    with no_room(monkeypatch, times=1) as refused:
        assert journal.commit()
    assert refused == [1]
    assert journal.counters.full == 1
    assert journal.row(row.sequence) is not None
    assert not machine.path.with_name("journal.db.reserve").exists()
    machine.clock.advance(61.0)
    journal.tick()
    assert machine.path.with_name("journal.db.reserve").exists()


def test_numbers_of_a_refused_step_are_taken_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Means and declarations that were not written leave no gap, and what they stood for is still there."""
    journal = machine.open()
    rows = fill(journal, 12)
    means = means_of(rows, 60, is_cut=False)
    step = Step([], [row for mean in means for row in mean.replaced], DropReason.THINNED, means)
    store = journal._store
    before = store.numbers.next
    with no_room(monkeypatch, times=1), pytest.raises(JournalFullError):
        store.apply(step)
    assert store.numbers.next == before
    assert held_of(journal).size() == 12
    assert journal.unreceipted_count == 12
    store.apply(step)
    assert store.numbers.next == before + len(means) + 1
    assert held_of(journal).size() == len(means) + 1


def test_numbers_are_not_used_up_by_refused_writes(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that no pack has would be taken for a loss."""
    journal = machine.open(max_mb=SMALL_MB)
    first = fill(journal, 1)[0]
    with no_room(monkeypatch, times=1):
        fill(journal, 3_000, first=1)
    journal.add_state("cord", "wc", "call-toilet", True, "called")
    held, declared = held_of(journal), declared_of(journal)
    last = journal.last_state("cord")
    assert last is not None
    known = held | declared.get("thinned", RangeSet()) | declared.get("disk_full", RangeSet())
    assert not RangeSet([(first.sequence, last.sequence)]) - known


def test_a_disk_that_stays_full_lets_calls_go_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that the disk does not take is sent, repeated and answered from memory, and journalled when it can be."""
    machine = Machine(tmp_path)
    journal = machine.open()
    wire = Wire(journal, machine.clock)
    wire.poll()
    with no_room(monkeypatch, times=10**6):
        call = wire.add_state("called")
        assert journal.is_failing
        assert wire.sent() == [call.sequence]
        assert wire.after(5.0) == [call.sequence]
        wire.receipt(heard=[call])
        assert wire.after(30.0) == []
        assert wire.after(31.0) == [call.sequence]
    machine.clock.advance(10.0)
    journal.tick()
    assert not journal.is_failing
    machine.cut_power()
    reopened = machine.open()
    stored = reopened.row(call.sequence)
    assert stored is not None
    assert stored.heard


def test_air_that_found_no_disk_is_declared(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot wait in memory for ever; what goes is declared as soon as there is room."""
    journal = machine.open()
    with no_room(monkeypatch, times=10**6):
        rows = [journal.add_air("hall-air", "hall", {"co2_ppm": 1.0}, time_ms=START_MS + n) for n in range(10)]
        assert not journal.commit()
    assert held_of(journal).size() == 0
    machine.clock.advance(10.0)
    journal.commit()
    assert rows[0] is not None
    assert rows[-1] is not None
    assert declared_of(journal)["disk_full"].spans() == [(rows[0].sequence, rows[-1].sequence)]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB that is really full when it is full."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=2m tmpfs {folder} 2>/dev/null") != 0:
        pytest.skip("a file system of its own can be mounted by root only")
    try:
        yield folder
    finally:
        os.system(f"umount -l {folder}")


def test_a_disk_filled_by_others_is_survived(machine: Machine, tiny_disk: Path) -> None:
    """Real ENOSPC: what is receipted makes room, a call is journalled, and when the disk is free all goes on."""
    machine.folder = tiny_disk
    journal = machine.open(max_mb=512.0)
    journal.on_sync = None
    rows = fill(journal, 3_000)
    journal.receipt(journal.id, [(rows[0].sequence, rows[-1].sequence)])
    assert journal.unreceipted_count == 0
    other = tiny_disk / "other"
    with other.open("wb", buffering=0) as file, pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        while True:
            file.write(b"x" * 4096)
    late: list[Any] = []
    for n in range(4_000):
        late.append(journal.add_air("hall-air", "hall", {"co2_ppm": 1.0}, time_ms=START_MS + 10**9 + n * 10_000))
        if n % 100 == 0:
            machine.clock.advance(1.0)
            journal.tick()
    call = journal.add_state("cord", "wc", "call-toilet", True, "called")
    assert call is not None
    assert journal.counters.full > 0
    assert journal.row(call.sequence) is not None
    other.unlink()
    machine.clock.advance(10.0)
    assert journal.sync()
    held = held_of(journal)
    assert call.sequence in held
    gone = RangeSet((row.sequence, row.sequence) for row in late) - held
    declared = declared_of(journal)
    assert not gone - declared.get("thinned", RangeSet()) - declared.get("disk_full", RangeSet())
    journal.close()
