"""What a sensor reads too much or too little, learned from laboratory values of the same place and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from gateway.acceptance import line


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """How a sensor differs from laboratories: what it reads too much, in the quantity's unit.

    Attributes:
        mean: The mean of sensor less laboratory.
        half_width: Half of its 95 % interval; None with a single pair.
        pairs: How many pairs it is learned from.
        is_known: True if the interval leaves out zero: the sensor is off, not just scattered.
    """

    mean: float
    half_width: float | None
    pairs: int
    is_known: bool


def bias(pairs: Sequence[tuple[float, float]]) -> Bias:
    """The bias of one instrument from (sensor, laboratory) values of the same place and time.

    Raises:
        ValueError: If there is no pair.
    """
    if not pairs:
        raise ValueError("a bias takes at least one pair of a sensor's and a laboratory's value")
    differences = [sensor - laboratory for sensor, laboratory in pairs]
    count = len(differences)
    mean = fsum(differences) / count
    if count == 1:
        return Bias(mean=mean, half_width=None, pairs=1, is_known=False)
    variance = fsum((own - mean) ** 2 for own in differences) / (count - 1)
    half_width = line.t_95(count - 1) * sqrt(variance / count)
    return Bias(mean=mean, half_width=half_width, pairs=count, is_known=abs(mean) > half_width)
