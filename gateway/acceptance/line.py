"""A straight line through points with its interval: the arithmetic that both decays (CO2, off-gassing) rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, inf, sqrt
from typing import Final

# Two-sided 95 % quantiles of Student's t for 1 to 4 degrees of freedom; from 5 on the expansion below does to 0.2 %.
_T_95: Final = (inf, 12.7062, 4.3027, 3.1824, 2.7764)
_Z_95: Final = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """y = `level` + `slope` (x - `centre`), by least squares.

    Attributes:
        centre: The mean of x.
        level: The mean of y.
        slope: Change of y per x.
        slope_error: Its standard error, widened for residuals that follow each other.
        level_error: The level's standard error, widened likewise.
        residual: The residual standard deviation.
        freedom: Degrees of freedom that the residuals are worth, at least 1.
        explained: Share of the variance of y that the line explains (R squared).
    """

    centre: float
    level: float
    slope: float
    slope_error: float
    level_error: float
    residual: float
    freedom: float
    explained: float

    def at(self, x: float) -> float:
        """The line's y at x."""
        return self.level + self.slope * (x - self.centre)

    def half_width(self, x: float) -> float:
        """Half the width of the 95 % band of the line at x."""
        return t_95(self.freedom) * sqrt(self.level_error**2 + (self.slope_error * (x - self.centre)) ** 2)


def fit(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """The line through at least three points whose x are not all one, in the order of time.

    Raises:
        ValueError: If there are fewer, or all x are one.
    """
    count = len(xs)
    if count < 3 or len(ys) != count:
        raise ValueError(f"a line with an interval takes at least 3 points, got {count}")
    centre, level = fsum(xs) / count, fsum(ys) / count
    spread = fsum((x - centre) ** 2 for x in xs)
    if spread == 0:
        raise ValueError("all points have one x; a line takes two")
    slope = fsum((x - centre) * (y - level) for x, y in zip(xs, ys, strict=True)) / spread
    residuals = [y - level - slope * (x - centre) for x, y in zip(xs, ys, strict=True)]
    square = fsum(own**2 for own in residuals)
    total = fsum((y - level) ** 2 for y in ys)
    widening = _widening(residuals)
    variance = square / (count - 2) * widening
    return Line(
        centre=centre,
        level=level,
        slope=slope,
        slope_error=sqrt(variance / spread),
        level_error=sqrt(variance / count),
        residual=sqrt(square / (count - 2)),
        freedom=max(1.0, count / widening - 2),
        explained=1 - square / total if total > 0 else 0.0,
    )


def t_95(freedom: float) -> float:
    """The two-sided 95 % quantile of Student's t."""
    if freedom < 5:
        return _T_95[max(1, int(freedom))]
    # Abramowitz and Stegun, 26.7.5: expansion of the t quantile in the normal one.
    z, n = _Z_95, freedom
    first, second = (z**3 + z) / (4 * n), (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    return z + first + second + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)


def _widening(residuals: Sequence[float]) -> float:
    """By how much neighbours that resemble each other inflate the variance: (1 + r) / (1 - r), never below 1."""
    square = fsum(own**2 for own in residuals)
    if square == 0:
        return 1.0
    likeness = fsum(one * other for one, other in pairwise(residuals)) / square
    likeness = min(max(likeness, 0.0), 0.95)
    return (1 + likeness) / (1 - likeness)
