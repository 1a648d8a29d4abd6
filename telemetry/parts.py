"""The table of parts: what each sensor as it is sold measures, how well, over what range.

Drivers, the acceptance engine, the quality rules and the docs read it. Accuracy stands in the unit of the data sheet,
which for gases is a mole fraction; `Channel.unit_factor` turns it into the quantity's own unit at 25 °C.
"""

import math
from types import MappingProxyType
from typing import Final

import msgspec

HCHO_UG_M3_PER_PPB: Final = 30.026 / 24.465
"""Formaldehyde at 25 °C and 101.325 kPa: molar mass over molar volume (STANDARDS section 5, computed)."""


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Accuracy up to and including one value of the data sheet.

    Attributes:
        upto: The band's upper end, in the data sheet's unit.
        absolute: The fixed part of the error, in that unit.
        relative: The part that grows with the value, 0.05 for 5 %.
        larger: True: the larger of the two counts; False: their sum.
    """

    upto: float
    absolute: float
    relative: float = 0.0
    larger: bool = False

    def error_at(self, value: float) -> float:
        """The stated error at `value`, both in the data sheet's unit."""
        grown = self.relative * abs(value)
        return max(self.absolute, grown) if self.larger else self.absolute + grown


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity of a part.

    Attributes:
        quantity: Its name in the table of quantities.
        low: The lower end of the output range, in the data sheet's unit.
        high: The upper end.
        bands: Stated accuracy, lowest band first; empty where the data sheet states none that is an accuracy (an index;
            the agreement of units of one make among themselves).
        stated_from: Below it no accuracy is stated, in the data sheet's unit; None where the bands reach down to `low`.
        unit_factor: Multiply a data sheet value by it to have the quantity's unit (gases: at 25 °C).
    """

    quantity: str
    low: float
    high: float
    bands: tuple[Band, ...] = ()
    stated_from: float | None = None
    unit_factor: float = 1.0

    def error_at(self, value: float) -> float | None:
        """The stated error at `value`, both in the quantity's unit; None where none is stated."""
        native = value / self.unit_factor
        if self.stated_from is not None and native < self.stated_from:
            return None
        # The way there and back through the factor costs the last digit.
        band = next((band for band in self.bands if native <= band.upto or math.isclose(native, band.upto)), None)
        return None if band is None else band.error_at(native) * self.unit_factor


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor as it is sold.

    Attributes:
        name: The word in configuration and presence: lower case, as sold.
        title: As people write it.
        bus: `i2c`, `serial` or `1-wire`.
        address: Its I2C address; None elsewhere.
        warmup_s: Seconds from power-up during which values are flagged `warmup`.
        channels: What it measures.
        source: Data sheet and version that the figures come from.
    """

    name: str
    title: str
    bus: str
    address: int | None = None
    warmup_s: float
    channels: tuple[Channel, ...]
    source: str

    def channel(self, quantity: str) -> Channel | None:
        """The channel of a quantity, None if the part does not measure it."""
        return next((channel for channel in self.channels if channel.quantity == quantity), None)


_SCD4X: Final = "Sensirion SCD4x data sheet v1.5 (July 2023), tables 1 to 3"
_SFA30: Final = "Sensirion SFA30 data sheet, table 1"
_SFA40: Final = "Sensirion SFA40 data sheet (start-up: SparkFun hookup guide)"
_SEN6X: Final = "Sensirion SEN6x data sheet"
_SPS30: Final = "Sensirion SPS30 data sheet v1.0 (March 2020), table 1: states precision between units, no accuracy"
_PLANTOWER: Final = "Plantower PMS5003 manual V2.3: states consistency between units, no accuracy"
_SGP40: Final = "Sensirion SGP40 data sheet v1.0 (July 2020), table 1: an index, not a concentration"
_SGP41: Final = "Sensirion SGP41 data sheet: indices, not concentrations"
_SHT4X: Final = "Sensirion SHT4x data sheet v6 (February 2023): typical accuracy at 25 °C"
_BME280: Final = "Bosch BME280 data sheet BST-BME280-DS002-15, rev. 1.6 (September 2018), tables 2 to 4"
_BMP280: Final = "Bosch BMP280 data sheet BST-BMP280-DS001, rev. 1.14, table 2"
_BH1750: Final = "Rohm BH1750FVI technical note, rev. D: 0.96 to 1.44 counts for a lux, typically 1.2"
_DS18B20: Final = "Maxim DS18B20 data sheet 19-7487: ±0.5 °C within -10 to 85 °C, ±2 °C within -55 to 125 °C"


def _part(
    name: str, title: str, bus: str, address: int | None, warmup_s: float, source: str, *channels: Channel
) -> Part:
    return Part(name=name, title=title, bus=bus, address=address, warmup_s=warmup_s, channels=channels, source=source)


def _bands(*steps: tuple[float, float, float], larger: bool = False) -> tuple[Band, ...]:
    """Bands from (up to, absolute, relative)."""
    return tuple(Band(upto=upto, absolute=a, relative=r, larger=larger) for upto, a, r in steps)


def _climate(low_c: float, high_c: float, error_c: float, error_pct: float) -> tuple[Channel, ...]:
    """Temperature and humidity with one error each: the widest of the data sheet where it depends on the other."""
    return (
        Channel(quantity="temperature_c", low=low_c, high=high_c, bands=_bands((high_c, error_c, 0))),
        Channel(quantity="humidity_pct", low=0, high=100, bands=_bands((100, error_pct, 0))),
    )


def _hcho(high_ppb: float, stated_to_ppb: float) -> Channel:
    """Formaldehyde as Sensirion states it: ±20 ppb or ±20 %, the larger."""
    return Channel(
        quantity="hcho_ug_m3",
        low=0,
        high=high_ppb,
        bands=_bands((stated_to_ppb, 20, 0.2), larger=True),
        unit_factor=HCHO_UG_M3_PER_PPB,
    )


def _particles(names: str, high: float, *bands: Band) -> tuple[Channel, ...]:
    """One channel for each size."""
    return tuple(Channel(quantity=f"pm{name}_ug_m3", low=0, high=high, bands=bands) for name in names.split())


def _indices(*names: str) -> tuple[Channel, ...]:
    """Gas indices: no accuracy, since 100 only means "as usual here"."""
    return tuple(Channel(quantity=name, low=1, high=500) for name in names)


# ±0.8 °C within 15-35 °C, ±1.5 °C else; ±6 %RH within 15-35 °C and 20-65 %RH, ±9 %RH else.
_SCD4X_CLIMATE: Final = _climate(-10, 60, 1.5, 9)
# Stated from 400 ppm; between that and the least that air can hold the first band stands in, since no limit lies there.
_SCD41_CO2: Final = _bands((1_000, 50, 0.025), (2_000, 50, 0.03), (5_000, 40, 0.05))
# The cell of SEN63C and SEN69C.
_STCC4_CO2: Final = Channel(quantity="co2_ppm", low=380, high=32_000, bands=_bands((32_000, 100, 0.1)))
# Up to 100 µg/m³ ±(5 µg/m³ + 5 %), above ±10 %; the coarser sizes ±25 µg/m³ and ±25 %.
_SEN6X_PARTICLES: Final = (
    *_particles("1 2_5", 1_000, *_bands((100, 5, 0.05), (1_000, 0, 0.1))),
    *_particles("4 10", 1_000, *_bands((100, 25, 0), (1_000, 0, 0.25))),
)
# Beside the cell, for its compensation: no accuracy could be read in a source.
_SFA_CLIMATE: Final = (
    Channel(quantity="temperature_c", low=-20, high=60),
    Channel(quantity="humidity_pct", low=0, high=100),
)
_SEN6X_CLIMATE: Final = _climate(-10, 50, 0.45, 4.5)

_ROWS: Final = (
    _part(
        "scd40",
        "Sensirion SCD40",
        "i2c",
        0x62,
        0,
        _SCD4X,
        Channel(quantity="co2_ppm", low=0, high=40_000, bands=_bands((2_000, 50, 0.05))),
        *_SCD4X_CLIMATE,
    ),
    _part(
        "scd41",
        "Sensirion SCD41",
        "i2c",
        0x62,
        0,
        _SCD4X,
        Channel(quantity="co2_ppm", low=0, high=40_000, bands=_SCD41_CO2),
        *_SCD4X_CLIMATE,
    ),
    _part("sfa30", "Sensirion SFA30", "i2c", 0x5D, 0, _SFA30, _hcho(1_000, 1_000), *_SFA_CLIMATE),
    # Stated for 0 to 200 ppb in the SEN6x data sheet, whose cell it is.
    _part("sfa40", "Sensirion SFA40", "i2c", 0x5D, 600, _SFA40, _hcho(2_000, 200), *_SFA_CLIMATE),
    # Ten minutes for the formaldehyde cell, taken for the family; the two indices need an hour and judge nothing.
    _part(
        "sen63c",
        "Sensirion SEN63C",
        "i2c",
        0x6B,
        600,
        _SEN6X,
        *_SEN6X_PARTICLES,
        _STCC4_CO2,
        *_SEN6X_CLIMATE,
    ),
    _part(
        "sen65",
        "Sensirion SEN65",
        "i2c",
        0x6B,
        600,
        _SEN6X,
        *_SEN6X_PARTICLES,
        *_SEN6X_CLIMATE,
        *_indices("voc_index", "nox_index"),
    ),
    _part(
        "sen66",
        "Sensirion SEN66",
        "i2c",
        0x6B,
        600,
        _SEN6X,
        *_SEN6X_PARTICLES,
        Channel(quantity="co2_ppm", low=0, high=40_000, bands=_SCD41_CO2),
        *_SEN6X_CLIMATE,
        *_indices("voc_index", "nox_index"),
    ),
    _part(
        "sen68",
        "Sensirion SEN68",
        "i2c",
        0x6B,
        600,
        _SEN6X,
        *_SEN6X_PARTICLES,
        _hcho(2_000, 200),
        *_SEN6X_CLIMATE,
        *_indices("voc_index", "nox_index"),
    ),
    _part(
        "sen69c",
        "Sensirion SEN69C",
        "i2c",
        0x6B,
        600,
        _SEN6X,
        *_SEN6X_PARTICLES,
        _STCC4_CO2,
        _hcho(2_000, 200),
        *_SEN6X_CLIMATE,
        *_indices("voc_index", "nox_index"),
    ),
    _part("sps30", "Sensirion SPS30", "i2c", 0x69, 30, _SPS30, *_particles("1 2_5 4 10", 1_000)),
    _part("pms5003", "Plantower PMS5003", "serial", None, 30, _PLANTOWER, *_particles("1 2_5 10", 500)),
    _part("pmsa003", "Plantower PMSA003", "serial", None, 30, _PLANTOWER, *_particles("1 2_5 10", 500)),
    _part("sgp40", "Sensirion SGP40", "i2c", 0x59, 3_600, _SGP40, *_indices("voc_index")),
    _part("sgp41", "Sensirion SGP41", "i2c", 0x59, 3_600, _SGP41, *_indices("voc_index", "nox_index")),
    _part("sht40", "Sensirion SHT40", "i2c", 0x44, 0, _SHT4X, *_climate(-40, 125, 0.2, 1.8)),
    _part("sht41", "Sensirion SHT41", "i2c", 0x44, 0, _SHT4X, *_climate(-40, 125, 0.2, 1.8)),
    _part("sht45", "Sensirion SHT45", "i2c", 0x44, 0, _SHT4X, *_climate(-40, 125, 0.1, 1.0)),
    _part(
        "bme280",
        "Bosch BME280",
        "i2c",
        0x76,
        0,
        _BME280,
        Channel(quantity="temperature_c", low=-40, high=85, bands=_bands((65, 1.0, 0)), stated_from=0),
        # At 25 °C.
        Channel(quantity="humidity_pct", low=0, high=100, bands=_bands((80, 3.0, 0)), stated_from=20),
        # Within 0-65 °C.
        Channel(quantity="pressure_hpa", low=300, high=1_100, bands=_bands((1_100, 1.0, 0))),
    ),
    _part(
        "bmp280",
        "Bosch BMP280",
        "i2c",
        0x76,
        0,
        _BMP280,
        Channel(quantity="temperature_c", low=-40, high=85, bands=_bands((65, 1.0, 0)), stated_from=0),
        # Within 0-65 °C.
        Channel(quantity="pressure_hpa", low=300, high=1_100, bands=_bands((1_100, 1.0, 0))),
    ),
    _part(
        "bh1750",
        "Rohm BH1750FVI",
        "i2c",
        0x23,
        0,
        _BH1750,
        Channel(quantity="illuminance_lx", low=0, high=54_612, bands=_bands((54_612, 0, 0.2))),
    ),
    _part(
        "ds18b20",
        "Maxim DS18B20",
        "1-wire",
        None,
        0,
        _DS18B20,
        Channel(quantity="temperature_c", low=-55, high=125, bands=_bands((-10, 2, 0), (85, 0.5, 0), (125, 2, 0))),
    ),
)

PARTS: Final = MappingProxyType({row.name: row for row in _ROWS})
"""Every part by its name."""
