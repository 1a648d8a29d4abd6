"""The wheel alone, with one extra at a time, is a whole program; and the names of our packages are ours."""

import importlib
import os
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agent", "dashboards", "gateway", "sensors", "telemetry")
EXTRAS = {
    "agent": ("agent", "sensors", "telemetry"),
    "gateway": ("gateway", "telemetry"),
    "dashboards": ("dashboards", "telemetry"),
}
"""By extra, the packages that must work with nothing but it."""

FURTHER = {"gateway": ("gateway-fast", "gateway.gmqtt_link")}
"""By extra, the locked set of a further one, and the module that is loaded only where it is configured and needs it."""

WITHIN_S = 300
IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[2:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if module.name != sys.argv[1]:
            importlib.import_module(module.name)
"""


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program outside the checkout, so that only what is installed can be imported."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        list(command), cwd="/", env=clean | environment, capture_output=True, text=True, check=False, timeout=WITHIN_S
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WITHIN_S)
    assert done.returncode == 0, done.stderr
    [path] = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    """With every file they read at run time; no tests, no deploy scripts, no caches."""
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert {name.split("/")[0] for name in names} == set(PACKAGES)
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert set(tracked) <= set(names)
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_is_enough(extra: str, wheel: Path, tmp_path: Path) -> None:
    """In a new environment with one locked set: every module imports, the program tells its words."""
    python = tmp_path / "bin" / "python"
    assert run(sys.executable, "-m", "venv", "--without-pip", tmp_path).returncode == 0
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "--python",
        python,
        "install",
        "-q",
    )
    hashed = (*pip, "--require-hashes", "-r")
    further, left_out = FURTHER.get(extra, ("", ""))
    locked = run(*hashed, ROOT / "requirements" / f"{extra}.txt")
    if locked.returncode and "Max retries exceeded" in locked.stderr and not os.environ.get("CI"):
        pytest.skip("no network: the locked packages cannot be fetched")
    assert locked.returncode == 0, locked.stderr
    assert run(*pip, "--no-deps", "--no-index", wheel).returncode == 0
    imported = run(python, "-W", "ignore", "-c", IMPORT_ALL, left_out, *EXTRAS[extra])
    assert imported.returncode == 0, imported.stderr
    told = run(tmp_path / "bin" / f"openhall-{extra}", "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith(f"usage: openhall-{extra}")
    checked = run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "check")
    assert checked.returncode == 0, checked.stdout
    if further:
        assert run(*hashed, ROOT / "requirements" / f"{further}.txt").returncode == 0
        imported = run(python, "-W", "ignore", "-c", IMPORT_ALL, "", *EXTRAS[extra])
        assert imported.returncode == 0, imported.stderr


@pytest.mark.parametrize("name", PACKAGES)
def test_nobody_else_brings_a_package_of_that_name(name: str) -> None:
    """Flat names such as `sensors` can be taken; the intruder is named."""
    intruders = set(packages_distributions().get(name, [])) - {"openhall"}
    assert not intruders, f"{name!r} is also installed by {intruders}"
    module = importlib.import_module(name)
    assert Path(str(module.__file__)).is_relative_to(ROOT)
