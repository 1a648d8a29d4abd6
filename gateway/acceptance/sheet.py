"""What a profile orders for the rooms of a plan: when, how many rooms, how many points, where in the room."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from gateway.acceptance.plan import Plan
from gateway.acceptance.profile import Profile
from gateway.acceptance.words import Ventilation


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOrder:
    """What is ordered in one room.

    Attributes:
        name: The room.
        area_m2: Its area.
        ventilation: How it gets its outdoor air.
        points: Points to sample.
        planned: Points that the plan already has.
    """

    name: str
    area_m2: float
    ventilation: Ventilation
    points: int
    planned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is ordered for the branch.

    Attributes:
        earliest: The first date that sampling may begin on.
        rooms_to_sample: Of `rooms_total`.
        rooms_total: Rooms of the branch.
        rooms: Each room of the plan.
        early: What in the plan begins before `earliest`, by its place.
    """

    earliest: date
    rooms_to_sample: int
    rooms_total: int
    rooms: tuple[RoomOrder, ...]
    early: tuple[str, ...]


def order(profile: Profile, plan: Plan) -> Order:
    """What the profile orders for the plan's rooms."""
    sampling = profile.sampling
    earliest = plan.earliest(sampling.days_after_completion)
    return Order(
        earliest=earliest,
        rooms_to_sample=sampling.rooms_for(plan.rooms_total, model_room_passed=plan.model_room_passed),
        rooms_total=plan.rooms_total,
        rooms=tuple(
            RoomOrder(
                name=room.name,
                area_m2=room.area_m2,
                ventilation=room.ventilation,
                points=sampling.points_for(room.area_m2),
                planned=len({entry.point for entry in room.entries}),
            )
            for room in plan.rooms
        ),
        early=tuple(_early(plan, earliest)),
    )


def _early(plan: Plan, earliest: date) -> Iterator[str]:
    for entry in plan.entries():
        if entry.is_before(earliest):
            opens = entry.opens_on.isoformat()
            yield f"{entry.place}.sampled.from: {opens} is before {earliest.isoformat()}, the earliest date; move it"


def as_json(profile: Profile, ordered: Order) -> dict[str, object]:
    """The answer of `openhall-gateway plan --json`; `earliest` is a date, since each window has its own offset."""
    return {
        "earliest": ordered.earliest.isoformat(),
        "rooms_to_sample": ordered.rooms_to_sample,
        "rooms": [
            {"name": room.name, "points": room.points, "height_m": list(profile.sampling.height_m)}
            for room in ordered.rooms
        ],
    }
