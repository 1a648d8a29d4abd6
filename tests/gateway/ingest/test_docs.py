"""The README beside the code tells of every file, setting and metric, and of no other."""

import re
from pathlib import Path

import gateway.ingest
from gateway.ingest.ingest import IngestSettings
from gateway.metrics import Metrics

FOLDER = Path(gateway.ingest.__file__).parent
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> set[str]:
    """The words in back-ticks in the first column of the table under a heading."""
    section = TEXT.partition(heading)[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_every_file_has_its_line() -> None:
    """And every line its file."""
    files = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert first_cells("# gateway/ingest") == files


def test_every_setting_has_its_line() -> None:
    """With the name it has in the configuration."""
    assert first_cells("## Settings") == set(IngestSettings.__struct_fields__)


def test_every_metric_has_its_line() -> None:
    """With the name under which it is scraped."""
    names = set()
    for family in Metrics().registry.collect():
        names.add(family.name + ("_total" if family.type == "counter" else ""))
    assert first_cells("## Metrics") == names


def test_the_text_form_has_every_dead_letter_reason_from_the_start() -> None:
    """So that an alarm on a counter works before it first counts; metrics of two gateways are apart."""
    one, other = Metrics(), Metrics()
    one.receipts.inc()
    text = one.expose().decode()
    assert 'openhall_dead_letters_total{reason="store-refused"} 0.0' in text
    assert "openhall_receipts_total 1.0" in text
    assert "openhall_receipts_total 0.0" in other.expose().decode()
