"""Simulated time: one queue of events, and a clock for each machine that may be wrong."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

START_S = 1_790_000_000.0
"""True Unix time at which every simulation begins (September 2026); any other would do."""


class Crash(BaseException):
    """The process dies here. No handler of the code under test may catch it."""


@dataclass(order=True)
class _Event:
    at_s: float
    order: int
    act: Callable[[], None] = field(compare=False)


class World:
    """True time, the queue of what is still to happen, and the one source of chance."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now_s = START_S
        self._events: list[_Event] = []
        self._order = 0

    def at(self, at_s: float, act: Callable[[], None]) -> None:
        """Let `act` happen at a true time; never before now."""
        self._order += 1
        heapq.heappush(self._events, _Event(max(at_s, self.now_s), self._order, act))

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        """Let `act` happen `delay_s` from now."""
        self.at(self.now_s + delay_s, act)

    def run_until(self, end_s: float) -> None:
        """Let everything happen that is due by a true time, in order."""
        while self._events and self._events[0].at_s <= end_s:
            event = heapq.heappop(self._events)
            self.now_s = event.at_s
            event.act()
        self.now_s = end_s

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self.random.random() < probability


class MachineClock:
    """The clock of one machine: monotonic time is true since its boot, the wall clock may be off."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._boots = 0
        self._booted_s = world.now_s
        self.offset_s = 0.0

    def boot(self) -> None:
        """Start the machine: monotonic time begins again, under a new boot id."""
        self._boots += 1
        self._booted_s = self._world.now_s

    def now(self) -> float:
        return self._world.now_s + self.offset_s

    def monotonic(self) -> float:
        return self._world.now_s - self._booted_s

    @property
    def boot_id(self) -> str:
        return f"{self._name}-boot-{self._boots}"
