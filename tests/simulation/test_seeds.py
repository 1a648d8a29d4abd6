"""Whatever fails, and whenever: nothing is lost, nothing is silent, nothing is twice."""

import pytest

from tests.simulation.run import run_seed

SEEDS = 300
A_TEST = 5
"""Few enough that workers share them evenly, and that a failure names its neighbourhood."""


@pytest.mark.parametrize("batch", range(0, SEEDS, A_TEST))
def test_every_schedule_of_faults_ends_well(batch: int) -> None:
    """A failing seed replays by its number: `python -m tests.simulation SEED -v`."""
    outcomes = [run_seed(seed) for seed in range(batch, batch + A_TEST)]
    assert {one.seed: one.problems[:5] for one in outcomes if one.problems} == {}
