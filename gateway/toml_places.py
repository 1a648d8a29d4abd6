"""A TOML file into a Struct; a fault in its shape is named by its place, such as `$.store.url`, with what to do."""

import difflib
import re
import tomllib
import types
import typing
from enum import Enum
from typing import Any, Final, TypeVar

import msgspec

from gateway.errors import ConfigurationError

MAX_FILE_BYTES: Final = 1_000_000

_Kind = TypeVar("_Kind", bound=msgspec.Struct)


class ShapeError(Exception):
    """One thing that cannot stay; `place` says where, `text` what is wrong and what to do."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(f"{place}: {text}")
        self.place = place
        self.text = text


def parse(body: bytes, name: str) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        ConfigurationError: If it is too long, no UTF-8 or no TOML.
    """
    if len(body) > MAX_FILE_BYTES:
        raise ConfigurationError(f"{name} has {len(body)} bytes, more than {MAX_FILE_BYTES}; is it the right file?")
    try:
        return tomllib.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name} is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{name} is no TOML: {error}; https://toml.io has the grammar") from error


def convert(raw: object, kind: type[_Kind], base: str = "$") -> _Kind:
    """`raw` as a Struct of that kind.

    Raises:
        ShapeError: At the first thing that does not fit.
    """
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        place, text = _explained(str(error), raw, kind, base)
        raise ShapeError(place, text) from error


def _explained(words: str, raw: object, kind: Any, base: str) -> tuple[str, str]:
    text, _, tail = words.partition(" - at `$")
    steps = re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", tail.rstrip("`"))
    place, table = base, raw
    for name, index in steps:
        if index == "...":
            # msgspec does not name the key of a table of tables: the first one that does not fit is meant.
            value_kind = _value_kind(kind)
            inner = _first_misfit(table, value_kind)
            if inner is not None:
                key, inner_words = inner
                inner_table = table[key] if isinstance(table, dict) else None
                return _explained(inner_words, inner_table, value_kind, f"{place}.{key}")
        kind = _below(kind, name, table) if name else _item_kind(kind)
        table = _inside(table, name, index)
        place += f".{name}" if name else f"[{index}]"
    return _advised(text, kind, table, place)


def _advised(text: str, kind: Any, table: object, place: str) -> tuple[str, str]:
    words = [member.value for one in _arms(kind) if isinstance(one, type) and issubclass(one, Enum) for member in one]
    if text.startswith("Invalid enum value") and words:
        return place, f"{text}; give one of {', '.join(words)}"
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", text, re.DOTALL)
    if unknown is None:
        missing = re.fullmatch(r"Object missing required field `(.*)`", text)
        return (f"{place}.{missing[1]}", "is missing; it must be given") if missing else (place, text)
    known = [name for one in _structs(kind, table) for name in (*one.__struct_encode_fields__, *_tag_field(one))]
    near = difflib.get_close_matches(unknown[1], known, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(set(known)))}"
    return f"{place}.{unknown[1]}", f"is no setting; {advice}"


def _first_misfit(table: object, kind: Any) -> tuple[str, str] | None:
    for key, value in table.items() if isinstance(table, dict) else ():
        try:
            msgspec.convert(value, kind, strict=True)
        except msgspec.ValidationError as error:
            return str(key), str(error)
    return None


def _inside(table: object, name: str, index: str) -> object:
    if name:
        return table.get(name) if isinstance(table, dict) else None
    return table[int(index)] if isinstance(table, list) and index.isdigit() and int(index) < len(table) else None


def _structs(kind: Any, table: object) -> list[type[msgspec.Struct]]:
    found = [one for one in _arms(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    tagged = [one for one in found if _is_tagged(one, table)]
    return tagged or found


def _is_tagged(kind: type[msgspec.Struct], table: object) -> bool:
    config = kind.__struct_config__
    return isinstance(table, dict) and config.tag_field is not None and table.get(config.tag_field) == config.tag


def _tag_field(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    field = kind.__struct_config__.tag_field
    return (field,) if field is not None else ()


def _arms(kind: Any) -> list[Any]:
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _arms(typing.get_args(kind)[0])
    if origin in (typing.Union, types.UnionType):
        return [inner for arm in typing.get_args(kind) for inner in _arms(arm)]
    return [kind]


def _below(kind: Any, name: str, table: object) -> Any:
    for one in _structs(kind, table):
        for field in msgspec.structs.fields(one):
            if field.encode_name == name:
                return field.type
    return _value_kind(kind)


def _value_kind(kind: Any) -> Any:
    return next((typing.get_args(one)[1] for one in _arms(kind) if typing.get_origin(one) is dict), object)


def _item_kind(kind: Any) -> Any:
    return next((typing.get_args(one)[0] for one in _arms(kind) if typing.get_origin(one) in (tuple, list)), object)
