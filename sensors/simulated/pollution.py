"""What is in a room's air besides people's breath: gases that a renovation gives off, particles, nitrogen dioxide.

Pure functions; the balances are solved exactly over a step in which sources stand still.
"""

import math
from dataclasses import dataclass
from typing import Final

# Berge et al., Holz als Roh- und Werkstoff 38 (1980): how particle board's formaldehyde grows with heat and humidity.
BERGE_A: Final = 0.0175
BERGE_R_K: Final = 9_799.0
BERGE_K: Final = 296.15
BERGE_PCT: Final = 50.0

HCHO_UG_M3_PER_PPB: Final = 30.026 / 24.465
"""At 25 °C and 101.325 kPa."""

# Tang et al., Environ. Sci. Technol. 50 (2016) 12686: 6.3 mg/h of volatile organic compounds a person, seated.
TVOC_PER_PERSON_UG_H: Final = 6_300.0

DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What gives off, keeps out and takes away. Figures without a source are ours: common magnitudes for a bank's hall.

    Attributes:
        renovated_days: Days since the renovation ended, at week second 0.
        hcho_fresh_ug_h: Formaldehyde from fresh coatings and glues; fades by 1/e in `hcho_fresh_days`.
        hcho_fresh_days: How fast.
        hcho_board_ug_h: Formaldehyde from boards, at 23 °C and 50 %RH; it fades by 1/e in `hcho_board_days`.
        hcho_board_days: How fast: years.
        tvoc_fresh_ug_h: Organic compounds from fresh paint; fades by 1/e in `tvoc_fresh_days`.
        tvoc_fresh_days: How fast.
        outdoor_hcho_ppb: In the air that comes in.
        outdoor_tvoc_ug_m3: Likewise.
        outdoor_no2_ppb: Likewise; it doubles in the morning and evening traffic.
        outdoor_pm2_5_ug_m3: Likewise; it swings by a third over the day.
        outdoor_coarse_ug_m3: Particles from 2.5 to 10 µm, likewise.
        fine_gets_in: Share of fine particles that passes the cracks and filters.
        coarse_gets_in: The same of coarse ones.
        fine_settling_h: Fine particles lost to surfaces, a share an hour.
        coarse_settling_h: The same of coarse ones.
        no2_loss_h: Nitrogen dioxide lost to surfaces, a share an hour.
        fine_per_person_ug_h: Fine particles that a person stirs up and gives off.
        coarse_per_person_ug_h: The same of coarse ones.
        lamps_lx: Where the sensor hangs, while open.
        daylight_lx: There, at noon.
    """

    renovated_days: float = 365.0
    hcho_fresh_ug_h: float = 90_000.0
    hcho_fresh_days: float = 12.0
    hcho_board_ug_h: float = 9_000.0
    hcho_board_days: float = 700.0
    tvoc_fresh_ug_h: float = 900_000.0
    tvoc_fresh_days: float = 8.0
    outdoor_hcho_ppb: float = 2.0
    outdoor_tvoc_ug_m3: float = 40.0
    outdoor_no2_ppb: float = 15.0
    outdoor_pm2_5_ug_m3: float = 35.0
    outdoor_coarse_ug_m3: float = 30.0
    fine_gets_in: float = 0.8
    coarse_gets_in: float = 0.4
    fine_settling_h: float = 0.2
    coarse_settling_h: float = 1.5
    no2_loss_h: float = 0.8
    fine_per_person_ug_h: float = 300.0
    coarse_per_person_ug_h: float = 2_500.0
    lamps_lx: float = 320.0
    daylight_lx: float = 180.0


SEALED: Final = Sources(
    hcho_fresh_ug_h=0,
    hcho_board_ug_h=0,
    tvoc_fresh_ug_h=0,
    fine_settling_h=0,
    coarse_settling_h=0,
    no2_loss_h=0,
    fine_per_person_ug_h=0,
    coarse_per_person_ug_h=0,
)
"""Nothing gives off or takes away: in a room without ventilation the air stays as it is put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burden:
    """What is in the air: formaldehyde and NO2 in ppb, organic compounds and particles in µg/m³.

    Attributes:
        fine_ug_m3: Particles up to 2.5 µm.
        coarse_ug_m3: Particles from 2.5 to 10 µm.
    """

    hcho_ppb: float = 2.0
    tvoc_ug_m3: float = 40.0
    no2_ppb: float = 15.0
    fine_ug_m3: float = 20.0
    coarse_ug_m3: float = 5.0

    # The shares are ours: of fine urban particles, and of what lies between 2.5 and 4 µm.
    @property
    def pm1_ug_m3(self) -> float:
        """Up to 1 µm."""
        return 0.7 * self.fine_ug_m3

    @property
    def pm4_ug_m3(self) -> float:
        """Up to 4 µm."""
        return self.fine_ug_m3 + 0.45 * self.coarse_ug_m3

    @property
    def pm10_ug_m3(self) -> float:
        """Up to 10 µm."""
        return self.fine_ug_m3 + self.coarse_ug_m3


