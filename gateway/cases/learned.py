"""What one case teaches others: pairs of sensor and laboratory, how fast its materials give off; kept with its verdict.

A bias is learned over the cases of one instrument, half-lives are compared over branches and materials.
"""

from collections.abc import Iterable
from math import fsum
from typing import Final

import msgspec

from gateway.acceptance import reopening, values
from gateway.acceptance.bias import Bias, bias
from gateway.acceptance.reopening import Forecast
from gateway.acceptance.verdict import Case
from gateway.cases import serials
from gateway.cases.days import RoomForecast
from gateway.cases.life import Life
from telemetry.readings import DOUBTFUL_FLAGS, Flag

MEMBER: Final = "learned.json"
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """What a sensor and a laboratory said of the same place and time, in the quantity's unit at the plan's state."""

    serial: str
    quantity: str
    sensor: float
    laboratory: float


class Decay(msgspec.Struct, frozen=True, kw_only=True):
    """How fast one quantity of one room falls."""

    room: str
    quantity: str
    forecast: Forecast


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What one case teaches."""

    site: str
    materials: tuple[str, ...]
    pairs: tuple[Pair, ...]
    decays: tuple[Decay, ...]


def learned(life: Life, case: Case, found: Iterable[RoomForecast]) -> Learned:
    """What a case teaches, of its readings and forecasts."""
    return Learned(
        site=life.opened.site,
        materials=life.opened.materials,
        pairs=tuple(_pairs(life, case)),
        decays=tuple(
            Decay(room=one.room, quantity=one.quantity, forecast=one.found)
            for one in found
            if isinstance(one.found, Forecast)
        ),
    )


def encode(one: Learned) -> bytes:
    """As it is kept."""
    return _ENCODER.encode(one)


def decode(body: bytes) -> Learned:
    """As it was kept."""
    return msgspec.json.decode(body, type=Learned)


def biases(known: Iterable[Learned], serial: str) -> dict[str, Bias]:
    """What one instrument reads too much, by quantity; only quantities with a pair."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for one in known:
        for pair in one.pairs:
            if pair.serial == serial:
                pairs.setdefault(pair.quantity, []).append((pair.sensor, pair.laboratory))
    return {quantity: bias(own) for quantity, own in sorted(pairs.items())}


Table = dict[str, tuple[int, float, float, float]]
"""By name: how many decays, and the median, lowest and highest half-life in days."""


def by_branch(known: Iterable[Learned], quantity: str) -> Table:
    """How fast a quantity falls, by branch."""
    found: dict[str, list[Forecast]] = {}
    for one in known:
        found.setdefault(one.site, []).extend(_of(one, quantity))
    return reopening.compare(found)


def by_material(known: Iterable[Learned], quantity: str) -> Table:
    """How fast a quantity falls, by what was built in; a case of several materials stands under each."""
    found: dict[str, list[Forecast]] = {}
    for one in known:
        for material in one.materials:
            found.setdefault(material, []).extend(_of(one, quantity))
    return reopening.compare(found)


def _of(one: Learned, quantity: str) -> list[Forecast]:
    return [decay.forecast for decay in one.decays if decay.quantity == quantity]


def _pairs(life: Life, case: Case) -> list[Pair]:
    entries = list(case.plan.entries())
    found: list[Pair] = []
    for sensor in entries:
        serial = "" if sensor.is_laboratory else serials.standing(life, sensor).serial
        if not serial or sensor.place in case.barred:
            continue
        for other in entries:
            is_same = (other.room, other.point) == (sensor.room, sensor.point)
            if not other.is_laboratory or not is_same or not sensor.sampled.meets(other.sampled):
                continue
            for quantity in {key[1] for key in case.readings.by_entry if key[0] == other.place}:
                within = (
                    max(sensor.sampled.from_ms, other.sampled.from_ms),
                    min(sensor.sampled.to_ms, other.sampled.to_ms),
                )
                inside = [
                    reading.value
                    for reading in case.readings.of(sensor, quantity)
                    if within[0] <= reading.time_ms < within[1] and _is_good(reading.quality)
                ]
                reported = [reading.value for reading in case.readings.of(other, quantity)]
                if inside and reported:
                    factor = values.rescale(
                        quantity, is_laboratory=False, reference_temperature_c=case.plan.reference_temperature_c
                    )
                    found.append(
                        Pair(
                            serial=serial,
                            quantity=quantity,
                            sensor=fsum(inside) / len(inside) * factor,
                            laboratory=fsum(reported) / len(reported),
                        )
                    )
    return sorted(found, key=lambda pair: (pair.serial, pair.quantity, pair.sensor))


def _is_good(quality: frozenset[str]) -> bool:
    # A simulated sensor has no bias that anybody would want to know.
    return quality.isdisjoint({*DOUBTFUL_FLAGS, Flag.SIMULATED, "suspect"})
