"""Bosch's compensation of the BME280 and BMP280 in floating point.

Formulas, names and order are the data sheets', which agree: BST-BME280-DS002-15 rev. 1.6, section 8.1, and
BST-BMP280-DS001 rev. 1.14, section 8.1.
"""

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trimming:
    """What the maker burned into one chip.

    Attributes:
        t: dig_T1 to dig_T3.
        p: dig_P1 to dig_P9.
        h: dig_H1 to dig_H6; empty for the BMP280.
    """

    t: tuple[int, ...]
    p: tuple[int, ...]
    h: tuple[int, ...] = ()

    @property
    def is_blank(self) -> bool:
        """True if it cannot be a chip's: all of one bit, as a floating or shorted line reads."""
        return {*self.t, *self.p} <= {0, 0xFFFF, -1}


def trimming_of(low: bytes, high: bytes) -> Trimming:
    """The trimming in its registers (section 4.2.2, table 16).

    Args:
        low: The 26 bytes from 0x88.
        high: The 7 bytes from 0xE1; empty for the BMP280.
    """
    words = struct.unpack_from("<HhhHhhhhhhhh", low)
    if not high:
        return Trimming(words[:3], words[3:])
    h2, h3, upper_h4, shared, upper_h5, h6 = struct.unpack("<hBbBbb", high)
    return Trimming(
        words[:3], words[3:], (low[25], h2, h3, upper_h4 << 4 | shared & 0x0F, upper_h5 << 4 | shared >> 4, h6)
    )


def fine_temperature(adc: int, trimming: Trimming) -> float:
    """`t_fine`, which is the temperature in units of 1/5120 °C."""
    t1, t2, t3 = trimming.t
    first = (adc / 16_384 - t1 / 1_024) * t2
    return first + (adc / 131_072 - t1 / 8_192) ** 2 * t3


def pressure_pa(adc: int, t_fine: float, trimming: Trimming) -> float | None:
    """Air pressure in Pa; None where the trimming leads to a division by zero."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = trimming.p
    var1 = t_fine / 2 - 64_000
    var2 = var1 * var1 * p6 / 32_768 + var1 * p5 * 2
    var2 = var2 / 4 + p4 * 65_536
    var1 = (p3 * var1 * var1 / 524_288 + p2 * var1) / 524_288
    var1 = (1 + var1 / 32_768) * p1
    if var1 == 0:
        return None
    pressure = (1_048_576 - adc - var2 / 4_096) * 6_250 / var1
    return pressure + (p9 * pressure * pressure / 2_147_483_648 + pressure * p8 / 32_768 + p7) / 16


def humidity_pct(adc: int, t_fine: float, trimming: Trimming) -> float:
    """Relative humidity in %, within 0 and 100."""
    h1, h2, h3, h4, h5, h6 = trimming.h
    t = t_fine - 76_800
    value = (adc - (h4 * 64 + h5 / 16_384 * t)) * (h2 / 65_536 * (1 + h6 / 67_108_864 * t * (1 + h3 / 67_108_864 * t)))
    return min(100.0, max(0.0, value * (1 - h1 * value / 524_288)))
