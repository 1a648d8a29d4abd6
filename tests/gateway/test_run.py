"""The whole gateway as a process: a real broker, real files, packs by paho, the API, signals."""

import json
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from telemetry import messages
from telemetry.clock import SystemClock, to_ms
from telemetry.messages import GatewayStatus, PointInfo
from telemetry.topics import Root
from tests.gateway.fake_agent import FakeAgent
from tests.gateway.test_mqtt_bus import listening
from tests.servers import NatsServer, Server, free_port, wait_until

HALL = PointInfo(point="hall-air", room="hall", part="scd41", period_s=5, quantities=["co2_ppm"])


class Program(Server):
    """`openhall-gateway run`; every test has a region of its own on the shared broker."""

    program = "openhall-gateway"
    package = "openhall[gateway]"

    def __init__(self, directory: Path, *, broker_port: int, region: str, more: str = "") -> None:
        super().__init__(directory)
        self.region = region
        self.config = directory / "gateway.toml"
        self.config.write_text(
            f'gateway = "gw-{region}"\nregions = ["{region}"]\n{more}\n'
            f"[broker]\nport = {broker_port}\nping_s = 0.5\nreconnect_min_s = 0.1\nreconnect_max_s = 0.3\n"
            f"[http]\nport = {self.port}\n[ingest]\nstore_retry_s = 0.1\nstore_retry_at_most_s = 0.5\n",
            encoding="utf-8",
        )

    def command(self) -> list[str]:
        return [str(self.path), "run", "--config", str(self.config)]

    def answers(self) -> bool:
        return self.ask("/healthz")[0] == 200

    def ask(self, path: str) -> tuple[int, Any]:
        """Status and JSON body."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return int(answer.status), json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def rows(self, site: str = "hall-1") -> list[list[Any]]:
        """The stored CO2 of the last day."""
        status, body = self.ask(f"/api/v1/readings?site={site}&point=hall-air&quantity=co2_ppm&limit=10000")
        rows: list[list[Any]] = body["rows"] if status == 200 else []
        return rows

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the exit code."""
        process = self._process
        assert process is not None
        process.send_signal(number)
        return process.wait(15)

    def metric(self, name: str) -> float:
        """One line of the metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name} "))


def ready(program: Program) -> bool:
    return program.ask("/readyz")[0] == 200


def now_ms() -> int:
    return to_ms(SystemClock().now())


@pytest.fixture
def region(request: pytest.FixtureRequest) -> Iterator[str]:
    """A region that no other test uses."""
    yield f"r-{abs(hash(request.node.name)) % 10**9}"


def test_packs_are_stored_shown_and_receipted_and_outlive_a_restart(
    tmp_path: Path, broker: NatsServer, region: str
) -> None:
    with Program(tmp_path, broker_port=broker.port, region=region) as program:
        wait_until(lambda: ready(program))
        with FakeAgent(broker.port, Root(region, "hall-1", "pi-1")) as agent:
            agent.present([HALL])
            base = now_ms()
            first = agent.air("hall-air", "hall", {base - 2_000: {"co2_ppm": 600.0}, base - 1_000: {"co2_ppm": 601.0}})
            wait_until(lambda: first in agent.receipted)
            door = agent.state("door", "entrance", "door", base, working=False, state="fault", reason="stuck")
            wait_until(lambda: {door} <= agent.receipted & agent.heard)
            assert [row[1:] for row in program.rows()] == [[600.0, "good"], [601.0, "good"]]
            site = program.ask("/api/v1/sites")[1]["sites"][0]
            assert (site["site"], site["online"], site["points"]) == ("hall-1", True, 2)
            assert program.end(signal.SIGTERM) == 0
            program.start()
            wait_until(lambda: ready(program))
            second = agent.air("hall-air", "hall", {now_ms(): {"co2_ppm": 602.0}})
            wait_until(lambda: second in agent.receipted)
        assert [row[1] for row in program.rows()] == [600.0, 601.0, 602.0]
        points = program.ask("/api/v1/sites/hall-1/points")[1]["points"]
        assert [(point["point"], point["state"]) for point in points] == [("door", "fault"), ("hall-air", None)]
        intervals = program.ask("/api/v1/ledger?site=hall-1")[1]["intervals"]
        assert {one["status"] for one in intervals} == {"there"}


def test_bad_messages_are_parked_listed_and_never_hold_up_the_good(
    tmp_path: Path, broker: NatsServer, region: str
) -> None:
    with Program(tmp_path, broker_port=broker.port, region=region) as program:
        wait_until(lambda: ready(program))
        with FakeAgent(broker.port, Root(region, "hall-1", "pi-1")) as agent:
            for body in (b"{", b"[]", b"\xff\x00", b'[{"n":"co2_ppm","v":1}]', b"x" * 100_000):
                agent.publish(agent.root.readings, body)
            good = agent.air("hall-air", "hall", {now_ms(): {"co2_ppm": 600.0}})
            wait_until(lambda: good in agent.receipted)
        wait_until(lambda: len(letters(program)) == 5)
        assert all(set(one) == LETTER_MEMBERS for one in letters(program))
        assert {one["site"] for one in letters(program)} == {"hall-1"}


LETTER_MEMBERS = {"id", "received", "topic", "site", "journal", "sequence", "reason", "detail", "length", "sha256"}


def letters(program: Program) -> list[dict[str, Any]]:
    command = [str(program.path), "dead-letters", "list", "--config", str(program.config), "--json"]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout)
    found: list[dict[str, Any]] = answer["dead_letters"]
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_well_and_leaves_an_offline_status(
    tmp_path: Path, broker: NatsServer, region: str, number: signal.Signals
) -> None:
    topic = f"openhall/v1/gateway/gw-{region}"
    with Program(tmp_path, broker_port=broker.port, region=region) as program, listening(broker.port, topic) as agent:
        wait_until(lambda: ready(program))
        wait_until(lambda: any(status.storing for status in agent.statuses(f"gw-{region}")))
        assert program.end(number) == 0
        wait_until(lambda: not agent.statuses(f"gw-{region}")[-1].online)
    with listening(broker.port, topic) as late:
        wait_until(lambda: len(late.got) == 1)
        assert messages.decode(late.got[0][1], GatewayStatus).online is False
    assert "Traceback" not in program.log


def test_what_waits_at_the_signal_is_committed(tmp_path: Path, broker: NatsServer, region: str) -> None:
    with Program(tmp_path, broker_port=broker.port, region=region) as program:
        wait_until(lambda: ready(program))
        with FakeAgent(broker.port, Root(region, "hall-1", "pi-1")) as agent:
            base = now_ms()
            sent = [agent.air("hall-air", "hall", {base - number: {"co2_ppm": 500.0}}) for number in range(300)]
            assert program.end(signal.SIGTERM) == 0
            program.start()
            wait_until(lambda: ready(program))
            assert {row[0] for row in program.rows()} >= {round((base - one + 1) / 1000, 3) for one in agent.receipted}
            assert agent.receipted <= set(sent)


def test_sigkill_loses_nothing_that_was_receipted(tmp_path: Path, broker: NatsServer, region: str) -> None:
    with Program(tmp_path, broker_port=broker.port, region=region) as program:
        wait_until(lambda: ready(program))
        with FakeAgent(broker.port, Root(region, "hall-1", "pi-1")) as agent:
            base = now_ms()
            for number in range(200):
                agent.air("hall-air", "hall", {base - number: {"co2_ppm": 500.0}})
            wait_until(lambda: len(agent.receipted) > 20)
            program.kill()
            receipted = set(agent.receipted)
        program.start()
        stored = {row[0] for row in program.rows()}
        assert stored >= {round((base - one + 1) / 1000, 3) for one in receipted}


def test_without_a_broker_it_starts_says_so_once_and_connects_when_it_comes(tmp_path: Path, region: str) -> None:
    port = free_port()
    with Program(tmp_path, broker_port=port, region=region) as program:
        wait_until(lambda: any("broker" in reason for reason in program.ask("/readyz")[1]["reasons"]))
        assert program.ask("/readyz")[0] == 503
        with NatsServer(tmp_path, port=port):
            wait_until(lambda: ready(program))
            assert program.log.count("broker not reached") == 1


def test_a_store_that_is_gone_is_told_and_tried_again(tmp_path: Path, broker: NatsServer, region: str) -> None:
    store = tmp_path / "not-yet" / "readings.sqlite3"
    more = f'[store]\nkind = "sqlite"\npath = "{store}"\n'
    store.parent.mkdir()
    store.mkdir()  # a folder stands where the file should be
    with Program(tmp_path, broker_port=broker.port, region=region, more=more) as program:

        def lacks(part: str) -> bool:
            return any(reason.startswith(part) for reason in program.ask("/readyz")[1]["reasons"])

        # This agent sends its reading once, so the gateway must have subscribed by then.
        wait_until(lambda: lacks("store") and not lacks("broker"))
        with FakeAgent(broker.port, Root(region, "hall-1", "pi-1")) as agent:
            agent.present([HALL])
            sent = agent.air("hall-air", "hall", {now_ms(): {"co2_ppm": 600.0}})
            wait_until(lambda: program.ask("/api/v1/sites/hall-1/points")[0] == 200)

            def live() -> dict[str, Any]:
                values: dict[str, Any] = program.ask("/api/v1/sites/hall-1/points")[1]["points"][0]["values"]
                return values

            # The presence makes the point known a moment before its reading is heard.
            wait_until(lambda: "co2_ppm" in live(), what="live values while the store is away")
            assert live()["co2_ppm"]["value"] == 600.0
            assert sent not in agent.receipted
            status, problem = program.ask("/api/v1/readings?site=hall-1&point=hall-air&quantity=co2_ppm")
            assert (status, problem["status"]) == (503, 503)
            store.rmdir()
            wait_until(lambda: sent in agent.receipted, within_s=40)
            wait_until(lambda: ready(program))


def fails(config: Path) -> tuple[int, str]:
    command = [str(Path(sys.executable).parent / "openhall-gateway"), "run", "--config", str(config)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr


def test_a_port_in_use_is_named_with_what_to_do(tmp_path: Path, broker: NatsServer, region: str) -> None:
    with Program(tmp_path, broker_port=broker.port, region=region) as program:
        code, words = fails(program.config)
    assert code == 2
    assert f"$.http.port: {program.port} on 127.0.0.1 is in use" in words
    assert "Traceback" not in words


def test_a_state_database_of_a_newer_program_is_left_alone(tmp_path: Path, broker: NatsServer, region: str) -> None:
    program = Program(tmp_path, broker_port=broker.port, region=region)
    with program:
        wait_until(lambda: ready(program))
        program.stop()
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        connection.execute("UPDATE schema_version SET version = 999")
    connection.close()
    code, words = fails(program.config)
    assert code == 2
    assert "999" in words
    assert "Traceback" not in words


def test_two_gateways_for_one_region_are_a_warning(tmp_path: Path, broker: NatsServer, region: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = Program(tmp_path / "a", broker_port=broker.port, region=region)
    second = Program(tmp_path / "b", broker_port=broker.port, region=region)
    second.config.write_text(second.config.read_text("utf-8").replace('"gw-', '"other-'), encoding="utf-8")
    with first, second:
        wait_until(lambda: "two_gateways" in first.ask("/readyz")[1]["parts"])
        status, body = first.ask("/readyz")
        assert status == 200
        assert any(f"other-{region}" in warning for warning in body["warnings"])
        second.stop()
        wait_until(lambda: first.ask("/readyz")[1]["warnings"] == [])
