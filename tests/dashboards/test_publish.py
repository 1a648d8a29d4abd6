"""Publishing to a Grafana that answers as a real one was recorded to."""

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.cli import main
from dashboards.drift import differences
from dashboards.library import build_all
from dashboards.publish import MARK
from tests.grafana_double import TOKEN, GrafanaDouble, _Kept
from tests.servers import free_port

UID = "openhall-branch-air"


@pytest.fixture
def grafana() -> Iterator[GrafanaDouble]:
    """An empty Grafana with a data source."""
    with GrafanaDouble() as double:
        yield double


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """A token file."""
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", encoding="utf-8")
    return path


def _publish(grafana: GrafanaDouble, token: Path, *words: str) -> int:
    return main(["publish", "--url", grafana.url, "--token-file", str(token), *words])


def test_first_publish_makes_folder_and_dashboards(grafana: GrafanaDouble, token: Path) -> None:
    """Everything is new; each save names its folder, its message and no foreign id."""
    assert _publish(grafana, token) == 0
    assert grafana.folders == {"openhall": "OpenHall"}
    assert set(grafana.boards) == set(build_all())
    for body in grafana.saved:
        assert body["folderUid"] == "openhall"
        assert body["overwrite"] is False
        assert body["message"].startswith(MARK)
        assert "id" not in body["dashboard"]


def test_second_publish_saves_nothing(grafana: GrafanaDouble, token: Path) -> None:
    """What has not changed keeps its version."""
    _publish(grafana, token)
    saves = len(grafana.saved)
    assert _publish(grafana, token) == 0
    assert len(grafana.saved) == saves
    assert grafana.boards[UID].version == 1


def test_an_older_one_of_ours_is_updated(grafana: GrafanaDouble, token: Path) -> None:
    """The last save was ours, so what differs is that we are newer."""
    _publish(grafana, token)
    grafana.boards[UID].model["title"] = "as an older version called it"
    assert _publish(grafana, token) == 0
    assert grafana.boards[UID].version == 2
    assert grafana.boards[UID].model["title"] == build_all()[UID]["title"]


def test_what_a_person_changed_is_left_and_reported(
    grafana: GrafanaDouble, token: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, the place named, nothing saved; --force overwrites."""
    _publish(grafana, token)
    grafana.edit_by_hand(UID, {"refresh": "5s"})
    capsys.readouterr()
    assert _publish(grafana, token, "--json") == 1
    answer = {one["uid"]: one for one in json.loads(capsys.readouterr().out)["dashboards"]}
    assert answer[UID]["outcome"] == "edited"
    assert answer[UID]["differences"] == ["$.refresh"]
    assert grafana.boards[UID].model["refresh"] == "5s"
    assert _publish(grafana, token, "--force") == 0
    assert grafana.boards[UID].model["refresh"] == "30s"


def test_a_save_by_hand_that_changed_nothing_is_no_drift(grafana: GrafanaDouble, token: Path) -> None:
    """Grafana's pages fill in defaults; those are not a person's changes."""
    _publish(grafana, token)
    grafana.edit_by_hand(UID, {})
    assert _publish(grafana, token) == 0
    assert grafana.boards[UID].version == 2


def test_dry_run_changes_nothing(grafana: GrafanaDouble, token: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what would be done."""
    assert _publish(grafana, token, "--dry-run") == 0
    assert "created" in capsys.readouterr().out
    assert (grafana.folders, grafana.boards) == ({}, {})


def test_provisioned_dashboard_is_left(grafana: GrafanaDouble, token: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Grafana reads it from a file and would refuse the save."""
    model = {**build_all()[UID], "title": "from a file"}
    grafana.folders["openhall"] = "OpenHall"
    grafana.boards[UID] = _Kept(model, 1, "openhall", [""], provisioned=True)
    assert _publish(grafana, token) == 0
    assert "reads it from a file" in capsys.readouterr().out


def test_another_dashboard_of_the_same_title_is_not_replaced(
    grafana: GrafanaDouble, token: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Grafana says name-exists; the other dashboard stays as it is."""
    grafana.folders["openhall"] = "OpenHall"
    theirs = {"uid": "theirs", "title": build_all()[UID]["title"]}
    grafana.boards["theirs"] = _Kept(theirs, 1, "openhall", [""])
    assert _publish(grafana, token) == 2
    assert "same name" in capsys.readouterr().err
    assert grafana.boards["theirs"].version == 1


def test_folder_title_taken_by_another_folder(
    grafana: GrafanaDouble, token: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The advice names the option."""
    grafana.folders["other"] = "openhall"
    assert _publish(grafana, token) == 2
    assert "--folder-uid" in capsys.readouterr().err


def test_missing_data_source(grafana: GrafanaDouble, token: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dashboards without data help nobody: exit 2 and what to add."""
    grafana.sources.clear()
    assert _publish(grafana, token) == 2
    assert "InfluxQL" in capsys.readouterr().err
    assert grafana.boards == {}


def test_wrong_token_and_viewer(grafana: GrafanaDouble, token: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """401 and 403 say what to do, and the token is in no message."""
    token.write_text("glsa_wrong", encoding="utf-8")
    assert _publish(grafana, token) == 2
    assert "service account" in capsys.readouterr().err
    token.write_text(TOKEN, encoding="utf-8")
    grafana.role = "Viewer"
    assert _publish(grafana, token) == 2
    error = capsys.readouterr().err
    assert "role Editor" in error
    assert TOKEN not in error


def test_no_grafana_there(token: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 4: an outside service cannot be reached."""
    assert main(["publish", "--url", f"http://127.0.0.1:{free_port()}", "--token-file", str(token)]) == 4
    assert "no Grafana answers" in capsys.readouterr().err


def test_something_else_there(grafana: GrafanaDouble, token: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A web server that is no Grafana is told apart from a refusal."""
    wrong = grafana.url.replace("/grafana", "")
    assert main(["publish", "--url", wrong, "--token-file", str(token)]) == 2
    assert "Grafana" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["grafana.example", "ftp://grafana.example", "http://"])
def test_address_that_is_none(url: str, token: Path) -> None:
    """Wrong use is told before anything is asked."""
    assert main(["publish", "--url", url, "--token-file", str(token)]) == 2


def test_without_its_extra_it_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback on a machine that has the agent's or the gateway's libraries only."""
    for name in [one for one in sys.modules if one.startswith(("grafana_foundation_sdk", "dashboards.library"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "dashboards.branch_air", raising=False)
    monkeypatch.setitem(sys.modules, "grafana_foundation_sdk", None)
    assert main(["build", "--out", str(tmp_path)]) == 2
    assert "openhall[dashboards]" in capsys.readouterr().err


def test_differences_name_the_place() -> None:
    """A changed panel is found by its path; Grafana's own fields are not."""
    ours = build_all()[UID]
    theirs = copy.deepcopy(ours)
    theirs |= {"id": 99, "version": 12}
    assert differences(theirs, ours) == []
    theirs["panels"][1]["title"] = "changed"
    del theirs["panels"][2]
    assert differences(theirs, ours) == ["$.panels"]


def test_build_check_finds_a_stale_file(tmp_path: Path) -> None:
    """`build --check` writes nothing and exits 1 until `build` has run."""
    out = str(tmp_path / "json")
    assert main(["build", "--check", "--out", out]) == 1
    assert main(["build", "--out", out]) == 0
    assert main(["build", "--check", "--out", out]) == 0
