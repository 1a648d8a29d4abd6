"""The words of the program: answers, exit codes, and complaints that say where and what to do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from gateway.cli import main
from gateway.ingest.letters import letter, park
from gateway.ports import ReadingsQuery
from gateway.state.state import State
from gateway.stores.sqlite_store import SqliteStore
from telemetry import senml
from telemetry.clock import SystemClock, to_ms
from telemetry.errors import Reason
from telemetry.readings import Pack, Record
from telemetry.topics import Root

ROOT = Root("north", "hall-1", "pi-1")


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """The program sets logging up on the stderr of this test; the next test has another one."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose files lie in the test's folder."""
    file = tmp_path / "gateway.toml"
    file.write_text('gateway = "gw"\nregions = ["north"]\n', encoding="utf-8")
    return file


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """The state database that the configuration names."""
    opened = State.open(f"sqlite:///{tmp_path}/state.sqlite3")
    yield opened
    opened.close()


def pack_body(value: float, *, sequence: int) -> bytes:
    record = Record(name="co2_ppm", time_ms=to_ms(SystemClock().now()) - 1_000, value=value)
    pack = Pack(site="hall-1", point="hall-air", room="hall", journal="j1", sequence=sequence, records=(record,))
    return senml.encode(pack)


def parked(state: State, body: bytes, *, reason: Reason = Reason.JSON, sequence: int = 1, topic: str = "") -> None:
    one = letter(
        topic or ROOT.readings,
        body,
        reason,
        f"by the test {sequence}",
        received_ms=1_700_000_000_123,
        root=ROOT,
        pair=("j1", sequence),
    )
    with state.write() as connection:
        park(connection, [one])


def test_check_config_says_well(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", "--config", str(config)]) == 0
    assert capsys.readouterr().out == f"{config}: well\n"
    assert main(["check-config", "--config", str(config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "problems": []}


def test_check_config_names_every_fault_and_exits_2(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text('gateway = "GW"\nregions = ["north"]\n[http]\nhost = "0.0.0.0"\n', encoding="utf-8")
    assert main(["check-config", "--config", str(config)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "$.gateway" in said.err
    assert "$.http.host" in said.err
    assert "Traceback" not in said.err
    assert main(["check-config", "--config", str(config), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert len(answer["problems"]) == 2


def test_check_config_looks_whether_named_files_are_there(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text("utf-8") + '[http]\ntoken_file = "none"\n', encoding="utf-8")
    assert main(["check-config", "--config", str(config)]) == 2
    assert "$.http.token_file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["run"],
        ["dead-letters"],
        ["dead-letters", "list"],
        ["dead-letters", "list", "--config", "x", "--limit", "0"],
        ["dead-letters", "list", "--config", "x", "--limit", "10001"],
        ["dead-letters", "retry", "--config", "x", "one"],
    ],
)
def test_wrong_words_exit_2_with_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["dead-letters", "--help"], ["--version"]])
def test_help_and_version_exit_0(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out


def test_a_missing_configuration_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (["run"], ["check-config"], ["dead-letters", "list"], ["dead-letters", "retry", "--all"]):
        assert main([*verb, "--config", str(tmp_path / "none.toml")]) == 2
        assert "none.toml" in capsys.readouterr().err


def test_dead_letters_are_listed_as_the_contract_says(
    config: Path, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    parked(state, b"{", sequence=7)
    parked(state, b"[", reason=Reason.SENML, sequence=8)
    assert main(["dead-letters", "list", "--config", str(config), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["next"] is None
    first = answer["dead_letters"][0]
    assert first == {
        "id": first["id"],
        "received": 1_700_000_000.123,
        "topic": "openhall/v1/north/hall-1/pi-1/readings",
        "site": "hall-1",
        "journal": "j1",
        "sequence": 7,
        "reason": "json",
        "detail": "by the test 7",
        "length": 1,
        "sha256": "021fb596db81e6d02bf3d2586ee3981fe519f275c0ac9ca76bbcf2ebb4097d96",
    }
    assert answer["dead_letters"][1]["reason"] == "senml"


def test_a_long_list_is_read_on_with_next(config: Path, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        parked(state, b"{" * (number + 1), sequence=number + 1)
    found: list[int] = []
    after: list[str] = []
    while True:
        assert main(["dead-letters", "list", "--config", str(config), "--json", "--limit", "2", *after]) == 0
        answer = json.loads(capsys.readouterr().out)
        found += [one["sequence"] for one in answer["dead_letters"]]
        if answer["next"] is None:
            break
        after = ["--after", answer["next"]]
    assert found == [1, 2, 3, 4, 5]


def test_people_read_lines_in_which_a_stranger_cannot_move_their_cursor(
    config: Path, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "list", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "no dead letters\n"
    parked(state, b"{", topic="openhall/v1/north/\x1b[2Jhall/pi-1/readings")
    assert main(["dead-letters", "list", "--config", str(config), "--limit", "1"]) == 0
    said = capsys.readouterr().out
    assert "2023-11-14T22:13:20Z  json" in said
    assert "\x1b" not in said


def test_letters_that_are_good_now_are_stored_and_the_others_stay(
    config: Path, state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parked(state, pack_body(612.0, sequence=1), reason=Reason.FUTURE, sequence=1)
    parked(state, b"{", sequence=2)
    assert main(["dead-letters", "retry", "--config", str(config), "--all", "--json"]) == 1
    good, bad = json.loads(capsys.readouterr().out)["retried"]
    assert (good["stored"], good["detail"]) == (True, "")
    assert bad["stored"] is False
    assert bad["detail"]
    store = SqliteStore(tmp_path / "readings.sqlite3", clock=SystemClock())
    query = ReadingsQuery(site="hall-1", point="hall-air", quantity="co2_ppm", from_ms=0, to_ms=2**52)
    assert [row.value for row in store.readings(query)] == [612.0]
    store.close()
    assert main(["dead-letters", "list", "--config", str(config), "--json"]) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["dead_letters"]] == [bad["id"]]
    assert main(["dead-letters", "retry", "--config", str(config), str(bad["id"])]) == 1
    assert "0 of 1 stored" in capsys.readouterr().out


def test_retry_asks_which_letters_and_names_those_that_are_none(
    config: Path, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    parked(state, pack_body(612.0, sequence=1), reason=Reason.FUTURE)
    assert main(["dead-letters", "retry", "--config", str(config)]) == 2
    assert "--all" in capsys.readouterr().err
    assert main(["dead-letters", "retry", "--config", str(config), "--all", "1"]) == 2
    assert main(["dead-letters", "retry", "--config", str(config), "4711"]) == 2
    assert "4711" in capsys.readouterr().err


def test_a_store_that_cannot_be_reached_exits_4(config: Path, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    parked(state, pack_body(612.0, sequence=1), reason=Reason.FUTURE)
    config.write_text(
        config.read_text("utf-8") + '[store]\nkind = "influx"\nurl = "http://127.0.0.1:9"\ntimeout_s = 1.0\n',
        encoding="utf-8",
    )
    assert main(["dead-letters", "retry", "--config", str(config), "--all"]) == 4
    said = capsys.readouterr().err
    assert "127.0.0.1:9" in said
    assert "Traceback" not in said


def test_a_state_database_that_is_none_exits_2(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text("utf-8") + '[state]\nurl = "nonsense"\n', encoding="utf-8")
    assert main(["dead-letters", "list", "--config", str(config)]) == 2
    assert "nonsense" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.sqlite3"))
