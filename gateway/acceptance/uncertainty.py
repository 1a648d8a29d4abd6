"""The edges of what a room's value may be: mean less and plus the instruments' stated accuracy (k = 2).

Averaging does not shrink an instrument's error, so a room has its points' largest. A data sheet's steps (SCD41: 2.5 %
up to 1000 ppm, 3 % above) would let the lower edge fall while the air gets worse, and so would one high point among
many low ones; then the higher edge, that some cleaner air would have had, stands. Both edges therefore never fall when
a value rises.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import fsum, inf
from typing import Final

from telemetry.parts import Channel

_ROUNDING: Final = 1 + 1e-12
"""An error computed back from the value it belongs to may differ in its last digit."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One point's value and the channels that it was measured with; no channel: a laboratory, whose U is 0 here."""

    value: float
    channels: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True)
class Edges:
    """Mean, the lowest and highest that it may be, and the stated accuracy; all in the quantity's unit at 25 °C."""

    mean: float
    low: float
    high: float
    uncertainty: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of values up to `end`, inclusive, where the error is `absolute` and `relative` times the value."""

    end: float
    absolute: float
    relative: float
    larger: bool

    def error_at(self, value: float) -> float:
        grown = self.relative * max(value, 0.0) if self.relative else 0.0
        return max(self.absolute, grown) if self.larger else self.absolute + grown

    def value_of(self, error: float) -> float | None:
        """The highest value of the stretch whose error is no more than `error`; None if all have more."""
        if self.error_at(self.end) <= error:
            return self.end
        if self.relative == 0 or self.absolute > error:
            return None
        return error / self.relative if self.larger else (error - self.absolute) / self.relative


def edges(points: Sequence[Measured]) -> Edges:
    """The edges of the mean of at least one point."""
    values = [point.value for point in points]
    pieces = [[_pieces(channel) for channel in point.channels] for point in points]
    mean = _mean(values)
    stated = [_error(own, value) for own, value in zip(pieces, values, strict=True)]
    largest = max(stated)
    if largest == 0:
        return Edges(mean, mean, mean, 0.0)
    low = max([mean - largest, *_lower_edges(values, pieces)])
    high = max([mean + largest, *_upper_edges(values, pieces, stated)])
    return Edges(mean, low, high, largest)


def _lower_edges(values: Sequence[float], pieces: Sequence[list[list[_Piece]]]) -> Iterator[float]:
    """Mean less error, of cleaner air that would show the same or a smaller error."""
    errors = {error for own, value in zip(pieces, values, strict=True) for error in _levels(own, value)}
    for error in errors:
        cleaner = [_highest_with(own, value, error) for own, value in zip(pieces, values, strict=True)]
        if None not in cleaner:
            yield _mean([value for value in cleaner if value is not None]) - error


def _upper_edges(
    values: Sequence[float], pieces: Sequence[list[list[_Piece]]], stated: Sequence[float]
) -> Iterator[float]:
    """Mean plus error, of air that is cleaner at one point, where the data sheet states a larger error."""
    for place, own in enumerate(pieces):
        for value in _turns(own, values[place]):
            others = [error for other, error in enumerate(stated) if other != place]
            cleaner = [*values[:place], value, *values[place + 1 :]]
            yield _mean(cleaner) + max([_error(own, value), *others])


def _pieces(channel: Channel) -> list[_Piece]:
    factor = channel.unit_factor
    bands = [_Piece(band.upto * factor, band.absolute * factor, band.relative, band.larger) for band in channel.bands]
    last = bands[-1]
    # Above its last band a data sheet states nothing; its last words go on.
    bands[-1] = _Piece(inf, last.absolute, last.relative, last.larger)
    return bands


def _error(own: Sequence[list[_Piece]], value: float) -> float:
    return max((next(piece for piece in pieces if value <= piece.end).error_at(value) for pieces in own), default=0.0)


def _turns(own: Sequence[list[_Piece]], value: float) -> Iterator[float]:
    """The values up to and including `value` where an error may step or bend."""
    yield value
    if value > 0:
        yield 0.0
    for pieces in own:
        for piece in pieces:
            if piece.end < value:
                yield piece.end
            if piece.larger and piece.relative and 0 <= piece.absolute / piece.relative < value:
                yield piece.absolute / piece.relative


def _levels(own: Sequence[list[_Piece]], value: float) -> Iterator[float]:
    """The errors that may be stated somewhere up to `value` and be a turning point of the lower edge."""
    for turn in _turns(own, value):
        yield _error(own, turn)
        yield from (piece.error_at(turn) for pieces in own for piece in pieces)


def _highest_with(own: Sequence[list[_Piece]], value: float, error: float) -> float | None:
    """The highest value up to `value` that is stated with no more than `error`; None if there is none."""
    if not own:
        return value
    candidates = {value} | {piece.end for pieces in own for piece in pieces if piece.end < value}
    candidates |= {
        found for pieces in own for piece in pieces if (found := piece.value_of(error)) is not None and found < value
    }
    return max((found for found in candidates if _error(own, found) <= error * _ROUNDING), default=None)


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)
