"""Where a case stands at a moment. Pure."""

from gateway.acceptance.plan import Entry, Plan, Room
from gateway.acceptance.profile import Profile
from gateway.cases.life import Life
from gateway.cases.words import Phase
from telemetry.parts import PARTS

HOUR_MS = 3_600_000


def ordered_h(profile: Profile, room: Room, entry: Entry) -> float:
    """The longest closure that is ordered before an entry's window, in hours.

    An entry that does not say what it measures is taken for what its part can.
    """
    part = PARTS.get(entry.instrument)
    measured = entry.quantities
    if measured is None and part is not None:
        measured = tuple(channel.quantity for channel in part.channels)
    hours = [
        profile.closure_h(row, room.ventilation)
        for row in profile.row
        if measured is not None and row.quantity in measured
    ]
    return max(hours, default=profile.closure.ordered_h(room.ventilation))


def closes_ms(profile: Profile, room: Room, entry: Entry) -> int:
    """When a room must have been closed at the latest for an entry's window, Unix milliseconds."""
    return entry.sampled.from_ms - round(ordered_h(profile, room, entry) * HOUR_MS)


def phase_of(life: Life, plan: Plan, profile: Profile, now_ms: int) -> Phase:
    """Where the case stands."""
    if not life.is_open:
        return Phase.CLOSED
    if life.verdict is not None:
        return Phase.JUDGED
    windows = [entry.sampled for entry in plan.entries()]
    if windows and now_ms >= max(one.to_ms for one in windows):
        return Phase.SAMPLED
    if any(one.from_ms <= now_ms for one in windows):
        return Phase.SAMPLING
    begins = [closes_ms(profile, room, entry) for room in plan.rooms for entry in room.entries]
    if begins and now_ms >= min(begins):
        return Phase.CLOSING
    return Phase.PLANNED
