"""An environment as a Raspberry Pi in a branch has it: the agent's locked packages, the wheel, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PIP: Final = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")


class InstallError(RuntimeError):
    """The packages could not be had; the text says why."""


def make(folder: Path) -> Path:
    """Make the environment in `folder`; what is returned is its `openhall-agent`.

    Raises:
        InstallError: If the packages cannot be fetched or the wheel cannot be built.
    """
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    pip = (*PIP, "--python", folder / "bin" / "python", "install")
    _run(*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", ROOT / "requirements" / "agent.txt")
    _run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder / "dist")
    [wheel] = (folder / "dist").glob("*.whl")
    _run(*pip, "--no-deps", "--no-index", wheel)
    return folder / "bin" / "openhall-agent"


def _run(*command: str | Path) -> None:
    # From the checkout's own environment nothing may be found: only what is installed counts.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(list(command), cwd=ROOT, env=clean, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
