"""Writing golden cases as folders: a plan, readings, a profile of its own where it has one, and what is expected.

Expected values are written down by hand in the modules `cases_*`, each with the arithmetic that leads
to it; nothing here or there asks the engine. `python -m tests.gateway.acceptance.case_files` writes the folders anew.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "cases"
HEADER = "time,room,point,quantity,value,instrument,quality"


def at(text: str) -> datetime:
    """`10 08:30` or `10 08:30:05` is that day of September 2026, at +08:00."""
    day, clock = text.split()
    return datetime.fromisoformat(f"2026-09-{day}T{clock if clock.count(':') == 2 else clock + ':00'}+08:00")


def steady(
    point: str,
    quantity: str,
    value: float | str,
    *,
    room: str = "hall",
    start: str = "10 08:00",
    count: int = 12,
    every_s: float = 300,
    instrument: str = "",
    quality: str = "",
) -> list[str]:
    """Rows of one value, one each `every_s`."""
    begin = at(start)
    times = [(begin + timedelta(seconds=every_s * number)).isoformat() for number in range(count)]
    return [f"{time},{room},{point},{quantity},{value},{instrument},{quality}" for time in times]


def one(point: str, quantity: str, value: float | str, time: str = "10 08:30", **words: str) -> list[str]:
    """One row."""
    return steady(point, quantity, value, start=time, count=1, **words)  # type: ignore[arg-type]


def window(begin: str, end: str) -> str:
    """A window as TOML."""
    return f"{{ from = {at(begin).isoformat()}, to = {at(end).isoformat()} }}"


def entry(
    name: str,
    instrument: str,
    *,
    table: str = "room.point",
    quantities: Sequence[str] = (),
    interval_s: float = 300,
    closed: tuple[str, str] | None = ("10 07:00", "10 09:00"),
    sampled: tuple[str, str] = ("10 08:00", "10 09:00"),
) -> str:
    """One `[[room.point]]` (or `[[outdoor]]`)."""
    lines = [f"[[{table}]]", f'name = "{name}"', f'instrument = "{instrument}"']
    if quantities:
        lines.append("quantities = [" + ", ".join(f'"{quantity}"' for quantity in quantities) + "]")
    if instrument != "laboratory":
        lines.append(f"interval_s = {interval_s:g}")
    if closed is not None and table != "outdoor":
        lines.append(f"closed = {window(*closed)}")
    lines.append(f"sampled = {window(*sampled)}")
    return "\n".join(lines) + "\n"


def outdoor(instrument: str = "laboratory", name: str = "outdoor-1", **words: object) -> str:
    """One `[[outdoor]]`."""
    return entry(name, instrument, table="outdoor", **words)  # type: ignore[arg-type]


def room(name: str, area_m2: float, *entries: str, more: str = "") -> str:
    """One `[[room]]` with its points."""
    return f'[[room]]\nname = "{name}"\narea_m2 = {area_m2:g}\n{more}' + "".join(entries)


def plan(*tables: str, head: str = "") -> str:
    """A plan file; the works ended on 2026-09-01."""
    return f"completed = 2026-09-01\n{head}" + "".join(tables)


@dataclass(frozen=True, kw_only=True)
class Golden:
    """One case.

    Attributes:
        name: The folder.
        why: The clause or rule that it shows, and how its numbers come about.
        profile: A profile's name, or "" for `profile.toml` in the folder.
        own_profile: The text of that file.
        plan: The text of `plan.toml`.
        rows: Lines of `readings.csv` below the header.
        command: `judge` or `plan`.
        args: More words of the command line.
        exit: The exit code.
        said: What the JSON answer must hold; of lists of rooms and quantities the named ones, by their names.
        stderr: Words that the log must hold.
        more: Other files of the folder, by name.
    """

    name: str
    why: str
    profile: str = ""
    own_profile: str = ""
    plan: str
    rows: Sequence[str] = ()
    command: str = "judge"
    args: Sequence[str] = ()
    exit: int
    said: Mapping[str, object] = field(default_factory=dict)
    stderr: Sequence[str] = ()
    more: Mapping[str, str] = field(default_factory=dict)

    def with_verdict(self, verdict: str) -> "Golden":
        """The same, its case (not its quantities) saying something else."""
        code = {"pass": 0, "fail": 1}.get(verdict, 3)
        return replace(self, exit=code, said={**self.said, "verdict": verdict})

    def files(self) -> Iterator[tuple[str, str]]:
        """Names and texts of its files."""
        yield "plan.toml", self.plan
        if self.command == "judge":
            yield "readings.csv", "\n".join([HEADER, *self.rows]) + "\n"
        if self.own_profile:
            yield "profile.toml", self.own_profile
        yield from self.more.items()
        words = ["--profile", self.profile or "profile.toml", *self.args]
        expected = {
            "why": self.why,
            "command": self.command,
            "args": words,
            "exit": self.exit,
            "said": self.said,
            "stderr": self.stderr,
        }
        yield "expected.json", json.dumps(expected, ensure_ascii=False, indent=1) + "\n"


def said(
    verdict: str,
    reasons: Sequence[str] = (),
    *,
    basis: str = "screening",
    rooms: Mapping[str, Mapping[str, object]] | None = None,
) -> dict[str, object]:
    """An answer; `rooms` by name, each with its quantities by name."""
    found: dict[str, object] = {"verdict": verdict, "basis": basis, "reasons": list(reasons)}
    if rooms is not None:
        found["rooms"] = rooms
    return found


def says(verdict: str, reasons: Sequence[str] = (), **numbers: object) -> dict[str, object]:
    """What is said of a quantity."""
    return {"verdict": verdict, "reasons": list(reasons), **numbers}


def write(cases: Iterable[Golden], folder: Path) -> None:
    """Write each case as a folder; what stood there is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    for case in cases:
        own = folder / case.name
        own.mkdir(parents=True)
        for name, text in case.files():
            (own / name).write_text(text, encoding="utf-8")


def every_case() -> list[Golden]:
    """All cases; no two share a name."""
    from tests.gateway.acceptance import (
        cases_bands,
        cases_beside,
        cases_inputs,
        cases_limits,
        cases_outdoors,
        cases_points,
        cases_rooms,
        cases_sampling,
        cases_whole,
    )

    modules = (
        cases_limits,
        cases_bands,
        cases_points,
        cases_rooms,
        cases_outdoors,
        cases_whole,
        cases_sampling,
        cases_inputs,
        cases_beside,
    )
    cases = [case for module in modules for case in module.cases()]
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two cases have one name: {sorted(twice)}")
    return cases


if __name__ == "__main__":
    write(every_case(), FOLDER)
