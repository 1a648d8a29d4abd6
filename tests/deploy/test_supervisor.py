"""The supervisor keeps programs running, gives up on hopeless ones, and leaves none behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy import supervisor
from deploy.supervisor import Child, GaveUpError, Program, begin_log, restart_wait_s, stop_all

WITHIN_S = 10.0


class Fixture:
    """Children in a folder, a clock that a test moves, and all that was said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 0.0
        self.said: list[str] = []
        self.children: list[Child] = []

    def child(self, code: str, *, name: str = "thing", stop_within_s: float = 5.0) -> Child:
        """A child that runs a few lines of Python."""
        command = (sys.executable, "-c", textwrap.dedent(code))
        program = Program(name=name, command=command, stop_within_s=stop_within_s)
        child = Child(program, self.folder / f"{name}.log", say=self.said.append, clock=lambda: self.now)
        self.children.append(child)
        return child

    def until_dead(self, child: Child) -> None:
        """Watch until the death of the present process was seen."""
        until(lambda: child.watch() or child.pid is None)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Fixture]:
    """Its children are gone after the test."""
    fixture = Fixture(tmp_path)
    yield fixture
    for child in fixture.children:
        if child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)
            child.end(lambda: True)


def until(condition: Callable[[], object]) -> None:
    """Wait until it is true; the test fails if that takes long."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """True if the process is there and no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_waits_double_up_to_half_a_minute() -> None:
    """The first restart comes soon, later ones leave the machine in peace."""
    assert [restart_wait_s(deaths) for deaths in (1, 2, 3, 6, 7, 50)] == [0.5, 1.0, 2.0, 16.0, 30.0, 30.0]


def test_a_dead_program_is_started_again_when_its_wait_is_over(house: Fixture) -> None:
    """Not before; and both are said, with the exit code and the log."""
    child = house.child("raise SystemExit(3)")
    child.start()
    house.until_dead(child)
    assert child.pid is None
    assert house.said == [f"thing: died (exit 3), starting it again in 0.5 s; its log: {house.folder / 'thing.log'}"]
    house.now = 0.4
    assert not child.watch()
    house.now = 0.6
    assert child.watch()
    assert child.pid is not None
    assert house.said[-1] == "thing: started again"


def test_it_gives_up_after_so_many_deaths_in_a_row(house: Fixture) -> None:
    """With the last lines of the log, since they say why."""
    child = house.child("print('the disk is gone'); raise SystemExit(1)")
    child.start()
    with pytest.raises(GaveUpError, match=r"(?s)thing died 5 times \(exit 1\).*the disk is gone.*thing\.log"):
        for _ in range(supervisor.MAX_DEATHS):
            house.until_dead(child)
            house.now += 31
            child.watch()


def test_a_steady_life_wipes_out_earlier_deaths(house: Fixture) -> None:
    """A program that dies once an hour is never given up."""
    child = house.child("import sys; sys.stdin.read(); raise SystemExit(1)")
    child.start()
    for _ in range(supervisor.MAX_DEATHS + 2):
        house.now += supervisor.STEADY_AFTER_S
        house.until_dead(child)
        house.now += 0.5
        assert child.watch()


def test_a_refused_configuration_is_not_tried_again(house: Fixture) -> None:
    """Exit 2 says that no restart will help."""
    child = house.child("print('$.store.url: no such host'); raise SystemExit(2)")
    child.start()
    with pytest.raises(GaveUpError, match=r"(?s)refuses its configuration.*\$\.store\.url"):
        house.until_dead(child)


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    """Not a traceback: the name and the system's reason."""
    program = Program(name="broker", command=(tmp_path / "nats-server",))
    child = Child(program, tmp_path / "broker.log", say=print)
    with pytest.raises(GaveUpError, match=r"broker cannot be started: .*No such file"):
        child.start()


def test_stopping_goes_group_by_group(house: Fixture) -> None:
    """Agents end before the gateway, so that their last words still arrive."""
    ended = house.folder / "ended"
    lines = """
        import pathlib, signal, sys, time
        def end(*_):
            with pathlib.Path({ended!r}).open("a") as file: file.write({name!r} + " ")
            raise SystemExit(0)
        signal.signal(signal.SIGTERM, end)
        print("up", flush=True)
        time.sleep(60)
    """
    first, second = (house.child(lines.format(ended=str(ended), name=name), name=name) for name in ("agent", "gateway"))
    for child in (second, first):
        child.start()
    until(lambda: all("up" in child.log.read_text() for child in (first, second)))
    stop_all([[first], [second]], hurry=lambda: False, say=house.said.append)
    assert ended.read_text() == "agent gateway "
    assert house.said == []
    assert first.pid is second.pid is None


def test_who_does_not_stop_is_killed_and_named(tmp_path: Path) -> None:
    """After its time, or at once if somebody is in a hurry."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    for stop_within_s, hurry in ((0.1, False), (60.0, True)):
        program = Program(name="deaf", command=(sys.executable, "-c", deaf), stop_within_s=stop_within_s)
        said: list[str] = []
        child = Child(program, tmp_path / f"{hurry}.log", say=said.append)
        child.start()
        pid = child.pid
        assert pid is not None
        until(lambda log=child.log: "up" in log.read_text())
        stop_all([[child]], hurry=lambda answer=hurry: answer, say=said.append)
        assert said == ["deaf: did not stop, killed"]
        assert not lives(pid)


def test_the_log_of_the_run_before_is_kept_once(tmp_path: Path) -> None:
    """A new run begins with an empty log."""
    log = tmp_path / "broker.log"
    for text in ("first", "second"):
        begin_log(log)
        log.write_text(text)
    begin_log(log)
    assert not log.exists()
    assert (tmp_path / "broker.log.1").read_text() == "second"


def test_a_long_log_is_cut_while_the_program_writes(house: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there is kept beside it; the program writes on at the start of the emptied file."""
    monkeypatch.setattr(supervisor, "LOG_MAX_BYTES", 1_000)
    go = house.folder / "go"
    child = house.child(f"""
        import pathlib, time
        print("x" * 2_000, flush=True)
        while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)
        print("after", flush=True)
        time.sleep(60)
    """)
    child.start()
    until(lambda: child.log.stat().st_size > 2_000)
    assert not child.watch()
    go.touch()
    until(lambda: child.log.read_text() == "after\n")
    assert (house.folder / "thing.log.1").read_text() == "x" * 2_000 + "\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    """SIGKILL leaves it no time to stop them; the kernel does."""
    code = f"""
        import sys, time
        from pathlib import Path
        from deploy.supervisor import Child, Program
        folder = Path({str(tmp_path)!r})
        # A child that is deaf to SIGTERM, with a grandchild's worth of time.
        deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(120)"
        child = Child(Program(name="deaf", command=(sys.executable, "-c", deaf)), folder / "deaf.log", say=print)
        child.start()
        print(child.pid, flush=True)
        time.sleep(120)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert lives(pid)
        process.kill()
    until(lambda: not lives(pid))
