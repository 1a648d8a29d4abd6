"""What the board and the API read; the gateway's parts fulfil it, tests bring the same parts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from litestar.di import NamedDependency
from prometheus_client import CollectorRegistry

from gateway.alerts.parts import AlertDesk
from gateway.cases.parts import CaseParts
from gateway.commands.desk import CommandDesk
from gateway.config import SiteConfig
from gateway.ingest.calibrations import Calibrated
from gateway.ingest.completeness import Survey
from gateway.ingest.directory import PointView, SiteView
from gateway.ingest.minutes import Interval
from gateway.ports import Store
from gateway.sites.site import Site
from telemetry.clock import Clock


class Directory(Protocol):
    """Who is there."""

    def sites(self) -> Sequence[SiteView]:
        """Every branch."""

    def points(self, site: str) -> Sequence[PointView]:
        """Every point of a branch."""

    def has_site(self, site: str) -> bool:
        """True if anything is known of the branch."""


class Ledger(Protocol):
    """What is there, owed and lost."""

    def intervals(self, site: str, from_ms: int, to_ms: int) -> list[Interval]:
        """Oldest first, disjoint."""


class Finding(NamedTuple):
    """One thing that is not as it should be.

    Attributes:
        part: One of `PARTS`, for which the board has words in both languages.
        text: What it is and what to do, for the operator.
    """

    part: str
    text: str


PARTS: Final = (
    "store",
    "broker",
    "state",
    "worker",
    "same_id",
    "two_gateways",
    "two_agents",
    "two_regions",
    "dead_letters",
    "deadman",
    "signatures",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the gateway can do its work.

    Attributes:
        reasons: Why not; empty if it can.
        warnings: What somebody should look into all the same.
    """

    reasons: Sequence[Finding] = ()
    warnings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that answers are made of.

    Attributes:
        readiness: Asked at every `/readyz`; may take a second, is called from a worker thread.
        titles: What the configuration calls the branches; goes before the register.
        register: The register of branches, by site id.
        alerts: What answers for alarms; without it there are no pages about them.
        cases: What answers for acceptance cases, likewise.
        calibrations: Of a branch, before a time in Unix ms, so many, the newest first.
        commands: What takes orders to agents; without it none are taken.
        board: The address of the board as people reach it, for links that outlive a request; "": where it was asked at.
        survey: What knows how complete branches are; without it nobody is asked.
    """

    gateway: str
    regions: Sequence[str]
    directory: Directory
    ledger: Ledger
    store: Store
    registry: CollectorRegistry
    readiness: Callable[[], Readiness]
    clock: Clock
    titles: Mapping[str, SiteConfig] = field(default_factory=dict)
    register: Callable[[], Mapping[str, Site]] = dict
    alerts: AlertDesk | None = None
    cases: CaseParts | None = None
    calibrations: Callable[[str, int | None, int], Sequence[Calibrated]] = lambda _site, _before_ms, _limit: ()
    commands: CommandDesk | None = None
    board: str = ""
    survey: Survey | None = None


Parts = NamedDependency[Sources]
"""How a handler asks for them."""
