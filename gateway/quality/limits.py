"""How far and how fast each quantity can move, and how long it can stand still: one row for each that travels.

A None means that the air itself does such a thing, so that nothing can be concluded from it: a lamp is switched on
within a second, a room stays empty for a week, clean air holds no ozone for days.
"""

from types import MappingProxyType
from typing import Final

import msgspec

MINUTE_S: Final = 60.0
HOUR_S: Final = 3_600.0
DAY_S: Final = 86_400.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one quantity cannot do.

    Attributes:
        step: The furthest it can move between two readings however close they are, in its unit; None: any distance.
        step_per_min: What each minute between the two adds to that.
        flat_s: Exactly the same value for longer than this, with fresh data, and not zero, is a sensor that stands
            still; None: it may.
        zero_s: Exactly zero for longer than this is a dead sensor; None: zero is an honest value.
        source: Where the figures come from.
    """

    step: float | None = None
    step_per_min: float = 0.0
    flat_s: float | None = None
    zero_s: float | None = None
    source: str


# CO2: the largest step within a minute among 34,000 readings of the Brains4Buildings field study (an office of 65 m3,
# 2022) was 401 ppm; two and a half times that is left to people who stand close to a sensor. A person gives off about
# 19 L/h (ASTM D6245-18, 1.2 met); three of them in an ATM lobby of 15 m3 raise it by 60 ppm a minute.
_CO2: Final = (
    "Brains4Buildings recordings of 2022 (largest step 401 ppm in a minute); ASTM D6245-18 for 60 ppm a minute"
)
# WMO-No. 8, Guide to Instruments and Methods of Observation, on quality control: within a minute air temperature moves
# by at most 3 °C, humidity by 10 %, pressure by 0.5 hPa. Indoors a door adds no more; pressure is given room for the
# noise and the warming of small sensors. Standing still: the same recordings stood still for 3.0 h (0.1 °C steps) and
# 7.4 h (1 % steps) and were well.
_WMO: Final = "WMO-No. 8, quality control of one-minute data; Brains4Buildings recordings for how long it stands still"
_NOISE: Final = (
    "ours: the last digit of such a sensor moves in every room, longest pause among simulated and field data"
)
_CLEAN: Final = "ours: clean air may hold none of it for days; a cell that shows the very same trace for a day is stuck"
_INDEX: Final = "Sensirion: an index runs from 1 to 500; 0 means that there is none yet"
_ANY: Final = "nothing can be concluded: it may jump, stand still and be zero"

_TRACE: Final = Limits(flat_s=DAY_S, source=_CLEAN)
_PARTICLES: Final = Limits(flat_s=DAY_S, zero_s=DAY_S, source=_CLEAN)
_FREE: Final = Limits(source=_ANY)

LIMITS: Final = MappingProxyType(
    {
        "co2_ppm": Limits(step=1_000, step_per_min=60, flat_s=2 * HOUR_S, zero_s=10 * MINUTE_S, source=_CO2),
        "temperature_c": Limits(step=3, step_per_min=0.2, flat_s=12 * HOUR_S, zero_s=HOUR_S, source=_WMO),
        "humidity_pct": Limits(step=10, step_per_min=1, flat_s=DAY_S, zero_s=10 * MINUTE_S, source=_WMO),
        "pressure_hpa": Limits(step=3, step_per_min=0.1, flat_s=DAY_S, zero_s=10 * MINUTE_S, source=_WMO),
        "hcho_ug_m3": Limits(flat_s=6 * HOUR_S, zero_s=6 * HOUR_S, source=_NOISE),
        "tvoc_ug_m3": Limits(flat_s=12 * HOUR_S, zero_s=12 * HOUR_S, source=_NOISE),
        "voc_index": Limits(flat_s=DAY_S, zero_s=10 * MINUTE_S, source=_INDEX),
        "nox_index": Limits(zero_s=10 * MINUTE_S, source=_INDEX),  # 1 for days where nothing burns
        "pm1_ug_m3": _PARTICLES,
        "pm2_5_ug_m3": _PARTICLES,
        "pm4_ug_m3": _PARTICLES,
        "pm10_ug_m3": _PARTICLES,
        "nh3_ug_m3": _TRACE,
        "benzene_ug_m3": _TRACE,
        "toluene_ug_m3": _TRACE,
        "xylene_ug_m3": _TRACE,
        "o3_ug_m3": _TRACE,
        "no2_ug_m3": _TRACE,
        "so2_ug_m3": _TRACE,
        "co_ug_m3": _TRACE,
        "radon_bq_m3": Limits(flat_s=2 * DAY_S, zero_s=2 * DAY_S, source=_CLEAN),
        "illuminance_lx": _FREE,
        "noise_dba": Limits(flat_s=2 * HOUR_S, zero_s=10 * MINUTE_S, source=_NOISE),
        "air_speed_m_s": _FREE,
        "occupancy": _FREE,
    }
)

READINGS_FLAT: Final = 10
"""So many equal readings at least: fewer are no run, however far apart they are."""

READINGS_ZERO: Final = 3
SETTLED_S: Final = 30 * MINUTE_S
"""A value that stays where it jumped to for so long is believed again: the room did change while nobody looked."""

SILENT_S: Final = 15 * MINUTE_S
SILENT_PERIODS: Final = 3.0
"""Silent is who says nothing for more than a quarter of an hour and more than three periods (a pack may be lost)."""


def silent_ms(period_s: float | None) -> int:
    """The longest pause that is still no silence, in ms; `period_s` is None while the period is not known."""
    return round(max(SILENT_S, SILENT_PERIODS * (period_s or 0.0)) * 1000)
