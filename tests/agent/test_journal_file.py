"""The journal's file: versions, damage, another program, a broken disk."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent import journal_file
from agent.declaring import from_text
from agent.errors import JournalError
from agent.journal import Journal
from agent.journal_errors import (
    JournalCorruptError,
    JournalDiskError,
    JournalFullError,
    JournalInUseError,
    JournalNewerError,
)
from agent.journal_file import Budget, JournalFile
from agent.journal_note import Note, note_path, read_note, write_note
from agent.journal_schema import STEPS
from tests.agent.journals import Machine, held_of


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A branch's machine."""
    return Machine(tmp_path)


def filled(machine: Machine) -> Journal:
    """A journal with ten readings and a call."""
    journal = machine.open()
    for n in range(10):
        journal.add_air("hall-air", "hall", {"co2_ppm": 400.0 + n}, time_ms=1_700_000_000_000 + n)
    journal.add_state("cord", "toilet", "call-toilet", True, "called")
    return journal


def declared(journal: Journal) -> list[tuple[str, str, int, int]]:
    """Journal id, reason, first and last of the declarations that wait."""
    rows = (journal.row(number) for number in journal.owed.notes(0, 99))
    notes = [from_text(str(row.values[0].value)) for row in rows if row is not None]
    return [(note.journal, note.reason, note.first, note.last) for note in notes]


# -- versions ----------------------------------------------------------------------------------------------------------


def test_the_file_says_what_it_is(machine: Machine) -> None:
    """Version and application id stand in its header."""
    filled(machine).close()
    connection = sqlite3.connect(machine.path)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    assert connection.execute("PRAGMA application_id").fetchone() == (0x4F48414A,)
    connection.close()


def test_a_new_file_stands_without_its_log(machine: Machine) -> None:
    """An empty file with a log beside it would be taken for a new one after a power cut, and the log deleted."""
    filled(machine)
    alone = sqlite3.connect(f"{machine.path.as_uri()}?immutable=1", uri=True)
    assert alone.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    assert alone.execute("SELECT count(*) FROM packs").fetchone() == (0,)
    alone.close()


