"""The agent's own numbers: what the machine says, from `/proc` and `/sys`, and what the journal says."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from telemetry.certificates import MOST_BYTES, ends_of
from telemetry.clock import to_seconds
from telemetry.messages import Health
from telemetry.ranges import Span

MB: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNumbers:
    """What the machine says of itself; None where it does not.

    Attributes:
        cpu_c: Temperature of the processor in °C.
        memory_mb: Resident memory of this process, in MB of 10^6 bytes.
        disk_free_mb: Free on the journal's file system, in MB.
        certificate_until: Unix time of the end of the agent's own certificate; None also where it has none.
    """

    cpu_c: float | None = None
    memory_mb: float | None = None
    disk_free_mb: float | None = None
    certificate_until: float | None = None


class JournalNumbers(Protocol):
    """What health asks of a journal."""

    @property
    def unreceipted_count(self) -> int:
        """How many packs have no receipt."""

    @property
    def oldest_unreceipted_ms(self) -> int | None:
        """Unix milliseconds of the oldest of them."""

    def held(self) -> dict[str, list[Span]]:
        """By journal id, all that the agent has."""


def probe_host(folder: Path, *, certificate: str | None = None, root: Path = Path("/")) -> HostNumbers:
    """The numbers of this machine now.

    Args:
        folder: Any folder on the journal's file system.
        certificate: The PEM file that the agent shows to the broker; of several in it the first end counts.
        root: Where `/proc` and `/sys` are.
    """
    return HostNumbers(
        cpu_c=_cpu_c(root),
        memory_mb=_memory_mb(root),
        disk_free_mb=_disk_free_mb(folder),
        certificate_until=None if certificate is None else _end_of(Path(certificate)),
    )


def health_of(host: HostNumbers, journal: JournalNumbers, *, clock_ok: bool, reconnects: int) -> Health:
    """The body of a health message."""
    oldest_ms = journal.oldest_unreceipted_ms
    return Health(
        cpu_c=host.cpu_c,
        memory_mb=host.memory_mb,
        disk_free_mb=host.disk_free_mb,
        journal_packs=journal.unreceipted_count,
        journal_oldest=None if oldest_ms is None else to_seconds(oldest_ms),
        clock_ok=1 if clock_ok else 0,
        reconnects=reconnects,
        certificate_until=host.certificate_until,
        held=journal.held(),
    )


def _cpu_c(root: Path) -> float | None:
    # Linux thermal sysfs: millidegrees; zone 0 is the processor on every Raspberry Pi.
    try:
        text = (root / "sys/class/thermal/thermal_zone0/temp").read_text(encoding="ascii")
        return round(int(text) / 1000, 1)
    except (OSError, ValueError):
        return None


def _memory_mb(root: Path) -> float | None:
    # proc(5): the second word of statm is the resident set, in pages.
    try:
        pages = int((root / "proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * resource.getpagesize() / MB, 1)


def _end_of(certificate: Path) -> float | None:
    try:
        with certificate.open("rb") as file:
            return to_seconds(min(ends_of(file.read(MOST_BYTES))))
    except (OSError, ValueError):
        return None


def _disk_free_mb(folder: Path) -> float | None:
    try:
        numbers = os.statvfs(folder)
    except OSError:
        return None
    return round(numbers.f_bavail * numbers.f_frsize / MB, 1)
