"""Who is there: sites, agents, points, their newest values and states. What the board and the API read."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import structlog

from gateway.errors import StoreUnavailable
from gateway.ingest import directory_cards
from gateway.ingest.claims import Claims, Conflict
from gateway.ingest.directory_cards import AgentCard, Flaws, LiveState, LiveValue, PointCard, doubted
from gateway.ingest.directory_saving import SavedCards
from gateway.ingest.minutes import Held
from gateway.ports import ReadingsQuery, Store
from gateway.state.state import State
from telemetry.clock import Clock, to_ms
from telemetry.ids import is_id
from telemetry.messages import PointInfo, Presence
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.readings import Pack
from telemetry.topics import Root

log = structlog.get_logger(__name__)

AIR: Final = "air"


class SiteView(NamedTuple):
    """One branch. `last_seen_ms` is when a message of any of its agents last came, None if never."""

    site: str
    region: str
    online: bool
    last_seen_ms: int | None
    points: int


class AgentView(NamedTuple):
    """One agent; `presence` is what its newest boot said, None if it never said anything."""

    root: Root
    online: bool
    last_seen_ms: int | None
    presence: Presence | None
    held: Held | None


class PointView(NamedTuple):
    """One point of a branch: what it is, its newest values by quantity, its newest state."""

    region: str
    site: str
    agent: str | None
    info: PointInfo
    values: dict[str, LiveValue]
    state: LiveState | None


SPLIT_SITES_TOLD: Final = 100


class Directory(SavedCards):
    """One for a gateway; may be used from several threads."""

    def __init__(
        self,
        *,
        clock: Clock,
        store: Store | None,
        online_s: float = 180.0,
        agents: int = 50_000,
        points: int = 500_000,
    ) -> None:
        super().__init__()
        self.refused = 0
        """Messages about agents or points beyond the limits; their data is stored all the same."""
        self.flaws: Callable[[str, str], Flaws] = lambda _site, _point: {}
        """By quantity, why the gateway doubts what a point (site, point) says now."""
        self._clock = clock
        self._store = store
        self._online_s = online_s
        self._most_agents = agents
        self._most_points = points
        self._agents_by_site: dict[str, dict[str, AgentCard]] = {}
        self._point_count = 0
        self._claims = Claims()

    # -- what arrives --------------------------------------------------------------------------------------------------

    def message(self, root: Root, arrived_s: float | None = None) -> None:
        """A message of an agent came that was not retained, at a monotonic time (None: now)."""
        with self._lock:
            card = self._agent(root)
            if card is not None:
                card.life.message(self._clock.monotonic() if arrived_s is None else arrived_s)
                card.last_seen_ms = to_ms(self._clock.now())

    def presence(self, root: Root, presence: Presence, arrived_s: float | None = None) -> None:
        """An agent's presence came, or its will, at a monotonic time (None: now)."""
        with self._lock:
            card = self._agent(root)
            if card is None:
                return
            card.changed = True
            if not presence.online:
                card.life.will(presence.boot, self._clock.monotonic() if arrived_s is None else arrived_s)
            elif card.life.online(presence.boot):
                if card.presence is None or card.presence.points != presence.points:
                    self._fresh_agents[root] = None
                card.presence = presence
                self._list_points(root, presence.points)

    def held(self, root: Root, held: Held) -> bool:
        """An agent said what it has; False if it is beyond the limits."""
        with self._lock:
            card = self._agent(root)
            if card is None:
                return False
            if card.held is None:
                self._fresh_agents[root] = None
            card.held = held
            card.changed = True
            return True

    def air(self, root: Root, pack: Pack) -> None:
        """Air came; of each quantity the newest value counts."""
        with self._lock:
            card = self._point(root, pack.point)
            if card is None:
                return
            card.is_at(pack.room, AIR)
            # Hundreds of these come for each time that somebody looks: what a record shows is found out then.
            values = card.newest()
            for record in pack.records:
                newest = values.get(record.name)
                if newest is None or newest.time_ms <= record.time_ms:
                    values[record.name] = record

    def state(self, root: Root, pack: Pack) -> None:
        """A facility state came; of one agent's the higher sequence number is newer, whatever the order of arrival."""
        with self._lock:
            card = self._point(root, pack.point)
            if card is None or _is_older(pack, root, card.state):
                return
            card.is_at(pack.room, pack.kind or "")
            card.state = LiveState(
                agent=root.agent,
                sequence=pack.sequence,
                working=bool(pack.value_of("working")),
                state=str(pack.value_of("state")),
                reason=str(pack.value_of("reason") or ""),
                time_ms=_state_ms(pack),
            )
            card.changed = True

    def remove_agent(self, root: Root) -> None:
        """An empty presence: the agent is gone for good, and its points with it."""
        with self._lock:
            self.removals += 1
            if self._agents.pop(root, None) is not None:
                del self._agents_by_site[root.site][root.agent]
                self._gone_agents.add(root)
            self._list_points(root, ())

    def root_of(self, site: str, agent: str) -> Root | None:
        """The root of a site's agent, None if it was never heard of."""
        with self._lock:
            card = self._agents_by_site.get(site, {}).get(agent)
            return None if card is None else card.root

    def remove_point(self, site: str, point: str) -> None:
        """An empty facility state: the point is gone."""
        with self._lock:
            self._drop(site, point)

    def _list_points(self, root: Root, infos: Iterable[PointInfo]) -> None:
        """The presence of an agent lists these points, and no others."""
        # Only what can stand in a topic can be a point; packs about anything else are parked.
        listed = {info.point: info for info in infos if is_id(info.point)}
        before = self._claims.of_agent(root.site, root.agent)
        now_ms = to_ms(self._clock.now())
        owners = self._claims.claim(root.site, root.agent, listed, now_ms)
        for point in before - listed.keys():
            if owners.get(point) is None:
                self._drop(root.site, point)
        for point, owner in owners.items():
            if owner is not None:
                self._own(Root(root.region, root.site, owner), point, listed.get(point))

    def _own(self, root: Root, point: str, info: PointInfo | None) -> None:
        agent = self._agents.get(root)
        infos = agent.presence.points if agent is not None and agent.presence is not None else ()
        info = next((one for one in infos if one.point == point), info)
        card = self._point(root, point)
        if card is not None and info is not None:
            card.own(root.agent, info)

    def _agent(self, root: Root) -> AgentCard | None:
        card = self._agents.get(root)
        if card is None:
            if len(self._agents) >= self._most_agents:
                self.refused += 1
                return None
            card = AgentCard(root=root)
            self._put_agent(card)
            self._fresh_agents[root] = None
        return card

    def _put_agent(self, card: AgentCard) -> None:
        self._agents[card.root] = card
        self._agents_by_site.setdefault(card.root.site, {})[card.root.agent] = card
        self._gone_agents.discard(card.root)

    def _point(self, root: Root, point: str) -> PointCard | None:
        card = self._points.get(root.site, {}).get(point)
        if card is None:
            if self._point_count >= self._most_points:
                self.refused += 1
                return None
            card = PointCard(region=root.region, site=root.site, info=PointInfo(point=point, room="", kind=AIR))
            self._put(card)
            self._fresh_points[root.site, point] = None
        return card

    def _put(self, card: PointCard) -> None:
        self._points.setdefault(card.site, {})[card.info.point] = card
        self._point_count += 1
        self._gone_points.discard((card.site, card.info.point))

    def _drop(self, site: str, point: str) -> None:
        self.removals += 1
        if self._points.get(site, {}).pop(point, None) is not None:
            self._point_count -= 1
            self._gone_points.add((site, point))

    # -- what outlives the gateway -------------------------------------------------------------------------------------

    def load(self, state: State, regions: Iterable[str]) -> None:
        """Take in what an earlier gateway wrote."""
        wanted = list(regions)
        with state.read() as connection:
            agents = directory_cards.load_agents(connection, wanted)
            points = directory_cards.load_points(connection, wanted)
            unlisted = directory_cards.load_unlisted(connection, wanted)
        if unlisted:
            log.warning("agents are known from their journals alone", agents=len(unlisted))
        room = max(0, self._most_agents - len(agents))
        self.refused += len(unlisted[room:])
        agents += unlisted[:room]
        with self._lock:
            for card in points:
                self._put(card)
            for agent in agents:
                self._put_agent(agent)
                infos = agent.presence.points if agent.presence is not None else ()
                listed = [info.point for info in infos if is_id(info.point)]
                self._claims.claim(agent.root.site, agent.root.agent, listed, to_ms(self._clock.now()))

    # -- questions -----------------------------------------------------------------------------------------------------

    def is_online(self, root: Root) -> bool:
        """Whether an agent lives, as the contract defines it."""
        with self._lock:
            card = self._agents.get(root)
            return card is not None and self._lives(card)

    def sites(self) -> list[SiteView]:
        """Every site of which anything is known, by name."""
        with self._lock:
            return [self._site(name) for name in self.site_names()]

    def site_names(self) -> list[str]:
        """Every site of which anything is known, in order."""
        with self._lock:
            names = {site for site, cards in self._agents_by_site.items() if cards}
            names.update(site for site, cards in self._points.items() if cards)
        return sorted(names)

    def _site(self, site: str) -> SiteView:
        agents, points = self._agents_by_site.get(site, {}), self._points.get(site, {})
        region = next((card.root.region for card in agents.values()), None)
        if region is None:
            region = next(card.region for card in points.values())
        seen_ms = max((card.last_seen_ms for card in agents.values()), default=0)
        return SiteView(site, region, any(map(self._lives, agents.values())), seen_ms or None, len(points))

    def agents(self, site: str | None = None) -> list[AgentView]:
        """Every agent, or those of one site, by root."""
        with self._lock:
            views = [
                AgentView(card.root, self._lives(card), card.last_seen_ms or None, card.presence, card.held)
                for card in (self._agents if site is None else self._agents_by_site.get(site, {})).values()
            ]
        return sorted(views, key=lambda view: view.root)

    def count_agents(self) -> tuple[int, int]:
        """How many agents are online, and how many are not."""
        now_s = self._clock.monotonic()
        with self._lock:
            online = sum(card.life.is_online(now_s, self._online_s) for card in self._agents.values())
            return online, len(self._agents) - online

    def points(self, site: str) -> list[PointView]:
        """The points of a site, by name. After a restart the newest values come from the store, once."""
        self._recall(site)
        with self._lock:
            return [
                PointView(card.region, site, card.owner, card.info, *doubted(card, self.flaws(site, card.info.point)))
                for _point, card in sorted(self._points.get(site, {}).items())
            ]

    def shortest_period_s(self, site: str) -> float | None:
        """The planned spacing of the quickest point that measures air, None while nobody said."""
        with self._lock:
            cards = self._points.get(site, {}).values()
            return min((one.info.period_s for one in cards if one.info.kind == AIR and one.info.period_s), default=None)

    def series(self, site: str) -> list[tuple[str, str]]:
        """The points of a site that measure, each with every quantity that it is known to have."""
        with self._lock:
            cards = [card for card in self._points.get(site, {}).values() if card.info.kind == AIR]
            return [
                (card.info.point, quantity)
                for card in cards
                for quantity in sorted({*card.info.quantities, *card.newest()} or WIRE_QUANTITIES)
            ]

    def has_site(self, site: str) -> bool:
        """True if anything is known of the site."""
        with self._lock:
            return bool(self._points.get(site)) or bool(self._agents_by_site.get(site))

    def silent(self, site: str) -> list[Root]:
        """Agents of a site that have a presence and are not online: what they measure meanwhile is owed."""
        with self._lock:
            return [
                card.root
                for card in self._agents_by_site.get(site, {}).values()
                if card.presence is not None and not self._lives(card)
            ]

    def split_sites(self) -> dict[str, list[str]]:
        """Sites with agents in more than one region, and those regions: an error of the installation."""
        with self._lock:
            first: dict[str, str] = {}
            split: dict[str, set[str]] = {}
            for root in self._agents:
                region = first.setdefault(root.site, root.region)
                if region != root.region and (root.site in split or len(split) < SPLIT_SITES_TOLD):
                    split.setdefault(root.site, {region}).add(root.region)
        return {site: sorted(regions) for site, regions in sorted(split.items())}

    def conflicts(self) -> list[Conflict]:
        """Points that two agents claim."""
        with self._lock:
            return self._claims.conflicts()

    def _lives(self, card: AgentCard) -> bool:
        return card.life.is_online(self._clock.monotonic(), self._online_s)

    def _recall(self, site: str) -> None:
        """Ask the store for the newest values of points of which nothing came since the start."""
        if self._store is None:
            return
        with self._lock:
            wanted = [
                card for card in self._points.get(site, {}).values() if not card.recalled and card.info.kind == AIR
            ]
        to = to_ms(self._clock.now()) + 3_600_000
        for card in wanted:
            for quantity in [name for name in card.info.quantities or WIRE_QUANTITIES if name in WIRE_QUANTITIES]:
                if quantity in card.newest():
                    continue
                query = ReadingsQuery(
                    site=site, point=card.info.point, quantity=quantity, from_ms=0, to_ms=to, limit=1, newest_first=True
                )
                try:
                    found = self._store.readings(query)
                except StoreUnavailable:
                    return
                with self._lock:
                    for reading in found:
                        value = LiveValue(reading.value, reading.time_ms, reading.suspect, card.info.simulated)
                        card.values.setdefault(quantity, value)
            card.recalled = True


def _state_ms(pack: Pack) -> int:
    return next(record.time_ms for record in reversed(pack.records) if record.name == "state")


def _is_older(pack: Pack, root: Root, newest: LiveState | None) -> bool:
    if newest is None:
        return False
    if newest.agent == root.agent:
        return newest.sequence > pack.sequence
    return newest.time_ms > _state_ms(pack)
