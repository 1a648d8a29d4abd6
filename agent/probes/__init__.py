"""Probes of what stands in the branch's network: each asks one device, at its own period, in a thread of its own."""

from agent.probes.callers import Callers, Check
from agent.probes.opening import PROBE_KINDS, open_probe, problem_of
from agent.probes.rounds import Answer, CheckJob, CheckPlan, Rounds
from agent.probes.verdict import UpDown

__all__ = [
    "PROBE_KINDS",
    "Answer",
    "Callers",
    "Check",
    "CheckJob",
    "CheckPlan",
    "Rounds",
    "UpDown",
    "open_probe",
    "problem_of",
]
