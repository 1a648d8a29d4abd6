"""A room with people in it: how its carbon dioxide, temperature and humidity go on from one moment to the next.

Everything here is a pure function: the same state, time and plan give the same next state, people included, so that a
test can look an hour ahead and a run can be repeated. Balances are solved exactly over a step, so that no step is too
long to be stable.
"""

import math
import random
from dataclasses import dataclass, replace
from typing import Final

from sensors.simulated.pollution import CLEAN, USUAL, Burden, Exchange, Sources, illuminance_lx, pollute, relax

# ASHRAE 62.1-2016, appendix D: 0.31 L/min of CO2 from a person at 1.2 met (0.0052 L/s).
CO2_PER_PERSON_L_S: Final = 0.0052
# ASHRAE Handbook Fundamentals, chapter 18, table 1: seated, very light work.
SENSIBLE_W_PER_PERSON: Final = 70.0
LATENT_W_PER_PERSON: Final = 45.0
EVAPORATION_J_G: Final = 2_430.0  # water near 30 °C, the skin's temperature
AIR_J_M3_K: Final = 1_206.0  # 1.2 kg/m3 times 1005 J/(kg K)
FURNISHED: Final = 8.0
"""Furniture and the walls' skin store as much heat as seven more rooms of air: ours, gives hours instead of minutes."""

SLOT_S: Final = 60.0
"""People come and go once a minute."""
WEEK_S: Final = 7 * 86_400.0
WEATHER_S: Final = 5 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """The air at one moment: CO2 in ppm, °C, relative humidity in %, pressure in hPa; the rest as named."""

    co2_ppm: float
    temperature_c: float
    humidity_pct: float
    pressure_hpa: float = 1013.25
    hcho_ppb: float = 15.0
    tvoc_ug_m3: float = 150.0
    no2_ppb: float = 15.0
    pm1_ug_m3: float = 14.0
    pm2_5_ug_m3: float = 20.0
    pm4_ug_m3: float = 22.25
    pm10_ug_m3: float = 25.0
    illuminance_lx: float = 320.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Meetings:
    """Meetings by the clock, as long as the branch is open; after each the windows are opened. Figures are ours.

    Attributes:
        every_s: From the beginning of one to that of the next, in week seconds that divide by it.
        lasts_s: How long one takes.
        aired_s: How long the windows stay open after it.
        people: Who sits in one.
        ach_aired: Air changes an hour with the windows open.
    """

    every_s: float = 900.0
    lasts_s: float = 420.0
    aired_s: float = 240.0
    people: int = 14
    ach_aired: float = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPlan:
    """What does not change about a room.

    Attributes:
        volume_m3: Of its air.
        ach_open: Air changes an hour while it is open, from outside.
        ach_closed: The same at night, through the cracks.
        outdoor_co2_ppm: Of the air that comes in.
        outdoor_c: Mean outdoor temperature; it swings 5 °C about it, warmest at 15:00.
        outdoor_humidity_pct: Relative humidity outdoors at that mean.
        pressure_hpa: Air pressure at the place.
        loss_w_k: Heat lost through walls and windows a kelvin.
        thermostat_w_k: What the air conditioning gives a kelvin off its setting.
        setting_c: Where it is set while open; closed it gives a tenth.
        opens_h: Local hour of opening, Monday to Friday.
        closes_h: Local hour of closing.
        staff: Who is there all the time it is open.
        visitors_h: Visitors an hour.
        stay_min: How long one stays, on average.
        seed: Draws who comes and goes.
        weather_hpa: How far the air pressure swings about its mean, in five days.
        sources: What else gets into the air.
        meetings: Where there are some, nobody else comes and goes.
    """

    volume_m3: float = 240.0
    ach_open: float = 2.0
    ach_closed: float = 0.3
    outdoor_co2_ppm: float = 420.0
    outdoor_c: float = 14.0
    outdoor_humidity_pct: float = 65.0
    pressure_hpa: float = 1013.25
    loss_w_k: float = 120.0
    thermostat_w_k: float = 900.0
    setting_c: float = 22.5
    opens_h: float = 9.0
    closes_h: float = 17.0
    staff: int = 4
    visitors_h: float = 35.0
    stay_min: float = 14.0
    seed: int = 0
    weather_hpa: float = 0.0
    sources: Sources = USUAL
    meetings: Meetings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomState:
    """What changes about it.

    Attributes:
        week_s: Local time in seconds since Monday 00:00; it goes on beyond a week.
        co2_ppm: Mole fraction of CO2.
        temperature_c: Of the air.
        vapour_g_m3: Water in the air.
        people: In the room.
        burden: What else is in the air.
    """

    week_s: float
    co2_ppm: float
    temperature_c: float
    vapour_g_m3: float
    people: int
    burden: Burden = CLEAN

    @property
    def humidity_pct(self) -> float:
        """Relative humidity, at most 100."""
        return min(100.0, 100.0 * self.vapour_g_m3 / saturation_g_m3(self.temperature_c))


