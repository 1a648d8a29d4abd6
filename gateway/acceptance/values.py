"""What was measured: the value of each point indoors, and of the air outdoors at the same time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final, NamedTuple

from gateway.acceptance import slots, uncertainty
from gateway.acceptance.plan import Entry, Span
from gateway.acceptance.profile import Row
from gateway.acceptance.readings import SUSPECT, Reading, Readings
from telemetry.parts import PARTS, Channel
from telemetry.quantities import QUANTITIES
from telemetry.readings import Flag

HOUR_MS: Final = 3_600_000
ZERO_C_K: Final = 273.15
WIRE_TEMPERATURE_K: Final = 298.15
"""Gas masses on the wire are stated at 25 °C (CONTRACTS section 1)."""
_USELESS: Final = frozenset({SUSPECT, Flag.WARMUP, Flag.CLOCK})


class Window(NamedTuple):
    """One window of one point, as measured: readings in it, and its mean, None where none counts."""

    span: Span
    good: int
    mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointValue:
    """What one point says of one quantity.

    Attributes:
        point: The point's name.
        entries: The plan's entries that it comes from.
        value: In the quantity's unit, gas masses at 25 °C unless a laboratory's; None where no reading counts.
        windows: The windows that the value is of, joined where they join.
        completeness: The lowest share of measured slots; 1 for a laboratory's value.
        over_range: True if a reading stood above the part's range.
    """

    point: str
    entries: tuple[Entry, ...]
    value: float | None
    windows: tuple[Window, ...]
    completeness: float
    over_range: bool

    @property
    def is_laboratory(self) -> bool:
        """True if an accredited laboratory's."""
        return all(entry.is_laboratory for entry in self.entries)

    def measured(self, quantity: str) -> uncertainty.Measured | None:
        """The value with what is known of its error; None where there is none or a data sheet states no accuracy."""
        if self.value is None:
            return None
        channels = [channel_of(entry.instrument, quantity) for entry in self.entries if not entry.is_laboratory]
        known = tuple(dict.fromkeys(channel for channel in channels if channel is not None and channel.bands))
        return uncertainty.Measured(self.value, known) if len(known) > 0 or not channels else None


class Outdoor(NamedTuple):
    """The outdoor air at the same time, and its U; both in the unit and reference state of the verdict."""

    value: float
    uncertainty: float


def channel_of(instrument: str, quantity: str) -> Channel | None:
    """The channel that a part measures a quantity with; None for a laboratory, and where the part does not."""
    part = PARTS.get(instrument)
    return part.channel(quantity) if part else None


def rescale(quantity: str, *, is_laboratory: bool, reference_temperature_c: float) -> float:
    """What a value at 25 °C is multiplied by to stand at the reference temperature; 1 but for sensors' gas masses."""
    is_gas_mass = QUANTITIES[quantity].unit == "ug/m3" and not quantity.startswith("pm")
    if is_laboratory or not is_gas_mass:
        return 1.0
    return WIRE_TEMPERATURE_K / (ZERO_C_K + reference_temperature_c)


def indoors(entries: Iterable[Entry], row: Row, readings: Readings, *, allow_simulated: bool) -> list[PointValue]:
    """The points of a room that have readings of the row's quantity, in the plan's order.

    Where a laboratory's value is among them, only laboratory values are given.
    """
    measured = [entry for entry in entries if readings.of(entry, row.quantity)]
    laboratory = [
        entry
        for entry in measured
        if entry.is_laboratory
        and any(_counts(reading, allow_simulated) for reading in readings.of(entry, row.quantity))
    ]
    return _points(laboratory or measured, row, readings, averaging_h=row.averaging_h, allow_simulated=allow_simulated)


def outdoors(
    entries: Iterable[Entry],
    row: Row,
    readings: Readings,
    inside: Sequence[PointValue],
    *,
    reference_temperature_c: float,
    allow_simulated: bool,
) -> Outdoor | None:
    """The outdoor value to take off; None where none was measured over every window of `inside`.

    A laboratory's indoor value takes only a laboratory's outdoor one; a sensor's takes either, a laboratory's first.
    """
    usable = [entry for entry in entries if row.may_decide(entry.instrument)]
    kinds = (True,) if all(point.is_laboratory for point in inside) else (True, False)
    for is_laboratory in kinds:
        chosen = [entry for entry in usable if entry.is_laboratory == is_laboratory]
        points = _points(chosen, row, readings, averaging_h=None, allow_simulated=allow_simulated)
        found = _simultaneous(points, inside, row.quantity)
        if found is not None:
            factor = rescale(row.quantity, is_laboratory=is_laboratory, reference_temperature_c=reference_temperature_c)
            return Outdoor(found.value * factor, found.uncertainty * factor)
    return None


