"""How long certificates are still good: those of files that the configuration names, and the one the broker shows."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from telemetry.certificates import MOST_BYTES, end_of, ends_of

if TYPE_CHECKING:
    from gateway.config import Config

log = structlog.get_logger(__name__)

DAY_MS: Final = 86_400_000


class CertificateLife(NamedTuple):
    """One certificate: what people call it, where it is used, and the end of its last day in Unix ms."""

    name: str
    what: str
    region: str
    until_ms: int
    site: str = ""


class Certificates:
    """Those of some files, and what a server shows; one that cannot be read is told once and looked at again later."""

    def __init__(
        self, files: Mapping[str, Path], region: str, shown: Mapping[str, Callable[[], bytes | None]] | None = None
    ) -> None:
        """Remember them.

        Args:
            files: PEM files by a short name.
            region: Whose people are told.
            shown: By the same sort of name, what gives the DER bytes of the certificate that a server showed when we
                last connected; None before, and without TLS.
        """
        self._files = files
        self._region = region
        self._shown = shown or {}
        self._failing: set[str] = set()

    def all(self) -> Iterator[CertificateLife]:
        """Of each file the certificate that ends first; of each server the one that it showed."""
        for name, path in self._files.items():
            until_ms = self._read(name, str(path), partial(_first_end, path))
            if until_ms is not None:
                yield CertificateLife(name, f"{path.name}: {_day(until_ms)}", self._region, until_ms)
        for name, shown in self._shown.items():
            der = shown()
            until_ms = None if der is None else self._read(name, "shown by the server", partial(end_of, der))
            if until_ms is not None:
                yield CertificateLife(name, f"{name}: {_day(until_ms)}", self._region, until_ms)

    def _read(self, name: str, where: str, read: Callable[[], int]) -> int | None:
        try:
            until_ms = read()
        except (OSError, ValueError) as error:
            if name not in self._failing:
                log.warning("a certificate cannot be read", certificate=name, where=where, error=str(error))
            self._failing.add(name)
            return None
        self._failing.discard(name)
        return until_ms


def _first_end(path: Path) -> int:
    with path.open("rb") as file:
        return min(ends_of(file.read(MOST_BYTES)))


def certificate_files(config: "Config") -> dict[str, Path]:
    """The certificates that a configuration names, by a short name."""
    given = {
        "broker-ca": config.broker.ca_file,
        "broker-own": config.broker.cert_file,
        "store-ca": getattr(config.store, "ca_file", None),
    }
    return {name: Path(path) for name, path in given.items() if path is not None}


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
