"""A dead Pi's journal goes out from the new one, under its own pairs, whatever the card has suffered."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from agent import config as configuration
from agent.adopting import Adopted, adopt_journal
from agent.care import care_file
from agent.cli import main
from agent.errors import ConfigurationError
from telemetry.readings import Declaration, declaration_of
from tests.agent.journals import Machine, Wire, packs_of

HEAD = 'region = "north"\nsite = "site-a"\nagent = "pi"\n[clock]\ntrust = "always"\n'


class Branch:
    """An old Pi that was killed with packs it owes, and the new one's configuration."""

    def __init__(self, folder: Path) -> None:
        (folder / "old").mkdir()
        (folder / "new").mkdir()
        self.old = Machine(folder / "old", can_lose_power=False)
        self.new = Machine(folder / "new", seed=2, can_lose_power=False)
        self.file = folder / "agent.toml"
        self.file.write_text(HEAD + f'[journal]\npath = "{self.new.path}"\n', encoding="utf-8")
        self.declared: list[Declaration | None] = []

    def die(self, packs: int = 40) -> list[tuple[str, int]]:
        """The old agent measures, one pack is receipted, a cord is pulled, and it is killed; the pairs it owes."""
        journal = self.old.open()
        wire = Wire(journal, self.old.clock)
        rows = []
        for number in range(packs):
            self.old.clock.advance(30)
            rows.append(wire.add_air(co2_ppm=500.0 + number))
        wire.receipt(rows[0])
        rows.append(wire.add_state("called"))
        journal.commit()
        # Closing folds the log into the file; a killed process does not.
        left = {path: path.read_bytes() for path in self.old.folder.iterdir()}
        self.old.kill()
        for path, body in left.items():
            path.write_bytes(body)
        return [(row.journal, row.sequence) for row in rows[1:]]

    def adopt(self) -> Adopted:
        """As the command does, on the test's clock."""
        return adopt_journal(configuration.load(self.file), self.old.path, clock=self.new.clock)

    def goes_out(self) -> list[tuple[str, int]]:
        """The pairs that the new agent sends."""
        self.new.clock.advance(100_000)
        journal = self.new.open()
        wire = Wire(journal, self.new.clock, backlog_window=5_000)
        sent = []
        for _ in range(5):
            sent += packs_of(wire.poll())
            self.new.clock.advance(1)
        self.declared = [declaration_of(pack) for pack in sent if pack.is_declaration]
        journal.close()
        return sorted({(pack.journal, pack.sequence) for pack in sent if not pack.is_declaration})


@pytest.fixture
def branch(tmp_path: Path) -> Branch:
    """One."""
    return Branch(tmp_path)


def test_what_a_killed_agent_owes_goes_out_under_its_own_pairs(branch: Branch) -> None:
    """Not what was receipted; the call that stood still stands; a second time changes nothing."""
    owed = branch.die()
    before = branch.old.path.read_bytes()
    assert branch.adopt().packs == len(owed)
    again = branch.adopt()
    assert (again.packs, again.known) == (0, len(owed))
    assert branch.old.path.read_bytes() == before
    assert branch.goes_out() == sorted(owed)
    journal = branch.new.open()
    last = journal.last_state("cord")
    assert last is not None
    assert last.value_of("state") == "called"
    row = journal.add_state("cord", "toilet", "call-toilet", True, "cleared")
    assert row is not None
    assert row.sequence > max(number for _journal, number in owed)
    journal.close()


def test_a_torn_log_gives_what_was_whole(branch: Branch) -> None:
    """The end of the log is garbage, as a card leaves it whose power went: what stands before it goes out."""
    owed = branch.die()
    wal = branch.old.path.with_name(branch.old.path.name + "-wal")
    body = wal.read_bytes()
    wal.write_bytes(body[: len(body) * 2 // 3] + b"\xa5" * 5_000)
    done = branch.adopt()
    sent = branch.goes_out()
    assert len(sent) == done.packs
    assert set(sent) <= set(owed)
    # What may have been lost is declared: the old agent had noted no orderly end.
    assert {one.reason for one in branch.declared if one} == {"corrupt"}


def test_a_damaged_page_takes_only_its_own(branch: Branch) -> None:
    """Most goes out; what cannot be read is counted and declared."""
    owed = branch.die(packs=1_500)
    with sqlite3.connect(branch.old.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'packs'").fetchone()
    connection.close()
    body = bytearray(branch.old.path.read_bytes())
    # A leaf of the packs: a table's leaf begins with 13 (SQLite's file format, section 1.6); the last but some.
    leaves = [at for at in range(4096 * root, len(body), 4096) if body[at] == 13]
    at = leaves[len(leaves) // 2]
    body[at : at + 4096] = b"\xff" * 4096
    branch.old.path.write_bytes(body)
    done = branch.adopt()
    assert 0 < done.unreadable < len(owed) // 4
    assert done.packs > len(owed) // 2
    sent = branch.goes_out()
    assert len(sent) == done.packs
    assert set(sent) <= set(owed)
    assert branch.declared


def test_what_cannot_be_adopted_is_said(branch: Branch, tmp_path: Path) -> None:
    """No file, no journal, another branch's, one's own; nothing of the new journal changes."""
    branch.die()
    config = configuration.load(branch.file)
    with pytest.raises(ConfigurationError, match="no such file"):
        adopt_journal(config, tmp_path / "none")
    noise = tmp_path / "noise"
    noise.write_bytes(b"no journal at all" * 1_000)
    with pytest.raises(ConfigurationError, match="nothing was taken"):
        adopt_journal(config, noise)
    branch.file.write_text(branch.file.read_text().replace("site-a", "site-b"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"is of .*site-a.*nothing was taken"):
        branch.adopt()
    assert not branch.new.path.exists()
    branch.new.open().close()
    with pytest.raises(ConfigurationError, match="own journal"):
        adopt_journal(config, branch.new.path)


def test_the_words(branch: Branch, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer as a sentence and as JSON."""
    owed = branch.die()
    words = ["adopt-journal", str(branch.old.path), "--config", str(branch.file)]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith(f"{len(owed)} packs taken over; they go out when the agent runs")
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["known"] == len(owed)


def test_what_root_takes_over_is_the_folders_owners(tmp_path: Path) -> None:
    """`sudo openhall-agent adopt-journal` before the first start must not lock the agent's own user out."""
    branch = Branch(tmp_path)
    branch.die()
    care_file(branch.old.path).write_text("{}", encoding="utf-8")
    owner = 65_534 if os.geteuid() == 0 else os.geteuid()
    if os.geteuid() == 0:
        os.chown(branch.new.folder, owner, owner)
    branch.adopt()
    made = {file.name: file.stat().st_uid for file in branch.new.folder.iterdir()}
    assert {branch.new.path.name, care_file(branch.new.path).name} <= made.keys()
    assert set(made.values()) == {owner}
