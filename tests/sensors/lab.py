"""A bench to try sensors on: a clock that moves only when told, a room, a chip, a driver."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from sensors import SensorSpec, open_sensor
from sensors.simulated import Air, LivingRoom, RoomPlan, Rooms, RoomState, simulated_chip
from sensors.simulated.pollution import SEALED, Burden
from sensors.simulated.room import saturation_g_m3
from telemetry.parts import PARTS

STILL = RoomPlan(
    ach_open=0.0,
    ach_closed=0.0,
    loss_w_k=0.0,
    thermostat_w_k=0.0,
    visitors_h=0.0,
    staff=0,
    pressure_hpa=1013.25,
    sources=SEALED,
)
"""A sealed, empty room: its air stays as it is put."""


class BenchClock:
    """Time that stands still until somebody sleeps."""

    boot_id = "bench"

    def __init__(self) -> None:
        self.time = 1_000.0
        self._beats: list[tuple[float, float, Callable[[], None]]] = []
        self._is_beating = False

    def now(self) -> float:
        """The wall clock, which says the same."""
        return 1_700_000_000.0 + self.time

    def monotonic(self) -> float:
        """Seconds since boot."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """What the driver believes to be `time.sleep`; hearts beat meanwhile, unless one of them it is that sleeps."""
        until = self.time + seconds
        while self._beats and not self._is_beating:
            due, period_s, beat = min(self._beats, key=lambda entry: entry[0])
            if due > until:
                break
            self.time = max(self.time, due)
            self._beats[self._beats.index((due, period_s, beat))] = (due + period_s, period_s, beat)
            self._is_beating = True
            try:
                beat()
            finally:
                self._is_beating = False
        self.time = max(until, self.time) if seconds > 0 else until

    def every(self, period_s: float, beat: Callable[[], None]) -> Callable[[], None]:
        """A heart that beats with this clock."""
        self._beats.append((self.time + period_s, period_s, beat))

        def end() -> None:
            self._beats = [entry for entry in self._beats if entry[2] != beat]

        return end


class Bench:
    """One sensor in one room.

    Attributes:
        clock: Moves by `clock.sleep`.
        room: What the sensor breathes.
        chip: The chip, whose faults may be set.
        sensor: The driver in front of it.
    """

    def __init__(self, spec: SensorSpec, plan: RoomPlan = STILL, air: Air | None = None) -> None:
        self.clock = BenchClock()
        self.spec = replace(spec, simulate=True)
        self.rooms = Rooms(self.clock.monotonic)
        self.room: LivingRoom = self.rooms.furnish(spec.site, spec.room, plan, state_of(air) if air else None)
        self.chip: Any = simulated_chip(self.spec, self.rooms)
        self.sensor = cast(Any, open_sensor(self.spec, clock=self.clock, rooms=self.rooms, sleep=self.clock.sleep))

    def breathe(self, air: Air) -> None:
        """Fill the room with that air."""
        self.room.put(state_of(air))

    def read_soon(self, within_s: float = 8.0) -> dict[str, float]:
        """The next reading, asked for every second as an agent does."""
        return self.read_until(lambda _: True, within_s)

    def read_until(self, is_enough: Callable[[dict[str, float]], bool], within_s: float = 700.0) -> dict[str, float]:
        """The first reading that is enough, asked for every second."""
        until = self.clock.time + within_s
        while self.clock.time < until:
            values: dict[str, float] | None = self.sensor.read()
            if values is not None and is_enough(values):
                return values
            self.clock.sleep(1.0)
        raise AssertionError(f"no such reading within {within_s} s")

    def exhaust(self, for_s: float, every_s: float = 1.0) -> None:
        """Read and drop whatever comes, for so long: until an error comes out, as tests expect."""
        until = self.clock.time + for_s
        while self.clock.time < until:
            self.sensor.read()
            self.clock.sleep(every_s)


def default_bus(part: str) -> str:
    """A bus such a part can sit on."""
    return {"i2c": "/dev/i2c-1", "serial": "/dev/serial0", "1-wire": "w1"}[PARTS[part].bus]


def state_of(air: Air) -> RoomState:
    """A room state with that air, on a Monday noon."""
    return RoomState(
        week_s=43_200.0,
        co2_ppm=air.co2_ppm,
        temperature_c=air.temperature_c,
        vapour_g_m3=air.humidity_pct / 100 * saturation_g_m3(air.temperature_c),
        people=0,
        burden=Burden(
            hcho_ppb=air.hcho_ppb,
            tvoc_ug_m3=air.tvoc_ug_m3,
            no2_ppb=air.no2_ppb,
            fine_ug_m3=air.pm2_5_ug_m3,
            coarse_ug_m3=air.pm10_ug_m3 - air.pm2_5_ug_m3,
        ),
    )


MakeBench = Callable[..., Bench]
