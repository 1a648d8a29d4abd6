"""Chips that answer byte by byte on a bus in memory, and rooms with physics around them."""

from sensors.simulated.bus import SimulatedI2C
from sensors.simulated.hanging import simulated_chip
from sensors.simulated.room import Air, RoomPlan, RoomState, step
from sensors.simulated.rooms import LivingRoom, Rooms

__all__ = [
    "Air",
    "LivingRoom",
    "RoomPlan",
    "RoomState",
    "Rooms",
    "SimulatedI2C",
    "simulated_chip",
    "step",
]
