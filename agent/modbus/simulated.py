"""A Modbus link to devices that exist in memory only: steady air, and machines that are well."""

from collections.abc import Sequence
from typing import Final

from agent.facility_config import ModbusConfig, RegisterConfig
from agent.modbus.link import LinkPlan, link_of
from agent.modbus.registers import WELL, words_for, words_of

USUAL: Final = {
    "co2_ppm": 620.0,
    "temperature_c": 22.5,
    "humidity_pct": 45.0,
    "pressure_hpa": 1_013.0,
    "illuminance_lx": 400.0,
    "noise_dba": 48.0,
}
"""What an occupied hall reads; other quantities read 10 of their unit."""


class SimulatedLink:
    """Answers for every register of the configuration on this link.

    Args:
        plan: The link.
        devices: All Modbus tables; those on other links are passed over.
    """

    def __init__(self, plan: LinkPlan, devices: Sequence[ModbusConfig]) -> None:
        self._words = {
            (device.unit, register.table, register.address): _usual_words(register)
            for device in devices
            if link_of(device) == plan
            for register in device.registers
        }

    def read(self, unit: int, register: RegisterConfig, timeout_s: float) -> list[int]:
        """See `Link`."""
        del timeout_s
        return self._words[unit, register.table, register.address]


def _usual_words(register: RegisterConfig) -> list[int]:
    if register.quantity is not None:
        return words_for(register, USUAL.get(register.quantity, 10.0))
    well = next((int(value) for value, state in register.states.items() if state in WELL), 0)
    if register.mask is not None:
        well <<= (register.mask & -register.mask).bit_length() - 1
    return words_for(register, well * register.scale + register.offset) if words_of(register) else []
