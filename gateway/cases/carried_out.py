"""The plan as it was carried out: what the contacts say of each room's closure, put in the place of what was planned.

Where a room has contacts of a kind that the standard wants kept, they decide; of the kinds without a contact the plan's
own words count. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from gateway.acceptance.closure import State, Watch, watch
from gateway.acceptance.plan import OUTDOOR, Plan, PlanTable, PointTable, Room, Span, WindowTable
from gateway.acceptance.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of one room's closure.

    Attributes:
        room: Its name.
        ordered_h: Hours that the standard orders.
        wanted: The state that each kind must be in; empty: nothing is ordered.
        watch: What the contacts say; None: there is none.
        unsupervised: Kinds that no contact tells of.
        points: The contacts.
    """

    room: str
    ordered_h: float
    wanted: Mapping[str, str]
    watch: Watch | None
    unsupervised: tuple[str, ...]
    points: tuple[str, ...] = ()

    @property
    def is_supervised(self) -> bool:
        """True if at least one contact tells of it."""
        return self.watch is not None


def kept(profile: Profile, room: Room, states: Sequence[State]) -> Kept:
    """What the states of a room's contacts, in the order of time, say of its closure."""
    wanted = profile.closure.kept(room.ventilation)
    ordered_h = profile.closure.ordered_h(room.ventilation)
    own = [state for state in states if state.kind in wanted]
    kinds = {state.kind for state in own}
    unsupervised = tuple(sorted(set(wanted) - kinds))
    return Kept(
        room=room.name,
        ordered_h=ordered_h,
        wanted=wanted,
        watch=watch(own, wanted, optional=unsupervised) if own else None,
        unsupervised=unsupervised,
        points=tuple(sorted({state.point for state in own})),
    )


def carried_out(table: PlanTable, plan: Plan, rooms: Iterable[Kept]) -> PlanTable:
    """The plan with the closure that the contacts saw; the rest as planned."""
    known = {one.room: one for one in rooms}
    return msgspec.structs.replace(
        table,
        room=tuple(
            msgspec.structs.replace(
                room,
                point=tuple(_point(point, known[room.name]) if room.name in known else point for point in room.point),
            )
            for room in table.room
        ),
    )


def closed_span(planned: Span | None, sampled: Span, found: Kept) -> Span | None:
    """How long the room was closed around a window, by the contacts as far as there are, else by the plan."""
    if found.watch is None:
        return planned
    seen = found.watch.closed_during(sampled)
    if seen is None or not found.unsupervised:
        return seen
    if planned is None:
        return None
    begin, end = max(seen.from_ms, planned.from_ms), min(seen.to_ms, planned.to_ms)
    return Span(begin, end) if begin < end else None


def room_names(plan: Plan) -> tuple[str, ...]:
    """The rooms of a plan, outdoors left out."""
    return tuple(name for name in plan.room_names() if name != OUTDOOR)


def _point(point: PointTable, found: Kept) -> PointTable:
    planned = None if point.closed is None else point.closed.span()
    span = closed_span(planned, point.sampled.span(), found)
    if span is None:
        return msgspec.structs.replace(point, closed=None)
    if span == planned:
        return point
    zone = point.sampled.from_.tzinfo or UTC
    window = WindowTable(from_=_moment(span.from_ms, zone), to=_moment(span.to_ms, zone))
    return msgspec.structs.replace(point, closed=window)


def _moment(time_ms: int, zone: tzinfo) -> datetime:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=time_ms)).astimezone(zone)
