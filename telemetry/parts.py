"""The table of parts: what each sensor as it is sold measures, how well, over what range.

Drivers, the acceptance engine, the quality rules and the docs read it. Accuracy stands in the unit of the data sheet,
which for gases is a mole fraction; `Channel.unit_factor` turns it into the quantity's own unit at 25 °C.
"""

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
        bands: Stated accuracy, lowest band first; empty where the data sheet states none that is an accuracy.
        unit_factor: Multiply a data sheet value by it to have the quantity's unit (gases: at 25 °C).
    """

    quantity: str
    low: float
    high: float
    bands: tuple[Band, ...] = ()
    unit_factor: float = 1.0

    def error_at(self, value: float) -> float | None:
        """The stated error at `value`, both in the quantity's unit; None where none is stated."""
        if not self.bands:
            return None
        native = value / self.unit_factor
        band = next((band for band in self.bands if native <= band.upto), self.bands[-1])
        return band.error_at(native) * self.unit_factor


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


_SCD4X_CLIMATE: Final = (
    # Sensirion SCD4x data sheet v1.5, table 2: ±0.8 °C within 15-35 °C, ±1.5 °C else; ±6 %RH within 15-35 °C and
    # 20-65 %RH, ±9 %RH else. The wider figures stand, since the table of parts knows no second quantity.
    Channel(quantity="temperature_c", low=-10, high=60, bands=(Band(upto=60, absolute=1.5),)),
    Channel(quantity="humidity_pct", low=0, high=100, bands=(Band(upto=100, absolute=9),)),
)

_ROWS: Final = (
    Part(
        name="scd40",
        title="Sensirion SCD40",
        bus="i2c",
        address=0x62,
        warmup_s=0,
        channels=(
            Channel(quantity="co2_ppm", low=0, high=40_000, bands=(Band(upto=2_000, absolute=50, relative=0.05),)),
            *_SCD4X_CLIMATE,
        ),
        source="Sensirion SCD4x data sheet v1.5 (July 2023), tables 1 and 2",
    ),
    Part(
        name="scd41",
        title="Sensirion SCD41",
        bus="i2c",
        address=0x62,
        warmup_s=0,
        channels=(
            Channel(
                quantity="co2_ppm",
                low=0,
                high=40_000,
                bands=(
                    Band(upto=1_000, absolute=50, relative=0.025),
                    Band(upto=2_000, absolute=50, relative=0.03),
                    Band(upto=5_000, absolute=40, relative=0.05),
                ),
            ),
            *_SCD4X_CLIMATE,
        ),
        source="Sensirion SCD4x data sheet v1.5 (July 2023), tables 1 and 2",
    ),
    Part(
        name="sfa30",
        title="Sensirion SFA30",
        bus="i2c",
        address=0x5D,
        warmup_s=0,
        channels=(
            Channel(
                quantity="hcho_ug_m3",
                low=0,
                high=1_000,
                bands=(Band(upto=1_000, absolute=20, relative=0.2, larger=True),),
                unit_factor=HCHO_UG_M3_PER_PPB,
            ),
        ),
        source="Sensirion SFA30 data sheet, table 1: ±20 ppb or ±20 %, the larger, 0 to 1000 ppb",
    ),
)

PARTS: Final = MappingProxyType({row.name: row for row in _ROWS})
"""Every part by its name."""
