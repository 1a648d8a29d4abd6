"""systemd is told, and its watchdog fed, only while samples flow."""

import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config import SamplerConfig
from agent.sampler import Job, Outcome, Sampler, SensorPlan
from agent.watchdog import Notifier, Watchdog, interval_of
from telemetry.parts import PARTS
from tests.fakes import FakeClock


class Systemd:
    """The other end of the notification socket."""

    def __init__(self, address: str) -> None:
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._link.bind(address)
        self._kept: list[str] = []

    def listen(self) -> None:
        """Take in what waits: the kernel keeps some ten datagrams only."""
        while True:
            try:
                self._kept.append(self._link.recv(4096).decode())
            except BlockingIOError:
                return

    def heard(self) -> list[str]:
        """What was said since this was last asked."""
        self.listen()
        kept, self._kept = self._kept, []
        return kept

    def close(self) -> None:
        self._link.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    one = Systemd(str(tmp_path / "notify"))
    yield one
    one.close()


class Sink:
    def measure(self, *_: object) -> None: ...

    def set_state(self, *_: object) -> None: ...

    def identify(self, *_: object) -> None: ...


class Branch:
    """Sensors whose drivers hang or answer, and the loop that feeds."""

    def __init__(self, address: str, count: int, systemd: Systemd) -> None:
        self.systemd = systemd
        self.clock = FakeClock()
        plan = SensorPlan(point="hall-air", room="hall", part=PARTS["scd41"], period_s=10.0)
        self.sampler = Sampler(
            [plan] * count, sink=Sink(), settings=SamplerConfig(), clock=self.clock, rng=random.Random(1)
        )
        self.watchdog = Watchdog(Notifier(address), 60.0, self.clock)

    def live(self, seconds: int, *, hanging: frozenset[int], error: str | None = None) -> list[Job]:
        """Let time pass; a job of a hanging sensor never ends, the others do at once."""
        lost = []
        for _ in range(seconds):
            for job in self.sampler.poll():
                if job.sensor in hanging:
                    lost.append(job)
                else:
                    self.sampler.finished(job, Outcome(values={"co2_ppm": 500.0}, error=error))
            self.watchdog.turn(self.sampler.is_flowing)
            self.systemd.listen()
            self.clock.advance(1)
        return lost


def feeds(heard: list[str]) -> int:
    return sum(words == "WATCHDOG=1" for words in heard)


def test_it_is_fed_in_half_of_its_time_while_samples_flow(tmp_path: Path, systemd: Systemd) -> None:
    branch = Branch(str(tmp_path / "notify"), 2, systemd)
    branch.watchdog.ready()
    branch.live(300, hanging=frozenset())
    heard = systemd.heard()
    assert heard[0].startswith("READY=1")
    assert feeds(heard) == 10


def test_it_starves_when_every_driver_hangs_and_is_fed_again_when_one_answers(tmp_path: Path, systemd: Systemd) -> None:
    """The first call may hang by accident and is opened anew; after the second it is over."""
    branch = Branch(str(tmp_path / "notify"), 2, systemd)
    branch.live(30, hanging=frozenset())
    systemd.heard()
    lost = branch.live(200, hanging=frozenset({0, 1}))
    assert not branch.sampler.is_flowing
    systemd.heard()
    branch.live(600, hanging=frozenset({0, 1}))
    assert feeds(systemd.heard()) == 0
    assert branch.watchdog.next_due() == float("inf")
    # What hung in a thread given up before ends at last; that is no sample.
    branch.sampler.finished(lost[0], Outcome(values={"co2_ppm": 500.0}))
    assert not branch.sampler.is_flowing
    branch.live(600, hanging=frozenset({1}))
    heard = systemd.heard()
    assert feeds(heard) > 0
    assert "STATUS=measuring" in heard


def test_one_hanging_driver_of_two_is_a_fault_of_its_point_only(tmp_path: Path, systemd: Systemd) -> None:
    branch = Branch(str(tmp_path / "notify"), 2, systemd)
    branch.live(900, hanging=frozenset({1}))
    assert feeds(systemd.heard()) == 30


def test_an_unplugged_sensor_is_no_reason_to_start_anew(tmp_path: Path, systemd: Systemd) -> None:
    """It answers: with a fault. Restarting would not plug it in."""
    branch = Branch(str(tmp_path / "notify"), 1, systemd)
    branch.live(900, hanging=frozenset(), error="no device at this address")
    assert feeds(systemd.heard()) == 30


def test_an_agent_without_sensors_is_fed(tmp_path: Path, systemd: Systemd) -> None:
    branch = Branch(str(tmp_path / "notify"), 0, systemd)
    branch.live(60, hanging=frozenset())
    assert feeds(systemd.heard()) == 2


def test_an_abstract_socket_is_one(tmp_path: Path) -> None:
    """As containers and newer systemd have it."""
    one = Systemd(f"\0openhall-test-{tmp_path.name}")
    Notifier(f"@openhall-test-{tmp_path.name}").send("READY=1", "STATUS=x")
    assert one.heard() == ["READY=1\nSTATUS=x"]
    one.close()


def test_a_socket_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "nowhere"))
    notifier.send("WATCHDOG=1")
    assert notifier.failures == 1
    Notifier(None).send("READY=1")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_environment_says_how_long(environment: dict[str, str], expected: float | None) -> None:
    assert interval_of(environment, 7) == expected
