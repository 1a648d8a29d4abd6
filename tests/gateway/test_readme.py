"""The README of the gateway tells what is there: every file, every verb, every address, every number of the bus."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

import gateway
from gateway.bus_metrics import BusMetrics

FOLDER = Path(gateway.__file__).parent
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_every_file_stands_in_the_table_and_nothing_else() -> None:
    """In both directions: Alertmanager's list of folders names one that is gone."""
    table = TEXT.partition("## Files")[2].partition("## Settings")[0]
    listed = set(re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE))
    files = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    folders = {f"{path.name}/" for path in FOLDER.iterdir() if (path / "__init__.py").exists()}
    assert listed == files | folders


def test_every_number_of_the_bus_stands_in_its_table() -> None:
    registry = CollectorRegistry()
    BusMetrics(registry)
    for family in registry.collect():
        name = family.name if family.type == "gauge" else f"{family.name}_total"
        assert f"`{name}" in TEXT


def test_every_address_of_the_api_stands_in_the_readme() -> None:
    code = (FOLDER / "board" / "api.py").read_text(encoding="utf-8")
    for path in re.findall(r'@get\("([^"]+)"', code):
        assert f"`/api/v1{path.replace(':str', '')}" in TEXT
