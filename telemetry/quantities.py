"""The one table of quantities: name, SenML unit, plausible range, display, titles.

Drivers, codec, store, rules, dashboards and docs read it. One name everywhere: Python field = JSON name =
InfluxDB field = dashboard query.
"""

from types import MappingProxyType
from typing import Final

import msgspec

PRIMARY_UNITS: Final = frozenset({"Cel", "%RH", "/", "Bq", "lx", "dB", "m/s", "count"})
"""The units of our table that RFC 8428 registers as primary; the others are RFC 8798's and need `bver` 26."""


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """One measured quantity.

    Attributes:
        name: The name everywhere; it ends in the unit.
        unit: The SenML unit on the wire, which is also the unit of every stored value.
        low: The lowest plausible value; below it a reading is stored as suspect.
        high: The highest plausible value, likewise.
        display_unit: The unit as people write it.
        decimals: Digits behind the point when shown.
        title_en: Its English title.
        title_zh: Its Chinese title.
        molar_mass_g_mol: For gases measured as mass: grams a mole; else None.
        on_wire: False for what only a laboratory reports.
    """

    name: str
    unit: str
    low: float
    high: float
    display_unit: str
    decimals: int
    title_en: str
    title_zh: str
    molar_mass_g_mol: float | None = None
    on_wire: bool = True

    def is_plausible(self, value: float) -> bool:
        """True if `value` lies within the plausible range, bounds included."""
        return self.low <= value <= self.high


def _q(
    name: str,
    unit: str,
    low: float,
    high: float,
    display: str,
    decimals: int,
    en: str,
    zh: str,
    *,
    molar: float | None = None,
    on_wire: bool = True,
) -> Quantity:
    return Quantity(
        name=name,
        unit=unit,
        low=low,
        high=high,
        display_unit=display,
        decimals=decimals,
        title_en=en,
        title_zh=zh,
        molar_mass_g_mol=molar,
        on_wire=on_wire,
    )


# Plausible ranges are ours: wider than any inhabited room, narrower than a broken sensor. CO2: air nowhere holds less
# than about 300 ppm; 40,000 is the SCD4x's output range (Sensirion SCD4x data sheet v1.5, table 1). Pressure: 500 hPa
# is above 5,500 m. Molar masses: STANDARDS on gas conversion at 25 °C, 101.325 kPa; IUPAC atomic weights for O3 … SO2.
_ROWS: Final = (
    _q("co2_ppm", "ppm", 250, 40_000, "ppm", 0, "Carbon dioxide", "二氧化碳"),
    _q("temperature_c", "Cel", -40, 85, "°C", 1, "Temperature", "温度"),
    _q("humidity_pct", "%RH", 0, 100, "%", 0, "Relative humidity", "相对湿度"),
    _q("pressure_hpa", "hPa", 500, 1_100, "hPa", 1, "Air pressure", "气压"),
    _q("hcho_ug_m3", "ug/m3", 0, 6_000, "µg/m³", 0, "Formaldehyde", "甲醛", molar=30.026),
    _q("tvoc_ug_m3", "ug/m3", 0, 60_000, "µg/m³", 0, "Total volatile organic compounds", "总挥发性有机物"),
    _q("voc_index", "/", 0, 500, "", 0, "VOC index", "VOC 指数"),
    _q("nox_index", "/", 0, 500, "", 0, "NOx index", "NOx 指数"),
    _q("pm1_ug_m3", "ug/m3", 0, 2_000, "µg/m³", 0, "Particles PM1", "细颗粒物 PM1"),
    _q("pm2_5_ug_m3", "ug/m3", 0, 2_000, "µg/m³", 0, "Particles PM2.5", "细颗粒物 PM2.5"),
    _q("pm4_ug_m3", "ug/m3", 0, 2_000, "µg/m³", 0, "Particles PM4", "颗粒物 PM4"),
    _q("pm10_ug_m3", "ug/m3", 0, 5_000, "µg/m³", 0, "Particles PM10", "可吸入颗粒物 PM10"),
    _q("nh3_ug_m3", "ug/m3", 0, 70_000, "µg/m³", 0, "Ammonia", "氨", molar=17.031),
    _q("benzene_ug_m3", "ug/m3", 0, 30_000, "µg/m³", 0, "Benzene", "苯", molar=78.114),
    _q("toluene_ug_m3", "ug/m3", 0, 40_000, "µg/m³", 0, "Toluene", "甲苯", molar=92.141),
    _q("xylene_ug_m3", "ug/m3", 0, 50_000, "µg/m³", 0, "Xylene", "二甲苯", molar=106.168),
    _q("o3_ug_m3", "ug/m3", 0, 20_000, "µg/m³", 0, "Ozone", "臭氧", molar=47.997),
    _q("no2_ug_m3", "ug/m3", 0, 40_000, "µg/m³", 0, "Nitrogen dioxide", "二氧化氮", molar=46.006),
    _q("so2_ug_m3", "ug/m3", 0, 60_000, "µg/m³", 0, "Sulphur dioxide", "二氧化硫", molar=64.066),
    _q("co_ug_m3", "ug/m3", 0, 1_200_000, "µg/m³", 0, "Carbon monoxide", "一氧化碳", molar=28.010),
    _q("radon_bq_m3", "Bq", 0, 100_000, "Bq/m³", 0, "Radon", "氡"),
    _q("illuminance_lx", "lx", 0, 200_000, "lx", 0, "Illuminance", "照度"),
    _q("noise_dba", "dB", 0, 140, "dB(A)", 0, "Sound level", "噪声"),
    _q("air_speed_m_s", "m/s", 0, 30, "m/s", 2, "Air speed", "风速"),
    _q("occupancy", "count", 0, 10_000, "", 0, "People present", "在场人数"),
    _q("fresh_air_m3_h_person", "m3/h", 0, 10_000, "m³/(h·p)", 0, "Fresh air a person", "人均新风量", on_wire=False),
    _q("trichloroethylene_ug_m3", "ug/m3", 0, 60_000, "µg/m³", 1, "Trichloroethylene", "三氯乙烯", on_wire=False),
    _q("tetrachloroethylene_ug_m3", "ug/m3", 0, 60_000, "µg/m³", 1, "Tetrachloroethylene", "四氯乙烯", on_wire=False),
    _q("acetaldehyde_ug_m3", "ug/m3", 0, 60_000, "µg/m³", 1, "Acetaldehyde", "乙醛", on_wire=False),
    _q("benzo_a_pyrene_ng_m3", "ng/m3", 0, 100_000, "ng/m³", 2, "Benzo[a]pyrene", "苯并[a]芘", on_wire=False),
    _q("bacteria_cfu_m3", "CFU/m3", 0, 1_000_000, "CFU/m³", 0, "Bacteria", "细菌总数", on_wire=False),
)

QUANTITIES: Final = MappingProxyType({row.name: row for row in _ROWS})
"""Every quantity by its name, in the order of the table."""

WIRE_QUANTITIES: Final = MappingProxyType({row.name: row for row in _ROWS if row.on_wire})
"""Those that sensors measure and packs carry."""
