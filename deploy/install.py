"""Makes the virtual environment `.venv` and installs into it what `requirements/SET.txt` locks, then OpenHall itself.

    deploy/with_python.sh deploy/install.py demo|dev

Standard library only, since nothing else is there yet. A line a step; done again it takes no time. Exit 0 well, 2 where
the user must do something (said), 4 where packages could not be fetched, 1 for any other failure of pip.
"""

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
VENV: Final = ROOT / ".venv"
BASE_PYTHON: Final[str] = getattr(sys, "_base_executable", sys.executable)
"""The Python behind this one: `.venv` itself may be active, and cannot be made anew by its own Python."""

PYTHON: Final = VENV / "bin" / "python"
STAMP: Final = VENV / "openhall-installed"
"""What is installed: a line `SET FINGERPRINT` for each set."""

SETS: Final = {"demo": ("demo", "dev"), "dev": ("dev",)}
"""By set, the sets that contain it."""

PIP: Final = ("-m", "pip", "--disable-pip-version-check", "--no-input")
SAY_EVERY_S: Final = 15.0
PR_SET_PDEATHSIG: Final = 1  # <linux/prctl.h>
OFFLINE_WORDS: Final = (
    "Max retries exceeded",
    "NewConnectionError",
    "Temporary failure in name resolution",
    "timed out",
)


class InstallError(Exception):
    """It cannot go on; the text says what to do. `code` is the exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def say(text: str) -> None:
    """One line of progress."""
    print(text, flush=True)


@contextmanager
def sign_of_life(every_s: float, tell: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, say every few seconds that it does: a small Pi unpacks for a minute without a word."""
    ended = threading.Event()

    def beat() -> None:
        passed_s = every_s
        while not ended.wait(every_s):
            tell(f"  … {passed_s:.0f} s")
            passed_s += every_s

    thread = threading.Thread(target=beat, daemon=True, name="sign of life")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def fingerprint(requirements: str) -> str:
    """A name for what an installed set depends on: the locked versions, the project's metadata, the place.

    The place counts since the scripts of an environment name it, so that a moved checkout installs anew.
    """
    parts = ((ROOT / "requirements" / f"{requirements}.txt").read_bytes(), (ROOT / "pyproject.toml").read_bytes())
    return hashlib.sha256(b"\0".join((*parts, os.fsencode(ROOT)))).hexdigest()[:16]


def installed_sets(stamp: str, fingerprints: Mapping[str, str]) -> set[str]:
    """The sets that the text of a stamp file shows as installed and still up to date."""
    lines = {tuple(line.split()) for line in stamp.splitlines()}
    return {name for name, print_ in fingerprints.items() if (name, print_) in lines}


def is_usable() -> bool:
    """True if `.venv` has a Python that runs and a pip, and is the Python asked for by `PYTHON`, if any."""
    if not PYTHON.exists() or not (VENV / "pyvenv.cfg").exists():
        return False
    ask = "import sys, pip; print(*sys.version_info[:2])"
    answer = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=False)
    version = tuple(map(int, answer.stdout.split())) if answer.returncode == 0 else ()
    wanted = sys.version_info[:2]
    return version == wanted if os.environ.get("PYTHON") else version >= (3, 11)


def make_environment() -> None:
    """Make `.venv` anew, with pip, whatever Debian left out.

    Raises:
        InstallError: Where the user has to install a system package.
    """
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    say(f"environment: .venv with Python {python} ({BASE_PYTHON})")
    if _venv() or _venv_after_apt(python) or _venv_with_unpacked_pip():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    packages = f"python{python}-venv" if BASE_PYTHON.startswith("/usr/bin/") else "python3-venv"
    raise InstallError(
        "this Python cannot make virtual environments (no ensurepip). On Debian and Raspberry Pi OS:\n"
        f"  sudo apt-get update && sudo apt-get install -y {packages}\nthen the same command again.",
        2,
    )


