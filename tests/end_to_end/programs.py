"""The gateway and the agent's replay as processes of their own, to be killed and started again."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.servers import HOST, Server

QUICK_UPLINK = """
[uplink]
resend_min_s = 2.0
resend_max_s = 8.0
gateway_boot_spread_s = 0.5
"""
"""The waits of rule 4, short, so that a test of minutes shows what takes hours in a branch."""

QUICK_STORE = """
[ingest]
store_retry_s = 0.1
store_retry_at_most_s = 1.0
"""

QUICK_GATEWAY = (
    QUICK_STORE
    + """ask_after_s = 2.0
ask_at_most_s = 8.0
"""
)


class GatewayProgram(Server):
    """`openhall-gateway run` on a configuration of its own.

    Args:
        store: The `[store]` table, as TOML.
        broker_port: Where its broker listens.
        ingest: The `[ingest]` table, as TOML.
    """

    program = "openhall-gateway"
    package = "openhall[gateway]"

    def __init__(
        self, directory: Path, *, store: str, broker_port: int, region: str = "north", ingest: str = QUICK_GATEWAY
    ) -> None:
        super().__init__(directory)
        self.config = directory / "gateway.toml"
        self._text = (
            f'gateway = "gateway-1"\nregions = ["{region}"]\n'
            f'[broker]\nhost = "{HOST}"\nport = {broker_port}\nreconnect_min_s = 0.1\nreconnect_max_s = 0.5\n'
            f"[store]\n{store}\n"
            f'[state]\nurl = "sqlite:///{directory}/state.sqlite3"\n'
            f'[http]\nhost = "{HOST}"\nport = {self.port}\n' + ingest
        )

    def command(self) -> list[str]:
        self.config.write_text(self._text, encoding="utf-8")
        return [str(self.path), "run", "--config", str(self.config)]

    def answers(self) -> bool:
        """It is alive; whether broker and store are there is another question."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)

    def ask(self, path: str) -> Any:
        """The JSON answer of its API."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)

    def metric(self, name: str) -> float:
        """The sum of a metric over all its labels, 0 if it is not there."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


class Replay:
    """`openhall-agent replay`, which ends when all of the recording is stored."""

    def __init__(self, directory: Path, *, recording: Path, broker_port: int, region: str = "north") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.recording = recording
        self.config = directory / "agent.toml"
        self.journal = directory / "replay.journal"
        self.config.write_text(
            f'region = "{region}"\nsite = "site-1"\nagent = "agent-1"\n'
            f'[broker]\nhost = "{HOST}"\nport = {broker_port}\nreconnect_min_s = 0.1\nreconnect_max_s = 0.5\n'
            f'[journal]\npath = "{directory}/agent.journal"\n'
            "[health]\nperiod_s = 2.0\n" + QUICK_UPLINK,
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again on the same journal."""
        program = Path(sys.executable).parent / "openhall-agent"
        command = [str(program), "replay", str(self.recording), "--config", str(self.config)]
        command += ["--point", "hall-air", "--room", "hall", "--speed", "max", "--journal", str(self.journal), "--json"]
        with (self.directory / "replay.log").open("ab") as log, (self.directory / "replay.json").open("wb") as answer:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=answer, stderr=log)

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def wait(self, within_s: float) -> dict[str, Any]:
        """Wait for its end and give its answer.

        Raises:
            AssertionError: If it does not end well within that time.
        """
        assert self._process is not None
        try:
            code = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"replay did not end within {within_s} s:\n{self.log}") from None
        assert code == 0, f"replay ended with {code}:\n{self.log}"
        answer: dict[str, Any] = json.loads((self.directory / "replay.json").read_bytes())
        return answer

    @property
    def answer(self) -> str:
        """What it said at its end so far, empty while it runs."""
        return (self.directory / "replay.json").read_text(encoding="utf-8", errors="replace").strip()

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        return (self.directory / "replay.log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def __enter__(self) -> "Replay":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
