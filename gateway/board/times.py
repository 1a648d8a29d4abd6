"""Times in requests: RFC 3339 or Unix seconds, in; whole milliseconds, out."""

import re
from datetime import UTC, datetime
from typing import Final

from gateway.board.errors import RequestError
from telemetry.clock import to_ms

MAX_SECONDS: Final = 253_402_300_799.0
"""The last second of the year 9999, the last that RFC 3339 can write."""

_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+ -]\d\d:\d\d)")
_ADVICE: Final = "give RFC 3339 such as 2026-01-31T08:00:00+08:00, or Unix seconds"


def parse_time(text: str, name: str) -> int:
    """Unix milliseconds of the time in `text`.

    A `+` that was not percent-encoded arrives as a space; it is read as what was meant.

    Raises:
        RequestError: With status 400; the detail names the parameter.
    """
    words = text.strip()
    try:
        seconds = float(words)
    except ValueError:
        seconds = _from_rfc3339(words, name)
    if not 0 <= seconds <= MAX_SECONDS:
        raise _refusal(name, text)
    return to_ms(seconds)


def _from_rfc3339(words: str, name: str) -> float:
    match = _RFC3339.fullmatch(words)
    if match is None:
        raise _refusal(name, words)
    date, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in "Zz" else zone.replace(" ", "+")
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{(fraction or '')[:7]}{offset}")
    except ValueError as error:
        raise _refusal(name, words) from error
    return moment.astimezone(UTC).timestamp()


def _refusal(name: str, text: str) -> RequestError:
    return RequestError(400, "Bad time", f"{name}: {text[:64]!r} is no time; {_ADVICE}")
