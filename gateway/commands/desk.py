"""Takes orders, sends each until it is answered or has expired, and writes down what became of it."""

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.commands import rows
from gateway.commands.order import ARGUMENTS, Order, OrderState, checked
from gateway.commands.refusals import OrderError
from gateway.errors import StateUnavailable
from gateway.state.state import State
from telemetry import messages
from telemetry.bus import Message
from telemetry.clock import Clock, to_ms, to_seconds
from telemetry.messages import Reply
from telemetry.topics import Root

REPEAT_S: Final = 15.0
"""An agent that was away hears an order at its next repeat; it carries each id out once."""

EXPIRES_S: Final = 600.0
EXPIRES_MIN_S: Final = 30.0
EXPIRES_MAX_S: Final = 86_400.0
"""How long an order may wait for its agent, where nobody says; at least; at most."""

OPEN_AN_AGENT: Final = 16
OPEN_AT_ALL: Final = 2_000
"""Orders without an answer; more are refused until some are answered or have expired."""

DEFAULT_EXPIRES_S: Final = {"calibrate": 1_800.0}
"""A calibration waits up to a quarter of an hour for steady air before it begins."""

WHO_LETTERS: Final = 64

log = structlog.get_logger(__name__)


class CommandDesk:
    """All orders of a gateway. May be used from any thread."""

    def __init__(
        self,
        state: State,
        *,
        publish: Callable[[Message], None],
        find: Callable[[str, str], Root | None],
        clock: Clock,
        registry: CollectorRegistry,
    ) -> None:
        """Make it; nothing is read before `start`.

        Args:
            state: Where orders are written down.
            publish: Sends a message.
            find: The root of a site's agent, None if there is no such agent.
            clock: The time.
            registry: Where orders are counted.
        """
        self._state = state
        self._publish = publish
        self._find = find
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, Order] = {}
        self._sent_s: dict[str, float] = {}
        self._failing = False
        text = "Orders to agents by name and what became of them"
        self._ended = Counter("openhall_orders", text, ("name", "state"), registry=registry)
        for name in ARGUMENTS:
            for state_ in (OrderState.DONE, OrderState.FAILED, OrderState.EXPIRED):
                self._ended.labels(name, state_.value)
        waiting = Gauge("openhall_orders_open", "Orders to agents that wait for an answer", registry=registry)
        waiting.set_function(lambda: len(self._open))

    def start(self) -> None:
        """Go on with the orders of an earlier run.

        Raises:
            StateUnavailable: Not read.
        """
        found = rows.open_orders(self._state)
        with self._lock:
            self._open.update({order.id: order for order in found})

    def ask(
        self,
        site: str,
        agent: str,
        name: str,
        arguments: Mapping[str, Any],
        *,
        who: str,
        expires_s: float | None = None,
    ) -> Order:
        """Take an order and send it.

        Args:
            site: The branch.
            agent: Its agent.
            name: The command.
            arguments: Its arguments, as the contract has them.
            who: Whose token it was asked with.
            expires_s: How long it may wait for the agent; None: ten minutes.

        Raises:
            OrderError: If it cannot be given.
            StateUnavailable: If it cannot be written down; it is not sent then.
        """
        words = checked(name, arguments)
        wait_s = DEFAULT_EXPIRES_S.get(name, EXPIRES_S) if expires_s is None else expires_s
        if not EXPIRES_MIN_S <= wait_s <= EXPIRES_MAX_S:
            raise OrderError(400, f"expires_s: give {EXPIRES_MIN_S:g} to {EXPIRES_MAX_S:g}, not {wait_s:g}")
        root = self._find(site, agent)
        if root is None:
            raise OrderError(404, f"site {site[:64]!r} has no agent {agent[:64]!r} that was ever heard of")
        now_ms = to_ms(self._clock.now())
        order = Order(secrets.token_hex(8), root, name, words, who[:WHO_LETTERS], now_ms, now_ms + round(wait_s * 1000))
        with self._lock:
            self._require_room(root)
            self._open[order.id] = order
        try:
            with self._state.write() as connection:
                rows.add(connection, order)
        except BaseException:
            with self._lock:
                self._open.pop(order.id, None)
            raise
        log.info("order to an agent", id=order.id, agent=str(root), name=name, who=order.who)
        self._send(order)
        return order

    def get(self, order_id: str) -> Order | None:
        """An order, None if there is none of that id.

        Raises:
            StateUnavailable: Not read.
        """
        return rows.one(self._state, order_id)

    def newest(self, site: str, agent: str, *, limit: int) -> list[Order]:
        """The orders of one agent, newest first.

        Raises:
            StateUnavailable: Not read.
        """
        return rows.newest(self._state, site, agent, limit=limit)

    def answer(self, root: Root, reply: Reply) -> None:
        """Take in an answer; one that is nobody's, or comes from another agent, is left alone."""
        with self._lock:
            order = self._open.get(reply.id)
        if order is None or order.root != root:
            return
        state = OrderState.DONE if reply.ok else OrderState.FAILED
        self._close(
            order._replace(
                state=state,
                answered_ms=to_ms(self._clock.now()),
                result=(reply.result or {}) if reply.ok else None,
                error="" if reply.ok else reply.error or "no reason was given",
            )
        )

    def tick(self) -> None:
        """Repeat what has no answer, end what has expired; to be called every second."""
        now_s, now_ms = self._clock.monotonic(), to_ms(self._clock.now())
        with self._lock:
            found = list(self._open.values())
        for order in found:
            if now_ms >= order.expires_ms:
                self._close(order._replace(state=OrderState.EXPIRED))
            elif now_s - self._sent_s.get(order.id, float("-inf")) >= REPEAT_S:
                self._send(order)

    def _require_room(self, root: Root) -> None:
        mine = sum(order.root == root for order in self._open.values())
        if mine >= OPEN_AN_AGENT or len(self._open) >= OPEN_AT_ALL:
            many = f"{mine} orders wait for this agent" if mine >= OPEN_AN_AGENT else f"{len(self._open)} orders wait"
            raise OrderError(429, f"{many}; ask again when some are answered or have expired")

    def _send(self, order: Order) -> None:
        self._sent_s[order.id] = self._clock.monotonic()
        words = {"id": order.id, "expires": to_seconds(order.expires_ms), **order.arguments}
        command = messages.convert_command(words)
        self._publish(Message(topic=order.root.command(order.name), body=messages.encode(command)))

    def _close(self, order: Order) -> None:
        try:
            with self._state.write() as connection:
                rows.close(connection, order)
        except StateUnavailable as error:
            # It stays open: the agent answers the next repeat with the same words.
            (log.debug if self._failing else log.warning)("answer to an order is not written", error=str(error))
            self._failing = True
            return
        self._failing = False
        with self._lock:
            self._open.pop(order.id, None)
            self._sent_s.pop(order.id, None)
        self._ended.labels(order.name, order.state.value).inc()
        log.info("order ended", id=order.id, agent=str(order.root), name=order.name, state=order.state.value)
