"""A changed configuration is taken in while the gateway runs; a bad one changes nothing, and no message is lost."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.errors import ConfigurationError, StateUnavailable
from gateway.fresh_config import FreshConfig
from telemetry.topics import Root
from tests.gateway.fake_agent import FakeAgent
from tests.gateway.test_run import Program, now_ms, ready
from tests.servers import NatsServer, wait_until

OLD, NEW = Config(gateway="g", regions=("north",)), Config(gateway="g", regions=("north", "south"))


def test_nothing_is_read_before_somebody_asks() -> None:
    """And once for each asking; the same configuration is no news."""
    read = [NEW, OLD]
    fresh = FreshConfig(OLD, read.pop)
    assert not fresh.look()
    assert len(read) == 2
    fresh.ask()
    assert not fresh.look()
    fresh.ask()
    assert fresh.look()
    assert not fresh.look()
    assert fresh.begin(lambda config: config) is NEW


@pytest.mark.parametrize("error", [ConfigurationError("$.regions: none"), FileNotFoundError("gateway.toml")])
def test_one_that_cannot_be_read_changes_nothing(error: Exception) -> None:
    """The gateway goes on as it was."""

    def read() -> Config:
        raise error

    fresh = FreshConfig(OLD, read)
    fresh.ask()
    assert not fresh.look()


def test_one_that_cannot_be_begun_with_gives_way_to_the_old() -> None:
    """A port in use, a state database of another program: rather the old gateway than none."""
    made: list[Config] = []

    def make(config: Config) -> Config:
        made.append(config)
        if config is NEW:
            raise StateUnavailable("no such place")
        return config

    fresh = FreshConfig(OLD, lambda: NEW)
    fresh.ask()
    assert fresh.look()
    assert fresh.begin(make) is OLD
    assert made == [NEW, OLD]
    fresh.ask()
    assert fresh.look(), "it may be mended by now"


def test_without_a_file_there_is_nothing_to_read() -> None:
    """A gateway within a test ignores the signal."""
    fresh = FreshConfig(OLD, None)
    fresh.ask()
    assert not fresh.look()


@pytest.fixture
def region() -> Iterator[str]:
    """One of its own on the shared broker."""
    yield f"f{os.getpid() % 10_000}-{now_ms() % 1_000_000}"


def test_a_running_gateway_begins_anew_and_loses_nothing(tmp_path: Path, broker: NatsServer, region: str) -> None:
    """A title is given, the file is broken, then mended with another title: all that is sent meanwhile is stored."""
    with Program(tmp_path, broker_port=broker.port, region=region) as program:
        wait_until(lambda: ready(program))
        process = program.pid
        text = program.config.read_text(encoding="utf-8")
        base = now_ms()
        sent: dict[int, int] = {}

        def title() -> str:
            try:
                sites = program.ask("/api/v1/sites")[1]["sites"]
            except OSError:
                return "away"
            return str(sites[0]["title"]) if sites else "none"

        with FakeAgent(broker.port, Root(region, "hall-1", "pi-1")) as agent:

            def send(count: int) -> None:
                for _ in range(count):
                    time_ms = base - len(sent)
                    sent[agent.air("hall-air", "hall", {time_ms: {"co2_ppm": 600.0}})] = time_ms

            send(20)
            wait_until(lambda: set(sent) <= agent.receipted)
            program.config.write_text(text + '[sites.hall-1]\ntitle_en = "First"\n', encoding="utf-8")
            os.kill(process, signal.SIGUSR1)
            send(20)
            wait_until(lambda: title() == "First")
            program.config.write_text(text + "[sites\n", encoding="utf-8")
            os.kill(process, signal.SIGUSR1)
            wait_until(lambda: "going on with the old one" in program.log)
            assert title() == "First"
            send(20)
            program.config.write_text(text + '[sites.hall-1]\ntitle_en = "Second"\n', encoding="utf-8")
            os.kill(process, signal.SIGUSR1)
            wait_until(lambda: title() == "Second")
            wait_until(lambda: ready(program))
            # A real agent sends again what has no receipt; this one does it here.
            for sequence, time_ms in list(sent.items()):
                if sequence not in agent.receipted:
                    sent[agent.air("hall-air", "hall", {time_ms: {"co2_ppm": 600.0}})] = time_ms
            wait_until(lambda: len(program.rows()) == 60)
        assert program.pid == process
        assert "Traceback" not in program.log
        assert program.end(signal.SIGTERM) == 0
