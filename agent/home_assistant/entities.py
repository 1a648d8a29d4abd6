"""Points as Home Assistant's entities: a device for each point, its class, unit and availability. Pure.

Forms and words are those of Home Assistant's documentation: "MQTT", section "MQTT discovery", and its lists of device
classes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from telemetry.messages import PointInfo
from telemetry.parts import PARTS
from telemetry.quantities import QUANTITIES
from telemetry.readings import CALL_PREFIX
from telemetry.topics import Root

AIR: Final = "air"
EXPIRES_PERIODS: Final = 3
EXPIRES_AT_LEAST_S: Final = 120
"""A value is unavailable after three periods without a new one, and never sooner than after two minutes."""

CLASSES: Final[Mapping[str, str]] = {
    "co2_ppm": "carbon_dioxide",
    "temperature_c": "temperature",
    "humidity_pct": "humidity",
    "pressure_hpa": "atmospheric_pressure",
    "tvoc_ug_m3": "volatile_organic_compounds",
    "pm1_ug_m3": "pm1",
    "pm2_5_ug_m3": "pm25",
    "pm10_ug_m3": "pm10",
    "o3_ug_m3": "ozone",
    "no2_ug_m3": "nitrogen_dioxide",
    "so2_ug_m3": "sulphur_dioxide",
    "illuminance_lx": "illuminance",
    "noise_dba": "sound_pressure",
    "air_speed_m_s": "wind_speed",
}
"""Quantities that have a class there; the others are told without one."""

UNITS: Final[Mapping[str, str]] = {"noise_dba": "dBA"}
"""Where its unit is written otherwise than ours."""


class Binary(NamedTuple):
    """A kind that is on or off there: its class, and the states that are on and off."""

    device_class: str | None
    on: tuple[str, ...]
    off: tuple[str, ...]


CALL: Final = Binary("safety", ("called", "test"), ("cleared",))
FAULT: Final = Binary("problem", ("fault", "down"), ("ok", "up"))
BINARY: Final[Mapping[str, Binary]] = {
    "door": Binary("door", ("open",), ("closed",)),
    "window": Binary("window", ("open",), ("closed",)),
    "cabinet": Binary("opening", ("open",), ("closed",)),
    "leak": Binary("moisture", ("wet",), ("dry",)),
    "mains": Binary("power", ("on",), ("off",)),
}


class Entity(NamedTuple):
    """One entity: its component, its id within the agent, and the body of its configuration."""

    component: str
    name: str
    config: dict[str, Any]


class Topics:
    """Where an agent's points are told on Home Assistant's broker.

    Args:
        root: The agent.
        prefix: Of discovery.
    """

    def __init__(self, root: Root, prefix: str) -> None:
        self.node = f"openhall_{root.site}_{root.agent}"
        self.base = f"openhall/{root.site}/{root.agent}"
        self.availability = f"{self.base}/availability"
        self.configs = f"{prefix}/+/{self.node}/+/config"
        self._prefix = prefix

    def config(self, entity: Entity) -> str:
        """Of an entity's configuration."""
        return f"{self._prefix}/{entity.component}/{self.node}/{entity.name}/config"

    def state(self, point: str) -> str:
        """Of a point's newest values or state."""
        return f"{self.base}/point/{point}"

    def working(self, point: str) -> str:
        """Of a point's own availability: `online`, or `offline` while its sensor is in fault."""
        return f"{self.base}/working/{point}"


def entities_of(info: PointInfo, site: str, topics: Topics) -> list[Entity]:
    """The entities of one point: a sensor for each quantity, or one for its state."""
    common = {
        "state_topic": topics.state(info.point),
        "availability": [{"topic": topics.availability}, {"topic": topics.working(info.point)}],
        "availability_mode": "all",
        "device": _device(info, site),
        "origin": {"name": "OpenHall"},
    }
    if info.kind == AIR:
        return [_quantity(info, name, site, common) for name in info.quantities if name in QUANTITIES]
    return [_state(info, site, common)]


def _device(info: PointInfo, site: str) -> dict[str, Any]:
    part = PARTS.get(info.part)
    device: dict[str, Any] = {
        "identifiers": [f"openhall_{site}_{info.point}"],
        "name": info.point,
        "suggested_area": info.room,
        "model": part.title if part else info.part or info.kind,
    }
    if info.serial:
        device["serial_number"] = info.serial
    return device


def _quantity(info: PointInfo, name: str, site: str, common: Mapping[str, Any]) -> Entity:
    row = QUANTITIES[name]
    expires_s = max(EXPIRES_AT_LEAST_S, round(EXPIRES_PERIODS * (info.period_s or 0.0)))
    config = {
        **common,
        "unique_id": f"openhall_{site}_{info.point}_{name}",
        "name": row.title_en,
        "state_class": "measurement",
        "value_template": f"{{{{ value_json.{name} | default(this.state) }}}}",
        "suggested_display_precision": row.decimals,
        "expire_after": expires_s,
    }
    unit = UNITS.get(name, row.display_unit)
    if unit:
        config["unit_of_measurement"] = unit
    if name in CLASSES:
        config["device_class"] = CLASSES[name]
    return Entity("sensor", f"{info.point}_{name}", config)


def _state(info: PointInfo, site: str, common: Mapping[str, Any]) -> Entity:
    kind = CALL if info.kind.startswith(CALL_PREFIX) else BINARY.get(info.kind, FAULT)
    on, off = _words(kind.on), _words(kind.off)
    config = {
        **common,
        "unique_id": f"openhall_{site}_{info.point}_state",
        # Without a name of its own it is called as its device.
        "name": None,
        "value_template": (
            f"{{% if value_json.state in {on} %}}ON"
            f"{{% elif value_json.state in {off} %}}OFF{{% else %}}None{{% endif %}}"
        ),
        "json_attributes_topic": common["state_topic"],
    }
    if kind.device_class:
        config["device_class"] = kind.device_class
    return Entity("binary_sensor", info.point, config)


def _words(states: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{state}'" for state in states) + "]"
