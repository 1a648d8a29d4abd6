"""A TOML file as a frozen record; a fault is named by file and place, such as `$.room[0].area`."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from gateway.errors import ConfigurationError

MAX_FILE_BYTES: Final = 1_000_000
_Record = TypeVar("_Record", bound=msgspec.Struct)


def load(path: Path, kind: type[_Record]) -> _Record:
    """The file's content as `kind`.

    Raises:
        ConfigurationError: If it cannot be read, is no TOML, or breaks the shape of `kind`.
    """
    return parse(read(path), kind, str(path))


def read(path: Path) -> bytes:
    """The file's bytes.

    Raises:
        ConfigurationError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}; give a file this user may read") from error


def parse(body: bytes, kind: type[_Record], name: str) -> _Record:
    """The bytes of a TOML file as `kind`; `name` is what errors call the file.

    Raises:
        ConfigurationError: As `load`.
    """
    if len(body) > MAX_FILE_BYTES:
        raise ConfigurationError(f"{name} has {len(body)} bytes, more than {MAX_FILE_BYTES}; is it the right file?")
    try:
        raw = tomllib.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name} is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{name} is no TOML: {error}") from error
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {_explained(str(error), raw, kind)}") from error


def _explained(text: str, raw: Mapping[str, Any], kind: type[msgspec.Struct]) -> str:
    """The words of msgspec with the whole place, and advice for a key that nobody knows."""
    words, _, tail = text.partition(" - at `$")
    place = "$" + tail.rstrip("`")
    if missing := re.fullmatch(r"Object missing required field `(.*)`", words):
        return f"{place}.{missing[1]}: is missing; it must be given"
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", words, re.DOTALL)
    if unknown is None:
        return f"{place}: {words}"
    known = sorted(_keys_at(kind, place))
    near = difflib.get_close_matches(unknown[1], known, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
    return f"{place}.{unknown[1]}: is no key known here; {advice}"


def _keys_at(kind: type[msgspec.Struct], place: str) -> tuple[str, ...]:
    """The keys that the table at `place` may have."""
    for word in re.findall(r"\.([A-Za-z_]+)", place):
        hint = next((field.type for field in msgspec.structs.fields(kind) if field.encode_name == word), None)
        kind = _record_in(hint) or kind
    return kind.__struct_encode_fields__


def _record_in(hint: Any) -> type[msgspec.Struct] | None:
    """The record type inside a type hint such as `tuple[Room, ...]` or `Window | None`; None if there is none."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    return next((found for inner in getattr(hint, "__args__", ()) if (found := _record_in(inner))), None)
