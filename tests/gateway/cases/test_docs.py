"""The page of the cases tells what is there: every file, setting, number, word and address."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

import gateway.cases
from gateway.cases.metrics import CaseMetrics
from gateway.cases.settings import AcceptanceConfig
from gateway.cases.words import Phase, Risk
from tests.gateway.cases.renovation import Renovation

FOLDER = Path(gateway.cases.__file__).parent
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> set[str]:
    """The words in back-ticks in the first column of the table under a heading."""
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_every_file_setting_and_word_has_its_line_and_no_other() -> None:
    assert first_cells("Files") == {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert first_cells("Settings") == set(AcceptanceConfig.__struct_fields__)
    assert first_cells("The life of a case") == set(Phase)
    assert first_cells("Closure") == set(Risk)


def test_every_number_has_its_line() -> None:
    registry = CollectorRegistry()
    CaseMetrics(registry)
    names = {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}
    assert {word.partition("{")[0] for word in first_cells("Numbers")} == names


def test_every_address_has_its_line(renovation: Renovation) -> None:
    """As OpenAPI describes them, and no other."""
    described = {
        f"{method.upper()} {path}"
        for path, methods in renovation.get("openapi.json")["paths"].items()
        if path.startswith(("/api/v1/cases", "/api/v1/instruments", "/api/v1/profiles"))
        for method in methods
    }
    assert {word.partition("?")[0] for word in first_cells("Over HTTP")} == described
