"""The settings that several CO2 sensors share, and the air pressure that belongs to a height."""

from collections.abc import Mapping
from typing import Any, Final

from sensors.errors import SensorMisconfigured
from sensors.spec import SensorSpec

# Sensirion SCD4x data sheet v1.3, sections 3.6.1, 3.6.3 and 3.6.5: what the three compensations may be.
MAX_TEMPERATURE_OFFSET_C: Final = 20.0
MAX_ALTITUDE_M: Final = 3_000
PRESSURE_RANGE_HPA: Final = (700, 1_200)

STANDARD_HPA: Final = 1013.25


def check_altitude(spec: SensorSpec, where: Mapping[str, Any]) -> None:
    """Refuse a height or pressure that no Sensirion CO2 sensor takes.

    Raises:
        SensorMisconfigured: It names the setting.
    """
    low, high = PRESSURE_RANGE_HPA
    pressure = spec.ambient_pressure_hpa
    if not 0 <= spec.altitude_m <= MAX_ALTITUDE_M:
        text = f"altitude_m runs from 0 to {MAX_ALTITUDE_M}; higher up give ambient_pressure_hpa"
        raise SensorMisconfigured(text, setting="altitude_m", got=spec.altitude_m, **where)
    if pressure is not None and not low <= pressure <= high:
        text = f"ambient_pressure_hpa runs from {low} to {high} (hPa, not Pa)"
        raise SensorMisconfigured(text, setting="ambient_pressure_hpa", got=pressure, **where)


def check_temperature_offset(spec: SensorSpec, where: Mapping[str, Any]) -> None:
    """Refuse an offset that no Sensirion sensor takes.

    Raises:
        SensorMisconfigured: It names the setting.
    """
    offset = spec.temperature_offset_c
    if offset is not None and not 0 <= offset <= MAX_TEMPERATURE_OFFSET_C:
        text = f"temperature_offset_c runs from 0 to {MAX_TEMPERATURE_OFFSET_C:g}"
        raise SensorMisconfigured(text, setting="temperature_offset_c", got=offset, **where)


def pressure_at_hpa(altitude_m: float) -> float:
    """Air pressure in hPa at a height in the standard atmosphere."""
    # ISO 2533:1975, below 11 km.
    return float(STANDARD_HPA * (1 - 2.25577e-5 * altitude_m) ** 5.25588)
