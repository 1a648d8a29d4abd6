"""The verdict is no rubber stamp: what is broken on purpose after a calm run is found."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from gateway.state.case_tables import evidence_pack
from tests.simulation.broker import Weather
from tests.simulation.simulation import Simulation
from tests.simulation.verdict import judge


class _Calm(Simulation):
    """A simulation without faults."""

    def _plan_storm(self) -> None:
        self.broker.weather = Weather()
        self.world.after(100.0, lambda: self.agents[0].pull_cord("called"))


@pytest.fixture
def settled(tmp_path: Path) -> Iterator[Simulation]:
    """A calm run that is over, with nothing to complain of."""
    simulation = _Calm(1, tmp_path)
    simulation.run()
    assert judge(simulation) == []
    yield simulation
    simulation.close()


def _in_store(simulation: Simulation, statement: str) -> None:
    with sqlite3.connect(simulation.room.folder / "store.db") as link:
        assert link.execute(statement).rowcount > 0


def _forget_a_reading(simulation: Simulation) -> None:
    one = "SELECT day, series, time FROM sample WHERE value BETWEEN 400 AND 1000 LIMIT 1"
    _in_store(simulation, f"DELETE FROM sample WHERE (day, series, time) IN ({one})")


def _store_one_twice(simulation: Simulation) -> None:
    _in_store(
        simulation,
        "INSERT INTO sample SELECT day, series, time + 1, value FROM sample WHERE value BETWEEN 400 AND 1000 LIMIT 1",
    )


def _call_that_nobody_heard(simulation: Simulation) -> None:
    simulation.agents[0].measured.calls.add(("nobody", 1))


def _death_that_nobody_saw(simulation: Simulation) -> None:
    next(agent for agent in simulation.agents if agent.running).core = None


def _late_air_seen(simulation: Simulation) -> None:
    root, times_ms, arrived_ms = simulation.active.seen[0]
    simulation.active.seen.append((root, times_ms, arrived_ms + 600_000))


def _pack_without_receipt(simulation: Simulation) -> None:
    agent = next(agent for agent in simulation.agents if agent.running)
    assert agent.journal is not None
    row = agent.journal.add_air("hall-air", "hall", {"co2_ppm": 999.0})
    assert row is not None
    agent.measured.air[row.journal, row.sequence] = 999.0


def _lose_evidence(simulation: Simulation) -> None:
    assert simulation.active.state is not None
    with simulation.active.state.engine.begin() as connection:
        connection.execute(delete(evidence_pack))


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (_forget_a_reading, "neither stored nor declared"),
        (_store_one_twice, "is stored 2 times"),
        (_call_that_nobody_heard, "was heard 0 times"),
        (_death_that_nobody_saw, "is dead, the gateway says online=True"),
        (_late_air_seen, "reached the alarms"),
        (_pack_without_receipt, "without a receipt"),
        (_lose_evidence, "not among the raw packs"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_broken_is_found(settled: Simulation, break_it: Callable[[Simulation], None], complaint: str) -> None:
    """Each claim of the verdict fails when it should."""
    break_it(settled)
    assert any(complaint in problem for problem in judge(settled))
