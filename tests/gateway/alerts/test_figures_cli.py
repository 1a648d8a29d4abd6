"""`scorecard`, `digest` and `rules test --fail-on-noise`: their answers and what they exit with."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main
from tests.gateway.alerts.desk import CALL, CO2, Desk

QUICK = {**CO2, "for_s": 0, "recover_for_s": 0}
START_S = datetime.fromisoformat("2026-11-03T10:00:00+08:00").timestamp()
CONFIG = """
gateway = "g"
regions = ["north"]
[state]
url = "sqlite:///{folder}/state.sqlite3"
[store]
kind = "sqlite"
path = "{folder}/readings.sqlite3"
[alerts.people.city]
name = "City"
channels = ["file"]
language = "en"
[alerts.channels.file]
kind = "file"
path = "{folder}/told.jsonl"
[alerts.digest]
to = ["city"]
[[alerts.grade]]
name = "II"
severities = ["emergency"]
report_within_s = 7200
"""

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gateway's state with one call in November that nobody reported, and a value that came and went four times."""
    file = tmp_path / "gateway.toml"
    file.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    desk = Desk([QUICK, CALL], url=f"sqlite:///{tmp_path / 'state.sqlite3'}", start_s=START_S)
    desk.state("called")
    desk.settle()
    desk.acknowledge_all()
    for _ in range(4):
        desk.air(1_200.0)
        desk.settle()
        desk.acknowledge_all()
        desk.air(800.0)
        desk.pass_time(300, step_s=300)
    desk.database.close()
    return file


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def say_it(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return say_it


def test_a_month_that_has_missed_reports_is_a_negative_answer(config: Path, say: Say) -> None:
    words = ("scorecard", "--config", str(config), "--month")
    code, out, _err = say(*words, "2026-11", "--json")
    (branch,) = json.loads(out)["branches"]
    assert (code, branch["site"], branch["incidents"], branch["missed"], branch["alarms"]) == (1, "b001", 1, 1, 5)
    code, out, _err = say(*words, "2026-11", "--csv")
    assert out.splitlines()[1].startswith("north,b001,5,5,1,0,0,1,0,0,")
    code, out, _err = say(*words, "2026-11")
    assert "b001" in out
    assert say(*words, "2026-10")[0] == 0
    code, _out, err = say(*words, "2026-31")
    assert code == 2
    assert "is no month" in err


def test_a_digest_says_what_is_noise_and_is_sent_where_it_is_asked_to_be(config: Path, say: Say) -> None:
    to = str(START_S + 3_600)
    code, out, _err = say("digest", "--config", str(config), "--to", to, "--days", "1", "--send")
    assert code == 1
    assert "1 causes chatter (co2)" in out
    (line,) = (config.parent / "told.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["tell"] == "digest"
    code, out, _err = say("digest", "--config", str(config), "--to", to, "--json")
    found = json.loads(out)
    assert (code, found["alarms"], [one["rule"] for one in found["chattering"]]) == (1, 5, ["co2"])
    assert found["to"] == START_S + 3_600
    code, _out, _err = say("digest", "--config", str(config), "--to", str(START_S - 1))
    assert code == 0
    assert say("digest", "--config", str(config), "--to", "tomorrow")[0] == 2


def rules_test(say: Say, folder: Path, minutes: int, *words: str, people: str = "") -> tuple[int, Any, str]:
    """A value that comes and goes every `minutes` for six hours."""
    rules = folder / "rules.toml"
    head = '[[rule]]\nname = "stuffy"\nseverity = "critical"\nquantity = "co2_ppm"\nabove = 1000\n'
    rules.write_text(head + people, encoding="utf-8")
    lines = [f"{1_700_000_000 + 60 * minutes * n},{1_100 if n % 2 else 800}" for n in range(6 * 60 // minutes)]
    (folder / "h.csv").write_text("time,co2_ppm\n" + "\n".join(lines) + "\n", encoding="utf-8")
    history = ("--history", str(folder / "h.csv"), "--point", "b1/p")
    code, out, err = say("rules", "test", "--rules", str(rules), *history, "--json", *words)
    return code, json.loads(out) if out else None, err


def test_rules_that_are_noise_fail_and_say_which_limit_they_break(say: Say, tmp_path: Path) -> None:
    code, found, err = rules_test(say, tmp_path, 5, "--fail-on-noise")
    assert code == 1
    assert found["kpis"]["alarms"] == 36
    assert found["kpis"]["busiest_hour"] == pytest.approx(6.05, abs=0.1)
    assert ["chatter" in fault or "an hour" in fault for fault in found["noise"]] == [True, True]
    assert err.count("noise: ") == 2


def test_rules_that_are_quiet_pass_and_without_the_word_nothing_is_judged(say: Say, tmp_path: Path) -> None:
    code, found, err = rules_test(say, tmp_path, 60, "--fail-on-noise")
    assert (code, found["noise"], err) == (0, [], "")
    code, found, _err = rules_test(say, tmp_path, 5)
    assert (code, set(found)) == (0, {"alarms"})


def test_limits_come_from_the_file_and_from_the_words(say: Say, tmp_path: Path) -> None:
    limits = "[alerts.noise]\nchattering = 9\nper_responder_hour = 9\n"
    assert rules_test(say, tmp_path, 5, "--fail-on-noise", people=limits)[0] == 0
    code, found, _err = rules_test(say, tmp_path, 5, "--fail-on-noise", "--per-responder-hour", "5", people=limits)
    assert (code, len(found["noise"])) == (1, 1)


def test_rates_are_of_the_people_who_would_have_been_told(say: Say, tmp_path: Path) -> None:
    people = (
        '[alerts]\ncity = ["li"]\n[alerts.people.li]\nname = "Li"\nchannels = ["c"]\n'
        '[alerts.channels.c]\nkind = "file"\npath = "x"\n'
    )
    _code, found, _err = rules_test(say, tmp_path, 60, "--fail-on-noise", people=people)
    assert (found["kpis"]["busiest"], found["kpis"]["responders"]) == ("li", 1)
    assert found["kpis"]["busiest_hour"] == pytest.approx(3 / 5.5, abs=0.1)
