"""Run one seed on a memory file system and say what went wrong."""

import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.simulation.simulation import Simulation
from tests.simulation.verdict import judge


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a seed: the claims that do not hold, and the faults there were."""

    seed: int
    problems: list[str]
    log: list[str]


def run_seed(seed: int) -> Outcome:
    """The whole of one seed: storm, settling, verdict."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="openhall-simulation-", dir=memory if memory.is_dir() else None))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        simulation = Simulation(seed, folder)
        try:
            simulation.run()
            return Outcome(seed=seed, problems=judge(simulation), log=simulation.log)
        finally:
            simulation.close()
    finally:
        structlog.reset_defaults()
        shutil.rmtree(folder, ignore_errors=True)
