"""Certificates made and read by openssl."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.servers import require_program


def make(folder: Path, days: int, name: str = "a") -> Path:
    openssl = str(require_program("openssl", "Debian's openssl"))
    file = folder / f"{name}.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout"
    subprocess.run(
        [openssl, *words.split(), str(folder / "key"), "-out", str(file), "-days", str(days)],
        check=True,
        capture_output=True,
    )
    return file


def end_by_openssl(file: Path) -> float:
    openssl = str(require_program("openssl", "Debian's openssl"))
    said = subprocess.run([openssl, "x509", "-in", file, "-noout", "-enddate"], check=True, capture_output=True)
    text = said.stdout.decode().strip().removeprefix("notAfter=")
    return datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC).timestamp()
