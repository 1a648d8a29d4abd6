"""Orders that need a running agent, on a fake clock: each has an answer, and a bad configuration is rolled back."""

import errno
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import build, logs, sensing
from agent.config import LogConfig
from agent.core import AgentCore
from agent.facility import Facility, FacilityEvent
from agent.health import HostNumbers
from agent.orders import READ_WAIT_S, Orders
from agent.sampler import JobKind, Outcome, Sampler
from agent.staging import MAX_ANSWERS, TRIAL_S, Staging
from tests.fakes import FakeClock

HEAD = 'region = "east"\nsite = "b1"\nagent = "pi-1"\n'
SENSORS = """
[[sensors]]
part = "scd41"
point = "hall-air"
room = "hall"
[[inputs]]
point = "cord"
room = "toilet"
kind = "call-toilet"
pin = 17
style = "cord"
[[outputs]]
point = "lamp"
room = "hall"
kind = "lamp"
pin = 18
calls = ["cord"]
"""


class Bench:
    """A core with its orders, as `run.py` puts them together; started again like the program."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "agent.toml"
        self.head = HEAD + f'[journal]\npath = "{folder}/agent.journal"\n'
        self.file.write_text(self.head + SENSORS)
        self.clock = FakeClock()
        self.online = True
        self.events: list[FacilityEvent] = []
        self.start()

    def start(
        self, *, allow: tuple[str, ...] = ("identify", "read", "period", "config", "restart", "logs", "calibrate")
    ) -> None:
        rng = random.Random(1)
        self.staging = Staging(self.file)
        config = self.config = self.staging.config
        path = Path(config.journal.path)
        self.journal = build.open_journal(config, path, build.root_of(config), clock=self.clock, rng=rng, trusted=True)
        self.core = AgentCore(
            root=build.root_of(config),
            points=sensing.points_of(config, simulate=True),
            journal=self.journal,
            uplink_settings=build.uplink_settings(config),
            clock=self.clock,
            rng=rng,
            trusted=True,
            version="1",
            probe=HostNumbers,
            answered=self.staging.answered,
        )
        plans = sensing.plans_of(config, simulate=True)
        self.sampler = Sampler(plans, sink=self.core, settings=config.sampler, clock=self.clock, rng=rng)
        links = sensing.links_of(config, simulate=True)
        self.facility = Facility(
            config, simulate=True, core=self.core, links=links, put=self.events.append, clock=self.clock, rng=rng
        )
        self.orders = Orders(
            core=self.core,
            sampler=self.sampler,
            facility=self.facility,
            staging=self.staging,
            is_connected=lambda: self.online,
            allow=frozenset(allow),
            clock=self.clock,
        )
        self.core.connected()
        self.core.tick()

    def end(self) -> None:
        self.facility.close(1)
        self.journal.close()

    def restart(self) -> None:
        self.end()
        self.start()

    def turn(self, seconds: float = 0.0) -> None:
        self.clock.advance(seconds)
        self.facility.turn()
        self.orders.turn()

    def measure(self, outcome: Outcome) -> None:
        """What is due is read, with this outcome; opening goes well."""
        for job in self.sampler.poll():
            self.sampler.finished(job, Outcome(serial="1") if job.kind is JobKind.OPEN else outcome)

    def ask(self, name: str, id: str = "c-1", **words: object) -> dict[str, Any] | None:  # noqa: A002
        """The answer that comes at once, None if none does."""
        body = {"id": id, "expires": self.clock.now() + 600} | words
        self.core.receive(f"openhall/v1/east/b1/pi-1/command/{name}", json.dumps(body).encode(), False)
        return self.reply()

    def reply(self) -> dict[str, Any] | None:
        found = [json.loads(one.body) for one in self.core.tick() if "/reply/" in one.topic]
        assert len(found) <= 1
        return found[0] if found else None


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    one = Bench(tmp_path)
    yield one
    one.end()


def error_of(answer: dict[str, Any] | None) -> str:
    assert answer is not None
    assert answer["ok"] is False
    return str(answer["error"])


def test_identify_lets_the_lamp_blink_and_then_be(bench: Bench) -> None:
    """At 1 Hz, and it is off when the time is over."""
    bench.turn()
    assert bench.ask("identify", seconds=2) == {
        "id": "c-1",
        "ok": True,
        "result": {"blinking": ["lamp"], "seconds": 2.0},
    }
    pin = bench.facility._pins().pin("GPIO18")
    seen = []
    for _ in range(10):
        bench.turn()
        seen.append(bool(pin.state))
        assert bench.facility.next_due() <= bench.clock.monotonic() + 0.5
        bench.clock.advance(0.25)
    assert seen == [True, True, False, False, True, True, False, False, False, False]


@pytest.mark.parametrize("seconds", [0, -1, 601])
def test_identify_is_bounded(bench: Bench, seconds: float) -> None:
    assert "seconds" in error_of(bench.ask("identify", seconds=seconds))


def test_read_answers_with_the_next_reading(bench: Bench) -> None:
    """Not with the last one, and at once, not at the end of the period; a repeat while it waits is not another."""
    bench.measure(Outcome())
    bench.measure(Outcome(values={"co2_ppm": 500.0}))
    bench.clock.advance(1)
    assert bench.ask("read") is None
    assert bench.ask("read") is None
    bench.turn()
    assert bench.reply() is None
    bench.measure(Outcome(values={"co2_ppm": 612.0}))
    bench.turn()
    answer = bench.reply()
    assert answer is not None
    words = {one["point"]: one for one in answer["result"]["points"]}
    assert words["hall-air"]["values"] == {"co2_ppm": 612.0}
    assert "simulated" in words["hall-air"]["flags"]["co2_ppm"]
    assert "state" in words["cord"]
    assert bench.ask("read") == answer


def test_read_says_what_fails_and_what_is_silent(bench: Bench) -> None:
    """A sensor that says nothing new within half a minute is an answer too."""
    bench.measure(Outcome())
    assert bench.ask("read", point="hall-air") is None
    bench.measure(Outcome(error="the bus is gone"))
    bench.turn()
    answer = bench.reply()
    assert answer is not None
    assert answer["result"]["points"] == [{"point": "hall-air", "error": "the bus is gone"}]
    bench.clock.advance(1)
    assert bench.ask("read", id="c-2", point="hall-air") is None
    assert bench.orders.next_due() == bench.clock.monotonic() + READ_WAIT_S
    bench.turn(READ_WAIT_S)
    answer = bench.reply()
    assert answer is not None
    assert "no new reading" in answer["result"]["points"][0]["error"]
    assert "hall-air" in error_of(bench.ask("read", id="c-3", point="attic"))


def test_a_period_is_set_shown_and_kept(bench: Bench) -> None:
    """It outlives the program, and the technician's own file ends it."""
    assert bench.ask("period", point="hall-air", period_s=10) == {
        "id": "c-1",
        "ok": True,
        "result": {"point": "hall-air", "period_s": 10.0},
    }
    assert bench.core.points["hall-air"].period_s == 10
    bench.measure(Outcome())
    bench.measure(Outcome(values={"co2_ppm": 500.0}))
    due_s = bench.sampler.next_due()
    assert due_s is not None
    assert due_s <= bench.clock.monotonic() + 10
    bench.restart()
    assert bench.config.sensors[0].period_s == 10
    bench.file.write_text(bench.file.read_text() + "# changed\n")
    bench.restart()
    assert bench.config.sensors[0].period_s == 60