def _venv(*options: str) -> bool:
    command = [BASE_PYTHON, "-m", "venv", "--clear", *options, str(VENV)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _venv_after_apt(python: str) -> bool:
    """As root on Debian: install the module that Debian keeps in a package of its own."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None or not BASE_PYTHON.startswith("/usr/bin/"):
        return False
    say(f"environment: installing Debian's python{python}-venv")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", f"python{python}-venv"]):
        subprocess.run(["apt-get", "-qq", *command], env=quiet, capture_output=True, check=False)
    return _venv()


def _venv_with_unpacked_pip() -> bool:
    """Without root on Debian: unpack pip's wheel from its package, and let it install itself."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return False
    say("environment: no ensurepip here, unpacking pip from Debian's python3-pip-whl")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "-qq", "download", "python3-pip-whl"], cwd=folder, capture_output=True, check=False)
        for package in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, folder], capture_output=True, check=False)
        wheels = sorted(Path(folder).glob("usr/share/python-wheels/pip-*.whl"))
        if not wheels or not _venv("--without-pip"):
            return False
        command = [str(PYTHON), f"{wheels[-1]}/pip", "install", "--quiet", "--no-index", "--no-deps", str(wheels[-1])]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def progress_of(lines: Iterable[str], total: int, tell: Callable[[str], None]) -> list[str]:
    """Turn pip's output into a line a package; returns all that it wrote, for when it fails."""
    written = []
    count = 0
    for line in lines:
        written.append(line)
        if line.startswith("Collecting "):
            count += 1
            tell(f"  [{count}/{max(count, total)}] {line.split()[1].replace('==', ' ')}")
        elif line.startswith("Installing collected packages"):
            tell("  unpacking them")
        elif "Retrying (" in line:
            tell("  the network is slow or gone, trying again")
    return written


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def pip(*arguments: str, total: int = 0) -> None:
    """Run the environment's pip with progress.

    Raises:
        InstallError: With the end of what it wrote, if it fails.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PIP_PROGRESS_BAR": "off"}
    with subprocess.Popen(
        [PYTHON, *PIP, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=_die_with_parent,
    ) as process:
        assert process.stdout is not None
        with sign_of_life(SAY_EVERY_S, say):
            written = progress_of(process.stdout, total, say)
    if process.returncode:
        text = "".join(written[-25:])
        if any(words in text for words in OFFLINE_WORDS):
            raise InstallError(
                f"{text}packages could not be fetched: is there a network? Then the same command again.", 4
            )
        raise InstallError(f"{text}pip failed; the lines above say why.", 1)


def packages_in(requirements: Path) -> int:
    """How many packages a locked file has for this platform, near enough for a progress line."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return sum("==" in line and "'win32'" not in line for line in lines if not line.startswith((" ", "#")))


@contextmanager
def alone() -> Iterator[None]:
    """Hold the checkout against another installation; wait for it, and say so."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another installation runs in this checkout: waiting for its end")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def install(name: str) -> None:
    """Make the set `name` stand in `.venv`.

    Raises:
        InstallError: If that cannot be.
    """
    stamp = STAMP.read_text(encoding="utf-8") if STAMP.exists() else ""
    present = installed_sets(stamp, {each: fingerprint(each) for each in SETS})
    usable = is_usable()
    if usable and present.intersection(SETS[name]):
        return
    if not usable:
        make_environment()
        present = set()
    file = ROOT / "requirements" / f"{name}.txt"
    total = packages_in(file)
    say(f"packages: {total}, as requirements/{name}.txt locks them")
    STAMP.unlink(missing_ok=True)
    pip("install", "--require-hashes", "--only-binary", ":all:", "--requirement", str(file), total=total)
    say("packages: OpenHall itself")
    # Without isolation pip builds with the locked hatchling instead of fetching another.
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")
    lines = sorted(f"{each} {fingerprint(each)}\n" for each in present | {name})
    STAMP.write_text("".join(lines), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Install the one set that the command line names."""
    if len(arguments) != 1 or arguments[0] not in SETS:
        say(f"usage: deploy/with_python.sh deploy/install.py {'|'.join(SETS)}")
        return 2
    try:
        with alone():
            install(arguments[0])
    except InstallError as error:
        print(error, file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
