"""The ports of the gateway: what it asks of a store and of whoever listens for alarms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from telemetry.messages import Health
from telemetry.readings import Pack
from telemetry.topics import Root

FieldValue = float | bool | str


class Point(NamedTuple):
    """One point of a time series, whatever the store.

    Attributes:
        measurement: As in the contract's table of buckets: `air`, `facility`, `mark`, `agent`, `alert`, …
        tags: Names and values, in the contract's order.
        time_ms: Unix milliseconds.
        fields: Floats are always floats.
    """

    measurement: str
    tags: tuple[tuple[str, str], ...]
    time_ms: int
    fields: Mapping[str, FieldValue]


class AirSeries:
    """Air of one point whose packs always bring the same quantities in the same order.

    Attributes:
        tags: As of a `Point`.
        quantities: Of which it has values, none twice.
        form: What a store made of the two, so that it need not be made again for every point; None before.
    """

    __slots__ = ("form", "quantities", "tags")

    def __init__(self, tags: tuple[tuple[str, str], ...], quantities: tuple[str, ...]) -> None:
        self.tags = tags
        self.quantities = quantities
        self.form: str | None = None


class PlainPoint(msgspec.Struct, gc=False):
    """A point of air as most of them are: all values good. It reads like a `Point`; a store may write it faster.

    Attributes:
        series: Whose.
        time_ms: Unix milliseconds.
        values: Finite floats in the order of the series' quantities.
        coloured: Its fields, once somebody asked for them: then these count, since some may be in doubt by now.
    """

    series: AirSeries
    time_ms: int
    values: list[float]
    coloured: dict[str, FieldValue] | None

    @property
    def measurement(self) -> str:
        """Always air."""
        return "air"

    @property
    def tags(self) -> tuple[tuple[str, str], ...]:
        """Those of the series."""
        return self.series.tags

    @property
    def fields(self) -> dict[str, FieldValue]:
        """By quantity its value."""
        if self.coloured is None:
            self.coloured = dict(zip(self.series.quantities, self.values, strict=True))
        return self.coloured


AnyPoint = Point | PlainPoint


class Refused(NamedTuple):
    """A point that the store will never take: its place in the batch, from 0, and the store's words."""

    place: int
    detail: str


class StoredReading(NamedTuple):
    """One stored value of one quantity at one point."""

    time_ms: int
    value: float
    suspect: bool


class Summary(NamedTuple):
    """The good values of one quantity at one point within a time.

    Attributes:
        tags: Of the series: region, site, room, point.
        quantity: Its name.
        mean: Of all of them, each counting alike.
        least: The smallest.
        most: The largest.
        n: How many, at least 1.
    """

    tags: tuple[tuple[str, str], ...]
    quantity: str
    mean: float
    least: float
    most: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsQuery:
    """Which readings are asked for: `from_ms` inclusive, `to_ms` exclusive, at most `limit` rows."""

    site: str
    point: str
    quantity: str
    from_ms: int
    to_ms: int
    limit: int = 1_000
    newest_first: bool = False


class Store(Protocol):
    """Where time series are kept. Writing the same series and time again overwrites: repeats are harmless.

    Used from several threads; an adapter guards what it must.
    """

    def prove(self, regions: Sequence[str]) -> None:
        """Show that it can be written and read back, and that schema and clock fit.

        Raises:
            StoreUnavailable: Try again; StoreMisconfigured where only a person can help.
        """

    def write(self, points: Sequence[AnyPoint]) -> list[Refused]:
        """Commit all points but the refused, which are named. On return the others are on the store's disk.

        Raises:
            StoreUnavailable: Some points may be stored, nothing is promised; write the same batch again.
        """

    def marks(self) -> dict[str, int] | None:
        """The newest mark (rule 10) of each region; None if this store is write-only."""

    def readings(self, query: ReadingsQuery) -> list[StoredReading]:
        """Readings of one series, good and suspect merged, oldest first unless the query says otherwise."""

    def summaries(self, site: str, from_ms: int, to_ms: int) -> list[Summary]:
        """The good air of a branch summed up, series by series; those without a good value are left out.

        Raises:
            StoreUnavailable: Ask again later; StoreWriteOnly if it is not there to be asked.
        """

    def counted(self, site: str, hour_ms: int) -> set[tuple[tuple[tuple[str, str], ...], str]]:
        """Tags and quantity of what `air_1h` says of a branch's hour with a count above 0.

        Raises:
            As `summaries`.
        """

    def keeps_ms(self) -> int | None:
        """How long it keeps air, None for ever or if it cannot say.

        Raises:
            StoreUnavailable: Ask again later.
        """

    def close(self) -> None:
        """Release what it holds."""


class CalmAir(Protocol):
    """Of one point, the air that begins nothing and need not be looked at value by value."""

    @property
    def bands(self) -> Mapping[str, tuple[float, float]]:
        """By quantity the least and the most of what is calm; what is not in it is always calm."""

    def passes(self, time_ms: int, arrived_s: float) -> bool:
        """Live air of that time came, all of it within the bands and none of it suspect.

        False if something stands that even calm air may end: then nothing is done, and `Alerts.see` has to look.
        """


class Alerts(Protocol):
    """Who listens for alarms. Its state is committed when a method returns; it never waits for the store."""

    def hear(self, root: Root, pack: Pack, arrived_ms: int) -> bool:
        """Take in a facility pack; the same pair raises at most one alarm.

        Times of a relative pack are made absolute by the caller. True if this pair was new.
        """

    def see(self, root: Root, pack: Pack, arrived_ms: int) -> None:
        """Take in live air (never late air)."""

    def calm_air(self, root: Root, room: str, point: str) -> CalmAir | None:
        """What of a point's air need not be given to `see`; None: all of it must be. It holds for ever."""

    def health(self, root: Root, health: Health, arrived_ms: int) -> None:
        """Take in an agent's own numbers."""