@pytest.mark.parametrize(
    "words",
    [{}, {"point": "hall-air"}, {"point": "hall-air", "period_s": 0}, {"point": "cord", "period_s": 5}, {"point": "x"}],
)
def test_a_period_that_cannot_be_is_refused(bench: Bench, words: dict[str, Any]) -> None:
    assert error_of(bench.ask("period", **words))


def test_restart_answers_first_and_happens_once(bench: Bench) -> None:
    """The gateway's repeat after the restart gets the first answer and ends nothing."""
    first = bench.ask("restart")
    assert first == {"id": "c-1", "ok": True, "result": {"restarting": True}}
    bench.turn()
    assert not bench.orders.restart
    bench.turn(5)
    assert bench.orders.restart
    bench.restart()
    assert bench.ask("restart") == first
    bench.turn(5)
    assert not bench.orders.restart


def test_answers_kept_are_bounded(bench: Bench) -> None:
    for number in range(MAX_ANSWERS + 4):
        bench.staging.remember_answer(f"c-{number}", {})
    assert len(bench.staging.answered) == MAX_ANSWERS
    assert "c-0" not in bench.staging.answered


def test_logs_are_the_newest_lines(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogConfig())
    import structlog

    for number in range(3):
        structlog.get_logger("test").info("something happened", number=number, long="x" * 5_000)
    answer = bench.ask("logs", lines=2)
    assert answer is not None
    lines = answer["result"]["lines"]
    assert [line[:200].count('"number"') for line in lines] == [1, 1]
    assert all(len(line) <= logs.KEPT_LETTERS for line in lines)
    assert "lines" in error_of(bench.ask("logs", id="c-2", lines=0))


