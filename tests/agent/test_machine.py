"""The whole program on a machine where nothing but its own folder can be written, and where that folder is full."""

import errno
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.agent.gateway_double import GatewayDouble
from tests.agent.test_run import write_config
from tests.servers import NatsServer, require_program, wait_until

PROGRAM = Path(sys.executable).with_name("openhall-agent")
DISK_MB = 12
READ_ONLY = """
set -e
mount -t tmpfs -o size={size}m tmpfs "{state}"
others='$2 != "{state}" && $3 !~ /^(proc|sysfs|devpts|cgroup)/ {{ print $2 }}'
awk "$others" /proc/self/mounts | sort -u | while read place; do
    mount -o remount,bind,ro "$place" 2>/dev/null || true
done
if touch /openhall-probe 2>/dev/null; then echo "the root can be written" >&2; exit 99; fi
cd /
exec "$@"
"""
CORD = """
[[sensors]]
part = "scd41"
point = "hall-air"
room = "hall"
period_s = 5.0
[[inputs]]
point = "cord"
room = "toilet"
kind = "call-toilet"
pin = 17
style = "cord"
"""


@contextmanager
def on_a_read_only_machine(config: Path, state: Path) -> Iterator[subprocess.Popen[str]]:
    """The agent in a mount namespace of its own, all of it read-only but `state`, which is a disk of its own."""
    unshare = require_program("unshare", "Debian's util-linux")
    probe = subprocess.run([unshare, "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        text = "this user may make no mount namespace; run the tests as root, as CI does"
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)
    script = READ_ONLY.format(size=DISK_MB, state=state)
    words = [str(unshare), "-m", "sh", "-c", script, "sh", str(PROGRAM), "run", "--simulate", "--config", str(config)]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "HOME": "/nonexistent"}
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def press(process: subprocess.Popen[str], config: Path, state: str) -> None:
    """Press the cord, inside the agent's own view of the disk."""
    words = ["nsenter", "-m", "-t", str(process.pid), str(PROGRAM), "press", "cord", state, "--config", str(config)]
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def fill(folder: Path) -> Path:
    """Take all that is left of a disk."""
    path = folder / "somebody-elses"
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 512, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC
    return path


def test_a_read_only_root_and_then_a_full_disk(broker: NatsServer, tmp_path: Path) -> None:
    """It measures, signs, hears a call; full, it goes on and a call still goes out; with room again all is stored."""
    region = f"r-{uuid.uuid4().hex[:12]}"
    state = tmp_path / "state"
    state.mkdir()
    config = write_config(tmp_path, broker.port, region, sensors=CORD)
    text = config.read_text(encoding="utf-8").replace(f"{tmp_path}/agent.journal", f"{state}/agent.journal")
    config.write_text(text.replace("[journal]\n", "[journal]\nmax_mb = 6\n"), encoding="utf-8")
    with GatewayDouble(broker.port, region) as gateway, on_a_read_only_machine(config, state) as process:
        wait_until(lambda: bool(gateway.values("hall-air")), within_s=60, what="the first reading")
        assert gateway.presences[-1]["key"]
        press(process, config, "called")
        wait_until(lambda: gateway.states("cord")[-1:] == ["called"], within_s=30, what="the call")
        full = fill(Path(f"/proc/{process.pid}/root{state}"))
        press(process, config, "cleared")
        wait_until(lambda: gateway.states("cord")[-1:] == ["cleared"], within_s=30, what="a state on a full disk")
        count = len(gateway.bodies)
        wait_until(lambda: len(gateway.bodies) > count, within_s=60, what="a reading on a full disk")
        assert process.poll() is None
        full.unlink()
        press(process, config, "called")
        wait_until(lambda: gateway.states("cord")[-1:] == ["called"], within_s=30, what="the next call")
        wait_until(lambda: gateway.healths[-1]["journal_packs"] == 0, within_s=60, what="all receipted")
        process.terminate()
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0, said
