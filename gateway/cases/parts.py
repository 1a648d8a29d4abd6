"""Puts the parts of acceptance cases together, for the gateway and for tests."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from gateway.cases.desk import CaseDesk
from gateway.cases.dossier import Dossiers
from gateway.cases.keeper import PackKeeper
from gateway.cases.metrics import CaseMetrics
from gateway.cases.past import Past, TakesOrders
from gateway.cases.rejudging import Rejudging
from gateway.cases.settings import AcceptanceConfig
from gateway.cases.studies import Studies
from gateway.cases.supervisor import Supervisor
from gateway.ingest.directory import Directory
from gateway.ports import Store
from gateway.state.state import State
from telemetry.clock import Clock
from telemetry.messages import PointInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseParts:
    """All that answers for cases.

    Attributes:
        desk: Changes and judges them.
        rejudging: What judgements said.
        keeper: Keeps raw packs; the ingest calls it.
        supervisor: Watches them.
        studies: What is worked out beside verdicts.
        store: Where readings are.
        metrics: Their numbers.
        state: The state database.
        clock: The time.
        settings: `[acceptance]`.
        zones: By site, its zone in the IANA table.
    """

    desk: CaseDesk
    rejudging: Rejudging
    keeper: PackKeeper
    supervisor: Supervisor
    studies: Studies
    store: Store
    metrics: CaseMetrics
    state: State
    clock: Clock
    settings: AcceptanceConfig
    zones: Mapping[str, str]

    def close(self) -> None:
        """Release what it holds of its own."""
        self.desk.shut()

    def watch(self, directory: Directory) -> None:
        """Let the agents' presence tell which instrument stands where."""

        def standing(site: str) -> dict[str, PointInfo]:
            return standing_in(directory, site)

        self.desk.watch(standing)
        self.supervisor.watch(standing)
        self.studies.watch(standing)

    def ask_past(self, directory: Directory, orders: TakesOrders) -> None:
        """Let agents be asked for the packs that a plan wants and that they sent before the case was opened."""

        def agents(site: str) -> list[str]:
            # One without presence is a replay, which ends with its last receipt.
            return [one.root.agent for one in directory.agents(site) if one.presence is not None]

        self.desk.ask_past(Past(agents, orders, self.metrics).ask)


def make_cases(
    settings: AcceptanceConfig,
    *,
    state: State,
    store: Store,
    clock: Clock,
    registry: CollectorRegistry,
    zones: Mapping[str, str],
    evidence: Store | None = None,
) -> CaseParts:
    """The parts of cases on one state database and store.

    Args:
        settings: `[acceptance]`.
        state: The state database.
        store: Where readings are.
        clock: The time.
        registry: Where the numbers go.
        zones: By site, its zone.
        evidence: Where the readings that a verdict rests on are written, too, to be kept for ever; None: nowhere.
    """
    metrics = CaseMetrics(registry)
    studies = Studies(state, store, settings=settings, clock=clock, zones=zones)
    dossiers = Dossiers(state, store, settings)
    desk = CaseDesk(state, dossiers, studies, settings=settings, clock=clock, metrics=metrics, evidence=evidence)
    return CaseParts(
        desk=desk,
        rejudging=Rejudging(desk),
        keeper=PackKeeper(metrics),
        studies=studies,
        supervisor=Supervisor(state, store, desk, settings=settings, clock=clock, metrics=metrics),
        store=store,
        metrics=metrics,
        state=state,
        clock=clock,
        settings=settings,
        zones=zones,
    )


def standing_in(directory: Directory, site: str) -> dict[str, PointInfo]:
    """What the agents of a branch say stands at its points."""
    return {
        info.point: info
        for agent in directory.agents(site)
        if agent.presence is not None
        for info in agent.presence.points
    }
