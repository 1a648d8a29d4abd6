"""The demo comes up as a whole, and leaves no process behind however it ends.

Real programs all of them: nats-server, the gateway, three agents. Each test has a folder of its own, whose name stands
in every command line, so that a process left behind is seen.
"""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.demo_files import BRANCHES, Branch
from telemetry.clock import SystemClock

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = sys.executable
UP_WITHIN_S = 60.0
STOPS_WITHIN_S = 40.0
PROGRAMS = 2 + len(BRANCHES)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


def until(condition: Callable[[], Any], within_s: float, what: str) -> None:
    """Wait until it is true; the test fails, and says what did not happen, if that takes too long."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Run:
    """One start of the demo, by the Makefile or without it.

    Args:
        folder: Its `.demo/`.
        make: Whether make stands in between, as it does for people.
        port: What OPENHALL_BOARD_PORT says; 0 takes one that is free.
        terminal: The end of a terminal that becomes its own, None for none.
    """

    def __init__(self, folder: Path, *, make: bool = False, port: str = "0", terminal: int | None = None) -> None:
        self.folder = folder
        self.output = folder.with_name(f"{folder.name}.out")
        command: Sequence[str | Path]
        if make:
            arguments = ("install=@true", f"run={PYTHON}", f"ARGS=--folder {folder}")
            command = ("make", "--no-print-directory", "-C", ROOT, "demo", *arguments)
        else:
            command = (PYTHON, ROOT / "deploy" / "demo.py", "--folder", folder)

        def own_terminal() -> None:
            # A shell that ran the tests in the background lets all of them ignore Ctrl-C.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if terminal is not None:
                os.login_tty(os.dup(terminal))

        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                list(command),
                env={**os.environ, "OPENHALL_BOARD_PORT": port, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=output if terminal is None else None,
                stderr=subprocess.STDOUT if terminal is None else None,
                start_new_session=terminal is None,
                preexec_fn=own_terminal,
            )

    @property
    def said(self) -> str:
        """All that it has told the person."""
        return self.output.read_text(encoding="utf-8")

    def processes(self) -> dict[int, str]:
        """The living processes that have this run's folder in their command line, but make."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            text = line.replace(b"\0", b" ").decode(errors="replace")
            if str(self.folder) in text and not text.startswith("make "):
                found[int(entry.name)] = text
        return found

    def supervisor(self) -> int:
        """The process id of the supervisor, whoever started it."""
        return next(pid for pid, line in self.processes().items() if "deploy/demo.py" in line)

    def record(self) -> dict[str, Any]:
        """What `demo.json` says."""
        record: dict[str, Any] = json.loads((self.folder / "demo.json").read_text(encoding="utf-8"))
        return record

    def wait_started(self) -> None:
        """Until every program runs."""
        until(lambda: len(self.processes()) == PROGRAMS + 1, UP_WITHIN_S, "not all programs were started")

    def wait_up(self) -> None:
        """Until the record is there, which means that the board is ready and shows readings."""
        until(lambda: (self.folder / "demo.json").exists(), UP_WITHIN_S, f"it did not come up:\n{self.said}")

    def wait_gone(self) -> None:
        """Until no process of it is left."""
        until(lambda: not self.processes(), STOPS_WITHIN_S, f"left behind: {self.processes()}")

    def get(self, path: str) -> Any:
        """An answer of the API, as any program of this machine may ask for it."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.record()['board']}{path}", timeout=10) as answer:
            return json.loads(answer.read())

    def rooms(self, branch: Branch) -> set[str]:
        """The rooms of a branch that show values of their air."""
        points = self.get(f"/api/v1/sites/{branch.site}/points")["points"]
        return {point["room"] for point in points if "co2_ppm" in point["values"]}

    def end(self) -> None:
        """Kill what a failed test has left."""
        for pid in [self.process.pid, *self.processes()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(10)


Starter = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """Starts demos in this test's folder, and lets none survive it."""
    runs: list[Run] = []

    def starter(**settings: Any) -> Run:
        runs.append(Run(tmp_path / "demo", **settings))
        return runs[-1]

    yield starter
    for run in runs:
        run.end()


def test_it_comes_up_keeps_going_and_remembers(start: Starter) -> None:
    """Readings of three branches; a killed agent comes back; a second demo is refused; the next run has the history."""
    demo = start()
    demo.wait_up()
    record = demo.record()
    assert set(record) == {"board", "broker", "gateway", "agents", "notifications"}
    assert [agent["site"] for agent in record["agents"]] == [branch.site for branch in BRANCHES]
    assert f"The board: {record['board']}" in demo.said
    pids = [record["gateway"]["pid"], *(agent["pid"] for agent in record["agents"])]
    assert set(pids) < set(demo.processes())
    assert Path(record["notifications"]).is_file()
    with socket.create_connection((record["broker"]["host"], record["broker"]["port"]), timeout=5):
        pass
    assert {site["site"] for site in demo.get("/api/v1/sites")["sites"]} == {branch.site for branch in BRANCHES}
    for branch in BRANCHES:
        until(lambda site=branch: demo.rooms(site) >= set(site.rooms), 30, f"rooms of {branch.site} stay silent")

    second = start()
    assert second.process.wait(30) == 2
    assert f"Another demo runs in this checkout: process {demo.process.pid}, {record['board']}" in second.said

    os.kill(pids[1], signal.SIGKILL)
    until(lambda: demo.record()["agents"][0]["pid"] not in (pids[1], None), 30, "the agent did not come back")
    assert "xidan: died (signal SIGKILL), starting it again in 0.5 s" in demo.said

    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(STOPS_WITHIN_S) == 0
    assert demo.processes() == {}
    assert not (demo.folder / "demo.json").exists()

    stopped_s = SystemClock().now()
    again = start()
    again.wait_up()
    point = f"/api/v1/readings?site=xidan&point={BRANCHES[0].rooms[0]}-air&quantity=co2_ppm"
    first_run = again.get(f"{point}&from=0&to=4000000000")["rows"]
    assert any(row[0] < stopped_s for row in first_run)
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(STOPS_WITHIN_S) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it(start: Starter, number: signal.Signals) -> None:
    """In order and with exit code 0; the files stay."""
    demo = start()
    demo.wait_started()
    demo.process.send_signal(number)
    assert demo.process.wait(STOPS_WITHIN_S) == 0
    assert demo.processes() == {}
    assert "killed" not in demo.said
    assert (demo.folder / "logs" / "gateway.log").exists()


