"""Simulated devices answer in registers, so that the same decoding reads them."""

import pytest

from agent.facility_config import ModbusConfig, RegisterConfig
from agent.modbus import ModbusSensor, ModbusState, link_of
from agent.modbus.simulated import SimulatedLink

AIR = ModbusConfig(
    point="unit-air",
    room="hall",
    link="/dev/ttyUSB0",
    registers=[
        RegisterConfig(address=0, quantity="co2_ppm"),
        RegisterConfig(address=1, type="int16", scale=0.1, quantity="temperature_c"),
        RegisterConfig(address=2, type="float32", word_order="little", quantity="pm2_5_ug_m3"),
    ],
)
LIFT = ModbusConfig(
    point="lift",
    room="hall",
    kind="lift",
    link="/dev/ttyUSB0",
    unit=2,
    registers=[RegisterConfig(address=9, mask=0xF0, states={"0": "fault", "3": "ok"})],
)


def test_simulated_devices_are_well() -> None:
    """Steady air, and a state that works."""
    link = SimulatedLink(link_of(AIR), [AIR, LIFT])
    assert ModbusSensor(AIR, link).read() == {
        "co2_ppm": 620.0,
        "temperature_c": pytest.approx(22.5),
        "pm2_5_ug_m3": 10.0,
    }
    assert ModbusState(LIFT, link).ask().state == "ok"
