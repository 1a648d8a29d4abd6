"""Facility points of a whole agent: with the network cut, and as a program on a real broker."""

import json
import random
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from agent import build, sensing
from agent.config import AgentConfig, load
from agent.core import AgentCore
from agent.facility import Facility, FacilityEvent
from agent.health import HostNumbers
from agent.uplink_gateways import Gateways
from telemetry.messages import GatewayStatus, Receipt, encode
from telemetry.topics import gateway_status
from tests.agent.gateway_double import GatewayDouble
from tests.agent.test_run import PROGRAM, events, running, write_config
from tests.fakes import FakeClock
from tests.servers import Mosquitto, wait_until

FACILITY = """
[[inputs]]
point = "toilet-call"
room = "toilet"
kind = "call-toilet"
pin = 17
reset_pin = 27

[[inputs]]
point = "door"
room = "hall"
kind = "door"
pin = 5

[[outputs]]
point = "lamp"
room = "hall"
kind = "lamp"
pin = 22
calls = ["toilet-call"]
no_gateway_min = 10

[[outputs]]
point = "buzzer"
room = "hall"
kind = "buzzer"
pin = 23
calls = ["toilet-call"]
after_s = 20

[[modbus]]
point = "lift"
room = "hall"
kind = "lift"
link = "tcp://192.0.2.1:502"
[[modbus.registers]]
address = 0
states = { 1 = "fault", 7 = "ok" }

[[modbus]]
point = "unit-air"
room = "hall"
link = "tcp://192.0.2.1:502"
[[modbus.registers]]
address = 1
quantity = "co2_ppm"
"""


