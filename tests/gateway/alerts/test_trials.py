"""`notify test` and `notify drill` against local servers and files."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.alerts.plans import HandOver, Plans
from gateway.cli import main
from gateway.config_file import load
from gateway.state.state import State
from telemetry.clock import SystemClock, to_ms
from tests.gateway.notifiers.webhooks import Webhooks

TABLES = """
gateway = "g"
regions = ["north"]
[alerts]
city = ["boss"]
[alerts.channels.group]
kind = "wecom"
key_file = "key"
base = "{base}"
[alerts.channels.file]
kind = "file"
path = "told.jsonl"
[alerts.people.li]
name = "李娜"
channels = ["group", "file"]
mobile = "13800000000"
[alerts.people.boss]
name = "Boss"
language = "en"
channels = ["file"]
[alerts.sites.b1]
responsible = ["li"]
"""


@pytest.fixture
def server() -> Iterator[Webhooks]:
    with Webhooks() as webhooks:
        yield webhooks


def config(folder: Path, base: str, *, key: str = Webhooks.KEY) -> str:
    (folder / "key").write_text(key, encoding="ascii")
    file = folder / "gateway.toml"
    file.write_text(TABLES.format(base=base), encoding="utf-8")
    return str(file)


def lines(folder: Path) -> list[dict[str, object]]:
    file = folder / "told.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def test_every_person_gets_a_message_through_every_channel(
    server: Webhooks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["notify", "test", "--config", config(tmp_path, server.base)]) == 0
    rows = [line.split()[:4] for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["test", "li", "group", "told"],
        ["test", "li", "file", "told"],
        ["test", "boss", "file", "told"],
    ]
    assert [(line["to"], line["tell"]) for line in lines(tmp_path)] == [("li", "test"), ("boss", "test")]
    assert "测试" in str(server.got[0][1])


def test_one_channel_or_one_person_may_be_chosen(server: Webhooks, tmp_path: Path) -> None:
    file = config(tmp_path, server.base)
    assert main(["notify", "test", "--config", file, "--channel", "group"]) == 0
    assert main(["notify", "test", "--config", file, "--person", "boss"]) == 0
    assert len(server.got) == 1
    assert [line["to"] for line in lines(tmp_path)] == ["boss"]


@pytest.mark.parametrize("words", [["--person", "nobody"], ["--channel", "fax"]])
def test_an_unknown_name_is_wrong_use(server: Webhooks, tmp_path: Path, words: list[str]) -> None:
    assert main(["notify", "test", "--config", config(tmp_path, server.base), *words]) == 2


def test_a_refusal_and_an_unreachable_service_have_exit_codes_of_their_own(
    server: Webhooks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 a negative answer, 4 an outside service cannot be reached; the key is not shown."""
    assert main(["notify", "test", "--config", config(tmp_path, server.base, key="wrong-key"), "--json"]) == 1
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert (outcomes[0]["outcome"], outcomes[1]["outcome"]) == ("refused", "told")
    assert "93000" in outcomes[0]["detail"]
    assert main(["notify", "test", "--config", config(tmp_path, "http://127.0.0.1:1", key="secret-key")]) == 4
    assert "secret-key" not in capsys.readouterr().out


def test_a_drill_goes_through_the_whole_chain_and_says_so(
    server: Webhooks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The group's robot is dead, so the file carries it; deputy and region have nobody, which is a finding."""
    file = config(tmp_path, server.base, key="wrong")
    assert main(["notify", "drill", "--config", file, "--site", "b1", "--json"]) == 1
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert [(one["step"], one["person"], one["channel"], one["outcome"]) for one in outcomes] == [
        ("responsible +0s", "li", "group", "refused"),
        ("responsible +0s", "li", "file", "told"),
        ("deputy +60s", "", "", "nobody"),
        ("region +180s", "", "", "nobody"),
        ("city +300s", "boss", "file", "told"),
    ]
    told = lines(tmp_path)
    assert [line["drill"] for line in told] == [True, True]
    assert str(told[0]["title"]).startswith("【演练】 紧急：有人呼叫求助")
    assert str(told[1]["title"]).startswith("[DRILL] EMERGENCY: Somebody calls for help")
    assert [line["link"] for line in told] == [None, None]


def test_a_drill_tells_whom_the_register_and_a_hand_over_name(
    server: Webhooks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an alarm would: the region too comes from the register, where the gateway has several."""
    file = Path(config(tmp_path, server.base))
    file.write_text(file.read_text("utf-8").replace('["north"]', '["north", "south"]'), encoding="utf-8")
    branches = tmp_path / "sites.csv"
    branches.write_text("region,site,title_zh,responsible,deputy\nsouth,b9,九号支行,li,boss\n", encoding="utf-8")
    words = ["notify", "drill", "--config", str(file), "--site", "b9", "--json"]
    assert main(words) == 2, "nobody knows the branch or its region yet"
    assert main(["sites", "import", str(branches), "--config", str(file)]) == 0
    capsys.readouterr()
    assert main(words) == 1
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert [(one["step"].split()[0], one["person"]) for one in outcomes] == [
        ("responsible", "li"),
        ("deputy", "boss"),
        ("region", ""),
    ]
    assert "九号支行" in str(lines(tmp_path)[-1]["title"])
    _hand_over(file, "li", "boss")
    assert main(words) == 1
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert [(one["step"].split()[0], one["person"]) for one in outcomes] == [("responsible", "boss"), ("region", "")]


def _hand_over(file: Path, person: str, stands_in: str) -> None:
    settings = load(file)
    state = State.open(settings.state.url)
    now_ms = to_ms(SystemClock().now())
    plan = HandOver(person=person, stands_in=stands_in, from_ms=now_ms, until_ms=now_ms + 3_600_000, made_by=person)
    Plans(state, settings.alerts).hand_over(plan, now_ms)
    state.close()


def test_a_drill_of_an_unknown_rule_is_wrong_use(server: Webhooks, tmp_path: Path) -> None:
    file = config(tmp_path, server.base)
    assert main(["notify", "drill", "--config", file, "--site", "b1", "--rule", "none"]) == 2
