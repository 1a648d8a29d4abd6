"""What a failure orders: sample the failing item again, twice as many rooms, the failing and their like among them."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.acceptance.plan import Plan
from gateway.acceptance.verdict import CaseVerdict
from gateway.acceptance.words import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Resample:
    """One item to be sampled again; the first result stays on record (GB 50325-2020, 6.0.22).

    Attributes:
        quantity: The item.
        failing: The rooms that failed it.
        must_include: The failing rooms and those of the same type.
        rooms: How many rooms to sample: twice as many as ordered, at least those above, all if there are fewer.
    """

    quantity: str
    failing: tuple[str, ...]
    must_include: tuple[str, ...]
    rooms: int


def resample(case: CaseVerdict, plan: Plan, *, types: Mapping[str, str] | None = None) -> tuple[Resample, ...]:
    """The items that a case re-opens, in the profile's order; empty if none failed.

    Args:
        case: The verdict.
        plan: What it was sampled by.
        types: The type of each room of the branch, by name, rooms that were not sampled included; None: not known.
    """
    failing: dict[str, list[str]] = {}
    for room in case.rooms:
        for said in room.quantities:
            if said.verdict is Outcome.FAIL and not said.row.unverified:
                rooms = failing.setdefault(said.row.quantity, [])
                if room.name not in rooms:
                    rooms.append(room.name)
    return tuple(_ordered(quantity, rooms, case, plan, types or {}) for quantity, rooms in failing.items())


def _ordered(quantity: str, rooms: list[str], case: CaseVerdict, plan: Plan, types: Mapping[str, str]) -> Resample:
    bad_types = {types[room] for room in rooms if room in types}
    alike = [room for room, kind in types.items() if kind in bad_types and room not in rooms]
    must_include = (*rooms, *alike)
    total = max(plan.rooms_total, len(types))
    return Resample(
        quantity=quantity,
        failing=tuple(rooms),
        must_include=must_include,
        rooms=min(total, max(2 * case.rooms_ordered, len(must_include))),
    )
