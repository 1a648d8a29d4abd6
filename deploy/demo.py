"""`make demo`: three simulated branches, a broker, a gateway and its board, all on this machine.

    .venv/bin/python deploy/demo.py [--folder DIR] [--clean] [--end-with-parent]

`OPENHALL_BOARD_PORT` chooses the board's port (8080; 0: any that is free). Everything it writes is in `.demo/`, and
stays for the next run; `.demo/demo.json` is there while the demo is up. It ends on Ctrl-C, SIGTERM and SIGHUP, and its
programs end with it even when it is killed. Exit 0 after a stop that was asked for, 2 where it cannot start as things
are (said), 70 when a program cannot be kept running.
"""

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import IO, Final

from deploy.demo_files import BRANCHES, HOST, Place, write_all, write_atomically
from deploy.demo_ready import Readiness
from deploy.demo_told import Told
from deploy.ports import PortTakenError, claim_port, free_port
from deploy.supervisor import Child, GaveUpError, Program, begin_log, die_with_parent, stop_all

ROOT: Final = Path(__file__).resolve().parent.parent
BIN: Final = Path(sys.executable).parent
BOARD_PORT: Final = 8080
UP_WITHIN_S: Final = 180.0
"""A small Pi starts slowly; after that long something is wrong."""

POLL_S: Final = 0.2


class CannotStartError(Exception):
    """The demo cannot start as things are; the text says what to do."""


def say(text: str) -> None:
    """One line for the person; nobody may be left to read it."""
    try:
        print(text, flush=True)
    except OSError:
        # The terminal is gone. The interpreter would stumble over the unwritten line at exit, too.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


class StopRequest:
    """Whether somebody asked the demo to stop, and whether they asked again."""

    def __init__(self, *, end_with_parent: bool) -> None:
        self.count = 0
        self._parent = os.getppid() if end_with_parent else None
        self._caught = self._caught_by_parent()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Ignored SIGHUP is `nohup make demo`: that person wants it to stay.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        if self._parent is not None and not die_with_parent(self._parent, signal.SIGTERM):
            self.count = 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.count += 1

    def _caught_by_parent(self) -> str:
        """The signals the parent catches, as Linux shows them; "" where that cannot be seen."""
        try:
            status = Path(f"/proc/{self._parent}/status").read_text(encoding="ascii")
        except OSError:
            return ""
        return next((line for line in status.splitlines() if line.startswith("SigCgt")), "")

    def is_made(self) -> bool:
        """True once the demo is to stop."""
        if not self.count and self._parent is not None:
            # make passes SIGTERM on, but keeps SIGINT and SIGHUP sent to it alone, and waits for us; all that shows
            # from here is that it no longer catches the signal. A parent that is gone altogether counts too.
            gone = os.getppid() != self._parent
            self.count = int(gone or self._caught_by_parent() != self._caught)
        return self.count > 0

    def is_urgent(self) -> bool:
        """True once somebody asked twice."""
        return self.count > 1


