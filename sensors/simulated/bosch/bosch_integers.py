"""Bosch's compensation in whole numbers, and turned round: from air to what the converters read.

Formulas are those of BST-BME280-DS002-15 rev. 1.6, section 4.2.3; the driver computes in floating point (section 8.1),
so that the two check each other.
"""

from collections.abc import Callable

from sensors.bosch_math import Trimming

# The example of BST-BMP280-DS001 rev. 1.14, section 3.12; the humidity's trimming is of the magnitude real chips have.
TRIMMING = Trimming(
    (27_504, 26_435, -1_000),
    (36_477, -10_685, 3_024, 2_855, 140, -7, 15_500, -14_600, 6_000),
    (75, 370, 0, 313, 50, 30),
)


def t_fine_of(adc: int) -> int:
    """The temperature in units of 1/5120 °C."""
    t1, t2, t3 = TRIMMING.t
    first = (((adc >> 3) - (t1 << 1)) * t2) >> 11
    return first + (((((adc >> 4) - t1) * ((adc >> 4) - t1)) >> 12) * t3 >> 14)


def centidegrees(adc: int) -> int:
    """The temperature in 0.01 °C."""
    return (t_fine_of(adc) * 5 + 128) >> 8


def pascal_256(adc: int, t_fine: int) -> int:
    """The pressure in 1/256 Pa."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = TRIMMING.p
    var1 = t_fine - 128_000
    var2 = var1 * var1 * p6 + ((var1 * p5) << 17) + (p4 << 35)
    var1 = ((var1 * var1 * p3) >> 8) + ((var1 * p2) << 12)
    var1 = (((1 << 47) + var1) * p1) >> 33
    p = (((1_048_576 - adc) << 31) - var2) * 3_125 // var1
    return ((p + ((p9 * (p >> 13) * (p >> 13)) >> 25) + ((p8 * p) >> 19)) >> 8) + (p7 << 4)


def percent_1024(adc: int, t_fine: int) -> int:
    """The relative humidity in 1/1024 %."""
    h1, h2, h3, h4, h5, h6 = TRIMMING.h
    v = t_fine - 76_800
    scale = (((((v * h6) >> 10) * (((v * h3) >> 11) + 32_768)) >> 10) + 2_097_152) * h2 + 8_192 >> 14
    v = (((adc << 14) - (h4 << 20) - (h5 * v) + 16_384) >> 15) * scale
    v -= ((((v >> 15) * (v >> 15)) >> 7) * h1) >> 4
    return min(419_430_400, max(0, v)) >> 12


def adc_where(told: Callable[[int], int], wanted: float, bits: int) -> int:
    """What the converter reads where a rising function tells the wanted value, or its end."""
    low, high = 0, (1 << bits) - 1
    while low < high:
        middle = (low + high) // 2
        if told(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def raw_of(temperature_c: float, pressure_hpa: float, humidity_pct: float) -> tuple[int, int, int]:
    """What the three converters read in such air: pressure, temperature, humidity."""
    temperature = adc_where(centidegrees, temperature_c * 100, 20)
    t_fine = t_fine_of(temperature)
    pressure = (
        (1 << 20) - 1 - adc_where(lambda turned: pascal_256((1 << 20) - 1 - turned, t_fine), pressure_hpa * 25_600, 20)
    )
    humidity = adc_where(lambda adc: percent_1024(adc, t_fine), humidity_pct * 1_024, 16)
    return pressure, temperature, humidity
