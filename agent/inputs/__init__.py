"""Contacts and buttons: debounced, supervised where an ADC is wired, and what their positions mean."""

from agent.inputs.inputs import Inputs
from agent.inputs.wiring import WirePlan, inputs_of

__all__ = ["Inputs", "WirePlan", "inputs_of"]