def _points(
    entries: Iterable[Entry], row: Row, readings: Readings, *, averaging_h: float | None, allow_simulated: bool
) -> list[PointValue]:
    by_point: dict[str, list[Entry]] = {}
    for entry in entries:
        if readings.of(entry, row.quantity):
            by_point.setdefault(entry.point, []).append(entry)
    averaging_ms = None if averaging_h is None else round(averaging_h * HOUR_MS)
    return [
        _laboratory_point(own, row.quantity, readings, allow_simulated)
        if all(entry.is_laboratory for entry in own)
        else _sensor_point(own, row.quantity, readings, averaging_ms, allow_simulated)
        for own in by_point.values()
    ]


def _laboratory_point(entries: list[Entry], quantity: str, readings: Readings, allow_simulated: bool) -> PointValue:
    windows = []
    values: list[float] = []
    for entry in entries:
        own = [reading.value for reading in readings.of(entry, quantity) if _counts(reading, allow_simulated)]
        windows.append(Window(entry.sampled, len(own), fsum(own) / len(own) if own else None))
        values += own
    return PointValue(
        point=entries[0].point,
        entries=tuple(entries),
        value=fsum(values) / len(values) if values else None,
        windows=tuple(windows),
        completeness=1.0 if values else 0.0,
        over_range=False,
    )


def _sensor_point(
    entries: list[Entry], quantity: str, readings: Readings, averaging_ms: int | None, allow_simulated: bool
) -> PointValue:
    over_range = False
    runs: dict[str, list[slots.Run]] = {}
    # A laboratory entry is here only if none of its values counts: then the sensors speak alone.
    sensors = [entry for entry in entries if not entry.is_laboratory]
    for entry in sensors:
        counted, over = _counted(readings.of(entry, quantity), channel_of(entry.instrument, quantity), allow_simulated)
        over_range = over_range or over
        runs.setdefault(entry.instrument, []).append(slots.cut(entry.sampled, entry.interval_ms, counted))
    joined = [run for own in runs.values() for run in slots.joined(own)]
    shares = [slots.measure(run, averaging_ms) for run in joined]
    return PointValue(
        point=entries[0].point,
        entries=tuple(sensors),
        value=slots.together(shares, highest=averaging_ms is not None),
        windows=tuple(Window(run.span, share.good, share.mean) for run, share in zip(joined, shares, strict=True)),
        completeness=min(share.completeness for share in shares),
        over_range=over_range,
    )


def _counts(reading: Reading, allow_simulated: bool) -> bool:
    """True if a reading enters a mean as it is."""
    return Flag.RANGE not in reading.quality and _is_useful(reading, allow_simulated)


def _is_useful(reading: Reading, allow_simulated: bool) -> bool:
    return _USELESS.isdisjoint(reading.quality) and (allow_simulated or Flag.SIMULATED not in reading.quality)


def _counted(
    readings: Iterable[Reading], channel: Channel | None, allow_simulated: bool
) -> tuple[list[tuple[int, float]], bool]:
    """The readings that count, at the range's top where they stand above it or are flagged; True if any did."""
    top = channel.high * channel.unit_factor if channel else None
    low = channel.low * channel.unit_factor if channel else None
    counted: list[tuple[int, float]] = []
    over_range = False
    for reading in readings:
        if not _is_useful(reading, allow_simulated):
            continue
        flagged = Flag.RANGE in reading.quality
        if flagged and (low is None or reading.value < low):
            continue
        value = reading.value
        if top is not None and (flagged or value > top):
            value, over_range = top, True
        counted.append((reading.time_ms, value))
    return counted, over_range


def _simultaneous(points: Sequence[PointValue], inside: Sequence[PointValue], quantity: str) -> Outdoor | None:
    """The outdoor mean over the windows of `inside`, at 25 °C; None if a window is not covered."""
    complete = [point for point in points if point.completeness >= slots.COMPLETE]
    means: list[float] = []
    largest = 0.0
    for indoor in inside:
        parts: list[tuple[float, int]] = []
        for window in indoor.windows:
            covering = [
                (point, other.mean)
                for point in complete
                for other in point.windows
                if other.mean is not None and other.span.covers(window.span)
            ]
            if not covering:
                return None
            parts.append((fsum(mean for _, mean in covering) / len(covering), max(window.good, 1)))
            for point, mean in covering:
                largest = max(largest, _stated(point, mean, quantity))
        means.append(fsum(mean * weight for mean, weight in parts) / sum(weight for _, weight in parts))
    return Outdoor(fsum(means) / len(means), largest) if means else None


def _stated(point: PointValue, mean: float, quantity: str) -> float:
    measured = point.measured(quantity)
    return uncertainty.edges([uncertainty.Measured(mean, measured.channels)]).uncertainty if measured else 0.0
