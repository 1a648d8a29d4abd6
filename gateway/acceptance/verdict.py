"""The verdict per quantity, room and case, each with its reasons. Pure: a profile, a plan and readings in."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import fsum, hypot
from typing import NamedTuple

from gateway.acceptance import slots, uncertainty, values
from gateway.acceptance.plan import Entry, Plan, Room
from gateway.acceptance.profile import Profile, Row
from gateway.acceptance.readings import Readings
from gateway.acceptance.values import HOUR_MS, Outdoor, PointValue
from gateway.acceptance.words import Basis, Outcome, Reason, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityVerdict:
    """What is said of one row of the profile in one room; numbers in the quantity's unit, at the reference temperature.

    Attributes:
        row: The limit; where the season is not known, the first of its seasons.
        season_known: False if the row has a season and the plan has none: then no limit applies.
        indoor: Mean of the room's points; None where nothing was measured.
        outdoor: What is taken off; None where nothing is, or it was not measured.
        mean: Indoor less outdoor.
        low: The lowest that the mean may be; None where no accuracy is stated.
        high: The highest, likewise.
        uncertainty: U, k = 2; 0 for a laboratory's value.
        completeness: The lowest of the points', 0 to 1.
        basis: Whose value it is; None where nothing was measured.
        verdict: What is said; never `not-due`.
        reasons: Why.
        points: Where it comes from; their values stand at 25 °C.
        factor: What a point's value is multiplied by to stand at the reference temperature.
    """

    row: Row
    season_known: bool = True
    indoor: float | None = None
    outdoor: float | None = None
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    uncertainty: float | None = None
    completeness: float = 0.0
    basis: Basis | None = None
    verdict: Outcome
    reasons: tuple[Reason, ...]
    points: tuple[PointValue, ...] = ()
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomVerdict:
    """What is said of one room, and of each row in it, in the profile's order."""

    name: str
    verdict: Outcome
    reasons: tuple[Reason, ...]
    quantities: tuple[QuantityVerdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVerdict:
    """What is said of the case.

    Attributes:
        verdict: Never `never-measured`.
        basis: `screening` as soon as one deciding value is a sensor's, and where nothing was measured.
        reasons: The case's own, and those of all rows that bear on it.
        rooms: In the plan's order.
        rooms_ordered: How many rooms the profile orders.
    """

    verdict: Outcome
    basis: Basis
    reasons: tuple[Reason, ...]
    rooms: tuple[RoomVerdict, ...]
    rooms_ordered: int


class Case(NamedTuple):
    """What a verdict is made from.

    Attributes:
        allow_simulated: True in the demo only: simulated readings count.
        barred: Places of entries (`$.room[0].point[1]`) whose instrument may not decide, whatever its kind: out of
            calibration, say.
    """

    profile: Profile
    plan: Plan
    readings: Readings
    allow_simulated: bool = False
    barred: frozenset[str] = frozenset()


def judge(case: Case) -> CaseVerdict:
    """The verdict of a case by its profile."""
    earliest = case.plan.earliest(case.profile.sampling.days_after_completion)
    early = {entry.room for entry in case.plan.entries() if entry.is_before(earliest)}
    rooms = tuple(_judge_room(case, room, is_early=room.name in early) for room in case.plan.rooms)
    ordered = case.profile.sampling.rooms_for(case.plan.rooms_total, model_room_passed=case.plan.model_room_passed)
    bearing = [quantity for room in rooms for quantity in _bearing(room.quantities)]
    reasons = {reason for quantity in bearing for reason in quantity.reasons}
    if sum(bool(room.entries) for room in case.plan.rooms) < ordered:
        reasons.add(Reason.TOO_FEW_ROOMS)
    verdict = _summary(bearing, reasons)
    if early:
        verdict = Outcome.NOT_DUE
        reasons.add(Reason.NOT_DUE)
    bases = {quantity.basis for quantity in bearing if quantity.basis is not None}
    basis = Basis.LABORATORY if bases == {Basis.LABORATORY} else Basis.SCREENING
    return CaseVerdict(verdict=verdict, basis=basis, reasons=in_order(reasons), rooms=rooms, rooms_ordered=ordered)


def rows_in_force(case: Case) -> Iterator[tuple[Row, bool]]:
    """The rows that a case is judged by, each quantity and time once; False where its season is not known."""
    seen: set[tuple[str, float | None]] = set()
    for row in case.profile.row:
        if row.season is None:
            yield row, True
        elif case.plan.season is None:
            key = (row.quantity, row.averaging_h)
            if key not in seen:
                yield row, False
            seen.add(key)
        elif row.season is case.plan.season:
            yield row, True


def _judge_room(case: Case, room: Room, *, is_early: bool) -> RoomVerdict:
    quantities = tuple(_judge_row(case, room, row, known) for row, known in rows_in_force(case))
    bearing = list(_bearing(quantities))
    reasons = {reason for quantity in bearing for reason in quantity.reasons}
    verdict = _summary(bearing, reasons)
    if is_early:
        verdict = Outcome.NOT_DUE
        reasons.add(Reason.NOT_DUE)
    return RoomVerdict(name=room.name, verdict=verdict, reasons=in_order(reasons), quantities=quantities)


def _bearing(quantities: Sequence[QuantityVerdict]) -> Iterator[QuantityVerdict]:
    """The rows that bear on the verdict: the verified, but for ways that another, complete way stands for."""
    verified = [quantity for quantity in quantities if not quantity.row.unverified]
    missing = {quantity.row.way for quantity in verified if quantity.verdict is Outcome.NEVER_MEASURED}
    has_complete_way = bool({quantity.row.way for quantity in verified} - missing - {None})
    for quantity in verified:
        is_missing = quantity.verdict is Outcome.NEVER_MEASURED
        if not (is_missing and quantity.row.way is not None and has_complete_way):
            yield quantity


def _summary(bearing: Sequence[QuantityVerdict], reasons: set[Reason]) -> Outcome:
    """Fail if one fails; pass if all pass and nothing else is missing; else indeterminate. Adds its own reason."""
    outcomes = {quantity.verdict for quantity in bearing}
    if outcomes <= {Outcome.NEVER_MEASURED}:
        reasons.add(Reason.NOTHING_TO_DECIDE)
    if Outcome.FAIL in outcomes:
        return Outcome.FAIL
    if outcomes == {Outcome.PASS} and Reason.TOO_FEW_ROOMS not in reasons:
        return Outcome.PASS
    return Outcome.INDETERMINATE


def _judge_row(case: Case, room: Room, row: Row, season_known: bool) -> QuantityVerdict:
    own = {Reason.UNVERIFIED} if row.unverified else set[Reason]()
    points = values.indoors(room.entries, row, case.readings, allow_simulated=case.allow_simulated)
    if not points:
        reasons = in_order(own | {Reason.NEVER_MEASURED})
        return QuantityVerdict(row=row, season_known=season_known, verdict=Outcome.NEVER_MEASURED, reasons=reasons)
    silent = _silent(room, row, points)
    blocks = _blocks(case, room, row, points, silent)
    if not season_known:
        blocks.add(Reason.SEASON_NOT_GIVEN)
    if any(point.over_range for point in points):
        own.add(Reason.OVER_RANGE)
    numbers = _numbers(case, row, points)
    if blocks:
        verdict, said = Outcome.INDETERMINATE, blocks
    else:
        verdict, said = _compared(row, numbers)
    is_laboratory = all(point.is_laboratory for point in points)
    return QuantityVerdict(
        row=row,
        season_known=season_known,
        indoor=numbers.indoor,
        outdoor=numbers.outdoor.value if numbers.outdoor else None,
        mean=numbers.mean,
        low=numbers.low,
        high=numbers.high,
        uncertainty=numbers.uncertainty,
        completeness=0.0 if silent and Reason.INCOMPLETE in blocks else min(point.completeness for point in points),
        basis=Basis.LABORATORY if is_laboratory else Basis.SCREENING,
        verdict=verdict,
        reasons=in_order(said | own),
        points=tuple(points),
        factor=_factor(case, row, points),
    )


def _silent(room: Room, row: Row, points: Sequence[PointValue]) -> set[str]:
    """Points that the plan names the quantity for by word, and that gave no reading of it."""
    laboratory_only = all(point.is_laboratory for point in points)
    planned = {
        entry.point
        for entry in room.entries
        if entry.quantities is not None
        and row.quantity in entry.quantities
        and (entry.is_laboratory or not laboratory_only)
    }
    return planned - {point.point for point in points}


def _blocks(case: Case, room: Room, row: Row, points: Sequence[PointValue], silent: set[str]) -> set[Reason]:
    """The reasons that outrank a mean."""
    entries = [entry for point in points for entry in point.entries]
    ordered_h = case.profile.closure_h(row, room.ventilation)
    blocks: set[Reason] = set()
    if len(points) < case.profile.sampling.points_for(room.area_m2):
        blocks.add(Reason.TOO_FEW_POINTS)
    elif silent:
        blocks.add(Reason.INCOMPLETE)
    if any(point.completeness < slots.COMPLETE for point in points):
        blocks.add(Reason.INCOMPLETE)
    if ordered_h > 0 and any(entry.closure_h() < ordered_h for entry in entries):
        blocks.add(Reason.CLOSURE_TOO_SHORT)
    if _is_too_short(row, points):
        blocks.add(Reason.WINDOW_TOO_SHORT)
    if any(not _may_decide(case, row, entry) for entry in entries):
        blocks.add(Reason.INSTRUMENT_MAY_NOT_DECIDE)
    return blocks


def _may_decide(case: Case, row: Row, entry: Entry) -> bool:
    return row.may_decide(entry.instrument) and entry.place not in case.barred


def _is_too_short(row: Row, points: Iterable[PointValue]) -> bool:
    if row.averaging_h is None:
        return False
    shortest_ms = (row.averaging_h if row.shortest_h is None else row.shortest_h) * HOUR_MS
    return any(window.span.length_ms < shortest_ms for point in points for window in point.windows)


class _Numbers(NamedTuple):
    indoor: float | None = None
    outdoor: Outdoor | None = None
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    uncertainty: float | None = None


def _numbers(case: Case, row: Row, points: Sequence[PointValue]) -> _Numbers:
    """The room's mean and edges, net of outdoors, at the reference temperature."""
    known = [point.value for point in points if point.value is not None]
    if not known:
        return _Numbers()
    reference_c = case.plan.reference_temperature_c
    factor = _factor(case, row, points)
    indoor = fsum(known) / len(known) * factor
    outdoor = None
    if row.outdoor:
        outdoor = values.outdoors(
            [entry for entry in case.plan.outdoor if entry.place not in case.barred],
            row,
            case.readings,
            points,
            reference_temperature_c=reference_c,
            allow_simulated=case.allow_simulated,
        )
    mean = indoor - outdoor.value if outdoor else indoor
    measured = [found for point in points if (found := point.measured(row.quantity)) is not None]
    if len(measured) < len(known):
        return _Numbers(indoor, outdoor, mean)
    edges = uncertainty.edges(measured)
    taken_off = outdoor or Outdoor(0.0, 0.0)
    below = hypot(edges.mean * factor - edges.low * factor, taken_off.uncertainty)
    above = hypot(edges.high * factor - edges.mean * factor, taken_off.uncertainty)
    low = edges.low * factor - taken_off.value if taken_off.uncertainty == 0 else mean - below
    high = edges.high * factor - taken_off.value if taken_off.uncertainty == 0 else mean + above
    return _Numbers(indoor, outdoor, mean, low, high, hypot(edges.uncertainty * factor, taken_off.uncertainty))


def _factor(case: Case, row: Row, points: Sequence[PointValue]) -> float:
    return values.rescale(
        row.quantity,
        is_laboratory=all(point.is_laboratory for point in points),
        reference_temperature_c=case.plan.reference_temperature_c,
    )


def _compared(row: Row, numbers: _Numbers) -> tuple[Outcome, set[Reason]]:
    """What the edges say of the limits; outdoors that were not measured turn a fail into indeterminate."""
    low, high = numbers.low, numbers.high
    if low is None or high is None:
        return Outcome.INDETERMINATE, {Reason.INSTRUMENT_MAY_NOT_DECIDE}
    is_above = row.max is not None and low > row.max
    is_below = row.min is not None and high < row.min
    fits = (row.max is None or high <= row.max) and (row.min is None or low >= row.min)
    missing = {Reason.OUTDOOR_NOT_MEASURED} if row.outdoor and numbers.outdoor is None else set[Reason]()
    if is_above or is_below:
        if missing:
            return Outcome.INDETERMINATE, missing
        return Outcome.FAIL, {Reason.ABOVE_LIMIT if is_above else Reason.BELOW_LIMIT}
    if fits:
        return Outcome.PASS, missing
    return Outcome.INDETERMINATE, {Reason.WITHIN_UNCERTAINTY} | missing
