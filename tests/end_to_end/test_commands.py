"""Orders go from the command line through gateway and broker to a real agent and back; only with a token."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.programs import GatewayProgram
from tests.servers import HOST, NatsServer, wait_until

PROGRAMS = Path(sys.executable).parent
TOKEN = "t" * 32


class Agent:
    """`openhall-agent run --simulate` with one sensor."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        self.config = folder / "agent.toml"
        self.config.write_text(
            f'region = "e2e-cmd"\nsite = "b1"\nagent = "pi-1"\n[broker]\nhost = "{HOST}"\nport = {port}\n'
            f'[journal]\npath = "{folder}/agent.journal"\n[health]\nperiod_s = 1.0\n'
            '[[sensors]]\npart = "scd41"\npoint = "hall-air"\nroom = "hall"\nperiod_s = 60.0\n',
            encoding="utf-8",
        )

    def __enter__(self) -> "Agent":
        words = [str(PROGRAMS / "openhall-agent"), "run", "--simulate", "--config", str(self.config)]
        self._process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)


@pytest.fixture
def gateway(tmp_path: Path, broker: NatsServer) -> GatewayProgram:
    one = GatewayProgram(
        tmp_path / "gateway",
        store=f'kind = "sqlite"\npath = "{tmp_path / "readings.sqlite3"}"',
        broker_port=broker.port,
        region="e2e-cmd",
        ingest=f'token_file = "{tmp_path / "tokens"}"\n',
    )
    (tmp_path / "tokens").write_text(f"ann {TOKEN}\n")
    return one


def command(gateway: GatewayProgram, *words: str) -> tuple[int, Any]:
    line = [str(PROGRAMS / "openhall-gateway"), "command", "b1", "pi-1", *words, "--config", str(gateway.config)]
    done = subprocess.run([*line, "--json"], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def enrol_what_the_agent_shows(gateway: GatewayProgram) -> None:
    """Its key is there since it connected; enrolled beside the running gateway, its packs are good from then on."""
    keys = [str(PROGRAMS / "openhall-gateway"), "keys"]
    rest = ["--config", str(gateway.config), "--json"]

    def waiting() -> list[Any]:
        done = subprocess.run([*keys, "list", "--seen", *rest], capture_output=True, check=True, timeout=60)
        found: list[Any] = json.loads(done.stdout)["keys"]
        return found

    wait_until(lambda: [one["agent"] for one in waiting()] == ["e2e-cmd/b1/pi-1"], within_s=30, what="the key")
    subprocess.run([*keys, "enrol", "--all", *rest], capture_output=True, check=True, timeout=60)
    wait_until(lambda: good(gateway) > 0, within_s=60, what="a pack of its own word")


def good(gateway: GatewayProgram) -> float:
    """Packs whose signature was found good."""
    asked = urllib.request.Request(
        f"http://{HOST}:{gateway.port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if 'signatures_total{verdict="good"}' in line)


def test_orders_are_carried_out_and_answered(tmp_path: Path, broker: NatsServer, gateway: GatewayProgram) -> None:
    """Read, period and logs; what the agent cannot do is said; and nobody orders without a token."""
    with gateway, Agent(tmp_path / "agent", broker.port):
        wait_until(lambda: command(gateway, "read", "--wait", "30")[0] == 0, within_s=60, what="the first answer")
        code, order = command(gateway, "read", "point=hall-air")
        assert code == 0
        assert order["who"] == "ann"
        assert order["result"]["points"][0]["values"]["co2_ppm"] > 300
        code, order = command(gateway, "period", "point=hall-air", "period_s=5")
        assert (code, order["result"]) == (0, {"point": "hall-air", "period_s": 5.0})
        code, order = command(gateway, "logs", "lines=3")
        assert code == 0
        assert len(order["result"]["lines"]) <= 3
        code, order = command(gateway, "identify")
        assert code == 1
        assert "lamp" in order["error"]
        assert command(gateway, "identify", "seconds=0")[0] == 2
        address = f"http://{HOST}:{gateway.port}/api/v1/sites/b1/agents/pi-1/commands"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(address, data=b"{}"), timeout=10)
        assert caught.value.code == 401
        caught.value.close()
        asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            names = [one["name"] for one in json.load(answer)["commands"]]
        assert names[:2] == ["identify", "logs"]
        enrol_what_the_agent_shows(gateway)
    code, said = command(gateway, "read")
    assert code == 4
    assert "no gateway answers" in said