USUAL: Final = Sources()
CLEAN: Final = Burden()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What moves the air during one step.

    Attributes:
        volume_m3: Of the room.
        flow_m3_h: From outside.
        people: In the room.
        temperature_c: Of what gives off: boards and walls.
        humidity_pct: At that temperature.
    """

    volume_m3: float
    flow_m3_h: float
    people: int
    temperature_c: float
    humidity_pct: float


def relax(value: float, dt: float, outside: float, exchange: float, source: float, capacity: float) -> float:
    """Where `capacity dx/dt = exchange (outside - x) + source` leads from `value` within `dt`."""
    turns = exchange * dt / capacity
    # Written so that a room with next to no exchange loses no digits.
    gained = -math.expm1(-turns) / turns if turns > 0 else 1.0
    return outside + (value - outside) * math.exp(-turns) + source * dt / capacity * gained


def pollute(burden: Burden, dt_s: float, *, week_s: float, sources: Sources, air: Exchange) -> Burden:
    """The burden `dt_s` seconds later, sources as they are at `week_s`."""
    dt_h, volume, flow = dt_s / 3_600.0, air.volume_m3, air.flow_m3_h
    swing = 1.0 + math.cos(2 * math.pi * (week_s / DAY_S - 8 / 24)) / 3.0
    fine, coarse = sources.fine_gets_in * swing, sources.coarse_gets_in * swing
    return Burden(
        hcho_ppb=relax(
            burden.hcho_ppb,
            dt_h,
            sources.outdoor_hcho_ppb,
            flow,
            hcho_ug_h(sources, week_s, air.temperature_c, air.humidity_pct) / HCHO_UG_M3_PER_PPB,
            volume,
        ),
        tvoc_ug_m3=relax(
            burden.tvoc_ug_m3, dt_h, sources.outdoor_tvoc_ug_m3, flow, tvoc_ug_h(sources, week_s, air.people), volume
        ),
        no2_ppb=_settling(
            burden.no2_ppb, dt_h, outdoor_no2_ppb(sources, week_s), sources.no2_loss_h, 0.0, volume, flow
        ),
        fine_ug_m3=_settling(
            burden.fine_ug_m3,
            dt_h,
            sources.outdoor_pm2_5_ug_m3 * fine,
            sources.fine_settling_h,
            air.people * sources.fine_per_person_ug_h,
            volume,
            flow,
        ),
        coarse_ug_m3=_settling(
            burden.coarse_ug_m3,
            dt_h,
            sources.outdoor_coarse_ug_m3 * coarse,
            sources.coarse_settling_h,
            air.people * sources.coarse_per_person_ug_h,
            volume,
            flow,
        ),
    )


def hcho_ug_h(sources: Sources, week_s: float, temperature_c: float, humidity_pct: float) -> float:
    """Formaldehyde given off now: more the warmer and the damper, less from week to week."""
    days = sources.renovated_days + week_s / DAY_S
    fresh = sources.hcho_fresh_ug_h * math.exp(-days / sources.hcho_fresh_days)
    board = sources.hcho_board_ug_h * math.exp(-days / sources.hcho_board_days)
    warmth = math.exp(-BERGE_R_K * (1.0 / (temperature_c + 273.15) - 1.0 / BERGE_K))
    damp = max(0.0, 1.0 + BERGE_A * (humidity_pct - BERGE_PCT))
    return (fresh + board) * warmth * damp


def tvoc_ug_h(sources: Sources, week_s: float, people: int) -> float:
    """Organic compounds given off now, by fresh paint and by people."""
    days = sources.renovated_days + week_s / DAY_S
    fresh = sources.tvoc_fresh_ug_h * math.exp(-days / sources.tvoc_fresh_days)
    return fresh + people * TVOC_PER_PERSON_UG_H


def outdoor_no2_ppb(sources: Sources, week_s: float) -> float:
    """Nitrogen dioxide outdoors: twice the mean about 8:00 and 18:00."""
    hour = week_s % DAY_S / 3_600.0
    rush = max(math.exp(-((hour - at) ** 2) / 2.0) for at in (8.0, 18.0))
    return sources.outdoor_no2_ppb * (1.0 + rush)


def illuminance_lx(sources: Sources, week_s: float, is_open: bool) -> float:
    """Lamps while open, an emergency lamp at night, and daylight from six to six."""
    daylight = sources.daylight_lx * max(0.0, math.sin(math.pi * (week_s % DAY_S / 3_600.0 - 6.0) / 12.0))
    return daylight + (sources.lamps_lx if is_open else 1.0)


def _settling(
    value: float, dt_h: float, coming_in: float, loss_h: float, source: float, volume: float, flow: float
) -> float:
    """What comes in with the air, settles or reacts, and is stirred up."""
    exchange = flow + loss_h * volume
    outside = flow * coming_in / exchange if exchange else 0.0
    return relax(value, dt_h, outside, exchange, source, volume)
