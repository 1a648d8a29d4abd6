"""How the demo's cases talk to the running demo: its HTTP API, and the programs of OpenHall."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

WHO: Final = "Li Na (demo)"
WITHIN_S: Final = 60.0
PROGRAM_WITHIN_S: Final = 120.0

# A proxy of the environment is no way to this machine.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoDemoError(Exception):
    """There is nothing to work with; the text says what to do."""


class WentWrongError(Exception):
    """A step did not do what it should; the text says what was answered."""


def say(text: str) -> None:
    """One line for the person; nobody may be left to read it."""
    try:
        print(text, flush=True)
    except OSError:
        # The interpreter would stumble over the unwritten line at exit, too.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


class Talk:
    """Asks the demo that runs in a folder.

    Attributes:
        board: Its address.
        gateway_config: The gateway's configuration file.
        folder: Where files of cases go.

    Raises:
        NoDemoError: If none runs there.
    """

    def __init__(self, folder: Path) -> None:
        try:
            record: dict[str, Any] = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NoDemoError(
                f"No demo runs here ({folder}/demo.json): start `make demo` in another terminal."
            ) from error
        self.board = str(record["board"])
        self.gateway_config = str(record["gateway"]["config"])
        self._agents = {own["site"]: Path(own["config"]) for own in record["agents"]}
        self.folder = folder / "case"
        self.folder.mkdir(exist_ok=True)

    def agent_config(self, site: str) -> Path:
        """The configuration of a branch's agent."""
        return self._agents[site]

    def page(self, case: str) -> str:
        """Where the board shows a case."""
        return f"{self.board}/cases?case={case}"

    def save(self, name: str, path: str) -> Path:
        """What the API answers to `path`, as a file."""
        file = self.folder / name
        file.write_bytes(self.get(path))
        return file

    def program(self, name: str, *words: object) -> str:
        """What a program answers.

        Raises:
            WentWrongError: If it does not exit with 0.
        """
        command = [str(Path(sys.executable).parent / name), *map(str, words)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_WITHIN_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WentWrongError(f"{name} {words[0]}: {error}") from error
        if done.returncode != 0:
            told = (done.stderr.strip() or done.stdout.strip())[-600:]
            raise WentWrongError(f"{name} {words[0]} ended with {done.returncode}: {told}")
        return done.stdout

    def post(self, path: str, body: dict[str, Any], *, known: int | None = None) -> Any:
        """The answer to a change; {} if it answers `known`.

        Raises:
            WentWrongError: If it is refused.
            NoDemoError: If nobody answers.
        """
        request = urllib.request.Request(
            f"{self.board}/api/v1/{path}",
            json.dumps({**body, "by": WHO}).encode(),
            {"Content-Type": "application/json"},
        )
        return json.loads(self._asked(request, known=known) or b"{}")

    def get(self, path: str) -> bytes:
        """What the API answers; errors as of `post`."""
        return self._asked(urllib.request.Request(f"{self.board}/api/v1/{path}"))

    def _asked(self, request: urllib.request.Request, *, known: int | None = None) -> bytes:
        try:
            with _OPENER.open(request, timeout=WITHIN_S) as answer:
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            with error:
                told = error.read().decode("utf-8", "replace")[:600]
            if error.code == known:
                return b""
            raise WentWrongError(f"{request.full_url} answered {error.code}: {told}") from error
        except OSError as error:
            raise NoDemoError(f"The demo's board does not answer ({error}); is `make demo` still running?") from error
