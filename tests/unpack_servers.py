"""Fetches the servers that the tests use and that are not on this machine.

    .venv/bin/python -m tests.unpack_servers

Debian's packages are unpacked into `.servers/root`, libraries with them: nothing is installed, no service started, no
root needed. Only Chromium, whose libraries are many, is installed, and only by root. What cannot be had is said; its
tests then skip with the reason, or fail where `CI` is set.
"""

import ctypes.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.servers import UNPACKED, find_program

UNPACKABLE: Final[Mapping[str, str]] = MappingProxyType(
    {"mosquitto": "mosquitto", "influxd": "influxdb", "victoria-metrics": "victoria-metrics"}
)
"""Program and the package that brings it."""

BROWSER: Final = "chromium"
BROWSER_PACKAGES: Final = ("chromium", "libatomic1")
"""The browser, and the one library that the program driving it (Playwright's) lacks on a bare Debian."""

NOT_TO_UNPACK: Final = frozenset({"adduser", "init-system-helpers", "sysvinit-utils", "lsb-base", "passwd", "libc6"})
"""Needed to install a service, not to run its program."""

APT_WITHIN_S: Final = 900


def say(text: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"test servers: {text}\n")
    sys.stdout.flush()


def apt(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run apt-get without questions; the caller looks at how it went."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    command = ["apt-get", "-q", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=APT_WITHIN_S,
    )


def packages_to_fetch(simulated: str) -> list[str]:
    """The packages that `apt-get install --simulate` says it would install, less those only an installation needs."""
    names: list[str] = re.findall(r"^Inst (\S+)", simulated, flags=re.MULTILINE)
    return [name for name in names if name not in NOT_TO_UNPACK]


def unpack(package: str) -> str:
    """Fetch a package and the libraries this machine lacks for it, and unpack them; returns "" or what went wrong."""
    say(f"unpacking Debian's {package}")
    plan = apt("install", "--simulate", "--no-install-recommends", package)
    if plan.returncode:
        return _last_line(plan.stderr)
    folder = UNPACKED.parent / "packages" / package
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fetched = apt("download", *packages_to_fetch(plan.stdout), folder=folder)
    if fetched.returncode:
        return _last_line(fetched.stderr)
    for file in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg", "-x", file, UNPACKED], check=True, capture_output=True, timeout=APT_WITHIN_S)
    shutil.rmtree(folder)
    return ""


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "apt-get failed"


def install_browser() -> str:
    """Install Chromium and what drives it as root; returns "" or what the user has to type."""
    if os.geteuid() != 0:
        return f"sudo apt-get install -y {' '.join(BROWSER_PACKAGES)}"
    say(f"installing Debian's {' and '.join(BROWSER_PACKAGES)}")
    done = apt("install", "-y", "--no-install-recommends", *BROWSER_PACKAGES)
    return "" if done.returncode == 0 and is_there(BROWSER) else _last_line(done.stderr)


def is_there(program: str) -> bool:
    """True if tests with this program can run."""
    if program == BROWSER and sys.platform == "linux" and ctypes.util.find_library("atomic") is None:
        return False
    return find_program(program) is not None


def refresh_lists() -> None:
    """Fetch apt's lists, which only root may and a new machine lacks."""
    if os.geteuid() == 0:
        say("fetching the list of packages")
        apt("update")


def main() -> int:
    """Fetch what is missing. 0, unless `CI` is set and something could not be had: then 4."""
    missing = [name for name in (*UNPACKABLE, BROWSER) if not is_there(name)]
    if not missing:
        return 0
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        say(f"no apt-get here, so nothing is fetched: tests with {', '.join(missing)} skip unless they are in PATH")
        return 4 if os.environ.get("CI") else 0
    refresh_lists()
    failures = 0
    for name in missing:
        package = UNPACKABLE.get(name, BROWSER)
        problem = unpack(package) if name in UNPACKABLE else install_browser()
        if problem:
            failures += 1
            hint = problem if problem.startswith("sudo ") else f"sudo apt-get update, if that helps ({problem})"
            say(f"no {name}: its tests will skip. To have them: {hint}")
    return 4 if failures and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
