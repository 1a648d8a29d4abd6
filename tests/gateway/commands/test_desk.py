"""Orders are sent until they are answered or have expired, once each, with who asked on record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gateway.commands import rows
from gateway.commands.desk import EXPIRES_S, OPEN_AN_AGENT, REPEAT_S, CommandDesk
from gateway.commands.order import ARGUMENTS, Order, OrderState, checked
from gateway.commands.refusals import OrderError
from gateway.errors import StateUnavailable
from gateway.state.state import State
from telemetry.bus import Message
from telemetry.messages import Reply
from telemetry.topics import Root
from tests.fakes import FakeClock

ROOT = Root("north", "b1", "pi-1")
OTHER = Root("north", "b1", "pi-2")


class Desk:
    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = FakeClock()
        self.sent: list[Message] = []
        self.state = State.open(url)
        self.start()

    def start(self) -> None:
        self.registry = CollectorRegistry()
        self.desk = CommandDesk(
            self.state,
            publish=self.sent.append,
            find=lambda site, agent: Root("north", site, agent) if (site, agent) in (("b1", "pi-1"),) else None,
            clock=self.clock,
            registry=self.registry,
        )
        self.desk.start()

    def ask(self, name: str = "identify", **words: Any) -> Order:
        return self.desk.ask("b1", "pi-1", name, words, who="ann")

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            self.desk.tick()

    def get(self, order: Order) -> Order:
        found = self.desk.get(order.id)
        assert found is not None
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(f"sqlite:///{tmp_path / 'state.sqlite3'}")
    yield one
    one.state.close()


def test_an_order_is_sent_and_answered(desk: Desk) -> None:
    """On the agent's own topic, with the contract's members; then it is sent no more."""
    order = desk.ask("identify", seconds=5)
    (message,) = desk.sent
    assert message.topic == "openhall/v1/north/b1/pi-1/command/identify"
    assert not message.retain
    body = json.loads(message.body)
    assert body == {"id": order.id, "expires": desk.clock.now() + EXPIRES_S, "seconds": 5.0}
    assert (desk.get(order).state, desk.get(order).who) == (OrderState.OPEN, "ann")
    desk.clock.advance(2)
    desk.desk.answer(ROOT, Reply(id=order.id, ok=True, result={"blinking": ["lamp"]}))
    done = desk.get(order)
    assert (done.state, done.result) == (OrderState.DONE, {"blinking": ["lamp"]})
    assert done.answered_ms == order.asked_ms + 2_000
    desk.pass_time(60)
    assert len(desk.sent) == 1
    assert desk.registry.get_sample_value("openhall_orders_total", {"name": "identify", "state": "done"}) == 1


def test_a_refusal_is_an_answer(desk: Desk) -> None:
    order = desk.ask()
    desk.desk.answer(ROOT, Reply(id=order.id, ok=False, error="no lamp"))
    assert (desk.get(order).state, desk.get(order).error) == (OrderState.FAILED, "no lamp")


def test_it_is_repeated_under_its_id_until_it_expires(desk: Desk) -> None:
    """An agent that was away hears it at the next repeat; after the end nobody does."""
    order = desk.ask()
    desk.pass_time(round(EXPIRES_S))
    assert len(desk.sent) == EXPIRES_S / REPEAT_S
    assert {json.loads(one.body)["id"] for one in desk.sent} == {order.id}
    assert desk.get(order).state is OrderState.EXPIRED
    desk.desk.answer(ROOT, Reply(id=order.id, ok=True))
    assert desk.get(order).state is OrderState.EXPIRED


def test_an_answer_counts_once_and_from_its_agent_only(desk: Desk) -> None:
    order = desk.ask()
    desk.desk.answer(OTHER, Reply(id=order.id, ok=True))
    desk.desk.answer(ROOT, Reply(id="c-nobody", ok=True))
    assert desk.get(order).state is OrderState.OPEN
    desk.desk.answer(ROOT, Reply(id=order.id, ok=False, error="first"))
    desk.desk.answer(ROOT, Reply(id=order.id, ok=True))
    assert desk.get(order).error == "first"


def test_a_gateway_that_starts_again_goes_on(desk: Desk) -> None:
    order = desk.ask()
    desk.start()
    desk.desk.tick()
    assert len(desk.sent) == 2
    desk.desk.answer(ROOT, Reply(id=order.id, ok=True))
    assert desk.get(order).state is OrderState.DONE


def test_orders_that_wait_are_bounded(desk: Desk) -> None:
    """One agent that is away fills its own share only."""
    for _ in range(OPEN_AN_AGENT):
        desk.ask()
    with pytest.raises(OrderError) as caught:
        desk.ask()
    assert caught.value.status == 429
    assert desk.registry.get_sample_value("openhall_orders_open") == OPEN_AN_AGENT
    desk.pass_time(round(EXPIRES_S) + 1)
    assert desk.registry.get_sample_value("openhall_orders_open") == 0
    desk.ask()


def test_what_cannot_be_written_down_is_not_sent(desk: Desk) -> None:
    """Nobody can order something without a record of it."""
    desk.state.engine.dispose()
    with desk.state.write() as connection:
        connection.exec_driver_sql("DROP TABLE agent_command")
    with pytest.raises(StateUnavailable):
        desk.ask()
    assert desk.sent == []
    assert desk.registry.get_sample_value("openhall_orders_open") == 0


def test_an_answer_that_cannot_be_written_is_taken_at_the_next_repeat(desk: Desk) -> None:
    order = desk.ask()
    with desk.state.write() as connection:
        connection.exec_driver_sql("ALTER TABLE agent_command RENAME TO away")
    desk.desk.answer(ROOT, Reply(id=order.id, ok=True))
    with desk.state.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO agent_command")
    assert desk.get(order).state is OrderState.OPEN
    desk.desk.answer(ROOT, Reply(id=order.id, ok=True))
    assert desk.get(order).state is OrderState.DONE


def test_the_table_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "KEPT", 3)
    orders = []
    for _ in range(5):
        orders.append(desk.ask())
        desk.desk.answer(ROOT, Reply(id=orders[-1].id, ok=True, result={"lines": ["x" * rows.KEPT_ANSWER_BYTES]}))
    found = desk.desk.newest("b1", "pi-1", limit=10)
    assert [one.id for one in found] == [one.id for one in orders[:1:-1]]
    assert "left_out" in (found[0].result or {})


@pytest.mark.parametrize(
    ("name", "words", "status"),
    [
        ("fly", {}, 400),
        ("identify", {"seconds": 0}, 400),
        ("identify", {"minutes": 1}, 400),
        ("identify", {"seconds": "5"}, 400),
        ("period", {"point": "hall-air"}, 400),
        ("period", {"point": "Hall Air", "period_s": 5}, 400),
        ("resend", {}, 400),
        ("resend", {"journal": "j1"}, 400),
        ("restart", {"now": True}, 400),
        ("logs", {"lines": 0}, 400),
        ("config", {"toml": ""}, 400),
        ("config", {"toml": "x" * 70_000}, 413),
        ("calibrate", {"point": "hall-air", "reference_ppm": 10, "by": "ann"}, 400),
    ],
)
def test_what_no_agent_would_take_is_refused_here(name: str, words: dict[str, Any], status: int) -> None:
    with pytest.raises(OrderError) as caught:
        checked(name, words)
    assert caught.value.status == status
    assert caught.value.detail


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("identify", {}),
        ("read", {"point": "hall-air"}),
        ("resend", {"journal": "j1", "ranges": [[1, 5]]}),
        ("resend", {"from": 1.0, "to": 2.0}),
        ("period", {"point": "hall-air", "period_s": 5}),
        ("config", {"toml": "region = 1"}),
        ("restart", {}),
        ("logs", {}),
        ("calibrate", {"point": "hall-air", "reference_ppm": 420, "by": "ann"}),
    ],
)
def test_the_commands_of_the_contract_are_taken(desk: Desk, name: str, words: dict[str, Any]) -> None:
    assert name in ARGUMENTS
    order = desk.ask(name, **words)
    body = json.loads(desk.sent[-1].body)
    assert {key: body[key] for key in words} == words
    assert order.name == name


def test_an_unknown_agent_is_no_address(desk: Desk) -> None:
    with pytest.raises(OrderError) as caught:
        desk.desk.ask("b9", "pi-1", "identify", {}, who="ann")
    assert caught.value.status == 404
    for seconds in (1, 1e9, float("nan")):
        with pytest.raises(OrderError):
            desk.desk.ask("b1", "pi-1", "identify", {}, who="ann", expires_s=seconds)