class Branch:
    """A simulated branch on a fake clock, without broker: core and facility as `run.py` drives them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.config: AgentConfig = load(write_config(folder, 1, "east", sensors=FACILITY))
        self.start()

    def start(self) -> None:
        root = build.root_of(self.config)
        rng = random.Random(1)
        self.journal = build.open_journal(
            self.config, Path(self.config.journal.path), root, clock=self.clock, rng=rng, trusted=True
        )
        self.core = AgentCore(
            root=root,
            points=sensing.points_of(self.config, simulate=True),
            journal=self.journal,
            uplink_settings=build.uplink_settings(self.config),
            clock=self.clock,
            rng=rng,
            trusted=True,
            version="1",
            probe=HostNumbers,
        )
        self.events: list[FacilityEvent] = []
        self.facility = Facility(
            self.config,
            simulate=True,
            core=self.core,
            links=sensing.links_of(self.config, simulate=True),
            put=self.events.append,
            clock=self.clock,
            rng=rng,
        )
        self.run(0.5)

    def stop(self) -> None:
        assert self.facility.close(10)
        self.journal.close()

    def run(self, seconds: float) -> None:
        end_s = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end_s:
            self.facility.turn()
            self.core.tick()
            due_s = min(self.facility.next_due(), self.core.next_due())
            self.clock.advance(min(max(due_s - self.clock.monotonic(), 0.005), end_s - self.clock.monotonic() + 1e-6))
        self.facility.turn()

    def pin(self, number: int) -> Any:
        simulated = self.facility._simulated
        assert simulated is not None
        return simulated.factory.pin(number)

    def is_on(self, pin: int) -> bool:
        return bool(self.pin(pin).state)

    def press(self, pin: int) -> None:
        self.pin(pin).drive_low()
        self.run(0.1)
        self.pin(pin).drive_high()
        self.run(0.1)

    def state(self, point: str) -> str | None:
        return self.core.call_of(point)[0]


@pytest.fixture
def branch(tmp_path: Path) -> Branch:
    return Branch(tmp_path)


def test_with_the_network_cut_a_call_is_heard_in_the_branch(branch: Branch) -> None:
    """Lamp at once, buzzer after 20 s without a gateway, both silenced by the reset contact at the place."""
    assert branch.state("toilet-call") == "cleared"
    assert branch.state("door") == "closed"
    branch.press(17)
    assert branch.state("toilet-call") == "called"
    assert branch.is_on(22)
    branch.run(19.0)
    assert not branch.is_on(23)
    branch.run(2.0)
    assert branch.is_on(23)
    branch.press(27)
    assert branch.state("toilet-call") == "cleared"
    assert not branch.is_on(22)
    assert not branch.is_on(23)
    branch.stop()


def test_a_restart_keeps_the_call_and_the_lamp(branch: Branch) -> None:
    """The call stands, its button is at rest; the lamp is on again, the buzzer counts from the start."""
    branch.press(17)
    sequence = branch.journal.last_state("toilet-call")
    branch.stop()
    branch.start()
    again = branch.journal.last_state("toilet-call")
    assert sequence is not None
    assert again is not None
    assert again.sequence == sequence.sequence
    assert branch.is_on(22)
    branch.run(21.0)
    assert branch.is_on(23)
    branch.stop()


def test_a_gateway_that_heard_silences_the_buzzer(branch: Branch) -> None:
    """`heard` ends the sounding; the lamp stays until somebody was there."""
    branch.core.connected()
    branch.press(17)
    branch.run(21.0)
    assert branch.is_on(23)
    row = branch.journal.last_state("toilet-call")
    assert row is not None
    receipt = Receipt(journal=row.journal, heard=[(row.sequence, row.sequence)])
    branch.core.receive(branch.journal.root.receipt, encode(receipt), False)
    branch.run(0.6)
    assert not branch.is_on(23)
    assert branch.is_on(22)
    assert branch.core.call_of("toilet-call") == ("called", True)
    branch.stop()


def blinks(branch: Branch) -> bool:
    """True if the lamp changes within two seconds."""
    seen = set()
    for _ in range(20):
        branch.run(0.1)
        seen.add(branch.is_on(22))
    return seen == {True, False}


def test_a_branch_that_hears_no_gateway_says_so_on_its_lamp(branch: Branch) -> None:
    """Ten minutes without a word: it blinks; a word, and it stops; a gateway that is online is one."""
    branch.run(590.0)
    assert not blinks(branch)
    branch.run(20.0)
    assert blinks(branch)
    branch.core.connected()
    status = GatewayStatus(online=True, boot="a", regions=["east"], storing=True)
    branch.core.receive(gateway_status("g1"), encode(status), True)
    branch.run(60.0)
    # Packs wait for a receipt, and none comes: a gateway that only calls itself online is not enough.
    assert branch.journal.unreceipted_count
    assert blinks(branch)
    ranges = branch.journal.held()[branch.journal.id]
    branch.core.receive(branch.journal.root.receipt, encode(Receipt(journal=branch.journal.id, ranges=ranges)), False)
    branch.run(10.0)
    assert not blinks(branch)
    branch.run(1_200.0)
    assert not blinks(branch)
    branch.core.receive(gateway_status("g1"), encode(GatewayStatus(online=False, boot="a")), True)
    branch.run(620.0)
    assert blinks(branch)
    branch.stop()


def test_a_late_will_of_an_older_connection_takes_no_gateway_away() -> None:
    """The broker says it when it notices; the gateway has long been back."""
    gateways = Gateways()
    gateways.hear("g1", GatewayStatus(online=True, boot="b", regions=["east"]), "east")
    gateways.hear("g1", GatewayStatus(online=False, boot="a"), "east")
    assert gateways.is_any_online
    gateways.hear("g1", GatewayStatus(online=False, boot="b"), "east")
    assert not gateways.is_any_online
    gateways.hear("g2", GatewayStatus(online=True, boot="c", regions=["west"]), "east")
    assert not gateways.is_any_online
    gateways.hear("g1", GatewayStatus(online=True, boot="d", regions=["east"]), "east")
    gateways.forget("g1")
    assert not gateways.is_any_online


def test_presence_lists_every_point_with_its_kind(branch: Branch) -> None:
    """Inputs, outputs, Modbus; what is simulated says so."""
    kinds = {info.point: info.kind for info in branch.core.points.values()}
    assert kinds == {
        "toilet-call": "call-toilet",
        "door": "door",
        "lamp": "lamp",
        "buzzer": "buzzer",
        "lift": "lift",
        "unit-air": "air",
    }
    assert all(info.simulated for info in branch.core.points.values())
    branch.stop()


@pytest.fixture
def region() -> str:
    return f"r-{uuid.uuid4().hex[:12]}"


def press(config: Path, point: str, state: str) -> subprocess.CompletedProcess[str]:
    words = [str(PROGRAM), "press", point, state, "--config", str(config)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_a_pressed_call_travels_through_the_whole_program(tmp_path: Path, mosquitto: Mosquitto, region: str) -> None:
    """`press` moves the simulated button; the gateway gets the call, retained, then that it was cleared."""
    config = write_config(tmp_path, mosquitto.port, region, sensors=FACILITY)
    with GatewayDouble(mosquitto.port, region) as gateway, running(config, "--simulate") as process:
        wait_until(lambda: gateway.states("toilet-call") == ["cleared"], what="the first state")
        done = press(config, "toilet-call", "called")
        assert (done.returncode, done.stdout) == (0, "toilet-call: called\n"), done.stderr
        wait_until(lambda: gateway.states("toilet-call") == ["cleared", "called"], what="the call")
        topic = f"openhall/v1/{region}/east-001/hall-agent/facility/toilet-call"
        assert json.loads(gateway.retained[topic])[0]["kd"] == "call-toilet"
        assert press(config, "toilet-call", "cleared").returncode == 0
        assert press(config, "door", "open").returncode == 0
        wait_until(lambda: gateway.states("toilet-call")[-1] == "cleared", what="the clearing")
        wait_until(lambda: gateway.states("door") == ["closed", "open"], what="the door")
        wait_until(lambda: gateway.states("lift") == ["ok"], what="the lift")
        wait_until(lambda: bool(gateway.values("unit-air")), what="the Modbus air")
        refused = press(config, "door", "called")
        assert refused.returncode == 2
        assert "it can be closed, open" in refused.stderr
        kinds = {point["point"]: point["kind"] for point in gateway.presences[-1]["points"]}
        assert kinds["toilet-call"] == "call-toilet"
        assert "simulated input pressed" in events(process)
    assert press(config, "door", "open").returncode == 4


def test_what_is_not_configured_is_not_loaded(tmp_path: Path) -> None:
    """An agent with sensors alone pays for no library of pins or Modbus."""
    code = (
        "import sys, agent.run, agent.facility\n"
        "print([name for name in ('gpiozero', 'lgpio', 'pymodbus', 'serial') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_agent_without_pins_says_so_and_goes_on(tmp_path: Path, mosquitto: Mosquitto, region: str) -> None:
    """No GPIO on this machine: each point tells it, and the program lives."""
    if Path("/proc/device-tree/model").exists():
        pytest.skip("this machine may well have pins")
    config = write_config(tmp_path, mosquitto.port, region, sensors=FACILITY)
    with GatewayDouble(mosquitto.port, region) as gateway, running(config) as process:
        wait_until(lambda: gateway.states("door") == ["unknown"], what="the door")
        wait_until(lambda: gateway.states("lamp") == ["fault"], what="the lamp")
        assert "contact failed" in events(process)
