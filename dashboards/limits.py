"""The limits drawn in the dashboards, with their sources. They help the eye; acceptance judges by its own profiles."""

from types import MappingProxyType
from typing import Final, NamedTuple


class Limit(NamedTuple):
    """Where a quantity should stay, in the quantity's own unit; None where there is no such end."""

    low: float | None
    high: float | None
    source: str


_GBT: Final = "GB/T 18883-2022"

LIMITS: Final = MappingProxyType(
    {
        "co2_ppm": Limit(None, 1_000, f"{_GBT}, 1 h"),
        # 22-28 °C in summer, 16-24 °C in winter; 40-80 % and 30-60 %: the widest of both seasons.
        "temperature_c": Limit(16, 28, f"{_GBT}, summer and winter together"),
        "humidity_pct": Limit(30, 80, f"{_GBT}, summer and winter together"),
        "hcho_ug_m3": Limit(None, 80, f"{_GBT}, 1 h; GB 50325-2020 class II"),
        "tvoc_ug_m3": Limit(None, 500, "GB 50325-2020 class II"),
        "pm2_5_ug_m3": Limit(None, 50, f"{_GBT}, 24 h (averaging unverified)"),
        "pm10_ug_m3": Limit(None, 100, f"{_GBT}, 24 h (unverified)"),
        "nh3_ug_m3": Limit(None, 200, f"{_GBT}, 1 h; GB 50325-2020 class II"),
        "benzene_ug_m3": Limit(None, 30, f"{_GBT}, 1 h"),
        "toluene_ug_m3": Limit(None, 200, f"{_GBT}, 1 h; GB 50325-2020 class II"),
        "xylene_ug_m3": Limit(None, 200, f"{_GBT}, 1 h; GB 50325-2020 class II"),
        "o3_ug_m3": Limit(None, 160, f"{_GBT}, 1 h"),
        "no2_ug_m3": Limit(None, 200, f"{_GBT}, 1 h"),
        "so2_ug_m3": Limit(None, 500, f"{_GBT}, 1 h"),
        "co_ug_m3": Limit(None, 10_000, f"{_GBT}, 1 h"),
        "radon_bq_m3": Limit(None, 150, "GB 50325-2020"),
        "air_speed_m_s": Limit(None, 0.3, f"{_GBT}, summer"),
    }
)
"""Limits by quantity; a quantity without one has none in the standards we follow, or must not be held against one."""
