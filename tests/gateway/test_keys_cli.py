"""Keys are listed, enrolled and revoked from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main
from gateway.ingest.keys import note_seen
from gateway.state.state import State
from telemetry import signing
from telemetry.topics import Root

ONE, TWO, THREE = (Root("north", f"b{number}", "pi-1") for number in (1, 2, 3))
A, B, C = (signing.to_text(bytes([number]) * 32) for number in (1, 2, 3))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gateway that has seen one key each of two agents, and two of a third."""
    path = tmp_path / "gateway.toml"
    url = f"sqlite:///{tmp_path / 'state.sqlite3'}"
    path.write_text(f'gateway = "g"\nregions = ["north"]\n[state]\nurl = "{url}"\n', encoding="utf-8")
    state = State.open(url)
    with state.write() as connection:
        for root, key in ((ONE, A), (TWO, B), (THREE, A), (THREE, C)):
            note_seen(connection, root, key, 1_800_000_000_000)
    state.close()
    return path


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["keys"]
    return found


def test_a_key_is_enrolled_and_revoked(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the record of who decided."""
    words = ("--config", str(config), "north/b1/pi-1", "--by", "ann")
    (one,) = rows(capsys, "keys", "enrol", *words)
    assert (one["agent"], one["key"], one["standing"], one["who"]) == ("north/b1/pi-1", A, "enrolled", "ann")
    (one,) = rows(capsys, "keys", "revoke", *words[:-1], "bob")
    assert (one["standing"], one["who"], one["seen"]) == ("revoked", "bob", 1_800_000_000.0)
    assert main(["keys", "list", "--config", str(config)]) == 0
    assert f"north/b1/pi-1  {A}  revoked" in capsys.readouterr().out


def test_all_are_enrolled_of_whom_there_is_one_key(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two keys one is somebody else's, perhaps: nobody guesses."""
    assert [one["agent"] for one in rows(capsys, "keys", "enrol", "--config", str(config), "--all")] == [
        "north/b1/pi-1",
        "north/b2/pi-1",
    ]
    assert {one["agent"] for one in rows(capsys, "keys", "list", "--config", str(config), "--seen")} == {
        "north/b3/pi-1"
    }
    assert main(["keys", "enrol", "--config", str(config), "--all"]) == 1
    (one,) = rows(capsys, "keys", "enrol", "--config", str(config), "north/b3/pi-1", "--key", C)
    assert one["key"] == C


@pytest.mark.parametrize(
    ("order", "words", "advice"),
    [
        ("enrol", [], "--all"),
        ("enrol", ["north/b1/pi-1", "--all"], "--all"),
        ("enrol", ["north/b3/pi-1"], "--key"),
        ("enrol", ["north/b9/pi-1"], "openhall-agent key"),
        ("enrol", ["b1"], "REGION/SITE/AGENT"),
        ("enrol", ["north/b1/pi-1", "north/b2/pi-1", "--key", A], "one agent"),
        ("enrol", ["north/b1/pi-1", "--key", "x"], "no public key"),
        ("revoke", [], "REGION/SITE/AGENT"),
        ("revoke", ["north/b1/pi-1"], "no enrolled key"),
    ],
)
def test_what_is_not_clear_is_asked(
    config: Path, capsys: pytest.CaptureFixture[str], order: str, words: list[str], advice: str
) -> None:
    assert main(["keys", order, "--config", str(config), *words]) == 2
    assert advice in capsys.readouterr().err
