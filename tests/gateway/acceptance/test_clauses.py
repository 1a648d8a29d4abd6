"""The page of clauses and the folders of cases agree."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.gateway.acceptance.case_files import FOLDER

PAGE = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
TABLES = [line for line in PAGE.splitlines() if line.startswith("|") and "---" not in line]
SHOWN = {word for line in TABLES for word in re.findall(r"`([^`]+)`", line.split("|")[-2])}
FILES = {word for word in SHOWN if word.endswith((".py", "/"))}
NAMES = sorted(path.name for path in FOLDER.iterdir())
# GB 50325-2020, chapter 6, as far as it is about air; 6.0.3, 6.0.4 and 6.0.20 are about materials and the tables.
CLAUSES = [f"6.0.{number}" for number in range(1, 24) if number not in (3, 4, 20)]


def test_no_name_without_a_folder() -> None:
    """Nor a test that is not there."""
    assert [word for word in SHOWN - FILES if not any(fnmatchcase(name, word) for name in NAMES)] == []
    root = Path(__file__).resolve().parents[3]
    here = Path(__file__).parent
    assert [word for word in FILES if not (here / word).exists() and not (root / word).exists()] == []


def test_no_folder_without_a_clause() -> None:
    """A new case is put to the clause that it shows."""
    assert [name for name in NAMES if not any(fnmatchcase(name, word) for word in SHOWN)] == []


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_of_the_procedure_has_a_row(clause: str) -> None:
    """By itself, or within a range."""
    number = int(clause.split(".")[-1])
    ranges = [(int(low), int(high)) for low, high in re.findall(r"6\.0\.(\d+) to 6\.0\.(\d+)", PAGE)]
    assert re.search(rf"\| (?:6\.0\.\d+, )?{re.escape(clause)}\b", PAGE) or any(
        low <= number <= high for low, high in ranges
    )


def test_every_rule_shows_a_case_or_a_test() -> None:
    """But for what stands in no bank's profile."""
    bare = [line for line in TABLES if "`" not in line.split("|")[-2]]
    heads = ("clause", "row", "scheme", "rule", "what")
    assert [line for line in bare if line.split("|")[1].strip() not in heads] == [
        "| 6.0.14 | schools, dormitories, care homes: no bank | not in the profile |"
    ]
