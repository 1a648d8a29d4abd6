"""The README of the quality rules tells every file, every reason and every figure."""

import re
from pathlib import Path

import gateway.quality
from gateway.quality.limits import LIMITS
from gateway.quality.reasons import Reason

FOLDER = Path(gateway.quality.__file__).parent
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


def rows(heads: str) -> list[list[str]]:
    table = TEXT.partition(heads)[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_every_file_and_every_reason() -> None:
    """Each in its table, and nothing else; two sensors of a room are compared on arrival only."""
    assert {row[0].strip("`") for row in rows("| file | holds |")} == {
        path.name for path in FOLDER.glob("*.py") if path.name != "__init__.py"
    }
    assert {row[0].strip("`") for row in rows("| reason | when |")} >= {one.value for one in Reason} - {"disagreement"}


def test_every_figure() -> None:
    """As the code has it."""

    def seconds(cell: str) -> float | None:
        number, _, unit = cell.partition(" ")
        return float(number) * {"min": 60, "h": 3_600}[unit] if cell else None

    told = {}
    for names, step, per_min, flat, zero in rows("| quantity | step |"):
        for name in re.findall(r"`([^`]+)`", names):
            told[name] = (
                float(step.split()[0]) if step else None,
                float(per_min.split()[0]) if per_min else 0.0,
                seconds(flat),
                seconds(zero),
            )
    assert told == {name: (one.step, one.step_per_min, one.flat_s, one.zero_s) for name, one in LIMITS.items()}
