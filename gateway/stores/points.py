"""What every store of ours takes, so that a point is refused alike wherever it would have gone."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gateway.ports import FieldValue

# InfluxDB keeps signed 64-bit nanoseconds and reserves both ends (influxdb 1.6 models/time.go, MinNanoTime).
MIN_TIME_MS: Final = -9_223_372_036_854
MAX_TIME_MS: Final = 9_223_372_036_854

MAX_KEY_BYTES: Final = 65_535
"""InfluxDB's limit on measurement and tags together (influxdb 1.6 models/points.go: MaxKeyLength)."""

PROBE_REGION: Final = "gateway"
"""The region of the marks that a store proves itself with; no real region may have this id."""

Tags = tuple[tuple[str, str], ...]


class UnstorableError(ValueError):
    """A point that no store takes; the text says why. It never leaves this package: the store names a `Refused`."""


@dataclass(slots=True)
class Counters:
    """What a store has done since the program started; read by the metrics.

    Attributes:
        points: Points committed, repeats included.
        refused: Points named as refused.
        commits: Transactions or bodies that the store took.
        splits: Times a body was cut in two to find its bad line.
        failures: Writes and queries that ended in `StoreUnavailable`.
    """

    points: int = 0
    refused: int = 0
    commits: int = 0
    splits: int = 0
    failures: int = 0


@lru_cache(maxsize=100_000)
def own_tags(measurement: str, tags: Tags) -> Tags:
    """The tags in the order of their names, without the empty ones (which InfluxDB cannot hold).

    Raises:
        UnstorableError: If a name is empty, comes twice, or holds what line protocol cannot carry.
    """
    kept = sorted((name, value) for name, value in tags if value)
    _check_name("measurement", measurement)
    if measurement.startswith("#"):
        raise UnstorableError(f"measurement {measurement!r} begins with '#', which makes a comment of its line")
    for name, value in kept:
        _check_name("tag name", name)
        _check_word(f"tag {name}", value)
    if len({name for name, _ in kept}) != len(kept):
        raise UnstorableError(f"a tag comes twice: {', '.join(name for name, _ in kept)}")
    if "time" in {name for name, _ in kept}:
        raise UnstorableError("a tag may not be called 'time'")
    if 2 * sum(len(word.encode()) + 1 for tag in kept for word in tag) > MAX_KEY_BYTES:
        raise UnstorableError(f"the tags are longer than {MAX_KEY_BYTES} bytes could hold")
    return tuple(kept)


@lru_cache(maxsize=10_000)
def own_field_name(name: str) -> str:
    """The field's name.

    Raises:
        UnstorableError: If it is empty, the word `time`, or holds what line protocol cannot carry.
    """
    _check_name("field name", name)
    if name == "time":
        raise UnstorableError("a field may not be called 'time'")
    return name


def own_value(name: str, value: FieldValue) -> FieldValue:
    """The value as it is stored: bool, str, or float (an int becomes one: an integer would spoil the column for good).

    Raises:
        UnstorableError: If it is not finite, another type, or text that is not UTF-8.
    """
    if type(value) is float:
        if value - value != 0.0:  # quicker than math.isfinite
            raise UnstorableError(f"field {name}: {value} is not finite")
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise UnstorableError(f"field {name}: the number is not finite, or too large for a float")
        return number
    if isinstance(value, str):
        if "\x00" in value:
            raise UnstorableError(f"field {name}: a NUL character cannot be stored")
        _check_utf8(f"field {name}", value)
        return value
    raise UnstorableError(f"field {name}: a {type(value).__name__} cannot be stored, only float, bool and str")


def check_time(time_ms: int) -> None:
    """Refuse what lies outside the years 1677 to 2262.

    Raises:
        UnstorableError: Then.
    """
    if not MIN_TIME_MS <= time_ms <= MAX_TIME_MS:
        raise UnstorableError(f"time {time_ms} ms lies outside the years 1677 to 2262")


def _check_name(what: str, name: str) -> None:
    # Before a comma, a space or an equals sign a backslash cannot be told from an escape, and InfluxDB 1 and 2 differ
    # on quotes in names.
    if "\\" in name or '"' in name:
        raise UnstorableError(f"{what} {name!r} holds a backslash or a quote")
    _check_word(what, name)


def _check_word(what: str, word: str) -> None:
    if not word:
        raise UnstorableError(f"{what} is empty")
    if word.endswith("\\"):
        raise UnstorableError(f"{what} {word!r} ends in a backslash, which would swallow the sign behind it")
    if any(sign < " " or sign == "\x7f" for sign in word):
        raise UnstorableError(f"{what} {word!r} holds a line break or another control character")
    _check_utf8(what, word)


def _check_utf8(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnstorableError(f"{what} is not UTF-8 at character {error.start}") from error
