"""The API of orders to agents: give one, see what came of it. Whoever orders shows a token, also on this machine."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.datastructures import State as AppState
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.board.asked import only, problems
from gateway.board.errors import RequestError
from gateway.board.foreign import require_same_site
from gateway.board.guard import PROGRAM
from gateway.board.sources import Parts, Sources
from gateway.commands.desk import CommandDesk
from gateway.commands.order import Order
from gateway.commands.refusals import OrderError
from telemetry.clock import to_seconds

Ask = Request[None, None, AppState]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="At most so many items")]
TITLES = {400: "Bad command", 404: "Unknown agent", 413: "Too long", 429: "Too many orders"}


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is ordered.

    Attributes:
        name: The command.
        arguments: Its arguments.
        expires_s: How long it may wait for the agent.
    """

    name: str
    arguments: dict[str, Any] = {}
    expires_s: float | None = None


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An order: `state` is `open`, `done`, `failed` or `expired`; times are Unix seconds."""

    id: str
    site: str
    agent: str
    name: str
    arguments: dict[str, Any]
    who: str
    asked: float
    expires: float
    state: str
    answered: float | None
    result: dict[str, Any] | None
    error: str | None


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first."""

    commands: list[OrderAnswer]


class CommandsApi(Controller):
    """Orders to one agent."""

    path = "/api/v1/sites/{site:str}/agents/{agent:str}/commands"

    @post(
        "/",
        status_code=202,
        sync_to_thread=True,
        summary="Order something of an agent",
        responses=problems(403, 404, 413, 429, 503),
    )
    def order(
        self, request: Ask, sources: Parts, site: FromPath[str], agent: FromPath[str], data: JSONBody[Wish]
    ) -> OrderAnswer:
        """It is sent until the agent answers or it expires; ask for it by its id."""
        require_same_site(request)
        who = _who(request)
        try:
            order = _desk(sources).ask(site, agent, data.name, data.arguments, who=who, expires_s=data.expires_s)
        except OrderError as error:
            raise RequestError(error.status, TITLES[error.status], error.detail) from error
        return _answer(order)

    @get(
        "/",
        sync_to_thread=True,
        summary="The orders that an agent was given, the newest first",
        responses=problems(403, 503),
    )
    def orders(
        self, request: Ask, sources: Parts, site: FromPath[str], agent: FromPath[str], limit: Limit = 100
    ) -> Orders:
        """With who asked, and what came of each."""
        only(request, "limit")
        _who(request)
        return Orders(commands=[_answer(one) for one in _desk(sources).newest(site, agent, limit=limit)])

    @get("/{order_id:str}", sync_to_thread=True, summary="What came of an order", responses=problems(403, 404, 503))
    def one(
        self, request: Ask, sources: Parts, site: FromPath[str], agent: FromPath[str], order_id: FromPath[str]
    ) -> OrderAnswer:
        """By its id."""
        only(request)
        _who(request)
        order = _desk(sources).get(order_id)
        if order is None or (order.root.site, order.root.agent) != (site, agent):
            raise RequestError(404, "Unknown command", f"this agent was given no order {order_id[:64]!r}")
        return _answer(order)


def _desk(sources: Sources) -> CommandDesk:
    assert sources.commands is not None
    return sources.commands


def _who(request: Ask) -> str:
    """The name that goes with the token; logs and arguments of orders are nobody else's business either."""
    program = request.scope.get(PROGRAM)
    if not program:
        detail = "orders need a token: set [http] token_file, and send `Authorization: Bearer TOKEN`"
        raise RequestError(403, "Forbidden", detail)
    return str(program)


def _answer(order: Order) -> OrderAnswer:
    return OrderAnswer(
        id=order.id,
        site=order.root.site,
        agent=order.root.agent,
        name=order.name,
        arguments=dict(order.arguments),
        who=order.who,
        asked=to_seconds(order.asked_ms),
        expires=to_seconds(order.expires_ms),
        state=order.state.value,
        answered=None if order.answered_ms is None else to_seconds(order.answered_ms),
        result=None if order.result is None else dict(order.result),
        error=order.error or None,
    )