def saturation_g_m3(temperature_c: float) -> float:
    """The most water that air can hold, in g/m³."""
    # WMO-No. 8 (2018), annex 4.B: Magnus formula over water; 216.7 g K/J is the gas constant of water vapour.
    pressure_hpa = 6.112 * math.exp(17.62 * temperature_c / (243.12 + temperature_c))
    return 216.7 * pressure_hpa / (273.15 + temperature_c)


def air_of(state: RoomState, plan: RoomPlan) -> Air:
    """The air that a sensor in the room breathes."""
    burden = state.burden
    return Air(
        co2_ppm=state.co2_ppm,
        temperature_c=state.temperature_c,
        humidity_pct=state.humidity_pct,
        pressure_hpa=plan.pressure_hpa + plan.weather_hpa * math.sin(2 * math.pi * state.week_s / WEATHER_S),
        hcho_ppb=burden.hcho_ppb,
        tvoc_ug_m3=burden.tvoc_ug_m3,
        no2_ppb=burden.no2_ppb,
        pm1_ug_m3=burden.pm1_ug_m3,
        pm2_5_ug_m3=burden.fine_ug_m3,
        pm4_ug_m3=burden.pm4_ug_m3,
        pm10_ug_m3=burden.pm10_ug_m3,
        illuminance_lx=illuminance_lx(plan.sources, state.week_s, is_open(state.week_s, plan)),
    )


def is_open(week_s: float, plan: RoomPlan) -> bool:
    """True while the branch serves customers."""
    day, second = divmod(week_s % WEEK_S, 86_400.0)
    return day < 5 and plan.opens_h * 3_600 <= second < plan.closes_h * 3_600


def at_rest(plan: RoomPlan, *, week_s: float) -> RoomState:
    """An empty room as it stands in the morning: outdoor CO2, near the setting."""
    temperature = plan.setting_c - 1.0
    vapour = min(outdoor_vapour_g_m3(plan), 0.9 * saturation_g_m3(temperature))
    people = _sitting(week_s, plan.meetings) if plan.meetings else plan.staff
    people = people if is_open(week_s, plan) else 0
    return RoomState(
        week_s=week_s, co2_ppm=plan.outdoor_co2_ppm, temperature_c=temperature, vapour_g_m3=vapour, people=people
    )


def step(state: RoomState, dt_s: float, plan: RoomPlan) -> RoomState:
    """The room `dt_s` seconds later.

    Args:
        state: The room now.
        dt_s: 0 or more; a day costs some 20 ms.
        plan: What does not change.

    Raises:
        ValueError: If time is to run backwards.
    """
    if not 0 <= dt_s < math.inf:
        raise ValueError(f"a room goes on by 0 s or more, got {dt_s}")
    end = state.week_s + dt_s
    while state.week_s < end:
        slot_end = (math.floor(state.week_s / SLOT_S) + 1) * SLOT_S
        state = _within_slot(state, plan, slot_at=slot_end - SLOT_S, until=min(slot_end, end))
        if state.week_s >= slot_end:
            state = _come_and_go(_condense(state), plan)
    return state


def outdoor_vapour_g_m3(plan: RoomPlan) -> float:
    """Water in the outdoor air; it does not follow the day."""
    return plan.outdoor_humidity_pct / 100.0 * saturation_g_m3(plan.outdoor_c)


def boards_c(week_s: float, plan: RoomPlan) -> float:
    """Temperature of walls and furniture, which follow the air conditioning and, a little, the day."""
    return plan.setting_c + 0.3 * _swing_c(week_s)


