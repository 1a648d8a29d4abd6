"""The servers that tests rely on do what the tests believe of them."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers import HOST, Influxd, Mosquitto, NatsServer, Server, VictoriaMetrics, find_program, wait_until

KINDS: list[type[Server]] = [Mosquitto, NatsServer, Influxd, VictoriaMetrics]


def is_alive(pid: int) -> bool:
    """True if that process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_server_comes_back_on_its_port(kind: type[Server], tmp_path: Path) -> None:
    """SIGKILL ends it, `start` brings it back where clients look for it, and the block leaves nothing behind."""
    with kind(tmp_path) as server:
        port, first = server.port, server.pid
        server.kill()
        assert not is_alive(first)
        server.start()
        assert server.port == port
        assert server.answers()
        second = server.pid
    assert not is_alive(second)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_test_run_leaves_no_server(kind: type[Server], tmp_path: Path) -> None:
    """The server dies with the process that started it, even if a thread of it did that has ended since."""
    if find_program(kind.program) is None:
        kind(tmp_path)
    code = f"""
        import sys, threading, time, pathlib
        from tests.servers import {kind.__name__}
        server = {kind.__name__}(pathlib.Path({str(tmp_path)!r}))
        thread = threading.Thread(target=server.start)
        thread.start()
        thread.join()
        time.sleep(0.1)
        print(server.pid, server.is_running, flush=True)
        time.sleep(60)
    """
    root = str(Path(__file__).resolve().parent.parent)
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=dict(os.environ)) as run:
        assert run.stdout is not None
        pid, running = run.stdout.readline().split()
        assert running == "True"
        run.kill()
    wait_until(lambda: not is_alive(int(pid)), what="the end of the server")


def test_mosquitto_forgets_or_keeps_as_it_is_told(tmp_path: Path) -> None:
    """A retained message outlives a stop with persistence and is gone without."""
    for persistence in (True, False):
        with Mosquitto(tmp_path / str(persistence), persistence=persistence) as server:
            client = mqtt.Client(CallbackAPIVersion.VERSION2)
            client.connect(HOST, server.port)
            client.loop_start()
            client.publish("kept", b"1", qos=1, retain=True).wait_for_publish(10)
            client.disconnect()
            client.loop_stop()
            server.stop()
            server.start()
            heard: list[bytes] = []
            listener = mqtt.Client(CallbackAPIVersion.VERSION2)
            listener.on_message = lambda _c, _u, message, heard=heard: heard.append(message.payload)
            done: list[int] = []
            listener.on_subscribe = lambda _c, _u, mid, *_, done=done: done.append(mid)
            listener.connect(HOST, server.port)
            listener.loop_start()
            listener.subscribe("kept", qos=1)
            wait_until(lambda done=done: bool(done), what="the subscription")
            # The broker sends what is retained right behind SUBACK and before it answers a later publish.
            listener.publish("other", b"", qos=1).wait_for_publish(10)
            listener.disconnect()
            listener.loop_stop()
            assert heard == ([b"1"] if persistence else [])


def test_influxd_with_authentication_refuses_strangers(tmp_path: Path) -> None:
    """With a user the server asks for the password, also after a restart."""
    with Influxd(tmp_path, user="admin") as server:
        server.post("/query", q="CREATE DATABASE one")
        server.kill()
        server.start()
        assert b"one" in server.get("/query", q="SHOW DATABASES")


def test_a_missing_program_skips_at_home_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both say what is missing and how to get it."""
    monkeypatch.setattr(Mosquitto, "program", "no-such-broker")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no-such-broker.*install"):
        Mosquitto(tmp_path)
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match=r"no-such-broker.*install"):
        Mosquitto(tmp_path)
