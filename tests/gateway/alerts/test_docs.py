"""The page of the alerts tells what is there: every file, every number, every state and reason to be."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

import gateway.alerts
from gateway.alerts.metrics import AlertMetrics
from gateway.alerts.words import Severity, State, When

FOLDER = Path(gateway.alerts.__file__).parent
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_every_file_stands_in_the_table_and_nothing_else() -> None:
    table = TEXT.partition("## Files")[2].partition("## Rules")[0]
    listed = set(re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE))
    files = {path.name for path in FOLDER.iterdir() if path.suffix in (".py", ".toml")} - {"__init__.py"}
    assert listed == files


def test_every_number_stands_in_its_table() -> None:
    registry = CollectorRegistry()
    AlertMetrics(registry)
    for family in registry.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"`{name}" in TEXT, name


def test_every_word_is_explained() -> None:
    for word in (*State, *When, *Severity):
        assert f"`{word}`" in TEXT, word