def _swing_c(week_s: float) -> float:
    return 5.0 * math.cos(2 * math.pi * (week_s / 86_400.0 - 15 / 24))


def _within_slot(state: RoomState, plan: RoomPlan, *, slot_at: float, until: float) -> RoomState:
    """The three balances, people and weather standing still."""
    dt_s = until - state.week_s
    is_served = is_open(slot_at, plan)
    flow_m3_s = plan.volume_m3 * _air_changes_h(slot_at, plan, is_served) / 3_600.0
    # Mass balance: V dC/dt = Q (C_out - C) + G; 1 L/s into 1 m3/s are 1000 ppm.
    co2 = relax(
        state.co2_ppm,
        dt_s,
        plan.outdoor_co2_ppm,
        flow_m3_s,
        state.people * CO2_PER_PERSON_L_S * 1_000.0,
        plan.volume_m3,
    )
    vapour = relax(
        state.vapour_g_m3,
        dt_s,
        outdoor_vapour_g_m3(plan),
        flow_m3_s,
        state.people * LATENT_W_PER_PERSON / EVAPORATION_J_G,
        plan.volume_m3,
    )
    outdoor_c = plan.outdoor_c + _swing_c(slot_at)
    thermostat = plan.thermostat_w_k * (1.0 if is_served else 0.1)
    loss = plan.loss_w_k + flow_m3_s * AIR_J_M3_K
    temperature = relax(
        state.temperature_c,
        dt_s,
        (loss * outdoor_c + thermostat * plan.setting_c) / (loss + thermostat) if loss + thermostat else outdoor_c,
        loss + thermostat,
        state.people * SENSIBLE_W_PER_PERSON,
        plan.volume_m3 * AIR_J_M3_K * FURNISHED,
    )
    burden = pollute(
        state.burden,
        dt_s,
        week_s=slot_at,
        sources=plan.sources,
        air=Exchange(
            volume_m3=plan.volume_m3,
            flow_m3_h=flow_m3_s * 3_600.0,
            people=state.people,
            temperature_c=boards_c(slot_at, plan),
            humidity_pct=min(100.0, 100.0 * outdoor_vapour_g_m3(plan) / saturation_g_m3(boards_c(slot_at, plan))),
        ),
    )
    return RoomState(
        week_s=until,
        co2_ppm=co2,
        temperature_c=temperature,
        vapour_g_m3=vapour,
        people=state.people,
        burden=burden,
    )


def _condense(state: RoomState) -> RoomState:
    """What is more than the air can hold runs down the windows, once a minute."""
    return replace(state, vapour_g_m3=min(state.vapour_g_m3, saturation_g_m3(state.temperature_c)))


def _come_and_go(state: RoomState, plan: RoomPlan) -> RoomState:
    """One minute's arrivals (Poisson) and departures (each visitor alike)."""
    draw = random.Random(f"{plan.seed}:{round(state.week_s / SLOT_S)}")
    if not is_open(state.week_s, plan):
        # The last ones leave within minutes of closing.
        people = state.people // 2
    elif plan.meetings is not None:
        people = _sitting(state.week_s, plan.meetings)
    else:
        leaving = 1.0 - math.exp(-SLOT_S / (plan.stay_min * 60.0))
        visitors = sum(draw.random() >= leaving for _ in range(max(0, state.people - plan.staff)))
        people = plan.staff + visitors + _poisson(draw, plan.visitors_h * SLOT_S / 3_600.0)
    return replace(state, people=people)


def _sitting(week_s: float, meetings: Meetings) -> int:
    return meetings.people if week_s % meetings.every_s < meetings.lasts_s else 0


def _air_changes_h(slot_at: float, plan: RoomPlan, is_served: bool) -> float:
    if not is_served:
        return plan.ach_closed
    meetings = plan.meetings
    if meetings is not None and 0 <= slot_at % meetings.every_s - meetings.lasts_s < meetings.aired_s:
        return meetings.ach_aired
    return plan.ach_open


def _poisson(draw: random.Random, mean: float) -> int:
    """Knuth's product of uniforms; the mean is a few at most."""
    limit, count, product = math.exp(-mean), 0, draw.random()
    while product > limit:
        count += 1
        product *= draw.random()
    return count
