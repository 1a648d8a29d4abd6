"""A supervised line: what an ADC's reading says of the contact and of its wires."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

HYSTERESIS: Final = 0.15
"""Of the distance between two neighbouring levels; a reading must pass a border by so much to change the class."""

MIN_DISTANCE: Final = 0.08
"""Of full scale, between two neighbouring levels: resistors of 5 % and 50 Ω of wire stay well within a third of it."""


class WireState(StrEnum):
    """What a contact's wires say; a plain GPIO knows the first two only."""

    OPEN = "open"
    CLOSED = "closed"
    SHORT = "short"
    CUT = "cut"


ORDER: Final = (WireState.SHORT, WireState.CLOSED, WireState.OPEN, WireState.CUT)
"""By rising reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What the converter reads in each state, as a part of full scale: 0 short, 1 cut."""

    closed: float
    open: float

    @property
    def all(self) -> tuple[float, float, float, float]:
        """In the order of `ORDER`."""
        return (0.0, self.closed, self.open, 1.0)

    @property
    def distance(self) -> float:
        """Between the two neighbours that are nearest to each other."""
        return min(high - low for low, high in pairwise(self.all))


def levels_of(*, pull_ohm: float, series_ohm: float, parallel_ohm: float) -> Levels:
    """The levels of a divider: supply, `pull_ohm`, converter, line, ground.

    The line has `series_ohm` while the contact is closed, `series_ohm` + `parallel_ohm` while it is open.
    """
    return Levels(
        closed=series_ohm / (series_ohm + pull_ohm),
        open=(series_ohm + parallel_ohm) / (series_ohm + parallel_ohm + pull_ohm),
    )


class LineClassifier:
    """Tells the state from readings, with hysteresis. Pure.

    The borders lie half-way between neighbouring levels; once a class is known, a reading must pass a border by 15 % of
    the levels' distance before the class changes.

    Attributes:
        state: The class of the newest reading; None before the first.
    """

    def __init__(self, levels: Levels) -> None:
        self.state: WireState | None = None
        pairs = list(pairwise(levels.all))
        self._borders = [(low + high) / 2 for low, high in pairs]
        self._margins = [(high - low) * HYSTERESIS for low, high in pairs]

    def see(self, reading: float) -> WireState:
        """The state that a reading between 0 and 1 tells."""
        if self.state is None:
            place = sum(reading >= border for border in self._borders)
        else:
            place = ORDER.index(self.state)
            while place < len(self._borders) and reading > self._borders[place] + self._margins[place]:
                place += 1
            while place > 0 and reading < self._borders[place - 1] - self._margins[place - 1]:
                place -= 1
        self.state = ORDER[place]
        return self.state
