"""Which agent owns which point of a site, and which points two agents claim."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import structlog

log = structlog.get_logger(__name__)

CONFLICTS_KEPT: Final = 1_000


class Conflict(NamedTuple):
    """A second agent claims a point: an error of the installation, shown until one of them gives it up."""

    site: str
    point: str
    owner: str
    claimant: str
    since_ms: int


class Claims:
    """Who claims what, by site. The first to claim a point owns it; point and agent ids share one space."""

    def __init__(self) -> None:
        # Site, point -> claimant -> since when, in the order in which they came.
        self._claims: dict[tuple[str, str], dict[str, int]] = {}
        self._by_agent: dict[tuple[str, str], set[str]] = {}

    def of_agent(self, site: str, agent: str) -> set[str]:
        """The points that an agent claims now."""
        return set(self._by_agent.get((site, agent), ()))

    def claim(self, site: str, agent: str, points: Iterable[str], now_ms: int) -> dict[str, str | None]:
        """An agent claims these points, and gives up all others.

        Returns:
            The owner now of every point that it claims or claimed; None if nobody does.
        """
        wanted = set(points)
        before = self.of_agent(site, agent)
        for point in before - wanted:
            claimants = self._claims[site, point]
            del claimants[agent]
            if not claimants:
                del self._claims[site, point]
        for point in wanted - before:
            claimants = self._claims.setdefault((site, point), {})
            if claimants:
                owner = next(iter(claimants))
                log.error(
                    "two agents claim one point; give it another id in one of them",
                    site=site,
                    point=point,
                    owner=owner,
                    claimant=agent,
                )
            claimants[agent] = now_ms
        if wanted:
            self._by_agent[site, agent] = wanted
        else:
            self._by_agent.pop((site, agent), None)
        return {point: next(iter(self._claims.get((site, point), {})), None) for point in before | wanted}

    def conflicts(self) -> list[Conflict]:
        """Every claim after the first, at most `CONFLICTS_KEPT` of them."""
        found: list[Conflict] = []
        contested = [key for key, claimants in self._claims.items() if len(claimants) > 1]
        for site, point in sorted(contested):
            claimants = self._claims[site, point]
            owner, *others = claimants
            found += [Conflict(site, point, owner, other, claimants[other]) for other in others]
            if len(found) >= CONFLICTS_KEPT:
                break
        return found[:CONFLICTS_KEPT]