def test_an_older_file_is_upgraded_without_loss(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer program brings the file up and finds all that was there."""
    journal = filled(machine)
    held = journal.held()
    journal.close()
    step = ("ALTER TABLE packs ADD COLUMN weight INTEGER NOT NULL DEFAULT 7",)
    monkeypatch.setattr(journal_file, "STEPS", (*STEPS, step))
    newer = machine.open()
    assert newer.held() == held
    assert newer.unreceipted_count == 11
    assert newer.add_air("hall-air", "hall", {"co2_ppm": 1.0}) is not None
    newer.close()
    connection = sqlite3.connect(machine.path)
    assert connection.execute("SELECT DISTINCT weight FROM packs").fetchall() == [(7,)]
    connection.close()


def test_an_upgrade_that_fails_changes_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps are one transaction."""
    filled(machine).close()
    monkeypatch.setattr(journal_file, "STEPS", (*STEPS, ("CREATE TABLE extra (a)", "CREATE TABLE packs (a)")))
    with pytest.raises(JournalError):
        machine.open()
    monkeypatch.undo()
    journal = machine.open()
    assert journal.unreceipted_count == 11
    journal.close()
    connection = sqlite3.connect(machine.path)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (0,)
    connection.close()


def test_a_newer_file_is_refused_and_left_alone(machine: Machine) -> None:
    """The error names the file, both versions, and what to do; the file is what it was."""
    filled(machine).close()
    connection = sqlite3.connect(machine.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = machine.path.read_bytes()
    with pytest.raises(JournalNewerError, match=r"journal\.db: has version 99, this program knows up to 1; install"):
        machine.open()
    assert machine.path.read_bytes() == before


def test_a_file_in_use_is_refused(machine: Machine) -> None:
    """Two agents on one journal would give the same numbers twice."""
    filled(machine)
    with pytest.raises(JournalInUseError, match="another program has it open"):
        machine.open()


def test_another_process_finds_it_in_use(tmp_path: Path) -> None:
    """The lock holds between processes, and is not lost by syncing."""
    # A machine that can lose its power copies the file, and closing the copy's source drops the locks (fcntl(2)).
    machine = Machine(tmp_path, can_lose_power=False)
    journal = filled(machine)
    journal.sync()
    code = f"import sqlite3; sqlite3.connect({str(machine.path)!r}, timeout=0).execute('SELECT count(*) FROM packs')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "database is locked" in found.stderr


# -- damage ------------------------------------------------------------------------------------------------------------


def zeroed(path: Path) -> None:
    """As SD cards leave files after a power cut."""
    path.write_bytes(bytes(path.stat().st_size))


def truncated(path: Path) -> None:
    """The end is missing."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // 4096 * 4096])


def scribbled(path: Path) -> None:
    """A page in the middle holds something else."""
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = b"\x55" * (len(data) - 4096 * 2)
    path.write_bytes(data)


def foreign(path: Path) -> None:
    """Another program's database."""
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE packs (a)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("damage", [zeroed, truncated, scribbled, foreign])
def test_a_damaged_file_is_set_aside_and_declared(machine: Machine, damage: Callable[[Path], None]) -> None:
    """It is kept under another name, what the note knows is declared as corrupt, and the agent goes on."""
    journal = filled(machine)
    first = min(span[0] for span in journal.held()[journal.id])
    journal.close()
    # The process that wrote this never came to close it: only then the whole file is looked through.
    note = read_note(machine.path)
    assert note is not None
    write_note(machine.path, msgspec.structs.replace(note, clean=False))
    damage(machine.path)
    kept = machine.path.read_bytes()
    again = machine.open()
    assert again.counters.corrupt == 1
    # The header's change counter may have moved; all else is as it was found.
    assert machine.path.with_name("journal.db.corrupt-0001").read_bytes()[4096:] == kept[4096:]
    [(name, reason, low, high)] = declared(again)
    assert (name, reason, low) == (journal.id, "corrupt", first)
    assert high >= first + 10
    machine.clock.advance(1.0)
    row = again.add_air("hall-air", "hall", {"co2_ppm": 1.0})
    assert row is not None
    assert row.sequence > high
    assert again.add_state("cord", "toilet", "call-toilet", True, "called") is not None


def test_after_a_power_cut_the_whole_file_is_looked_through(machine: Machine) -> None:
    """Damage where no start reads would else show months later, when the store asks again."""
    journal = machine.open()
    for n in range(400):
        journal.add_air("hall-air", "hall", {"co2_ppm": 400.0 + n}, time_ms=1_700_000_000_000 + n)
    journal.close()
    data = bytearray(machine.path.read_bytes())
    at = 4096 * (len(data) // 4096 // 2)
    data[at : at + 4096] = b"\x55" * 4096
    machine.path.write_bytes(data)
    JournalFile(machine.path, Budget(4_000_000)).close()
    with pytest.raises(JournalCorruptError, match="is damaged"):
        JournalFile(machine.path, Budget(4_000_000), is_suspect=True)


def test_only_so_many_damaged_files_are_kept(machine: Machine) -> None:
    """The newest three; they take space."""
    for _ in range(5):
        filled(machine).close()
        zeroed(machine.path)
        machine.clock.advance(1.0)
    machine.open()
    assert sorted(path.name[-4:] for path in machine.folder.glob("*.corrupt-????")) == ["0003", "0004", "0005"]


def test_damage_found_while_running_is_survived(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent goes on with a new file and a new id; states and what was not yet written are in it."""
    journal = filled(machine)
    old = journal.id
    machine.clock.advance(1.0)
    waiting = journal.add_air("hall-air", "hall", {"co2_ppm": 77.0})
    assert waiting is not None

    real, calls = JournalFile.write_many, []

    def broken(self: JournalFile, *arguments: object) -> int:
        if not calls:
            calls.append(1)
            raise JournalCorruptError("database disk image is malformed")
        return real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(JournalFile, "write_many", broken)
    assert journal.commit()
    assert journal.counters.corrupt == 1
    assert journal.id != old
    assert journal.row(waiting.sequence) is not None
    assert journal.last_state("cord") is not None
    assert journal.add_state("cord", "toilet", "call-toilet", True, "called") is None
    assert [(name, reason) for name, reason, _, _ in declared(journal)] == [(old, "corrupt")]
    assert set(journal.held()) == {old, journal.id}
    machine.clock.advance(1.0)
    row = journal.add_air("hall-air", "hall", {"co2_ppm": 78.0})
    assert row is not None
    assert row.journal == journal.id
    assert row.sequence > waiting.sequence


def test_a_row_that_cannot_be_read_is_given_up_alone(machine: Machine) -> None:
    """One spoiled row is declared; the others go."""
    filled(machine).close()
    connection = sqlite3.connect(machine.path)
    [(number,)] = connection.execute("SELECT sq FROM packs WHERE class = 3 ORDER BY sq LIMIT 1 OFFSET 4").fetchall()
    connection.execute("UPDATE packs SET body = x'c1c1' WHERE sq = ?", (number,))
    connection.commit()
    connection.close()
    journal = machine.open()
    row = journal.row(number)
    assert row is not None
    assert row.values == ()
    journal.give_up(row)
    assert number not in held_of(journal)
    assert journal.counters.unreadable == 1
    [(_, reason, low, high)] = declared(journal)
    assert (reason, low, high) == ("corrupt", number, number)
    assert journal.unreceipted_count == 11


# -- a broken disk -----------------------------------------------------------------------------------------------------


def test_a_disk_that_refuses_is_waited_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows wait in memory, readable, and are written when the disk takes them again."""
    journal = machine.open()

    def refusing(self: JournalFile) -> None:
        raise JournalDiskError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "transaction", refusing)
        row = journal.add_air("hall-air", "hall", {"co2_ppm": 500.0})
        call = journal.add_state("cord", "toilet", "call-toilet", True, "called")
        assert row is not None
        assert call is not None
        assert not journal.sync()
        assert journal.is_failing
        assert journal.unreceipted_count == 2
        assert journal.owed.air(0, 9) == [row.sequence]
        assert journal.owed.unheard_calls(0, 9) == [call.sequence]
        assert journal.row(call.sequence) == call
        journal.heard(journal.id, [(call.sequence, call.sequence)])
        assert journal.owed.unheard_calls(0, 9) == []
    assert journal.due() <= machine.clock.monotonic() + 5.0
    machine.clock.advance(5.0)
    journal.tick()
    assert not journal.is_failing
    machine.kill()
    assert {row.sequence, call.sequence} <= {n for a, b in held_of(machine.open()) for n in range(a, b + 1)}


def test_memory_is_bounded_while_the_disk_refuses(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest air goes, declared once the disk takes it; calls stay."""
    journal = machine.open()

    def refusing(self: JournalFile) -> None:
        raise JournalDiskError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "transaction", refusing)
        call = journal.add_state("cord", "toilet", "call-toilet", True, "called")
        for n in range(5_000):
            journal.add_air("hall-air", "hall", {"co2_ppm": 1.0}, time_ms=1_700_000_000_000 + n)
        assert held_of(journal).size() <= 2_001
    assert call is not None
    journal.commit()
    held = held_of(journal)
    assert call.sequence in held
    [(_, reason, low, high)] = declared(journal)
    assert (reason, low) == ("disk_full", call.sequence + 1)
    assert high + 1 in held


def test_a_folder_that_is_not_there_is_said_so(machine: Machine) -> None:
    """The error names the file and where to look."""
    machine.folder = machine.folder / "missing"
    with pytest.raises(JournalDiskError, match=r"missing/journal\.db: unable to open database file; look at the disk"):
        machine.open()


def test_every_error_says_what_the_journal_does(tmp_path: Path) -> None:
    """SQLite's codes become our branches."""
    file = JournalFile(tmp_path / "a.db", Budget(4_000_000))
    with pytest.raises(JournalFullError, match="raise max_mb"), file.transaction():
        file._connection.execute("PRAGMA max_page_count = 20")
        while True:
            file.write("INSERT INTO openings (jr) VALUES (hex(randomblob(2000)))")
    with pytest.raises(JournalDiskError), file.transaction():
        file.write("INSERT INTO nowhere VALUES (1)")
    assert file.rows("SELECT count(*) FROM openings") == [(0,)]
    file.close()


# -- the note ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [b"", b"\0" * 100, b"{}", b'{"journal": 3}', "ä".encode("latin-1")])
def test_a_note_that_cannot_be_read_is_as_none(machine: Machine, text: bytes) -> None:
    """The numbers go on above the file's, and above the time."""
    journal = filled(machine)
    machine.kill()
    note_path(machine.path).write_bytes(text)
    again = machine.open()
    row = again.add_air("hall-air", "hall", {"co2_ppm": 1.0})
    assert row is not None
    assert row.sequence > max(span[1] for span in journal.held()[journal.id])


def test_a_note_of_a_newer_program_is_understood(tmp_path: Path) -> None:
    """Fields that are not known pass."""
    path = tmp_path / "journal.db"
    note = Note(journal="j", first=1, reserved=9, clean=True)
    text = msgspec.json.encode(note).replace(b'"clean"', b'"colour":"red","clean"')
    note_path(path).write_bytes(text)
    assert read_note(path) == note


def test_a_note_that_cannot_be_written_stops_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs go on; the numbers are still not used twice after a crash, for they follow the time."""

    def refusing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    journal = machine.open(block=4)
    with monkeypatch.context() as patch:
        patch.setattr("agent.journal_numbers.write_note", refusing)
        numbers = []
        for n in range(50):
            row = journal.add_air("hall-air", "hall", {"co2_ppm": float(n)}, time_ms=1_700_000_000_000 + n)
            assert row is not None
            numbers.append(row.sequence)
        assert journal._store.numbers.failures > 0
    assert numbers == list(range(numbers[0], numbers[0] + 50))
    machine.cut_power()
    machine.clock.advance(10.0)
    row = machine.open(block=4).add_air("hall-air", "hall", {"co2_ppm": 1.0})
    assert row is not None
    assert row.sequence > numbers[-1]
