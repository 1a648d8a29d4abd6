"""The port to time, and the one module that reads the machine's clocks."""

import time
from functools import cached_property
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. Tests and the simulation bring their own."""

    def now(self) -> float:
        """The wall clock: Unix seconds, UTC. May jump."""

    def monotonic(self) -> float:
        """Seconds since this boot of the machine, counting sleep. Never jumps."""

    @property
    def boot_id(self) -> str:
        """A name for this boot of the machine; another boot has another one."""


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> float:
        """The wall clock: Unix seconds, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since boot, counting sleep where the system offers that."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()

    @cached_property
    def boot_id(self) -> str:
        """The kernel's random id of this boot; the boot's minute where there is none."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return f"boot-{int((time.time() - time.monotonic()) // 60)}"


def to_ms(seconds: float) -> int:
    """Unix seconds as whole milliseconds, rounded."""
    return round(seconds * 1000)


def to_seconds(ms: int) -> float:
    """Milliseconds as seconds with at most three decimals, as they stand in JSON bodies."""
    return round(ms / 1000, 3)
