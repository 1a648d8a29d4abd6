"""Whether the wall clock of this machine can be believed (rule 6).

A Raspberry Pi without a battery clock starts at the time of its last shutdown and is right only once a time source was
heard. Trust is never taken back: a clock that was right once in this boot only drifts.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Final

STA_UNSYNC: Final = 0x0040
"""Linux uapi `linux/timex.h`: the kernel's clock is not synchronised."""

DEVICE_TREE: Final = "proc/device-tree/model"
TIMESYNC: Final = "run/systemd/timesync/synchronized"
BATTERY_CLOCK: Final = "sys/class/rtc/rtc0/hctosys"


class _Timex(ctypes.Structure):
    # Linux uapi `linux/timex.h`, struct timex up to `status`; the rest is room for what the kernel writes behind it.
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


def kernel_status() -> int | None:
    """The status bits of the kernel's clock, None where the kernel does not tell (not Linux, forbidden)."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (AttributeError, OSError):
        return None
    timex = _Timex()  # modes 0: read only
    return int(timex.status) if adjtimex(ctypes.byref(timex)) >= 0 else None


def why_trusted(*, root: Path = Path("/"), status: Callable[[], int | None] = kernel_status) -> str | None:
    """Why the clock can be believed, in words; None if nothing speaks for it yet.

    Args:
        root: Where `/proc`, `/run` and `/sys` are.
        status: Answers the status bits of the kernel's clock.
    """
    bits = status()
    if bits is not None and not bits & STA_UNSYNC:
        return "the kernel's clock is synchronised"
    if (root / TIMESYNC).exists():
        return "systemd-timesyncd has synchronised the clock"
    if _first_word(root / BATTERY_CLOCK) == "1":
        return "a battery clock set the time at boot"
    # Servers, PCs and virtual machines keep time while they are off; single-board computers have a device tree.
    if not (root / DEVICE_TREE).exists():
        return "this is no single-board computer"
    return None


def _first_word(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
