"""Watching that a room is kept as the standard orders: since when, until when, and the minute it was broken.

Fed with the states of facility points (doors, windows, fresh air, purifiers, the plant), in the order of time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.acceptance.plan import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What one facility point said.

    Attributes:
        time_ms: Unix milliseconds.
        point: The point.
        kind: Its kind: `door`, `window`, `fresh-air`, `purifier`, `ventilation`.
        state: `open` or `closed`, `on` or `off`; anything else (`unknown`, `fault`) is not as wanted.
    """

    time_ms: int
    point: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The moment that a room was no longer as wanted, and by which point."""

    time_ms: int
    point: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is known of a room's closure.

    Attributes:
        kept_since_ms: Since when all is as wanted; None: it is not, or a point has not been heard.
        breaks: Every time it was broken, oldest first.
        unheard: Kinds that the standard asks for and no point told of.
        kept_from_ms: Every time that all became as wanted, oldest first.
    """

    kept_since_ms: int | None
    breaks: tuple[Break, ...]
    unheard: tuple[str, ...]
    kept_from_ms: tuple[int, ...]

    def ready_at_ms(self, ordered_h: float) -> int | None:
        """When sampling may begin; None while it is not kept."""
        return None if self.kept_since_ms is None else self.kept_since_ms + round(ordered_h * 3_600_000)

    def voids(self, window: Span) -> Break | None:
        """The first break within a window of sampling, which voids it; None: it stands."""
        return next((own for own in self.breaks if window.from_ms <= own.time_ms < window.to_ms), None)

    def closed_during(self, window: Span) -> Span | None:
        """How the plan's `closed` reads for a window: from the last break before it, to its end or the next break.

        None if the room was not kept when the window began.
        """
        begin = max((start for start in self.kept_from_ms if start <= window.from_ms), default=None)
        if begin is None:
            return None
        broken = next((own.time_ms for own in self.breaks if own.time_ms > begin), None)
        if broken is not None and broken <= window.from_ms:
            return None
        return Span(begin, window.to_ms if broken is None else min(broken, window.to_ms))


def watch(states: Iterable[State], wanted: Mapping[str, str], *, optional: Iterable[str] = ()) -> Watch:
    """What the states say of a room.

    Args:
        states: In the order of time; of other kinds than wanted they are not looked at.
        wanted: The state that each kind must be in, such as `{"door": "closed", "fresh-air": "off"}`.
        optional: Kinds that a room may not have; the others must have been heard of.

    Raises:
        ValueError: If the states are out of order.
    """
    newest: dict[str, State] = {}
    breaks: list[Break] = []
    resumed: list[int] = []
    needed = set(wanted) - set(optional)
    kept_since: int | None = None
    last_ms: int | None = None
    for state in states:
        if last_ms is not None and state.time_ms < last_ms:
            raise ValueError(f"states must be in the order of time; {state.point} at {state.time_ms} comes late")
        last_ms = state.time_ms
        if state.kind not in wanted:
            continue
        newest[state.point] = state
        is_kept = needed <= {own.kind for own in newest.values()} and all(
            own.state == wanted[own.kind] for own in newest.values()
        )
        if is_kept and kept_since is None:
            kept_since = state.time_ms
            resumed.append(state.time_ms)
        elif not is_kept and kept_since is not None:
            kept_since = None
            breaks.append(Break(time_ms=state.time_ms, point=state.point, state=state.state))
    heard = {own.kind for own in newest.values()}
    return Watch(
        kept_since_ms=kept_since,
        breaks=tuple(breaks),
        unheard=tuple(sorted(needed - heard)),
        kept_from_ms=tuple(resumed),
    )
