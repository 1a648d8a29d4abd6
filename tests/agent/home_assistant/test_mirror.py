"""What Home Assistant is told, and when, on a clock that stands still."""

import json
import random

from agent.home_assistant import HomeAssistantConfig
from agent.home_assistant.entities import CLASSES, entities_of
from agent.home_assistant.mirror import Mirror
from telemetry.messages import PointInfo
from telemetry.quantities import QUANTITIES
from telemetry.readings import Flag
from telemetry.topics import Root
from tests.fakes import FakeClock

ROOT = Root("north", "xidan", "pi-1")
AIR = PointInfo(point="hall-air", room="hall", part="scd41", period_s=60.0, quantities=["co2_ppm", "hcho_ug_m3"])
CORD = PointInfo(point="cord", room="toilet", kind="call-toilet")
POINTS = [AIR, CORD]
BIRTH = "homeassistant/status"


class Told:
    """A mirror and what it told, by topic the last body."""

    def __init__(self, points: list[PointInfo] | None = None) -> None:
        self.clock = FakeClock()
        self.mirror = Mirror(
            HomeAssistantConfig(host="ha", jitter_s=20.0),
            ROOT,
            POINTS if points is None else points,
            clock=self.clock,
            rng=random.Random(4),
        )

    def take(self) -> dict[str, bytes]:
        """What goes out now."""
        return {one.topic: one.body for one in self.mirror.take()}


def test_every_point_has_a_device_with_class_unit_and_availability() -> None:
    """A sensor for each quantity, a binary sensor for a call; ids that never change; our own unit where it has none."""
    told = Told()
    co2, hcho = entities_of(AIR, "xidan", told.mirror.topics)
    assert told.mirror.topics.config(co2) == "homeassistant/sensor/openhall_xidan_pi-1/hall-air_co2_ppm/config"
    assert co2.config["unique_id"] == "openhall_xidan_hall-air_co2_ppm"
    assert (co2.config["device_class"], co2.config["unit_of_measurement"]) == ("carbon_dioxide", "ppm")
    assert (hcho.config.get("device_class"), hcho.config["unit_of_measurement"]) == (None, "µg/m³")
    assert co2.config["expire_after"] == 180
    assert co2.config["device"]["suggested_area"] == "hall"
    assert co2.config["device"]["model"] == "Sensirion SCD41"
    assert [one["topic"] for one in co2.config["availability"]] == [
        "openhall/xidan/pi-1/availability",
        "openhall/xidan/pi-1/working/hall-air",
    ]
    (cord,) = entities_of(CORD, "xidan", told.mirror.topics)
    assert (cord.component, cord.config["device_class"]) == ("binary_sensor", "safety")
    assert "['called', 'test']" in cord.config["value_template"]
    assert set(CLASSES) <= set(QUANTITIES)


def test_a_connection_tells_everything_once() -> None:
    """Configurations, then availability, then the newest values; nothing before, nothing after."""
    told = Told()
    told.mirror.measure("hall-air", {"co2_ppm": 640.0}, {})
    told.mirror.set_state("cord", "call-toilet", True, "called", "")
    assert told.take() == {}
    assert told.mirror.next_due() == float("inf")
    told.mirror.connected()
    assert told.mirror.next_due() <= told.clock.monotonic()
    out = told.take()
    assert list(out)[:3] == [one for one in out if one.endswith("/config")]
    assert json.loads(out["openhall/xidan/pi-1/point/hall-air"]) == {"co2_ppm": 640.0}
    assert json.loads(out["openhall/xidan/pi-1/point/cord"])["state"] == "called"
    assert out["openhall/xidan/pi-1/availability"] == b"online"
    assert told.take() == {}
    assert (told.mirror.will().body, told.mirror.will().retain) == (b"offline", True)


def test_its_birth_brings_everything_again_after_a_wait_of_its_own() -> None:
    """Not at once, since a house of devices hears it; not after `offline`; two births are one."""
    told = Told()
    told.mirror.connected()
    told.take()
    told.mirror.receive(BIRTH, b"offline")
    assert told.mirror.next_due() == float("inf")
    told.mirror.receive(BIRTH, b"online")
    wait_s = told.mirror.next_due() - told.clock.monotonic()
    assert 0 < wait_s <= 20
    assert told.take() == {}
    told.clock.advance(wait_s)
    assert len(told.take()) >= 3
    others = {random.Random(seed).uniform(0, 20.0) for seed in range(9)}
    assert len(others) == 9


def test_a_point_that_is_gone_is_removed() -> None:
    """A retained configuration of ours that no point stands for is emptied; what is still ours stays."""
    told = Told()
    told.mirror.connected()
    ours = [one for one in told.take() if one.endswith("/config")]
    for topic in ours:
        told.mirror.receive(topic, b"{}")
    assert told.take() == {}
    left = "homeassistant/sensor/openhall_xidan_pi-1/old-air_co2_ppm/config"
    told.mirror.receive(left, b"{}")
    assert told.take() == {left: b""}
    told.mirror.receive(left, b"")
    assert told.take() == {}


def test_what_the_sensor_doubts_is_not_told() -> None:
    """Warm-up and range; a simulated value is told, it is all there is."""
    told = Told()
    told.mirror.connected()
    told.take()
    told.mirror.measure("hall-air", {"co2_ppm": 1.0}, {"co2_ppm": (Flag.WARMUP,)})
    assert told.take() == {}
    told.mirror.measure("hall-air", {"co2_ppm": 1.0, "hcho_ug_m3": 9.0}, {"co2_ppm": (Flag.RANGE,)})
    assert [json.loads(body) for body in told.take().values()] == [{"hcho_ug_m3": 9.0}]
    told.mirror.measure("hall-air", {"co2_ppm": 500.0}, {"co2_ppm": (Flag.SIMULATED,)})
    assert len(told.take()) == 1


def test_a_sensor_in_fault_makes_its_point_unavailable() -> None:
    """And available again when it reads; its own state is no entity."""
    told = Told()
    told.mirror.connected()
    told.take()
    told.mirror.set_state("hall-air", "sensor", False, "fault", "no acknowledge")
    assert told.take() == {"openhall/xidan/pi-1/working/hall-air": b"offline"}
    told.mirror.disconnected()
    told.mirror.connected()
    assert told.take()["openhall/xidan/pi-1/working/hall-air"] == b"offline"
    told.mirror.set_state("hall-air", "sensor", True, "ok", "")
    assert told.take() == {"openhall/xidan/pi-1/working/hall-air": b"online"}


def test_a_new_serial_number_is_told() -> None:
    """The device is the same, its sensor another one."""
    told = Told()
    told.mirror.connected()
    told.take()
    told.mirror.identify("hall-air", "73b3")
    assert {json.loads(body)["device"]["serial_number"] for body in told.take().values()} == {"73b3"}
    told.mirror.identify("hall-air", "73b3")
    assert told.take() == {}


def test_what_waits_is_bounded() -> None:
    """A broker that is connected and takes nothing costs no memory; what finds no room is counted."""
    told = Told()
    told.mirror.connected()
    for number in range(3_000):
        told.mirror.measure("hall-air", {"co2_ppm": float(number)}, {})
    assert told.mirror.shed == 1_000
    assert len(told.mirror.take()) >= 2_000
