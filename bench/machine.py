"""What a table was measured on; without it its numbers mean nothing."""

import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Final

SYNCS: Final = 200


def facts(folder: Path) -> dict[str, str]:
    """The machine in words, by what is told; `folder` is where the stores' files lie."""
    return {
        "processor": f"{_cpu_model()}, {os.cpu_count()} cores",
        "memory": f"{_memory_gb():.0f} GB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "priority": _priority(),
        "disk": f"one 4 kB write and fsync {_sync_ms(folder):.2f} ms (median of {SYNCS})",
    }


def load_1_min() -> float:
    """The load average of the last minute: how many others wanted a core."""
    return os.getloadavg()[0]


def _priority() -> str:
    """How it stands against others: what is measured under a better nice value than theirs says little of both."""
    group = Path("/proc/self/autogroup")  # sched(7): among sessions, the nice value of each decides
    words = group.read_text(encoding="ascii").split() if group.exists() else []
    session = f", its session {words[-1]}" if words else ""
    return f"nice {os.nice(0)}{session}"


def _cpu_model() -> str:
    words = [line for line in _lines("/proc/cpuinfo") if line.startswith(("model name", "Model"))]
    return words[-1].partition(":")[2].strip() if words else platform.processor() or "unknown"


def _memory_gb() -> float:
    kilobytes = next(int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal:"))
    return kilobytes * 1024 / 1e9


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _sync_ms(folder: Path) -> float:
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return sorted(took)[SYNCS // 2] * 1000
