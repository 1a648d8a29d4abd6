"""The loop round the core, with a bus that does what the test says."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.core import AgentCore
from agent.health import HostNumbers
from agent.inbox import Inbox
from agent.journal import Journal, JournalSettings
from agent.mqtt_bus import BusEvent, Connected, Disconnected, Received
from agent.reconnect import Reconnect
from agent.shell import Shell
from agent.uplink import UplinkSettings
from telemetry.bus import Message
from telemetry.messages import PointInfo
from telemetry.topics import Root
from tests.fakes import FakeClock

ROOT = Root("east", "east-001", "hall-agent")


class FakeBus:
    """Remembers what it was asked; the test reports what becomes of it."""

    def __init__(self) -> None:
        self.number = 0
        self.wills: list[Message | None] = []
        self.published: list[Message] = []
        self.takes = True
        self.opens = True
        self.abandoned = 0

    def open(self, will: Message | None) -> bool:
        if self.opens:
            self.number += 1
            self.wills.append(will)
        return self.opens

    def publish(self, message: Message) -> bool:
        self.published += [message] if self.takes else []
        return self.takes

    def abandon(self) -> None:
        self.abandoned += 1
        self.number += 1

    def close(self, last_words: list[Message], timeout_s: float) -> None:
        self.published += last_words


class Bench:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        rng = random.Random(1)
        self.journal = Journal.open(
            folder / "j", root=ROOT, clock=self.clock, rng=rng, settings=JournalSettings(), trusted=True
        )
        self.core = AgentCore(
            root=ROOT,
            points=[PointInfo(point="hall-air", room="hall")],
            journal=self.journal,
            uplink_settings=UplinkSettings(),
            clock=self.clock,
            rng=rng,
            trusted=True,
            version="1",
            probe=HostNumbers,
        )
        self.bus = FakeBus()
        self.inbox: Inbox[BusEvent | str] = Inbox()
        self.others: list[str] = []
        self.shell: Shell[str] = Shell(
            core=self.core,
            bus=self.bus,  # type: ignore[arg-type]
            inbox=self.inbox,
            reconnect=Reconnect(min_s=1, max_s=60, clock=self.clock, rng=rng),
            clock=self.clock,
            connect_timeout_s=15,
            handle=self.others.append,
        )

    def turn(self, *events: BusEvent | str) -> None:
        for event in events:
            self.inbox.put(event)
        self.shell.turn(self.clock.monotonic())

    def connect(self) -> None:
        self.turn()
        self.turn(Connected(number=self.bus.number))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A shell that was just started."""
    bench = Bench(tmp_path)
    yield bench
    bench.journal.close()


def test_it_connects_at_once_and_publishes_only_then(bench: Bench) -> None:
    """Nothing goes before everything is subscribed."""
    bench.core.measure("hall-air", {"co2_ppm": 600.0})
    bench.turn()
    assert len(bench.bus.wills) == 1
    assert bench.bus.published == []
    bench.turn(Connected(number=bench.bus.number))
    assert bench.shell.is_connected
    assert [message.topic for message in bench.bus.published] == [ROOT.presence, ROOT.readings, ROOT.health]
    assert bench.shell.published == 3


def test_every_attempt_has_a_will_of_its_own(bench: Bench) -> None:
    """The wait between them grows."""
    waits = []
    for _ in range(6):
        before = bench.clock.monotonic()
        bench.turn(Disconnected(number=bench.bus.number, reason="refused"))
        wait_s = bench.shell._reconnect.due_s - before
        waits.append(wait_s)
        bench.clock.advance(wait_s)
        bench.turn()
    assert waits[-1] > 10
    assert len({will.body for will in bench.bus.wills if will is not None}) == len(bench.bus.wills) == 6


def test_words_of_an_older_connection_do_not_count(bench: Bench) -> None:
    """Neither its end nor its messages."""
    bench.connect()
    old = bench.bus.number - 1
    bench.turn(
        Disconnected(number=old, reason="late"),
        Received(number=old, topic="nonsense", body=b"", retained=False),
    )
    assert bench.shell.is_connected
    assert bench.core.malformed == 0


def test_a_broker_that_never_answers_is_given_up(bench: Bench) -> None:
    """After the time-out the attempt is dropped and another follows."""
    with capture_logs() as logs:
        bench.turn()
        bench.clock.advance(16)
        bench.turn()
    assert bench.bus.abandoned == 1
    assert "no answer within 15 s" in logs[-1]["reason"]
    bench.clock.advance(2)
    bench.turn()
    assert len(bench.bus.wills) == 2


def test_an_attempt_that_blocks_in_the_system_is_waited_for(bench: Bench) -> None:
    """No second thread is started beside it."""
    bench.bus.opens = False
    for _ in range(20):
        bench.clock.advance(100)
        bench.turn()
    assert bench.bus.wills == []
    bench.bus.opens = True
    bench.clock.advance(100)
    bench.turn()
    assert len(bench.bus.wills) == 1


def test_a_broken_connection_is_told_once(bench: Bench) -> None:
    """A warning at the break, repeats below it, and a word when it is back."""
    bench.connect()
    with capture_logs() as logs:
        for _ in range(4):
            bench.turn(Disconnected(number=bench.bus.number, reason="gone"))
            bench.clock.advance(100)
            bench.turn()
        bench.turn(Connected(number=bench.bus.number))
    assert [entry["log_level"] for entry in logs] == ["warning", "debug", "debug", "debug", "info"]


def test_two_agents_under_one_id_get_a_hint(bench: Bench) -> None:
    """A broker that ends the session again and again does so for a reason."""
    with capture_logs() as logs:
        for _ in range(4):
            bench.clock.advance(61)
            bench.connect()
            bench.turn(Disconnected(number=bench.bus.number, reason="gone"))
    assert "same id" in logs[-1]["reason"]
    assert "same id" not in logs[1]["reason"]


def test_what_the_bus_refuses_is_counted_and_comes_again(bench: Bench) -> None:
    """The uplink's timer brings it."""
    bench.connect()
    bench.bus.takes = False
    bench.core.measure("hall-air", {"co2_ppm": 600.0})
    bench.turn()
    assert bench.shell.refused == 1
    bench.bus.takes = True
    bench.bus.published.clear()
    bench.clock.advance(61)
    bench.turn()
    assert ROOT.readings in [message.topic for message in bench.bus.published]


def test_other_events_are_handed_on(bench: Bench) -> None:
    """In their order."""
    bench.turn("one", "two")
    assert bench.others == ["one", "two"]


def test_a_clean_end_says_good_bye(bench: Bench) -> None:
    """Once, and only on a connection."""
    bench.shell.close(1)
    assert bench.bus.published == []
    bench.connect()
    bench.bus.published.clear()
    bench.shell.close(1)
    assert [message.topic for message in bench.bus.published] == [ROOT.presence]
    assert not bench.shell.is_connected
