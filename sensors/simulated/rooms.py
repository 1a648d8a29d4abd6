"""The rooms of one program run: several sensors that hang in one room breathe one air."""

import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from sensors.simulated.pollution import Sources
from sensors.simulated.room import Air, Meetings, RoomPlan, RoomState, air_of, at_rest, step

STARTS_AT_S: Final = 9.75 * 3_600
"""A simulated branch begins its week on Monday at a quarter to ten, whatever the hour outside, so that a demo shows
people at any time of the day."""

MEETING_ROOMS: Final = "meeting"
"""Rooms whose names begin so are small and full: stuffy within minutes, and well again after each meeting."""

MEETING_M3: Final = 24.0
MEETING_BEGAN_S: Final = 150.0
"""When a program starts, a meeting has gone on for so long."""

Thing = TypeVar("Thing")

LONGEST_GAP_S: Final = 86_400.0
"""After a longer sleep of the machine only the last day is worked out."""


def plan_of(site: str, room: str) -> RoomPlan:
    """A plan of its own for each room, always the same for the same names."""
    seed = zlib.crc32(f"{site}/{room}".encode())
    plan = RoomPlan(
        volume_m3=160.0 + seed % 16 * 20,
        ach_open=1.2 + seed // 16 % 8 * 0.25,
        outdoor_c=8.0 + seed // 128 % 8 * 2,
        outdoor_humidity_pct=50.0 + seed // 1024 % 8 * 4,
        setting_c=21.0 + seed // 8192 % 6 * 0.5,
        visitors_h=25.0 + seed // 65536 % 8 * 5,
        staff=3 + seed // 524288 % 4,
        seed=seed,
        weather_hpa=6.0,
        # One room in three was renovated within the last months.
        sources=Sources(renovated_days=(12.0, 45.0, 400.0)[seed % 3] + seed // 512 % 8),
    )
    return replace(plan, volume_m3=MEETING_M3, meetings=Meetings()) if room.startswith(MEETING_ROOMS) else plan


def begin(plan: RoomPlan) -> RoomState:
    """How a room stands when a program starts."""
    if plan.meetings is None:
        return at_rest(plan, week_s=STARTS_AT_S)
    began = STARTS_AT_S - STARTS_AT_S % plan.meetings.every_s
    return step(at_rest(plan, week_s=began), MEETING_BEGAN_S, plan)


class LivingRoom:
    """A room that goes on with a clock.

    Args:
        plan: What does not change about it.
        now: Seconds that never run backwards.
        state: Where it begins; at rest on Monday morning if left out.
    """

    def __init__(self, plan: RoomPlan, now: Callable[[], float], state: RoomState | None = None) -> None:
        self.plan = plan
        self._now = now
        self._state = begin(plan) if state is None else state
        self._at = now()
        self._lock = threading.Lock()
        self._chips: dict[tuple[str, str], Any] = {}

    def hang(self, place: str, make: Callable[[], Thing], kind: str) -> Thing:
        """The thing of that kind at that place on the wall, made when it is first asked for.

        A chip keeps its memory and its faults when its bus is opened anew.
        """
        with self._lock:
            found: Thing | None = self._chips.get((kind, place))
        if found is None:
            found = make()
            with self._lock:
                found = self._chips.setdefault((kind, place), found)
        return found

    def state(self) -> RoomState:
        """The room now."""
        with self._lock:
            now = self._now()
            gap = max(0.0, now - self._at)
            self._state = step(self._state, min(gap, LONGEST_GAP_S), self.plan)
            self._at = now
            return self._state

    def air(self) -> Air:
        """Its air now."""
        return air_of(self.state(), self.plan)

    def put(self, state: RoomState) -> None:
        """Make it as given, from now on: a door thrown open, a room full of people."""
        with self._lock:
            self._state = state
            self._at = self._now()


class Rooms:
    """Rooms by site and name, each made when it is first asked for.

    Args:
        now: Seconds that never run backwards.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._rooms: dict[tuple[str, str], LivingRoom] = {}
        self._lock = threading.Lock()

    def room(self, site: str, room: str) -> LivingRoom:
        """The room of that name, the same one for every caller."""
        with self._lock:
            found = self._rooms.get((site, room))
            if found is None:
                found = self._rooms[site, room] = LivingRoom(plan_of(site, room), self.now)
            return found

    def furnish(self, site: str, room: str, plan: RoomPlan, state: RoomState | None = None) -> LivingRoom:
        """Put a room of that plan in the place of what was there."""
        with self._lock:
            made = self._rooms[site, room] = LivingRoom(plan, self.now, state)
            return made
