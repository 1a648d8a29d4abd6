"""Modbus devices, RTU and TCP: what their registers mean, and the links they share."""

from agent.modbus.link import Link, LinkPlan, Links, PymodbusLink, link_of
from agent.modbus.registers import MODBUS_KINDS, part_of, problems_of
from agent.modbus.sensor import ModbusSensor
from agent.modbus.states import ModbusState

__all__ = [
    "MODBUS_KINDS",
    "Link",
    "LinkPlan",
    "Links",
    "ModbusSensor",
    "ModbusState",
    "PymodbusLink",
    "link_of",
    "part_of",
    "problems_of",
]
