"""The page of this folder lists what there is."""

import re
from pathlib import Path

from telemetry.quantities import QUANTITIES

FOLDER = Path(__file__).resolve().parent.parent.parent / "telemetry"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")


def figure(value: float) -> str:
    """A bound as the page prints it."""
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def test_every_quantity_stands_there_with_its_row() -> None:
    """Name, unit, range and titles are those of the table; what only laboratories report is named."""
    for row in QUANTITIES.values():
        bounds = f"{figure(row.low)} to {figure(row.high)}"
        line = f"| `{row.name}` | {row.unit} | {bounds} | {row.display_unit} | {row.title_en} | {row.title_zh} |"
        assert (line in PAGE) == row.on_wire, row.name
        assert f"`{row.name}`" in PAGE


def test_every_module_stands_there() -> None:
    """And no module that is gone."""
    listed = set(re.findall(r"`(\w+\.py)`", PAGE.split("\n## ")[0]))
    assert listed == {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
