"""Lamps, buzzers and relays in the branch, driven by a rule that needs no network."""

from agent.outputs.outputs import Outputs, Situation, Switch, outputs_of
from agent.outputs.rule import CallView, OutputPlan, is_on

__all__ = ["CallView", "OutputPlan", "Outputs", "Situation", "Switch", "is_on", "outputs_of"]
