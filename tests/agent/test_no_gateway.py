"""A branch that hears no gateway says so on its own lamp: a whole agent, a real broker, the network cut."""

import random
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.inbox import Inbox
from agent.run import Agent, Stop
from agent.staging import Staging
from telemetry.clock import SystemClock
from telemetry.messages import GatewayStatus, encode
from telemetry.topics import gateway_status
from tests.agent.gateway_double import GatewayDouble
from tests.agent.test_run import write_config
from tests.servers import Mosquitto, wait_until

LAMP = """
[[outputs]]
point = "head-office-lamp"
room = "hall"
kind = "lamp"
pin = 22
no_gateway_min = 0.1
"""


@contextmanager
def running(folder: Path, port: int, region: str) -> Iterator[Callable[[], bool]]:
    """An agent with nothing but a lamp for this; what is given says whether the lamp is on."""
    inbox: Inbox[Any] = Inbox()
    staging = Staging(write_config(folder, port, region, sensors=LAMP))
    agent = Agent(staging, simulate=True, inbox=inbox, clock=SystemClock(), rng=random.Random(1))
    thread = threading.Thread(target=agent.run)
    thread.start()
    simulated = agent._facility._simulated
    assert simulated is not None
    try:
        yield lambda: bool(simulated.factory.pin(22).state)
    finally:
        inbox.put(Stop("test"))
        thread.join(20)
        assert not thread.is_alive()


def test_its_own_lamp_blinks_once_the_network_is_cut_and_rests_when_it_is_back(tmp_path: Path) -> None:
    """Dark as long as a gateway answers; blinking some seconds after the broker is gone; dark again with its return."""
    region = f"r-{uuid.uuid4().hex[:12]}"
    status = encode(GatewayStatus(online=True, boot="a", regions=[region], storing=True))
    with Mosquitto(tmp_path / "broker", persistence=True) as broker, GatewayDouble(broker.port, region) as gateway:
        gateway.publish(gateway_status("g1"), status, retain=True)
        with running(tmp_path, broker.port, region) as is_on:
            wait_until(lambda: bool(gateway.packs) and bool(gateway.healths), within_s=30)
            assert not is_on()
            broker.kill()
            wait_until(is_on, within_s=40)
            wait_until(lambda: not is_on(), within_s=20, what="it blinks")
            broker.start()
            # The journal keeps what was not receipted; once it is, and a gateway is there, nothing blinks any more.
            gateway.publish(gateway_status("g1"), status, retain=True)
            dark = threading.Event()

            def stays_dark() -> bool:
                lit = [is_on() for _ in range(30) if not dark.wait(0.05)]
                return not any(lit)

            wait_until(stays_dark, within_s=60)
