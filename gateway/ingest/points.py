"""The store's points: of air, of facility states, of an agent's health. Every tag is the pack's and its topic's."""

from functools import lru_cache

from gateway.ports import FieldValue, Point
from telemetry.messages import Health
from telemetry.readings import Pack
from telemetry.topics import Root

Tags = tuple[tuple[str, str], ...]


@lru_cache(maxsize=65_536)
def _air_tags(region: str, site: str, room: str, point: str) -> Tags:
    return (("region", region), ("site", site), ("room", room), ("point", point))


def air_point(root: Root, pack: Pack, time_ms: int, fields: dict[str, float]) -> Point:
    """Air of one point at one time; each field is a quantity, or a quantity with `_suspect`."""
    return Point("air", _air_tags(root.region, root.site, pack.room, pack.point), time_ms, fields)


def facility_point(root: Root, pack: Pack) -> Point:
    """One state of a facility point, at the time of its `state` record."""
    time_ms = next(record.time_ms for record in reversed(pack.records) if record.name == "state")
    fields: dict[str, FieldValue] = {
        name: value for name in ("working", "state", "reason") if (value := pack.value_of(name)) is not None
    }
    tags = (*_air_tags(root.region, root.site, pack.room, pack.point), ("kind", pack.kind or ""))
    return Point("facility", tags, time_ms, fields)


def health_point(root: Root, health: Health, arrived_ms: int) -> Point | None:
    """An agent's own numbers as floats, None if it sent none."""
    numbers = {
        name: float(value)
        for name in health.__struct_fields__
        if isinstance(value := getattr(health, name), int | float)
    }
    tags = (("region", root.region), ("site", root.site), ("agent", root.agent))
    return Point("agent", tags, arrived_ms, dict(numbers)) if numbers else None
