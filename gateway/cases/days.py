"""Daily means of a room since the works ended, asked of the store, and the day of reopening that follows from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from math import fsum
from typing import Final, NamedTuple

from gateway.acceptance import values
from gateway.acceptance.plan import Plan, Room
from gateway.acceptance.profile import Profile, Row
from gateway.acceptance.reopening import Day, Forecast, NoDay, forecast
from gateway.cases.dossier import ReadsSeries, whole_series
from gateway.cases.gathering import Key
from gateway.cases.supervision import expected
from telemetry.messages import PointInfo

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
MOST_DAYS: Final = 120
"""So far back a forecast looks; what a year ago was given off says nothing of today."""
LEAST_HOURS: Final = 6
"""A day with readings in fewer hours than this has no mean."""


class RoomForecast(NamedTuple):
    """When one quantity of one room should meet its limit, or why no day is stated; `limit` in the quantity's unit."""

    room: str
    quantity: str
    limit: float
    found: Forecast | NoDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """What is asked about.

    Attributes:
        site: The branch.
        points: What its agents say stands at its points.
        zone: Its zone; days are its days.
    """

    site: str
    points: Mapping[str, PointInfo]
    zone: tzinfo


def forecasts(store: ReadsSeries, branch: Branch, plan: Plan, profile: Profile, now_ms: int) -> list[RoomForecast]:
    """The day of reopening of every room and quantity that a sensor of the plan follows.

    Raises:
        StoreUnavailable: If the store does not answer.
    """
    began = datetime.combine(plan.completed, time(), branch.zone)
    from_ms = max(_ms(began), now_ms - MOST_DAYS * DAY_MS)
    asked = _Means(store, branch, from_ms, now_ms)
    found: list[RoomForecast] = []
    for room in plan.rooms:
        for row in _rows(profile, room):
            days = _days(asked, plan, room, row, began)
            assert row.max is not None
            found.append(RoomForecast(room.name, row.quantity, row.max, forecast(days, row.max)))
    return found


def _rows(profile: Profile, room: Room) -> list[Row]:
    followed = {quantity for entry in room.entries if not entry.is_laboratory for quantity in expected(profile, entry)}
    rows: dict[str, Row] = {}
    for row in profile.row:
        # What people give off follows no decay; neither does what blows in.
        is_given_off = row.quantity.endswith("_ug_m3") and not row.quantity.startswith("pm")
        if row.quantity in followed and row.max is not None and is_given_off and not row.unverified:
            rows.setdefault(row.quantity, row)
    return list(rows.values())


class _Means:
    """Daily means of series, each read once: by the day's number, its mean."""

    def __init__(self, store: ReadsSeries, branch: Branch, from_ms: int, to_ms: int) -> None:
        self.branch = branch
        self._store = store
        self._span = (from_ms, to_ms)
        self._known: dict[Key, dict[int, float]] = {}

    def of(self, points: Iterable[str], quantity: str) -> dict[int, float]:
        """The mean over points of their daily means."""
        own = [self._one(Key(point, quantity)) for point in points]
        days = sorted({day for means in own for day in means})
        return {day: _mean([means[day] for means in own if day in means]) for day in days}

    def _one(self, key: Key) -> dict[int, float]:
        if key not in self._known:
            by_day: dict[int, list[tuple[int, float]]] = {}
            for one in whole_series(self._store, self.branch.site, key, *self._span):
                if not one.suspect:
                    local = datetime.fromtimestamp(one.time_ms / 1000, self.branch.zone)
                    by_day.setdefault(local.date().toordinal(), []).append((one.time_ms, one.value))
            self._known[key] = {
                day: _mean([value for _time, value in own])
                for day, own in by_day.items()
                if len({time_ms // HOUR_MS for time_ms, _value in own}) >= LEAST_HOURS
            }
        return self._known[key]


def _days(asked: _Means, plan: Plan, room: Room, row: Row, began: datetime) -> list[Day]:
    indoors = dict.fromkeys(entry.point for entry in room.entries if not entry.is_laboratory)
    outdoors = dict.fromkeys(entry.point for entry in plan.outdoor if not entry.is_laboratory)
    own = [name for name, info in asked.branch.points.items() if info.room == room.name and info.kind == "air"]
    climate = dict.fromkeys([*own, *indoors])
    factor = values.rescale(row.quantity, is_laboratory=False, reference_temperature_c=plan.reference_temperature_c)
    inside = asked.of(indoors, row.quantity)
    outside = asked.of(outdoors, row.quantity) if row.outdoor else {}
    warm, damp = asked.of(climate, "temperature_c"), asked.of(climate, "humidity_pct")
    first = began.date().toordinal()
    return [
        Day(
            day=day - first + 0.5,
            indoor=mean * factor,
            outdoor=outside.get(day, 0.0) * factor,
            temperature_c=warm[day],
            humidity_pct=damp[day],
        )
        for day, mean in inside.items()
        if day in warm and day in damp
    ]


def moment_of(plan: Plan, zone: tzinfo, day: float) -> datetime:
    """The moment so many days after the works ended, in a branch's zone."""
    return datetime.combine(plan.completed, time(), zone) + timedelta(days=day)


def _mean(found: list[float]) -> float:
    return fsum(found) / len(found)


def _ms(moment: datetime) -> int:
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
