"""The second connection with a real mosquitto: a whole agent appears, survives, and vanishes."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from agent import build
from agent.inbox import Inbox
from agent.run import Agent, Event, Stop
from agent.staging import Staging
from telemetry.clock import SystemClock
from tests.servers import Mosquitto

NODE = "openhall_xidan_pi-1"
SENSOR = '[[sensors]]\npart = "bh1750"\npoint = "{point}"\nroom = "hall"\nbus = "{bus}"\nperiod_s = 1\n'


class House:
    """Home Assistant's side: what is retained on its broker, by topic, and the newest of all else."""

    def __init__(self, port: int) -> None:
        self.said: dict[str, bytes] = {}
        self.configs: list[str] = []
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([("homeassistant/#", 1), ("openhall/#", 1)])
        self._client.loop_start()

    def _on_message(self, _client: object, _data: object, message: MQTTMessage) -> None:
        self.said[message.topic] = bytes(message.payload)
        if message.topic.endswith("/config"):
            self.configs.append(message.topic)

    def come_up(self) -> None:
        """Its birth."""
        self._client.publish("homeassistant/status", b"online", qos=1)

    def close(self) -> None:
        """Gone."""
        self._client.disconnect()
        self._client.loop_stop()


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for it, at most half a minute."""
    end_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end_s, what
        time.sleep(0.02)


@pytest.fixture
def house(mosquitto: Mosquitto) -> Iterator[House]:
    """Home Assistant at a real broker."""
    one = House(mosquitto.port)
    yield one
    one.close()


class Running:
    """A whole simulated agent, whose own broker cannot be reached."""

    def __init__(self, folder: Path, port: int, points: dict[str, str]) -> None:
        text = (
            'region = "north"\nsite = "xidan"\nagent = "pi-1"\n[broker]\nport = 1\n'
            f'[journal]\npath = "{folder}/agent.journal"\n'
            f'[home_assistant]\nhost = "127.0.0.1"\nport = {port}\njitter_s = 0.2\n'
            + "".join(SENSOR.format(point=point, bus=bus) for point, bus in points.items())
            + '[[inputs]]\npoint = "front-door"\nroom = "hall"\nkind = "door"\npin = 5\n'
        )
        self._inbox: Inbox[Event] = Inbox()
        file = folder / "agent.toml"
        file.write_text(text, encoding="utf-8")
        self._agent = Agent(
            Staging(file), simulate=True, inbox=self._inbox, clock=SystemClock(), rng=build.own_random()
        )
        self._thread = threading.Thread(target=self._agent.run)
        self._thread.start()

    def stop(self) -> None:
        """End it cleanly."""
        self._inbox.put(Stop("test"))
        self._thread.join(20)
        assert not self._thread.is_alive()


def test_a_branch_appears_and_a_point_that_goes_vanishes(tmp_path: Path, mosquitto: Mosquitto, house: House) -> None:
    """Devices, values, availability; again at its birth; offline at the end; the point taken out is gone next time."""
    agent = Running(tmp_path, mosquitto.port, {"hall-light": "/dev/i2c-1", "office-light": "/dev/i2c-3"})
    config_of = {
        point: f"homeassistant/sensor/{NODE}/{point}_illuminance_lx/config" for point in ("hall-light", "office-light")
    }
    try:
        until(lambda: "openhall/xidan/pi-1/point/hall-light" in house.said, "no value of the light sensor came")
        until(lambda: "openhall/xidan/pi-1/point/front-door" in house.said, "no state of the door came")
        assert json.loads(house.said[config_of["hall-light"]])["unit_of_measurement"] == "lx"
        assert json.loads(house.said["openhall/xidan/pi-1/point/hall-light"])["illuminance_lx"] > 0
        assert json.loads(house.said["openhall/xidan/pi-1/point/front-door"])["state"] == "closed"
        assert house.said["openhall/xidan/pi-1/availability"] == b"online"
        before = house.configs.count(config_of["hall-light"])
        house.come_up()
        until(lambda: house.configs.count(config_of["hall-light"]) > before, "its birth was not heard")
    finally:
        agent.stop()
    until(lambda: house.said["openhall/xidan/pi-1/availability"] == b"offline", "it went without a word")
    agent = Running(tmp_path, mosquitto.port, {"hall-light": "/dev/i2c-1"})
    try:
        until(lambda: house.said[config_of["office-light"]] == b"", "the point that is gone still stands there")
        assert house.said[config_of["hall-light"]]
    finally:
        agent.stop()
