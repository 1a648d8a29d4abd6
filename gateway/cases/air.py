"""The air of a case's rooms, asked of the store: CO2 while they are closed, how complete their samplings are so far."""

from collections.abc import Callable, Mapping
from math import fsum, inf
from typing import Final

from gateway.acceptance.air_change import AirChange, NoRate, air_change, broke_at
from gateway.acceptance.plan import Entry, Plan, Room
from gateway.acceptance.profile import Profile
from gateway.acceptance.values import channel_of
from gateway.cases.dossier import ReadsSeries, whole_series
from gateway.cases.gathering import Key
from gateway.cases.phase import closes_ms
from gateway.cases.supervision import Count, FastAir, counted, expected
from telemetry.messages import PointInfo

CO2: Final = "co2_ppm"
LOOK_BACK_MS: Final = 2 * 3_600_000
Standing = Callable[[str], Mapping[str, PointInfo]]
"""What the agents of a branch say stands at its points."""


class CaseAir:
    """Asks one store about one branch."""

    def __init__(self, store: ReadsSeries, site: str, points: Mapping[str, PointInfo], outdoor_co2_ppm: float) -> None:
        self._store = store
        self._site = site
        self._points = points
        self._outdoor_co2_ppm = outdoor_co2_ppm

    def counts(self, plan: Plan, profile: Profile, now_ms: int) -> dict[tuple[str, str], Count]:
        """How complete each running sensor entry is.

        Raises:
            StoreUnavailable: If the store does not answer.
        """
        found: dict[tuple[str, str], Count] = {}
        for entry in plan.entries():
            if not entry.is_laboratory and entry.sampled.from_ms <= now_ms < entry.sampled.to_ms:
                for quantity in expected(profile, entry):
                    channel = channel_of(entry.instrument, quantity)
                    top = inf if channel is None else channel.high * channel.unit_factor
                    good = self._good(Key(entry.point, quantity), entry.sampled.from_ms, now_ms + 1, top=top)
                    found[entry.place, quantity] = counted(entry, good, now_ms)
        return found

    def air_change(self, plan: Plan, profile: Profile, room: Room, now_ms: int) -> AirChange | NoRate | None:
        """Air changes an hour of a room while it is closed and sampled; None where no point of it measures CO2.

        Raises:
            StoreUnavailable: If the store does not answer.
        """
        span = _closed_span(profile, room)
        points = self._co2_points(room.name)
        if span is None or not points:
            return None
        readings = self._good(Key(points[0], CO2), span[0], min(span[1], now_ms + 1))
        return air_change(readings, outdoor_ppm=self._outdoor(plan, span[0], min(span[1], now_ms + 1)))

    def fast(self, plan: Plan, profile: Profile, room: Room, now_ms: int, rate_limit: float) -> FastAir | None:
        """Since when a room that should be closed loses CO2 faster than a closed one, in the last two hours.

        Raises:
            StoreUnavailable: If the store does not answer.
        """
        span = _closed_span(profile, room)
        points = self._co2_points(room.name)
        if span is None or not points or not span[0] <= now_ms < span[1]:
            return None
        begin_ms = max(span[0], now_ms - LOOK_BACK_MS)
        outdoor_ppm = self._outdoor(plan, begin_ms, now_ms + 1)
        readings = self._good(Key(points[0], CO2), begin_ms, now_ms + 1)
        since_ms = broke_at(readings, outdoor_ppm=outdoor_ppm, rate_limit=rate_limit)
        if since_ms is None:
            return None
        after = [one for one in readings if one[0] >= since_ms]
        return FastAir(since_ms, air_change(after, outdoor_ppm=outdoor_ppm))

    def _co2_points(self, room: str) -> list[str]:
        return sorted(name for name, info in self._points.items() if info.room == room and CO2 in info.quantities)

    def _outdoor(self, plan: Plan, from_ms: int, to_ms: int) -> float:
        values: list[float] = []
        for point in dict.fromkeys(entry.point for entry in plan.outdoor):
            values += [value for _time, value in self._good(Key(point, CO2), from_ms, to_ms)]
        return fsum(values) / len(values) if values else self._outdoor_co2_ppm

    def _good(self, key: Key, from_ms: int, to_ms: int, *, top: float = inf) -> list[tuple[int, float]]:
        """What is not suspect, and what is at the top of the part's range or above: that counts in a verdict, too."""
        found = {
            one.time_ms: one.value
            for one in whole_series(self._store, self._site, key, from_ms, to_ms)
            if not one.suspect or one.value >= top
        }
        return sorted(found.items())


def _closed_span(profile: Profile, room: Room) -> tuple[int, int] | None:
    """From when a room is to be closed until its last window ends; None where nothing is planned in it."""
    entries: tuple[Entry, ...] = room.entries
    if not entries:
        return None
    return (
        min(closes_ms(profile, room, entry) for entry in entries),
        max(entry.sampled.to_ms for entry in entries),
    )
