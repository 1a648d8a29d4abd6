"""Who is dark and what is silent: one alert a cause. Pure: what is known of agents in, what is beyond its limit out.

A region of which many branches are dark at once is one cause, and holds back its branches; a dark branch holds back its
agents and points; a faulty sensor its own silence. What held back is not raised, and begins to wait anew when it ends.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from gateway.alerts.alarm import Key
from gateway.alerts.rules import AIR_KIND, Place, Rule, Rules
from gateway.alerts.words import When
from telemetry.messages import PointInfo
from telemetry.topics import Root

NAMED: Final = 10
"""So many dark branches are named in a message; the others are counted."""


class AgentLife(NamedTuple):
    """What is known of one agent. `points` is what its presence lists."""

    root: Root
    online: bool
    points: Sequence[PointInfo]


class Finding(NamedTuple):
    """One rule at one place, and whether its cause is there now; `held` by a graver one, it is neither."""

    rule: Rule
    key: Key
    place: Place
    beyond: bool
    held: bool
    detail: str = ""
    timed: bool = True


class _Watched(NamedTuple):
    """One rule at one place, made once for each agent and its points."""

    rule: Rule
    key: Key
    place: Place
    at: tuple[str, str] = ("", "")
    wait_ms: int = 0


class _Plan(NamedTuple):
    """What is looked at of one agent as long as it lists these points."""

    points: Sequence[PointInfo]
    agent: tuple[_Watched, ...]
    silence: tuple[_Watched, ...]


class Census:
    """Looks at all agents; with many of them that takes a while, so that what can be known beforehand is kept."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._plans: dict[Root, _Plan] = {}
        self._branches: dict[tuple[str, str], tuple[_Watched, ...]] = {}

    def take(
        self,
        agents: Sequence[AgentLife],
        *,
        silent_ms: Callable[[tuple[str, str]], int],
        faulty: Container[tuple[str, str]],
        known: Container[Key],
    ) -> list[Finding]:
        """What the rules about darkness and silence find: all that is beyond, and all that is known already.

        Args:
            agents: All that ever said who they are.
            silent_ms: For how long nothing live came of a (site, point), in ms.
            faulty: Points (site, point) whose sensor tells of its own fault.
            known: What was beyond before.
        """
        self._tidy(len(agents))
        alive: dict[tuple[str, str], bool] = {}
        for agent in agents:
            at = (agent.root.region, agent.root.site)
            alive[at] = alive.get(at, False) or agent.online
        regions: dict[str, dict[str, bool]] = defaultdict(dict)
        for (region, site), lives in alive.items():
            regions[region][site] = not lives
        found = [one for region, dark in regions.items() for one in self._region(region, dark)]
        dark_regions = {one.place.region for one in found if one.beyond}
        for at, lives in alive.items():
            for watched in self._branch(at):
                if not lives or watched.key in known:
                    found.append(Finding(*watched[:3], not lives, at[0] in dark_regions))
        for agent in agents:
            at = (agent.root.region, agent.root.site)
            self._agent(agent, not alive[at] or at[0] in dark_regions, silent_ms, faulty, known, found)
        return found

    def _region(self, region: str, dark: Mapping[str, bool]) -> list[Finding]:
        place = Place(region)
        names = sorted(site for site, is_dark in dark.items() if is_dark)
        more = f" + {len(names) - NAMED}" if len(names) > NAMED else ""
        detail = f"{len(names)}/{len(dark)}: {', '.join(names[:NAMED])}{more}" if names else ""
        return [
            Finding(
                rule=rule,
                key=Key(rule.name, region, "", "", ""),
                place=place,
                beyond=len(names) >= rule.config.at_least and len(names) >= rule.config.share * len(dark),
                held=False,
                detail=detail,
            )
            for rule in self._rules.of(When.REGION_DARK, place)
        ]

    def _agent(
        self,
        agent: AgentLife,
        held: bool,
        silent_ms: Callable[[tuple[str, str]], int],
        faulty: Container[tuple[str, str]],
        known: Container[Key],
        found: list[Finding],
    ) -> None:
        plan = self._plan(agent)
        for watched in plan.agent:
            if not agent.online or watched.key in known:
                found.append(Finding(*watched[:3], not agent.online, held))
        for watched in plan.silence:
            silent = silent_ms(watched.at) >= watched.wait_ms
            if silent or watched.key in known:
                is_held = held or not agent.online or watched.at in faulty
                # The silence itself is the time that it must last.
                found.append(Finding(*watched[:3], silent, is_held, timed=False))

    def _branch(self, at: tuple[str, str]) -> tuple[_Watched, ...]:
        plan = self._branches.get(at)
        if plan is None:
            place = Place(*at)
            plan = tuple(
                _Watched(rule, Key(rule.name, *at, "", ""), place) for rule in self._rules.of(When.BRANCH_DARK, place)
            )
            self._branches[at] = plan
        return plan

    def _plan(self, agent: AgentLife) -> _Plan:
        plan = self._plans.get(agent.root)
        if plan is None or plan.points is not agent.points:
            region, site, name = agent.root.region, agent.root.site, agent.root.agent
            place = Place(region, site, "", name)
            itself = tuple(
                _Watched(rule, Key(rule.name, region, site, name, ""), place)
                for rule in self._rules.of(When.AGENT_DARK, place)
            )
            silence = tuple(one for info in agent.points if info.kind == AIR_KIND for one in self._point(agent, info))
            plan = self._plans[agent.root] = _Plan(agent.points, itself, silence)
        return plan

    def _point(self, agent: AgentLife, info: PointInfo) -> Iterator[_Watched]:
        region, site = agent.root.region, agent.root.site
        place = Place(region, site, info.room, info.point, AIR_KIND)
        for rule in self._rules.of(When.NO_DATA, place):
            wait_ms = max(rule.timing.for_ms, round(rule.config.periods * (info.period_s or 0.0) * 1000))
            yield _Watched(rule, Key(rule.name, region, site, info.point, ""), place, (site, info.point), wait_ms)

    def _tidy(self, agents: int) -> None:
        """Forget agents that are gone, once they are many."""
        if len(self._plans) > 2 * agents + 1_000:
            self._plans.clear()
            self._branches.clear()
