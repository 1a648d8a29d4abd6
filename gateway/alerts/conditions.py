"""Whether something has lasted long enough: the pure core of every rule. State and a moment in, new state out."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class Edge(StrEnum):
    """What a moment brought."""

    NONE = "none"
    RAISE = "raise"
    RETURN = "return"


class Timing(NamedTuple):
    """How long, in ms. A silence longer than `gap_ms` begins the waiting anew: nobody knows what was in it."""

    for_ms: int
    recover_for_ms: int
    gap_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is not as it should be; None in its place means that all is well.

    Attributes:
        since_ms: Since when.
        last_ms: When it was last looked at.
        firing: It has lasted long enough: the alarm is on.
        quiet_ms: Since when it has been over, while the alarm is still on.
    """

    since_ms: int
    last_ms: int
    firing: bool = False
    quiet_ms: int | None = None


def observe(
    before: Condition | None, *, beyond: bool, quiet: bool, at_ms: int, timing: Timing
) -> tuple[Condition | None, Edge]:
    """What a moment makes of a condition.

    Args:
        before: What was known.
        beyond: It is beyond its limit now.
        quiet: It is back at the level of recovery now; neither of the two is possible.
        at_ms: The moment; one before the last look changes nothing.
        timing: How long it must last, and be over.
    """
    if before is None:
        if not beyond:
            return None, Edge.NONE
        begun = Condition(since_ms=at_ms, last_ms=at_ms)
        return (replace(begun, firing=True), Edge.RAISE) if timing.for_ms <= 0 else (begun, Edge.NONE)
    if at_ms < before.last_ms:
        return before, Edge.NONE
    broken = timing.gap_ms is not None and at_ms - before.last_ms > timing.gap_ms
    if before.firing:
        return _still_on(before, quiet=quiet, at_ms=at_ms, timing=timing, broken=broken)
    if not beyond:
        return None, Edge.NONE
    since_ms = at_ms if broken else before.since_ms
    if at_ms - since_ms >= timing.for_ms:
        return Condition(since_ms=since_ms, last_ms=at_ms, firing=True), Edge.RAISE
    return Condition(since_ms=since_ms, last_ms=at_ms), Edge.NONE


def observe_while(
    before: Condition | None, *, stands: bool, at_ms: int, timing: Timing, counts_ms: int | None
) -> tuple[Condition | None, Edge]:
    """As `observe`, of what stands until the next word of it but counts only at times.

    What stands while it does not count is remembered, so that it can rise once it does.

    Args:
        before: What was known.
        stands: It is not as it should be, by the last word of it.
        at_ms: The moment.
        timing: How long it must last, and be over.
        counts_ms: Since when it counts; None: it does not now.
    """
    if counts_ms is None:
        kept = Condition(since_ms=at_ms, last_ms=at_ms) if stands else None
        return kept, Edge.RETURN if before is not None and before.firing else Edge.NONE
    if before is not None and not before.firing and before.since_ms < counts_ms:
        before = replace(before, since_ms=counts_ms)
    return observe(before, beyond=stands, quiet=not stands, at_ms=at_ms, timing=timing)


def _still_on(
    before: Condition, *, quiet: bool, at_ms: int, timing: Timing, broken: bool
) -> tuple[Condition | None, Edge]:
    if not quiet:
        return replace(before, last_ms=at_ms, quiet_ms=None), Edge.NONE
    quiet_ms = at_ms if before.quiet_ms is None or broken else before.quiet_ms
    if at_ms - quiet_ms >= timing.recover_for_ms:
        return None, Edge.RETURN
    return replace(before, last_ms=at_ms, quiet_ms=quiet_ms), Edge.NONE
