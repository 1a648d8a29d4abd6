"""Asks a branch's agents for the packs of a sampling that began before its case was opened or its plan changed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

import structlog

from gateway.cases.dossier import parsed, span_of
from gateway.cases.life import Life
from gateway.cases.metrics import CaseMetrics
from gateway.cases.phase import closes_ms
from gateway.commands.desk import EXPIRES_MAX_S
from gateway.commands.refusals import OrderError
from gateway.errors import StateUnavailable
from telemetry.clock import to_seconds

log = structlog.get_logger(__name__)

WHO: Final = "acceptance"


class TakesOrders(Protocol):
    """What sends an order until its agent has answered."""

    def ask(
        self,
        site: str,
        agent: str,
        name: str,
        arguments: Mapping[str, Any],
        *,
        who: str,
        expires_s: float | None = None,
    ) -> object:
        """Take an order."""
        ...


class Past:
    """Raw packs are kept from a case's opening on; what was sent before then, agents still hold in their journals."""

    def __init__(self, agents: Callable[[str], Iterable[str]], orders: TakesOrders, metrics: CaseMetrics) -> None:
        """`agents` gives the agents of a branch that have told what stands there."""
        self._agents = agents
        self._orders = orders
        self._metrics = metrics

    def ask(self, case: int, life: Life, now_ms: int) -> None:
        """Ask for what the running plan wants as evidence and is over; nothing if its closure begins later.

        A case is opened whether or not an agent can be asked: its evidence then says what no pack carries.
        """
        _table, planned, standard = parsed(life)
        begins = [closes_ms(standard, room, entry) for room in planned.rooms for entry in room.entries]
        begins += [entry.sampled.from_ms for entry in planned.outdoor]
        if not begins or min(begins) >= now_ms:
            return
        from_ms, to_ms = span_of(planned)
        words = {"from": to_seconds(from_ms), "to": to_seconds(min(to_ms, now_ms))}
        site = life.opened.site
        for agent in self._agents(site):
            try:
                self._orders.ask(site, agent, "resend", words, who=f"{WHO} {case}", expires_s=EXPIRES_MAX_S)
            except (OrderError, StateUnavailable) as error:
                self._metrics.past_asked.labels("refused").inc()
                log.warning("packs from before a case cannot be asked for", case=case, agent=agent, error=str(error))
            else:
                self._metrics.past_asked.labels("asked").inc()
