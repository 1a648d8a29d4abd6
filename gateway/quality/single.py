"""What a single reading shows of its own quality: its flags, and whether its value is plausible.

A pure function of the reading, so that a repeat is always judged as the first was and lands in the same field.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from telemetry.quantities import WIRE_QUANTITIES
from telemetry.readings import DOUBTFUL_FLAGS, Flag

SUSPECT_SUFFIX: Final = "_suspect"

_TABLE: Final = {row.name: (row.low, row.high, row.name + SUSPECT_SUFFIX) for row in WIRE_QUANTITIES.values()}
SUSPECT_FIELDS: Final = frozenset(field for _low, _high, field in _TABLE.values())


class Shown(StrEnum):
    """Why a reading is suspect."""

    WARMUP = "warmup"
    RANGE = "range"
    CLOCK = "clock"


def judge(quantity: str, value: float, flags: Collection[Flag]) -> Shown | None:
    """Why this reading is suspect; None if nothing speaks against it.

    Args:
        quantity: A name of the table of quantities that may travel.
        value: In the quantity's unit, finite.
        flags: What the sensor said of it; `simulated` says nothing against it.
    """
    low, high, _field = _TABLE[quantity]
    if not low <= value <= high:
        return Shown.RANGE
    doubtful = next((flag for flag in flags if flag in DOUBTFUL_FLAGS), None)
    return None if doubtful is None else Shown(doubtful.value)


def is_suspect(quantity: str, value: float, flags: Collection[Flag]) -> bool:
    """True if `judge` finds a reason."""
    low, high, _field = _TABLE[quantity]
    return not low <= value <= high or (bool(flags) and not DOUBTFUL_FLAGS.isdisjoint(flags))


def field_of(quantity: str, value: float, flags: Collection[Flag]) -> str:
    """The store's field for this reading: the quantity's name, or that with `_suspect`."""
    low, high, suspect_field = _TABLE[quantity]
    if not low <= value <= high or (flags and not DOUBTFUL_FLAGS.isdisjoint(flags)):
        return suspect_field
    return quantity