def test_a_killed_supervisor_takes_all_with_it(start: Starter) -> None:
    """And the next start is not hindered by what it left in the folder."""
    demo = start()
    demo.wait_started()
    demo.process.kill()
    demo.wait_gone()
    again = start()
    again.wait_started()
    again.process.terminate()
    assert again.process.wait(STOPS_WITHIN_S) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_to_make_stops_it(start: Starter, number: signal.Signals) -> None:
    """`make demo` runs it, and whoever signals that process means the demo."""
    demo = start(make=True)
    demo.wait_started()
    demo.process.send_signal(number)
    demo.wait_gone()
    demo.process.wait(STOPS_WITHIN_S)


def test_a_killed_supervisor_under_make_takes_all_with_it(start: Starter) -> None:
    """Make then says so and fails."""
    demo = start(make=True)
    demo.wait_started()
    os.kill(demo.supervisor(), signal.SIGKILL)
    assert demo.process.wait(STOPS_WITHIN_S) != 0
    demo.wait_gone()


@pytest.mark.parametrize("closed", [False, True], ids=["ctrl-c", "terminal closed"])
def test_a_terminal_stops_it(start: Starter, closed: bool) -> None:
    """Ctrl-C reaches make and supervisor at once; a closed terminal hangs up."""
    ours, theirs = pty.openpty()
    demo = start(make=True, terminal=theirs)
    os.close(theirs)
    try:
        demo.wait_started()
        if not closed:
            os.write(ours, b"\x03")
    finally:
        if closed:
            os.close(ours)
    demo.wait_gone()
    demo.process.wait(STOPS_WITHIN_S)
    if not closed:
        os.close(ours)


def test_nohup_is_respected(start: Starter) -> None:
    """Who ignores SIGHUP wants the demo to outlive the terminal; SIGTERM still ends it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        demo = start()
    finally:
        signal.signal(signal.SIGHUP, before)
    demo.wait_started()
    demo.process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        demo.process.wait(1)
    demo.process.terminate()
    assert demo.process.wait(STOPS_WITHIN_S) == 0


@pytest.mark.parametrize("make", [False, True])
def test_a_taken_port_is_told_before_anything_starts(start: Starter, make: bool) -> None:
    """With a command that would work."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = str(other.getsockname()[1])
        demo = start(port=port, make=make)
        assert demo.process.wait(30) == 2
    assert f"Port {port} on 127.0.0.1, where the board would be, is in use by another program" in demo.said
    assert "OPENHALL_BOARD_PORT=" in demo.said
    assert not (demo.folder / "logs").exists()
    assert "Traceback" not in demo.said


@pytest.mark.parametrize("port", ["http", "70000", "-1"])
def test_an_odd_port_is_told(start: Starter, port: str) -> None:
    """Wrong use, not a traceback."""
    demo = start(port=port)
    assert demo.process.wait(30) == 2
    assert f"OPENHALL_BOARD_PORT={port} is no port" in demo.said


@pytest.mark.parametrize("in_the_way", ["lock", "gateway.toml"])
def test_files_that_cannot_be_written_are_told(start: Starter, tmp_path: Path, in_the_way: str) -> None:
    """A folder stands where a file must; it is named, and nothing is started."""
    (tmp_path / "demo" / in_the_way).mkdir(parents=True)
    demo = start()
    assert demo.process.wait(30) == 2
    assert in_the_way in demo.said
    assert "Traceback" not in demo.said


def test_a_program_that_cannot_run_ends_the_demo(start: Starter, tmp_path: Path) -> None:
    """The broker's folder is a file: it says so in its log, whose end is shown, and the others are stopped."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "broker").write_text("in the way")
    demo = start()
    assert demo.process.wait(UP_WITHIN_S + STOPS_WITHIN_S) == 70
    assert "broker died 5 times" in demo.said
    assert "its log:" in demo.said
    assert demo.processes() == {}


def test_cleaning_forgets_the_records(tmp_path: Path) -> None:
    """But not under a running demo, which the lock shows."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "readings.sqlite3").touch()
    command = [PYTHON, ROOT / "deploy" / "demo.py", "--folder", folder, "--clean"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "forgotten: demo/\n")
    assert not folder.exists()