def lock(folder: Path) -> IO[str]:
    """Hold the folder for this demo; the system lets go of it when this process ends.

    Raises:
        CannotStartError: If another demo holds it, or it cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
        file = (folder / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise CannotStartError(f"The demo keeps its files in {folder}, which it cannot write: {error}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        who = file.read().strip() or "one that is just starting"
        file.close()
        raise CannotStartError(f"Another demo runs in this checkout: {who}. Look at its board, or stop it.") from error
    return file


def sign(file: IO[str], text: str) -> None:
    """Say in the lock file who holds it."""
    file.truncate(0)
    file.write(text)
    file.flush()


def board_port(text: str | None) -> int:
    """The port for the board, free at this moment; `text` is what the environment says.

    Raises:
        CannotStartError: If it is no port, is taken, or may not be used.
    """
    try:
        wanted = int(text) if text else BOARD_PORT
    except ValueError:
        wanted = -1
    if not 0 <= wanted <= 65_535:
        raise CannotStartError(f"OPENHALL_BOARD_PORT={text} is no port: give a number from 1024 to 65535.")
    if wanted == 0:
        return free_port(HOST)
    try:
        claim_port(HOST, wanted)
    except PortTakenError as error:
        raise CannotStartError(
            f"Port {wanted} on {HOST}, where the board would be, {error}.\n"
            f"Choose another:  OPENHALL_BOARD_PORT={free_port(HOST)} make demo"
        ) from error
    return wanted


def programs(place: Place) -> list[list[Program]]:
    """What runs, in the order of starting: the broker, the gateway, the agents."""
    agents = [
        Program(
            name=branch.site,
            command=(BIN / "openhall-agent", "run", "--config", place.agent_config(branch), "--simulate"),
        )
        for branch in BRANCHES
    ]
    gateway = Program(name="gateway", command=(BIN / "openhall-gateway", "run", "--config", place.gateway_config))
    broker = Program(name="broker", command=(BIN / "nats-server", "--config", place.broker_config))
    return [[broker], [gateway], agents]


class Demo:
    """One run of the demo."""

    def __init__(self, place: Place, stop: StopRequest) -> None:
        self._place = place
        self._stop = stop
        self._groups = [
            [Child(program, place.log(program.name), say=say) for program in group] for group in programs(place)
        ]
        self._children = {child.program.name: child for group in self._groups for child in group}
        self._record = place.folder / "demo.json"

    def run(self) -> None:
        """Start all, tell when it is up, watch until asked to stop, and stop all.

        Raises:
            CannotStartError: If its files cannot be written.
            GaveUpError: If a program cannot be kept running or all is not up in time; the others are stopped.
        """
        try:
            self._record.unlink(missing_ok=True)
            write_all(self._place)
        except OSError as error:
            raise CannotStartError(
                f"The demo cannot write its files: {error}. `make demo-clean` clears them."
            ) from error
        try:
            for child in self._children.values():
                begin_log(child.log)
                child.start()
                say(f"{child.program.name}: started")
            self._watch()
        finally:
            self._record.unlink(missing_ok=True)
            say("stopping (Ctrl-C again: at once)")
            stop_all(self._groups[::-1], hurry=self._stop.is_urgent, say=say)
            say(f"stopped; its records stay in {self._place.folder.name}/ (make demo-clean forgets them)")

    def _watch(self) -> None:
        readiness = Readiness(self._place.board, [branch.site for branch in BRANCHES], say=say)
        told = Told(self._place.notifications, say=say)
        deadline = time.monotonic() + UP_WITHIN_S
        is_up = False
        while not self._stop.is_made():
            restarted = sum(child.watch() for child in self._children.values())
            if is_up and restarted:
                self._write_record()
            elif not is_up and readiness.look():
                is_up = True
                self._write_record()
                logs = f"{self._place.folder.name}/logs/"
                say(f"\nThe board: {self._place.board}    (Ctrl-C stops the demo; logs in {logs})\n")
            elif not is_up and time.monotonic() > deadline:
                raise GaveUpError(f"not up after {UP_WITHIN_S:.0f} s: {readiness.missing}; logs: {self._place.folder}")
            told.look()
            time.sleep(POLL_S)

    def _write_record(self) -> None:
        place = self._place
        agents = [
            {"site": branch.site, "pid": self._children[branch.site].pid, "config": str(place.agent_config(branch))}
            for branch in BRANCHES
        ]
        record = {
            "board": place.board,
            "broker": {"host": HOST, "port": place.mqtt_port},
            "gateway": {"pid": self._children["gateway"].pid, "config": str(place.gateway_config)},
            "agents": agents,
            "notifications": str(place.notifications),
        }
        write_atomically(self._record, record)


def demo(folder: Path, stop: StopRequest) -> None:
    """Check that nothing is in the way, then run.

    Raises:
        CannotStartError: Before anything is started.
        GaveUpError: After all is stopped.
    """
    with lock(folder) as held:
        port = board_port(os.environ.get("OPENHALL_BOARD_PORT"))
        place = Place(folder=folder, board_port=port, mqtt_port=free_port(HOST), nats_port=free_port(HOST))
        sign(held, f"process {os.getpid()}, {place.board}")
        Demo(place, stop).run()


def clean(folder: Path) -> None:
    """Forget what earlier runs have recorded.

    Raises:
        CannotStartError: While a demo runs.
    """
    with lock(folder):
        shutil.rmtree(folder)
    say(f"forgotten: {folder.name}/")


def main(arguments: list[str]) -> int:
    """Run the demo, or clean up after it."""
    parser = argparse.ArgumentParser(prog="make demo", description="Three simulated branches on this machine.")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="where it keeps its files (.demo/)")
    parser.add_argument("--clean", action="store_true", help="forget what earlier runs have recorded")
    parser.add_argument("--end-with-parent", action="store_true", help="end when the process that started this ends")
    options = parser.parse_args(arguments)
    folder = options.folder.resolve()
    try:
        if options.clean:
            clean(folder)
        else:
            demo(folder, StopRequest(end_with_parent=options.end_with_parent))
    except CannotStartError as error:
        print(error, file=sys.stderr)
        return 2
    except GaveUpError as error:
        print(error, file=sys.stderr)
        return 70
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
