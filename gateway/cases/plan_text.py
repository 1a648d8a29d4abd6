"""A plan as the text of a plan file: what is opened over HTTP, and what was carried out, in the one form there is."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec

from gateway.acceptance.plan import PlanTable


def plan_text(table: PlanTable) -> str:
    """The plan file; `acceptance.plan.parse` reads the same plan from it."""
    raw = {name: value for name, value in _fields(table) if name not in ("room", "outdoor")}
    lines = [f"{name} = {_value(value)}" for name, value in raw.items()]
    for room in table.room:
        lines += ["", "[[room]]"]
        lines += [f"{name} = {_value(value)}" for name, value in _fields(room) if name != "point"]
        for point in room.point:
            lines += ["", "[[room.point]]", *_lines(point)]
    for point in table.outdoor:
        lines += ["", "[[outdoor]]", *_lines(point)]
    return "\n".join(lines) + "\n"


def _lines(struct: msgspec.Struct) -> Iterator[str]:
    return (f"{name} = {_value(value)}" for name, value in _fields(struct))


def _fields(struct: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """What is given, by the names of the file; TOML has no word for nothing."""
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if value is not None:
            yield field.encode_name, value


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, StrEnum | str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, msgspec.Struct):
        return "{ " + ", ".join(f"{name} = {_value(inner)}" for name, inner in _fields(value)) + " }"
    raise TypeError(f"a plan holds no {type(value).__name__}")
