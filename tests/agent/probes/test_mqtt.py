"""A heartbeat on a real broker, and its verdict on times alone."""

import json
import time
import uuid
from collections.abc import Iterator

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from agent.errors import CheckError
from agent.facility_points import PointState
from agent.probes.mqtt import MqttHeartbeat, verdict
from agent.probes.targets import target_of
from tests.servers import HOST, Mosquitto, free_port

UP = PointState(working=True, state="up")


def judged(*, heard: float | None, listening: float | None, now: float, trouble: str = "") -> PointState | None:
    return verdict(
        heard_s=heard, listening_since_s=listening, trouble=trouble, limit_s=35.0, now_s=now, topic="queue/alive"
    )


def test_a_topic_must_speak() -> None:
    """Up within the limit; nobody can tell before that; then down."""
    assert judged(heard=None, listening=100.0, now=135.0) is None
    with pytest.raises(CheckError, match="nothing on queue/alive for 36 s"):
        judged(heard=None, listening=100.0, now=136.0)
    assert judged(heard=120.0, listening=100.0, now=155.0) == UP
    with pytest.raises(CheckError, match="for 36 s"):
        judged(heard=120.0, listening=100.0, now=156.0)


def test_who_could_not_listen_blames_nobody_else() -> None:
    """The broker was away: first that is told, and after it is back the topic has its time again."""
    with pytest.raises(CheckError, match="cannot be reached"):
        judged(heard=100.0, listening=None, now=200.0, trouble="the broker cannot be reached")
    assert judged(heard=100.0, listening=190.0, now=200.0) is None


class Device:
    def __init__(self, port: int, topic: str) -> None:
        self.topic = topic
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.connect(HOST, port)
        self.client.loop_start()

    def speak(self, *, retain: bool = False) -> None:
        self.client.publish(self.topic, json.dumps({"alive": True}), 1, retain).wait_for_publish(10)


@pytest.fixture
def device(mosquitto: Mosquitto) -> Iterator[Device]:
    device = Device(mosquitto.port, f"queue/{uuid.uuid4().hex}")
    yield device
    device.client.disconnect()
    device.client.loop_stop()


def test_a_heartbeat_is_heard(mosquitto: Mosquitto, device: Device) -> None:
    """What was retained is old and counts for nothing; what is said now does."""
    device.speak(retain=True)
    seconds = [1_000.0]
    target = target_of("mqtt", f"mqtt://{HOST}:{mosquitto.port}/{device.topic}")
    one = MqttHeartbeat(target, 1.0, every_s=10.0, now=lambda: seconds[0])
    try:
        wait_until_listening(one)
        seconds[0] += 12.0
        with pytest.raises(CheckError, match="nothing on"):
            one.ask()
        device.speak()
        end_s = time.monotonic() + 10
        while True:
            try:
                assert one.ask() == UP
                break
            except CheckError:
                assert time.monotonic() < end_s
                time.sleep(0.01)
    finally:
        one.close()


def wait_until_listening(one: MqttHeartbeat) -> None:
    end_s = time.monotonic() + 10
    while True:
        try:
            assert one.ask() is None
        except CheckError:
            assert time.monotonic() < end_s
            time.sleep(0.01)
        else:
            return


def test_a_broker_that_is_not_there_is_told() -> None:
    """The heartbeat cannot be heard, and the reason says why."""
    one = MqttHeartbeat(target_of("mqtt", f"mqtt://{HOST}:{free_port()}/a"), 1.0, every_s=10.0)
    try:
        end_s = time.monotonic() + 10
        while True:
            with pytest.raises(CheckError) as caught:
                one.ask()
            if "cannot be reached" in str(caught.value):
                break
            assert time.monotonic() < end_s
            time.sleep(0.01)
    finally:
        one.close()
