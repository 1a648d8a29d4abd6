"""Each benchmark runs, at a tiny size; how fast is nobody's business here."""

import os
import re
import sys
from pathlib import Path

import pytest

from bench import agent, environment, through
from bench.__main__ import main
from bench.environment import InstallError
from bench.plan import AGENT_STORES, PARTS, THROUGH
from bench.report import BEGINS, ENDS, Findings, markdown
from bench.through import OURS, Case, LostError
from tests.servers import require_program

PROGRAM = Path(sys.executable).parent / "openhall-agent"


@pytest.fixture(autouse=True)
def _servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips, or fails in CI, before half of a run is done."""
    monkeypatch.setattr("bench.through.SETTLE_S", 0.1)
    # The slowest of the twelve needs a minute until it speaks.
    monkeypatch.setattr("bench.mixed.MIXED", (("bh1750", 1.0), ("sht45", 1.0)))
    monkeypatch.setattr("bench.mixed.SETTLE_S", 0.1)
    for name in ("mosquitto", "influxd", "victoria-metrics", "nats-server"):
        require_program(name, name)


@pytest.mark.parametrize(
    "case",
    [Case(consumer=one.consumer, store=one.store, broker=one.broker, agents=3) for one in THROUGH[:-1]],
    ids=lambda case: f"{case.consumer}-{case.store}-{case.broker}",
)
def test_readings_go_through(case: Case) -> None:
    """Everything sent is stored, and every number of the table is there."""
    measured = through.measure(case, 20)
    assert measured.readings_s > 0
    assert measured.peak_mb > 10
    assert (measured.receipts > 0) == case.is_ours


def test_a_steady_pace_gives_a_delay_for_each_pack() -> None:
    """And for none of the packs before it."""
    measured = through.measure(Case(consumer=OURS, store="sqlite", agents=2), 10, packs_s=100.0)
    assert len(measured.delays_ms) == 10
    assert min(measured.delays_ms) > 0


def test_a_loss_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that holds less than was sent fails the run."""
    monkeypatch.setattr("bench.stores.Sqlite.values", lambda _self: 7)
    with pytest.raises(LostError, match="the store holds 7"):
        through.measure(Case(consumer=OURS, store="sqlite", agents=1), 5)


def test_an_agent_is_watched(tmp_path: Path) -> None:
    """From its first pack to its last receipt, and all of it makes a table."""
    measured = agent.measure(PROGRAM, "sqlite", seconds=1.0, sensors=1)
    assert measured.first_s > agent.CHIP_PERIOD_S
    assert measured.stored_ms
    assert measured.peak_mb > 10
    found = Findings(when="now", command="this", version="v", facts={"processor": "one"}, agents=[measured])
    assert "| SQLite | " in markdown(found)


def test_an_environment_has_the_agent_alone(tmp_path: Path) -> None:
    """No web server, no database client: what is measured is what a Pi has."""
    try:
        program = environment.make(tmp_path)
    except InstallError as error:
        if "Max retries exceeded" in str(error) and not os.environ.get("CI"):
            pytest.skip("no network: the locked packages cannot be fetched")
        raise
    assert os.access(program, os.X_OK)
    packages = {path.name for path in tmp_path.glob("lib/python3*/site-packages/*")}
    assert "paho" in packages
    assert not packages & {"litestar", "sqlalchemy", "influxdb_client", "rich"}


def test_the_command_writes_all_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One case, one round: the file has a row for each, the machine, and the aims."""
    monkeypatch.setattr("bench.plan.THROUGH", THROUGH[:2])
    monkeypatch.setattr("bench.plan.AGENT_STORES", AGENT_STORES[:1])
    monkeypatch.setattr("bench.environment.make", lambda _folder: PROGRAM)
    file = tmp_path / "RESULTS.md"
    file.write_text(f"{BEGINS}\n{ENDS}\n", encoding="utf-8")
    words = ["--packs", "20", "--rounds", "1", "--sustained-packs", "20", "--paced-packs", "20", "--agent-s", "1"]
    words += ["--calls", "1"]
    assert main([*words, "--out", str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "The machine",
        "The aims",
        "Readings into a store",
        "How long, how soon",
        "The agent",
        "A call for help",
    ]
    assert re.search(r"\| \*\*openhall-gateway\*\* \| InfluxDB 1.6.7 \| Mosquitto \| 1,000 \| [0-9,]+ \|", text)


def test_parts_go_to_stdout(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a quick look never overwrites the table."""
    monkeypatch.setattr("bench.plan.THROUGH", (Case(consumer=OURS, store="sqlite", agents=1),))
    assert main(["--only", PARTS[0], "--packs", "5", "--rounds", "1"]) == 0
    assert "## Readings into a store" in capsys.readouterr().out
