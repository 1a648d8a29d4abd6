"""The table of orders: every one that was given, who asked, and what came of it."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from gateway.commands.order import Order, OrderState
from gateway.state.state import State
from gateway.state.tables import agent_command as table
from telemetry.topics import Root

KEPT: Final = 10_000
"""Orders in the table; of more the oldest go, as many as were added."""

KEPT_ANSWER_BYTES: Final = 256_000
"""Of one answer; log lines are the longest."""


def add(connection: Connection, order: Order) -> None:
    """Write a new order down, and forget the oldest beyond `KEPT`."""
    connection.execute(
        insert(table).values(
            id=order.id,
            region=order.root.region,
            site=order.root.site,
            agent=order.root.agent,
            name=order.name,
            arguments=msgspec.json.encode(order.arguments).decode(),
            who=order.who,
            asked_ms=order.asked_ms,
            expires_ms=order.expires_ms,
            state=order.state.value,
            answered_ms=None,
            answer="",
        )
    )
    last = connection.execute(select(func.max(table.c.number))).scalar_one()
    connection.execute(delete(table).where(table.c.number <= last - KEPT))


def close(connection: Connection, order: Order) -> None:
    """Write down what became of an order."""
    answer = order.error if order.result is None else msgspec.json.encode(order.result).decode()
    if len(answer.encode()) > KEPT_ANSWER_BYTES:
        answer = msgspec.json.encode({"left_out": f"the answer had {len(answer.encode())} bytes"}).decode()
    connection.execute(
        update(table)
        .where(table.c.id == order.id)
        .values(state=order.state.value, answered_ms=order.answered_ms, answer=answer)
    )


def open_orders(state: State) -> list[Order]:
    """Those without an answer, oldest first.

    Raises:
        StateUnavailable: Not read.
    """
    with state.read() as connection:
        rows = connection.execute(
            select(table).where(table.c.state == OrderState.OPEN.value).order_by(table.c.number)
        ).all()
    return [_of(row) for row in rows]


def one(state: State, order_id: str) -> Order | None:
    """The order of an id.

    Raises:
        StateUnavailable: Not read.
    """
    with state.read() as connection:
        row = connection.execute(select(table).where(table.c.id == order_id)).first()
    return None if row is None else _of(row)


def newest(state: State, site: str, agent: str, *, limit: int) -> list[Order]:
    """The orders of one agent, newest first.

    Raises:
        StateUnavailable: Not read.
    """
    with state.read() as connection:
        rows = connection.execute(
            select(table)
            .where(table.c.site == site, table.c.agent == agent)
            .order_by(table.c.number.desc())
            .limit(limit)
        ).all()
    return [_of(row) for row in rows]


def _of(row: Any) -> Order:
    words = row._mapping
    state = OrderState(words["state"])
    return Order(
        id=words["id"],
        root=Root(words["region"], words["site"], words["agent"]),
        name=words["name"],
        arguments=msgspec.json.decode(words["arguments"]),
        who=words["who"],
        asked_ms=words["asked_ms"],
        expires_ms=words["expires_ms"],
        state=state,
        answered_ms=words["answered_ms"],
        result=msgspec.json.decode(words["answer"]) if state is OrderState.DONE else None,
        error=words["answer"] if state is OrderState.FAILED else "",
    )
