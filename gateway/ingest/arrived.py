"""A message as it came from the bus, before anybody has read it."""

from typing import NamedTuple

from gateway.ingest.letters import Letter


class Arrived(NamedTuple):
    """One message as the bus handed it over; `oversize` in place of a body that was too long to be kept.

    Sorts of messages overtake each other on the way here, so when it came is told twice: by the wall clock for readings
    and by the monotonic one for who lives.
    """

    topic: str
    body: bytes
    retained: bool
    arrived_ms: int
    arrived_s: float
    oversize: Letter | None = None
