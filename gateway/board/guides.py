"""Guide values for the live display: where a value stands, in a word.

They colour the board; they raise no alarm and decide no acceptance. A guide that is a mean over an hour or longer is
shown beside a live value all the same, because that is where the mean is heading; its span is named with it.
"""

from types import MappingProxyType
from typing import Final

import msgspec


class Guide(msgspec.Struct, frozen=True, kw_only=True):
    """The bands of one quantity.

    Attributes:
        low: Below it a value is called low; None: it cannot be too low.
        raised: Above it a value is called raised; None: there is no such band.
        high: Above it a value is called too high. A value on a bound is still on the quiet side.
        source: The standard and its table.
        span: What the guide is a mean over: `now`, `1 h`, `8 h`, `24 h`.
    """

    low: float | None = None
    raised: float | None = None
    high: float
    source: str
    span: str


_GB18883: Final = "GB/T 18883-2022"

# CO2: German indoor air guide values of 2008, section 6.2: up to 1,000 ppm harmless, above 2,000 unacceptable; the
# lower one is also GB/T 18883-2022's mean over an hour. Temperature and humidity: GB/T 18883's summer and winter
# ranges together (22 to 28 and 16 to 24 °C, 40 to 80 and 30 to 60 %), because nobody tells us whether the branch heats.
GUIDES: Final = MappingProxyType(
    {
        "co2_ppm": Guide(raised=1_000, high=2_000, source=f"{_GB18883}; UBA 2008", span="1 h"),
        "temperature_c": Guide(low=16, high=28, source=_GB18883, span="now"),
        "humidity_pct": Guide(low=30, high=80, source=_GB18883, span="now"),
        "hcho_ug_m3": Guide(high=80, source=_GB18883, span="1 h"),
        "tvoc_ug_m3": Guide(high=600, source=_GB18883, span="8 h"),
        "pm2_5_ug_m3": Guide(high=50, source=_GB18883, span="24 h"),
        "benzene_ug_m3": Guide(high=30, source=_GB18883, span="1 h"),
        "toluene_ug_m3": Guide(high=200, source=_GB18883, span="1 h"),
        "xylene_ug_m3": Guide(high=200, source=_GB18883, span="1 h"),
        "nh3_ug_m3": Guide(high=200, source=_GB18883, span="1 h"),
        "o3_ug_m3": Guide(high=160, source=_GB18883, span="1 h"),
        "no2_ug_m3": Guide(high=200, source=_GB18883, span="1 h"),
        "so2_ug_m3": Guide(high=500, source=_GB18883, span="1 h"),
        "co_ug_m3": Guide(high=10_000, source=_GB18883, span="1 h"),
        "air_speed_m_s": Guide(high=0.3, source=_GB18883, span="now"),
    }
)
"""By quantity. Only values whose source was read; PM10, radon and the laboratory's wait for the official text."""
