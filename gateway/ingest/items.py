"""What one message leaves to be committed, and what a round says of many of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.ingest.calibrations import Calibrated
from gateway.ingest.ledger import Entry
from gateway.ingest.letters import Letter, letter
from gateway.ingest.plain_air import PlainAir
from gateway.ports import AnyPoint
from telemetry.errors import Reason
from telemetry.topics import Root

FACILITY: Final = "facility"
AIR: Final = "air"


@dataclass(slots=True, kw_only=True)
class Item:
    """What one message leaves to be committed.

    Attributes:
        topic: Where it came on.
        body: As it came, for the dead letter of what the store refuses.
        arrived_ms: When.
        root: Whose topic it is, None if nobody's.
        points: For the store.
        letters: For the dead letters.
        entry: For the ledger; None: nothing, and no receipt.
        calibration: What was done to a sensor.
    """

    topic: str
    body: bytes
    arrived_ms: int
    root: Root | None = None
    points: Sequence[AnyPoint] = ()
    letters: Sequence[Letter] = ()
    entry: Entry | None = None
    calibration: Calibrated | None = None

    @property
    def weight(self) -> int:
        """How much of a round it fills."""
        return max(1, len(self.points)) + len(self.letters)


AnyItem = Item | PlainAir


def air_of(batch: Sequence[AnyItem]) -> Iterator[tuple[str, int]]:
    """Site and time of every point of air, whose hour is to be summed up anew."""
    for item in batch:
        if isinstance(item, PlainAir):
            yield item.lane.root.site, item.time_ms
        elif item.root is not None:
            for point in item.points:
                if point.measurement == AIR:
                    yield item.root.site, point.time_ms


def refusals(turned_down: Sequence[tuple[AnyItem, AnyPoint, str]]) -> dict[int, Letter]:
    """By the item's `id()`, one letter for each message of which the store will not take something."""
    by_item: dict[int, tuple[AnyItem, list[str]]] = {}
    for item, point, detail in turned_down:
        by_item.setdefault(id(item), (item, []))[1].append(f"{point.measurement} at {point.time_ms}: {detail}")
    found = {}
    for one, (item, details) in by_item.items():
        entry = item.entry
        found[one] = letter(
            item.topic,
            item.body,
            Reason.STORE_REFUSED,
            "; ".join(details[:5]) + (f"; and {len(details) - 5} more" if len(details) > 5 else ""),
            received_ms=item.arrived_ms,
            root=item.root,
            pair=(entry.journal, entry.sequence) if entry is not None else None,
        )
    return found
