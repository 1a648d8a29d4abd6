"""The README against the code."""

import re
from dataclasses import fields
from pathlib import Path

from sensors.parts_table import parts_table
from sensors.spec import SensorSpec
from telemetry.parts import PARTS

FOLDER = Path(__file__).parents[2] / "sensors"
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_parts_table_is_the_one_of_the_code() -> None:
    """If this fails: `python -m sensors.parts_table`, and put the answer below the comment of README.md."""
    assert TEXT.endswith(parts_table())
    assert parts_table().count("\n") == len(PARTS) + 2


def test_every_file_has_its_line_and_every_line_its_file() -> None:
    """Of this folder and the simulated ones; shop windows go without saying."""
    said = set(re.findall(r"^\| `([\w/]+\.py)` \|", TEXT, flags=re.MULTILINE))
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.py") if path.name != "__init__.py"}
    assert said == there


def test_every_setting_has_its_line() -> None:
    """The fields of `SensorSpec`, with their defaults where one is given."""
    section = TEXT.split("## Settings")[1].split("## Parts")[0]
    said = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert said == [field.name for field in fields(SensorSpec)]
