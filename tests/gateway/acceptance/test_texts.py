"""What people read: verdicts and sampling sheets, in both languages."""

from pathlib import Path

import pytest

from gateway.acceptance import phrases, profile
from gateway.acceptance.words import Basis, Language, Outcome, Reason
from gateway.cli import main
from tests.gateway.acceptance.case_files import FOLDER


@pytest.mark.parametrize("language", list(Language))
def test_every_word_is_said_in_every_language(language: Language) -> None:
    """No outcome, basis or reason is left out, none says the same as another."""
    said = [phrases.reason(word, language) for word in Reason]
    assert len(set(said)) == len(said)
    assert all(phrases.outcome(word, language) for word in Outcome)
    assert all(phrases.basis(word, language) for word in Basis)


@pytest.mark.parametrize(
    ("case", "language", "words"),
    [
        ("one-failing-room-fails-the-case", "en", ["FAIL", "office", "above-limit", "sample again in 2 rooms, office"]),
        ("one-failing-room-fails-the-case", "zh-CN", ["不合格", "甲醛", "加倍抽检"]),
        ("gb50325-complete-laboratory", "en", ["PASS", "accredited laboratory", "≤ 80 µg/m³"]),
        ("gb50325-complete-laboratory", "zh-CN", ["合格", "Ⅱ类", "有资质实验室检测"]),
        ("a-laboratorys-value-decides", "en", ["Formaldehyde: PASS", "mean 70 ± 0"]),
        ("leed-nothing-to-decide", "en", ["Formaldehyde: for information", "INDETERMINATE"]),
        ("a-silent-laboratory-leaves-the-sensor", "zh-CN", ["委托有资质的实验室检测"]),
        ("largest-uncertainty-of-its-points", "en", ["hall-1: 200 (sfa30, 100%)", "hall-2: 20"]),
        ("gbt18883-season-left-out", "en", ["limit by season", "season-not-given"]),
    ],
)
def test_a_verdict_is_told(
    case: str, language: str, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reasons and what to do next; an unverified row claims no conformity."""
    monkeypatch.chdir(FOLDER / case)
    own = Path("profile.toml").is_file()
    names = {"gb50325": "gb50325-2020-class2", "one-fai": "gb50325-2020-class2", "leed-no": "leed-v4.1"}
    standard = "profile.toml" if own else names.get(case[:7], "gbt18883-2022")
    main(["judge", "--profile", standard, "--plan", "plan.toml", "--readings", "readings.csv", "--lang", language])
    told = capsys.readouterr().out
    for word in words:
        assert word in told
    if case.startswith("leed"):
        assert "PASS" not in told


@pytest.mark.parametrize("name", profile.names())
def test_a_sheet_can_be_printed_for_every_profile(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dates, heights, a box for each condition and a line for each point, in both languages."""
    monkeypatch.chdir(FOLDER / "plan-points-by-area")
    standard = profile.load(name)
    for language, conditions, word in (
        ("en", standard.before_en, "sample from 2026-09-08"),
        ("zh-CN", standard.before_zh, "2026-09-08 起可采样"),
    ):
        assert main(["plan", "--profile", name, "--plan", "plan.toml", "--lang", language]) == 0
        told = capsys.readouterr().out
        assert word in told
        assert all(condition in told for condition in conditions)
        points = sum(standard.sampling.points_for(area) for area in (49.99, 50, 99.99, 100, 499.99, 500))
        assert told.count("[ ]") >= points + len(conditions)


def test_the_readme_names_every_reason_profile_and_file() -> None:
    """A new one must be described."""
    folder = Path(phrases.__file__).parent
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert [word for word in Reason if f"`{word}`" not in text] == []
    assert [name for name in profile.names() if name not in text] == []
    modules = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    assert [name for name in modules if f"`{name}`" not in text] == []
    keys = set(profile.Row.__struct_encode_fields__)
    assert [key for key in keys if f"`{key}`" not in text] == []