def test_what_is_not_allowed_is_refused(bench: Bench) -> None:
    """Least privilege: an agent of a vault may be told to say nothing."""
    bench.end()
    bench.start(allow=("identify",))
    assert "commands.allow" in error_of(bench.ask("restart"))
    answer = bench.ask("identify", id="c-2")
    assert answer is not None
    assert answer["ok"]


# -- a calibration ---------------------------------------------------------------------------------------------------


def breathe(bench: Bench, seconds: int, *, ppm: Any, corrects: int | None = -30, error: str | None = None) -> Any:
    """Let time pass with a reading every five seconds; the answer, if one comes."""
    read_s = 0.0
    for second in range(seconds):
        for job in bench.sampler.poll():
            if job.kind is JobKind.CALIBRATE:
                assert job.reference == 420
                outcome = Outcome(correction=corrects, error=error)
            elif job.kind is JobKind.OPEN:
                outcome = Outcome(serial="1")
            elif bench.clock.monotonic() - read_s >= 5:
                read_s = bench.clock.monotonic()
                outcome = Outcome(values={"co2_ppm": float(ppm(second))})
            else:
                outcome = Outcome(values=None)
            bench.sampler.finished(job, outcome)
        bench.turn(1)
        answer = bench.reply()
        if answer is not None:
            return answer
    return None


def test_a_calibration_is_done_in_steady_air_and_written_down(bench: Bench) -> None:
    """The readings of the reference are not the room's; afterwards the sensor measures its room again."""
    bench.measure(Outcome())
    assert bench.ask("calibrate", point="hall-air", reference_ppm=420, by="Ann") is None
    for _ in range(3):
        # Until the contact counts as settled and lamp and cord have said that they work.
        bench.turn(1)
    packs = bench.journal.unreceipted_count
    answer = breathe(bench, 400, ppm=lambda second: 450.0 if second < 185 else 421.0)
    assert answer["ok"], answer
    result = answer["result"]
    assert result["state"] == "ok"
    assert (result["calibration_before"], result["calibration_correction"]) == (450.0, -30.0)
    assert result["calibration_by"] == "Ann"
    # The record, and that the sensor works; none of some fifty readings.
    assert bench.journal.unreceipted_count == packs + 2
    bench.clock.advance(60)
    bench.measure(Outcome(values={"co2_ppm": 500.0}))
    assert bench.journal.unreceipted_count == packs + 3


def test_unsteady_air_is_no_reference(bench: Bench) -> None:
    """Given up after a quarter of an hour, with nothing done to the sensor."""
    bench.measure(Outcome())
    assert bench.ask("calibrate", point="hall-air", reference_ppm=420, by="Ann") is None
    answer = breathe(bench, 1_000, ppm=lambda second: 420 + second)
    assert "not steady" in error_of(answer)


