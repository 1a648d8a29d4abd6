"""Keeps a handful of programs running, and lets none outlive it. Standard library only.

Each program runs in a process group of its own, so that Ctrl-C reaches the supervisor alone, which then stops them in
order. On Linux the kernel kills them when the supervisor dies, however it dies.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RESTART_MIN_S: Final = 0.5
RESTART_MAX_S: Final = 30.0
STEADY_AFTER_S: Final = 60.0
"""A program that has lived this long has recovered: its next death is counted as the first."""

MAX_DEATHS: Final = 5
"""That many deaths in a row, without a steady life between, and the supervisor gives up."""

WRONG_CONFIGURATION: Final = 2
"""The exit code with which a program says that no restart will help."""

LOG_MAX_BYTES: Final = 5_000_000
POLL_S: Final = 0.05
PR_SET_PDEATHSIG: Final = 1  # <linux/prctl.h>

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is to run.

    Attributes:
        name: What people call it, and the name of its log file.
        command: Program and arguments.
        stop_within_s: Seconds it has to end itself after SIGTERM.
    """

    name: str
    command: Sequence[str | Path]
    stop_within_s: float = 10.0


class GaveUpError(Exception):
    """A program cannot be kept running; the text says which, why, and where its log is."""


def restart_wait_s(deaths: int) -> float:
    """Seconds to wait after the `deaths`-th death in a row, from 1: 0.5, 1, 2, … at most 30."""
    return min(RESTART_MAX_S, RESTART_MIN_S * 2.0 ** (deaths - 1))


def die_with_parent(parent: int, death_signal: int) -> bool:
    """Have the kernel send `death_signal` when the parent dies; False if it is dead already, or has been replaced."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, death_signal)
    return os.getppid() == parent


class Child:
    """One program, started again whenever it dies.

    Args:
        program: What to run.
        log: Where its output goes; the one before is kept as `.1`.
        say: Told in one line when it dies and when it is started again.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        program: Program,
        log: Path,
        *,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.program = program
        self.log = log
        self._say = say
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._started_at = 0.0
        self._restart_at = 0.0

    @property
    def pid(self) -> int | None:
        """Its process id, None while it waits for its restart."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Run it.

        Raises:
            GaveUpError: If the program is not there.
        """
        me = os.getpid()

        def in_child() -> None:
            # SIGKILL, since a program that hangs would survive anything else; journal and store are made for it.
            if not die_with_parent(me, signal.SIGKILL):
                os._exit(1)

        with self.log.open("ab") as output:
            try:
                self._process = subprocess.Popen(
                    list(self.program.command),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                    preexec_fn=in_child,
                )
            except OSError as error:
                raise GaveUpError(f"{self.program.name} cannot be started: {error}") from error
        self._started_at = self._clock()

    def watch(self) -> bool:
        """See whether it lives, start it again when it is time; True if that was now.

        Raises:
            GaveUpError: If restarting does not help.
        """
        if self._process is None:
            if self._clock() < self._restart_at:
                return False
            self.start()
            self._say(f"{self.program.name}: started again")
            return True
        code = self._process.poll()
        if code is None:
            self._bound_log()
            return False
        self._process = None
        self._count_death(code)
        return False

    def _count_death(self, code: int) -> None:
        lived_s = self._clock() - self._started_at
        self._deaths = 1 if lived_s >= STEADY_AFTER_S else self._deaths + 1
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
        if code == WRONG_CONFIGURATION:
            raise GaveUpError(f"{self.program.name} refuses its configuration ({how}).\n{self.last_words()}")
        if self._deaths >= MAX_DEATHS:
            raise GaveUpError(f"{self.program.name} died {self._deaths} times ({how}).\n{self.last_words()}")
        wait_s = restart_wait_s(self._deaths)
        self._restart_at = self._clock() + wait_s
        self._say(f"{self.program.name}: died ({how}), starting it again in {wait_s:g} s; its log: {self.log}")

    def _bound_log(self) -> None:
        """Keep the log short: the program appends, so the file may be copied aside and emptied under its hands."""
        if self.log.stat().st_size > LOG_MAX_BYTES:
            shutil.copyfile(self.log, _older(self.log))
            os.truncate(self.log, 0)

    def last_words(self, lines: int = 10) -> str:
        """The end of its log, and where the rest is."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join([*(line[:1_000] for line in text.splitlines()[-lines:]), f"its log: {self.log}"])

    def ask_to_stop(self) -> None:
        """Send SIGTERM; it is not started again."""
        if self._process is not None:
            self._process.terminate()

    def end(self, hurry: Callable[[], bool]) -> bool:
        """Wait for its end after `ask_to_stop`, then kill it; `hurry` cuts the wait. True if it ended by itself."""
        process, self._process = self._process, None
        if process is None:
            return True
        deadline = self._clock() + self.program.stop_within_s
        while process.poll() is None:
            if hurry() or self._clock() >= deadline:
                process.kill()
                process.wait()
                return False
            time.sleep(POLL_S)
        return True


def begin_log(path: Path) -> None:
    """Keep the log of the run before as `.1`."""
    if path.exists():
        path.replace(_older(path))


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def stop_all(groups: Sequence[Sequence[Child]], *, hurry: Callable[[], bool], say: Callable[[str], None]) -> None:
    """Stop group after group, those of one group at once; `hurry` turning true kills what is left."""
    for group in groups:
        for child in group:
            child.ask_to_stop()
        for child in group:
            if not child.end(hurry):
                say(f"{child.program.name}: did not stop, killed")
