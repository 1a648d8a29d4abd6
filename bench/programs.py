"""The programs that are measured, as processes of their own."""

import select
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Final

from bench.fleet import REGION
from bench.mqtt_wire import HOST
from tests.servers import Server

ROOT: Final = Path(__file__).resolve().parent.parent
READY_WITHIN_S: Final = 30.0
STORED_WITHIN_S: Final = 300.0


class Gateway(Server):
    """`openhall-gateway run` with the contract's waits and limits, as a bank runs it.

    Args:
        store: The `[store]` table, as TOML.
        broker_port: Where its broker listens.
        client: The library that speaks MQTT.
        more: Further tables, as TOML.
    """

    program = "openhall-gateway"
    package = "openhall[gateway]"

    def __init__(self, directory: Path, *, store: str, broker_port: int, client: str = "paho", more: str = "") -> None:
        super().__init__(directory)
        self._text = (
            f'gateway = "gateway-1"\nregions = ["{REGION}"]\n'
            f'[broker]\nclient = "{client}"\nhost = "{HOST}"\nport = {broker_port}\n'
            f"[store]\n{store}\n"
            f'[state]\nurl = "sqlite:///{directory}/state.sqlite3"\n'
            f'[http]\nhost = "{HOST}"\nport = {self.port}\n{more}'
        )

    def command(self) -> list[str]:
        """`openhall-gateway run --config`, with a file."""
        config = self.directory / "gateway.toml"
        config.write_text(self._text, encoding="utf-8")
        return [str(self.path), "run", "--config", str(config)]

    def answers(self) -> bool:
        """Broker, store and state are there."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)

    def metric(self, name: str) -> float:
        """The sum of a metric over all its labels, 0 if it is not there."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


class MinimalLoop:
    """`bench.minimal_loop` as a process, connected within the block.

    Args:
        broker_port: Where its broker listens.
        url: Of the store.
        bucket: The bucket or database.
        write: `points` or `bodies`.
        packs: So many, then it says that all are stored.
        v1: The store is an InfluxDB 1.
    """

    def __init__(self, *, broker_port: int, url: str, bucket: str, write: str, packs: int, v1: bool) -> None:
        self._command = [sys.executable, "-m", "bench.minimal_loop", "--broker", str(broker_port), "--url", url]
        self._command += ["--bucket", bucket, "--write", write, "--packs", str(packs)] + (["--v1"] if v1 else [])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    def wait_stored(self) -> float:
        """Monotonic time at which it said that all was stored.

        Raises:
            RuntimeError: If it does not say so in time.
        """
        self._hear("stored", STORED_WITHIN_S)
        return time.monotonic()

    def __enter__(self) -> "MinimalLoop":
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._hear("ready", READY_WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        process = self._running
        process.kill()
        process.communicate()

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("the minimal loop is not running")
        return self._process

    def _hear(self, word: str, within_s: float) -> None:
        pipe = self._running.stdout
        assert pipe is not None
        readable, _, _ = select.select([pipe], [], [], within_s)
        said = pipe.readline().decode().strip() if readable else "nothing"
        if said != word:
            raise RuntimeError(f"the minimal loop was to say {word!r} within {within_s:g} s and said {said!r}")
