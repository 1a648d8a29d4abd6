"""What the kernel says that a process has used."""

import os
from pathlib import Path
from typing import Final

TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process and all its threads have used, in steps of 10 ms."""
    # proc(5): fields 14 and 15, utime and stime; the name before them may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def memory_mb(pid: int) -> float:
    """Resident memory now, in MB of 10^6 bytes."""
    return _status(pid, "VmRSS")


def peak_memory_mb(pid: int) -> float:
    """The most resident memory since its start, in MB of 10^6 bytes."""
    return _status(pid, "VmHWM")


def threads(pid: int) -> int:
    """How many threads it has now."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def written_bytes(pid: int) -> int:
    """Bytes that it has caused to be sent to a disk since its start (proc(5), `write_bytes`)."""
    for line in Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/{pid}/io has no write_bytes")


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc/{pid}/status has no {name}")
