"""Percentiles of what was measured."""

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the others lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
