"""The register: what a file changes, told before it is done, and seen by a running gateway."""

import json
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.sites import register, site_file
from gateway.sites.book import LOOK_EVERY_S, SiteBook
from gateway.sites.site import COLUMNS, Site
from gateway.state.state import State
from tests.fakes import FakeClock

HEADER = ",".join(COLUMNS)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(
        'gateway = "g1"\nregions = ["north"]\n[store]\nkind = "sqlite"\npath = "r.sqlite3"\n', encoding="utf-8"
    )
    return path


def _import(config: Path, text: str, *options: str) -> int:
    file = config.parent / "sites.csv"
    file.write_text(text, encoding="utf-8")
    return main(["sites", "import", str(file), "--config", str(config), *options])


def test_sixteen_thousand_branches_go_in_and_come_back(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        f"north,s{n:05},支行{n},Branch {n},Street {n},116.{n:05},39.{n:05},Mo-Fr 09:00-17:00,zhang,li,{n % 900 + 1}"
        for n in range(16_000)
    ]
    text = "\n".join([HEADER, *reversed(rows)]) + "\n"
    assert _import(config, text) == 0
    assert "16000 new, 0 changed, 0 as they were" in capsys.readouterr().out
    assert main(["sites", "export", "--config", str(config)]) == 0
    assert capsys.readouterr().out == text
    assert _import(config, text) == 0
    assert "0 new, 0 changed, 16000 as they were" in capsys.readouterr().out


def test_a_dry_run_tells_every_difference_and_changes_nothing(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = f"{HEADER}\nnorth,a,,Old,,,,,,,\nnorth,b,,,,,,,,,\n"
    assert _import(config, first) == 0
    capsys.readouterr()
    second = f"{HEADER}\nnorth,a,,New,,,,,zhang li,,\nnrth,c,,,,,,,,,\nnorth,B,,,,,,,,,\n"
    assert _import(config, second, "--dry-run", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {
        "dry_run": True,
        "added": ["c"],
        "changed": [{"site": "a", "columns": {"title_en": ["Old", "New"], "responsible": ["", "zhang li"]}}],
        "same": 0,
        "missing": ["b"],
        "removed": False,
        "bad": [{"line": 4, "detail": "site 'B' does not match [a-z0-9][a-z0-9-]{0,31}"}],
        "other_regions": {"nrth": 1},
        "unknown_people": ["li", "zhang"],
    }
    assert _import(config, second, "--dry-run") == 1
    told = capsys.readouterr().out
    assert "~ a: title_en 'Old' -> 'New'" in told
    assert "? 'zhang' is nobody of [alerts.people]" in told
    assert "? region 'nrth', 1 branches, is none of this gateway's" in told
    main(["sites", "export", "--config", str(config)])
    assert capsys.readouterr().out == first


def test_what_a_file_does_not_name_stays_unless_it_is_told_to_go(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _import(config, f"{HEADER}\nnorth,a,,,,,,,,,\nnorth,b,,,,,,,,,\n")
    _import(config, f"{HEADER}\nnorth,c,,,,,,,,,\n")
    capsys.readouterr()
    main(["sites", "export", "--config", str(config)])
    assert [line.split(",")[1] for line in capsys.readouterr().out.splitlines()[1:]] == ["c", "a", "b"]
    assert _import(config, f"{HEADER}\nnorth,c,,,,,,,,,\n", "--remove-missing") == 0
    assert "2 removed" in capsys.readouterr().out
    main(["sites", "export", "--config", str(config)])
    assert capsys.readouterr().out == f"{HEADER}\nnorth,c,,,,,,,,,\n"


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_an_export_into_a_file_can_be_imported(config: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _import(config, f"{HEADER}\nnorth,a,支行,Branch,,116.40,39.9,,,,80\n")
    out = config.parent / name
    assert main(["sites", "export", str(out), "--config", str(config)]) == 0
    capsys.readouterr()
    assert main(["sites", "import", str(out), "--config", str(config)]) == 0
    assert "0 new, 0 changed, 1 as they were" in capsys.readouterr().out


def test_a_file_of_another_kind_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sites", "export", str(config.parent / "out.ods"), "--config", str(config)]) == 2
    assert "ends in .csv or .xlsx" in capsys.readouterr().err
    assert main(["sites", "import", str(config.parent / "none.csv"), "--config", str(config)]) == 2
    assert "none.csv" in capsys.readouterr().err


def test_a_running_gateway_sees_an_import_and_outlives_a_database_that_does_not_answer(tmp_path: Path) -> None:
    state, clock = State.open(f"sqlite:///{tmp_path}/state.sqlite3"), FakeClock()
    book = SiteBook(state, clock)
    assert book.all() == {}
    site = Site(region="north", site="a", title_en="Old")
    register.take(state, [site], remove_missing=False, now_ms=5)
    assert book.all() == {}
    clock.advance(LOOK_EVERY_S)
    assert book.all() == {"a": site}
    register.take(state, [Site(region="north", site="a", title_en="New")], remove_missing=False, now_ms=5)
    clock.advance(LOOK_EVERY_S)
    assert book.all()["a"].title_en == "New"
    state.close()
    (tmp_path / "state.sqlite3").unlink()
    (tmp_path / "state.sqlite3").mkdir()
    clock.advance(LOOK_EVERY_S)
    assert book.all()["a"].title_en == "New"


def test_files_and_register_agree_on_the_difference() -> None:
    before = site_file.read(f"{HEADER}\nnorth,a,,,,,,,,,\nnorth,b,,,,,,,,,1\n".encode()).sites
    after = site_file.read(f"{HEADER}\nnorth,b,,,,,,,,,2\nnorth,c,,,,,,,,,\n".encode()).sites
    found = register.difference(before, after)
    assert ([site.site for site in found.added], [site.site for site in found.missing], found.same) == (["c"], ["a"], 0)
    assert found.changed[0].columns == {"area_m2": ("1", "2")}
