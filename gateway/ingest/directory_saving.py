"""How the directory gets into the state database: what is new before its first receipt, the rest now and then."""

import itertools
import threading
from collections.abc import Iterable
from typing import Final

from gateway.ingest import directory_cards
from gateway.ingest.directory_cards import AgentCard, PointCard
from gateway.state.state import State
from telemetry.topics import Root

SAVED_AT_ONCE: Final = 2_000


class SavedCards:
    """The cards of agents and points, and which of them are still to be written."""

    def __init__(self) -> None:
        self.removals = 0
        """How often an agent or a point was removed: whoever holds cards looks for them again when it has changed."""
        self._lock = threading.RLock()
        self._saving = threading.Lock()
        self._agents: dict[Root, AgentCard] = {}
        self._points: dict[str, dict[str, PointCard]] = {}
        self._fresh_agents: dict[Root, None] = {}
        self._fresh_points: dict[tuple[str, str], None] = {}
        self._gone_agents: set[Root] = set()
        self._gone_points: set[tuple[str, str]] = set()

    def cards(self, root: Root, point: str) -> tuple[AgentCard, PointCard] | None:
        """What is kept of an agent and one of its points, None where nothing is. As good as `removals` stays the same.

        Whoever calls `message` and `air` may tell these cards the same without a lock: nobody else does, and each step
        is one that no thread can interrupt.
        """
        with self._lock:
            agent, card = self._agents.get(root), self._points.get(root.site, {}).get(point)
            return None if agent is None or card is None else (agent, card)

    def period_s(self, site: str, point: str) -> float | None:
        """The planned spacing of a point's readings, None while nobody said."""
        card = self._points.get(site, {}).get(point)
        return card.info.period_s if card is not None else None

    def part(self, site: str, point: str) -> str | None:
        """What measures there, None while nobody said."""
        card = self._points.get(site, {}).get(point)
        return card.info.part if card is not None else None

    def save(self, state: State) -> bool:
        """Write what changed, at most so much at a time; True if more is left to be written.

        Raises:
            StateUnavailable: It stays to be written.
        """
        with self._saving:
            return self._save(state)

    def save_fresh(self, state: State) -> None:
        """Write agents and points that are new, or first said something: before the receipt of what they sent.

        Raises:
            StateUnavailable: They stay to be written.
        """
        while self._fresh_agents or self._fresh_points:
            with self._saving:
                self._save_some_fresh(state)

    def _save_some_fresh(self, state: State) -> None:
        with self._lock:
            roots = list(itertools.islice(self._fresh_agents, SAVED_AT_ONCE))
            places = list(itertools.islice(self._fresh_points, SAVED_AT_ONCE))
            for root in roots:
                del self._fresh_agents[root]
            for place in places:
                del self._fresh_points[place]
            agents = [card for root in roots if (card := self._agents.get(root)) and card.changed]
            found = [self._points.get(site, {}).get(name) for site, name in places]
            points = [point for point in found if point is not None and point.changed]
        try:
            self._write(state, agents, points, [], [])
        except BaseException:
            with self._lock:
                self._fresh_agents.update(dict.fromkeys(roots))
                self._fresh_points.update(dict.fromkeys(places))
            raise

    def _save(self, state: State) -> bool:
        with self._lock:
            all_agents = list(self._agents.values())
            all_points = [card for cards in self._points.values() for card in cards.values()]
            gone = list(self._gone_agents), list(self._gone_points)
        # Rows are made without the lock, since calls wait for it: what changes meanwhile is marked again.
        agents = [card for card in all_agents if card.changed]
        points = [card for card in all_points if card.changed]
        more = len(agents) > SAVED_AT_ONCE or len(points) > SAVED_AT_ONCE
        self._write(state, agents[:SAVED_AT_ONCE], points[:SAVED_AT_ONCE], *gone)
        with self._lock:
            self._gone_agents.difference_update(gone[0])
            self._gone_points.difference_update(gone[1])
        return more

    def _write(
        self,
        state: State,
        agents: list[AgentCard],
        points: list[PointCard],
        gone_agents: list[Root],
        gone_points: list[tuple[str, str]],
    ) -> None:
        _mark(agents, points, changed=False)
        rows = [card.row() for card in agents], [card.row() for card in points]
        if not (rows[0] or rows[1] or gone_agents or gone_points):
            return
        try:
            with state.write() as connection:
                directory_cards.save(connection, *rows, gone_agents, gone_points)
        except BaseException:
            _mark(agents, points, changed=True)
            raise


def _mark(agents: Iterable[AgentCard], points: Iterable[PointCard], *, changed: bool) -> None:
    for agent in agents:
        agent.changed = changed
    for point in points:
        point.changed = changed
