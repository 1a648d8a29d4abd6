"""Where the InfluxDB is, how it is spoken to, and which bucket keeps what."""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

MAIN: Final = "openhall"
LONG: Final = "openhall_long"
EVIDENCE: Final = "openhall_evidence"

BUCKET_OF: Final = MappingProxyType(
    {"air": MAIN, "mark": MAIN, "agent": MAIN, "air_1h": LONG, "facility": LONG, "alert": LONG, "doubt": LONG}
)
"""The bucket (1.x: database) of every measurement we write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxSettings:
    """How one InfluxDB is used.

    Attributes:
        url: Such as `http://127.0.0.1:8086`.
        token_file: Holds the token, and for 1.x with authentication `user:password`; read again after a refusal.
        org: The organisation of InfluxDB 2; the others do not look at it.
        ca_file: PEM of the authority that signed its certificate; None: those of the system.
        bucket_prefix: Put before `openhall`, `openhall_long` and `openhall_evidence`.
        evidence: True: `air` goes to the evidence bucket and is read from there.
        write_only: The server answers no InfluxQL (VictoriaMetrics).
        timeout_s: For one request, from connecting to the end of the answer.
        max_lines: In one body; 5,000 is what the stores were measured with.
        max_body_bytes: In one body; InfluxDB 1.6 cuts the connection at 25 MB, 2.7 takes 16 times as much memory.
        gzip: Compress bodies at level 1; worth it over a slow link, not on one machine.
        faults_before_split: So many answers 500 to one body, while other lines are taken, and the body is to blame.
    """

    url: str
    token_file: Path | None = None
    org: str = "openhall"
    ca_file: Path | None = None
    bucket_prefix: str = ""
    evidence: bool = False
    write_only: bool = False
    timeout_s: float = 10.0
    max_lines: int = 5_000
    max_body_bytes: int = 8_000_000
    gzip: bool = False
    faults_before_split: int = 5

    def bucket_of(self, measurement: str) -> str:
        """The bucket that a measurement is written to and read from; unknown ones go to the main one."""
        if self.evidence and measurement in {"air", "mark"}:
            return self.bucket_prefix + EVIDENCE
        return self.bucket_prefix + BUCKET_OF.get(measurement, MAIN)

    @property
    def buckets(self) -> tuple[str, ...]:
        """All buckets, in the order they are proved."""
        return tuple(self.bucket_prefix + name for name in (MAIN, LONG, EVIDENCE))