def test_a_chip_that_refuses_is_said_and_on_record(bench: Bench) -> None:
    bench.measure(Outcome())
    assert bench.ask("calibrate", point="hall-air", reference_ppm=420, by="Ann") is None
    for _ in range(3):
        # Until the contact counts as settled and lamp and cord have said that they work.
        bench.turn(1)
    packs = bench.journal.unreceipted_count
    answer = breathe(bench, 400, ppm=lambda _second: 430, corrects=None, error="the chip refused")
    assert "the chip refused" in error_of(answer)
    assert bench.journal.unreceipted_count == packs + 2


@pytest.mark.parametrize(
    "words",
    [
        {"point": "cord", "reference_ppm": 420, "by": "Ann"},
        {"point": "attic", "reference_ppm": 420, "by": "Ann"},
        {"point": "hall-air", "reference_ppm": 100, "by": "Ann"},
        {"point": "hall-air", "reference_ppm": 420},
        {"point": "hall-air", "by": "Ann"},
    ],
)
def test_a_calibration_that_cannot_be_is_refused(bench: Bench, words: dict[str, Any]) -> None:
    assert error_of(bench.ask("calibrate", **words))


def test_one_calibration_of_a_sensor_at_a_time(bench: Bench) -> None:
    assert bench.ask("calibrate", point="hall-air", reference_ppm=420, by="Ann") is None
    assert "already" in error_of(bench.ask("calibrate", id="c-2", point="hall-air", reference_ppm=420, by="Bob"))


# -- a pushed configuration --------------------------------------------------------------------------------------------


def push(bench: Bench, toml: str) -> None:
    assert bench.ask("config", id="c-9", toml=toml) is None
    bench.turn()
    assert bench.orders.restart


def pushed(bench: Bench) -> str:
    return bench.head + '[[sensors]]\npart = "scd40"\npoint = "vault-air"\nroom = "vault"\n'


def test_a_good_configuration_is_in_force_once_the_agent_is_online(bench: Bench) -> None:
    """The answer comes then, and the next start takes it too."""
    push(bench, pushed(bench))
    bench.online = False
    bench.restart()
    assert bench.staging.trial == "c-9"
    assert list(bench.core.points) == ["vault-air"]
    bench.turn(TRIAL_S - 1)
    assert bench.reply() is None
    bench.online = True
    bench.turn()
    assert bench.reply() == {"id": "c-9", "ok": True, "result": {"config": "in force"}}
    bench.restart()
    assert list(bench.core.points) == ["vault-air"]
    assert not bench.staging.trial
    assert bench.ask("config", id="c-9", toml="x") == {"id": "c-9", "ok": True, "result": {"config": "in force"}}


def test_a_configuration_that_does_not_come_online_is_rolled_back(bench: Bench) -> None:
    """After a minute, by itself; the journal is the same, the answer says why."""
    journal = Path(bench.config.journal.path)
    bench.core.measure("hall-air", {"co2_ppm": 500.0})
    push(bench, pushed(bench))
    bench.online = False
    bench.restart()
    bench.turn(TRIAL_S - 1)
    assert not bench.orders.restart
    bench.turn(1)
    assert bench.orders.restart
    bench.restart()
    assert list(bench.core.points) == ["hall-air", "cord", "lamp"]
    assert bench.journal.unreceipted_count >= 1
    assert journal.exists()
    bench.online = True
    bench.turn()
    assert f"rolled back: not back online within {TRIAL_S:g} s" in error_of(
        bench.ask("config", id="c-9", toml=pushed(bench))
    )
    assert not bench.orders.restart
    assert journal.with_suffix(".refused.toml").read_text() == pushed(bench)


def test_a_configuration_that_kills_the_program_is_rolled_back(bench: Bench) -> None:
    """Whatever ended it in its first minute: power, a fault of ours, a driver."""
    push(bench, pushed(bench))
    bench.restart()
    assert bench.staging.trial
    bench.restart()
    assert not bench.staging.trial
    assert list(bench.core.points) == ["hall-air", "cord", "lamp"]
    assert "rolled back" in error_of(bench.ask("config", id="c-9", toml="x"))


