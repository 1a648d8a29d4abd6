"""The chain of a case's events, as the database keeps it and a bundle carries it (`events.jsonl`)."""

from hashlib import sha256
from typing import Final

import msgspec

from telemetry.clock import to_ms

MEMBER: Final = "events.jsonl"
CHAIN_START: Final = sha256(b"openhall case events 1").hexdigest()


class TrailLine(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a line of a bundle.

    Attributes:
        case: The number of the case; 0 in lines of programs that did not write it, whose chain cannot be made anew.
        number: From 1, without a gap.
        time: When, Unix seconds.
        who: Who did it.
        event: What happened, byte for byte as the chain was made of it.
        link: SHA-256, in hexadecimal, over the link before and all of the above.
    """

    case: int = 0
    number: int
    time: float
    who: str
    event: msgspec.Raw
    link: str


def link_of(before: str, *, case: int, number: int, time_ms: int, who: str, body: str) -> str:
    """The chain one event on; `body` is the event as it is kept."""
    return sha256(msgspec.json.encode([before, case, number, time_ms, who, body])).hexdigest()


def fault_in(log: bytes, case: str) -> str | None:
    """What is wrong with the events of a bundle of this case; None: each follows from the one before.

    The chain holds in itself: that the last events were cut off, only the bundle's seal tells.
    """
    link = CHAIN_START
    for place, line in enumerate(log.splitlines(), start=1):
        try:
            found = msgspec.json.decode(line, type=TrailLine)
            body = bytes(found.event).decode()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return f"line {place} cannot be read: {error}"
        if found.case == 0:
            return None
        if str(found.case) != case or found.number != place:
            return f"line {place} is event {found.number} of case {found.case}, not event {place} of case {case}"
        time_ms = to_ms(found.time)
        link = link_of(link, case=found.case, number=place, time_ms=time_ms, who=found.who, body=body)
        if link != found.link:
            return f"event {place} does not follow from the one before: it was changed after it was noted"
    return None