def test_rolled_back_is_back_to_what_was_pushed_before(bench: Bench) -> None:
    push(bench, pushed(bench))
    bench.restart()
    bench.turn()
    bench.reply()
    assert bench.ask("config", id="c-10", toml=pushed(bench).replace("vault", "attic")) is None
    bench.turn()
    bench.online = False
    bench.restart()
    assert list(bench.core.points) == ["attic-air"]
    bench.turn(TRIAL_S)
    bench.restart()
    assert list(bench.core.points) == ["vault-air"]


def test_the_technicians_own_file_wins_once_it_is_changed(bench: Bench) -> None:
    """Who stands before the Pi with a new wiring must not be overruled by last year's push."""
    push(bench, pushed(bench))
    bench.restart()
    bench.turn()
    bench.file.write_text(bench.file.read_text() + "# changed\n")
    bench.restart()
    assert list(bench.core.points) == ["hall-air", "cord", "lamp"]
    assert Path(bench.config.journal.path).with_suffix(".superseded.toml").exists()


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda text: "", "$.region"),
        (lambda text: text + "[[sensors]]\n", "$.sensors[1]"),
        (lambda text: text.replace("b1", "b2"), "$.site"),
        (lambda text: text.replace("agent.journal", "other.journal"), "$.journal.path"),
        (lambda text: text + '[signing]\nkey_file = "/tmp/x"\n', "$.signing.key_file"),
        (lambda text: text + '[broker]\nca_file = "/nowhere"\n', "$.broker.ca_file"),
        (lambda text: text + "#" * 70_000, "bytes"),
        (lambda text: text + "[[[", "no TOML"),
    ],
)
def test_a_bad_configuration_is_refused_and_changes_nothing(bench: Bench, change: Any, advice: str) -> None:
    """With the place and the advice of `check-config`."""
    assert advice in error_of(bench.ask("config", toml=change(pushed(bench))))
    bench.turn(5)
    assert not bench.orders.restart
    bench.restart()
    assert list(bench.core.points) == ["hall-air", "cord", "lamp"]


@pytest.mark.parametrize("content", [b"", b"{", b"\0" * 200, b'{"trial":"c-1","begun":true}', b'{"answers":{"c":"%"}}'])
def test_a_spoilt_note_stops_no_agent(bench: Bench, content: bytes) -> None:
    """The technician's file is always there."""
    Path(bench.config.journal.path).with_suffix(".commands.json").write_bytes(content)
    bench.restart()
    assert list(bench.core.points) == ["hall-air", "cord", "lamp"]
    bench.turn()
    assert not bench.orders.restart


def spoilt(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def unreadable(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("harm", [spoilt, unreadable])
def test_a_configuration_spoilt_before_its_trial_is_rolled_back(bench: Bench, harm: Callable[[Path], None]) -> None:
    """As a card leaves a file after a power cut: the agent starts with the former one, and says so."""
    push(bench, pushed(bench))
    harm(Path(bench.config.journal.path).with_suffix(".trial.toml"))
    bench.restart()
    assert list(bench.core.points) == ["hall-air", "cord", "lamp"]
    assert "rolled back" in error_of(bench.ask("config", id="c-9", toml="x"))


@pytest.mark.parametrize("harm", [spoilt, unreadable])
def test_a_configuration_spoilt_in_force_gives_way_to_the_technicians(
    bench: Bench, harm: Callable[[Path], None]
) -> None:
    push(bench, pushed(bench))
    bench.restart()
    bench.turn()
    harm(Path(bench.config.journal.path).with_suffix(".pushed.toml"))
    bench.restart()
    assert list(bench.core.points) == ["hall-air", "cord", "lamp"]


def test_a_roll_back_that_the_disk_refuses_stops_no_agent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    push(bench, pushed(bench))
    bench.restart()
    bench.end()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Staging, "_save", full)
        bench.start()
    assert list(bench.core.points) == ["hall-air", "cord", "lamp"]
