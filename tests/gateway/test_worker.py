"""Threads of work, the gate before the store, and what `/readyz` is told: each broken on purpose."""

import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.errors import StoreMisconfigured, StoreUnavailable
from gateway.ingest.claims import Conflict
from gateway.readiness import Probe, ReadinessCheck
from gateway.state.state import State
from gateway.store_gate import MISCONFIGURED_RETRY_S, RETRY_AT_MOST_S, StoreGate
from gateway.worker import Worker, rest_s
from telemetry.clock import SystemClock
from tests.fakes import FakeClock
from tests.servers import wait_until


def test_a_worker_works_until_nothing_is_left_and_sleeps_until_woken() -> None:
    left = [3]
    done = threading.Event()

    def work() -> int:
        if left[0] == 0:
            done.set()
            return 0
        left[0] -= 1
        return 1

    worker = Worker("test", work, idle_s=lambda: 60.0)
    worker.start()
    worker.wake()
    assert done.wait(10)
    done.clear()
    left[0] = 2
    worker.wake()
    assert done.wait(10)
    assert left == [0]
    assert worker.stop(10)


def test_a_worker_rests_after_a_small_round_only() -> None:
    """Full rounds follow one another; before the next one work gathers, and a stop does not wait for that."""
    rounds = [5, 7, 5, 2, 9]
    small = threading.Event()

    def work() -> int:
        done = rounds.pop(0)
        if done < 5:
            small.set()
        return done

    worker = Worker("test", work, idle_s=lambda: 0.0, gather_s=3600.0, full=5)
    worker.start()
    assert small.wait(10)
    assert worker.stop(10)
    assert rounds == [9]


def test_a_rest_is_as_long_as_the_last_round_within_bounds() -> None:
    assert [rest_s(took_s, least_s=0.05, most_s=0.25) for took_s in (0.0, 0.05, 0.1, 0.25, 9.0)] == [
        *(0.05, 0.05, 0.1, 0.25, 0.25)
    ]


def test_a_worker_outlives_a_fault_shows_it_and_forgets_it_when_it_is_over() -> None:
    broken = threading.Event()
    broken.set()

    def work() -> int:
        if broken.is_set():
            raise RuntimeError("by the test")
        return 0

    worker = Worker("hear", work, idle_s=lambda: 0.01)
    with capture_logs() as logs:
        worker.start()
        wait_until(lambda: worker.fault is not None)
        assert worker.fault == "hear: RuntimeError: by the test"
        broken.clear()
        wait_until(lambda: worker.fault is None)
        assert worker.stop(10)
    assert [entry["log_level"] for entry in logs] == ["error", "info"]


class ScriptedStore:
    """A store whose next proofs raise what the test says."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.proofs = 0

    def prove(self, _regions: Sequence[str]) -> None:
        self.proofs += 1
        if self.errors:
            raise self.errors.pop(0)

    def marks(self) -> dict[str, int]:
        return {}


def gate_of(store: Any, clock: FakeClock) -> StoreGate:
    return StoreGate(store, ["north"], clock)


def test_the_gate_opens_once_the_store_is_proved_and_asks_no_more() -> None:
    store = ScriptedStore()
    gate = gate_of(store, FakeClock())
    assert gate.fault is not None
    assert gate.is_open()
    assert gate.is_open()
    assert (gate.fault, store.proofs) == (None, 1)


def test_a_store_that_is_away_is_tried_again_with_growing_bounded_waits() -> None:
    store = ScriptedStore(*[StoreUnavailable("away")] * 12)
    clock = FakeClock()
    gate = gate_of(store, clock)
    proofs: list[float] = []
    with capture_logs() as logs:
        while not gate.is_open():
            if store.proofs > len(proofs):
                proofs.append(clock.monotonic())
            clock.advance(0.5)
    waits = [later - earlier for earlier, later in pairwise(proofs)]
    assert waits[:5] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert max(waits) == RETRY_AT_MOST_S
    assert [entry["log_level"] for entry in logs] == ["warning", *["debug"] * 11]


def test_a_store_that_asks_for_patience_gets_it() -> None:
    store = ScriptedStore(StoreUnavailable("busy", retry_after_s=50.0))
    clock = FakeClock()
    gate = gate_of(store, clock)
    assert not gate.is_open()
    clock.advance(49)
    assert not gate.is_open()
    assert store.proofs == 1
    clock.advance(2)
    assert gate.is_open()


def test_a_misconfigured_store_is_told_and_tried_slowly() -> None:
    store = ScriptedStore(StoreMisconfigured("no token"), StoreMisconfigured("no bucket"))
    clock = FakeClock()
    gate = gate_of(store, clock)
    with capture_logs() as logs:
        assert not gate.is_open()
        assert gate.fault == "no token"
        clock.advance(MISCONFIGURED_RETRY_S - 1)
        assert not gate.is_open()
        assert store.proofs == 1
        clock.advance(1)
        assert not gate.is_open()
        clock.advance(MISCONFIGURED_RETRY_S)
        assert gate.is_open()
    assert [(entry["log_level"], entry["error"]) for entry in logs] == [
        ("warning", "no token"),
        ("warning", "no bucket"),
    ]


def test_a_probe_that_hangs_is_a_fault_within_its_bound_and_is_not_asked_twice() -> None:
    asked: list[int] = []
    free = threading.Event()

    def ask() -> None:
        asked.append(1)
        free.wait(30)

    probe = Probe(ask, SystemClock())
    assert probe.fault() == "no answer within 2 s"
    assert probe.fault() == "no answer within 2 s"
    assert len(asked) == 1
    free.set()
    wait_until(lambda: probe.fault() is None)
    probe.close()


def test_a_probes_answer_is_kept_for_two_seconds() -> None:
    clock = FakeClock()
    errors: list[StoreUnavailable] = [StoreUnavailable("away")]
    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        if errors:
            raise errors.pop()

    probe = Probe(ask, clock)
    assert [probe.fault() for _ in range(3)] == ["away"] * 3
    assert len(asked) == 1
    clock.advance(2)
    assert probe.fault() is None
    probe.close()


class Part:
    """Ingest, bus and worker in one, as far as `/readyz` looks at them."""

    storing = True
    trouble: tuple[str, str] | None = None
    fault: str | None = None
    rival = False


@pytest.fixture
def state(tmp_path: Path) -> Any:
    opened = State.open(f"sqlite:///{tmp_path}/state.sqlite3")
    yield opened
    opened.close()


def test_every_part_that_fails_is_a_reason_and_every_oddity_a_warning(state: State) -> None:
    part, worker = Part(), Worker("keep", lambda: 0)
    conflicts = [Conflict("hall-1", f"air-{number}", "pi-1", "pi-2", 0) for number in range(7)]
    store_faults: list[str | None] = [None]
    findings: list[tuple[str, str]] = []
    shown: list[Conflict] = []
    check = ReadinessCheck(
        ingest=part,
        bus=part,
        store=ScriptedStore(),  # type: ignore[arg-type]
        state=state,
        workers=[worker],
        conflicts=lambda: shown,
        findings=lambda: findings,
        store_fault=lambda: store_faults[0],
        clock=SystemClock(),
    )
    assert (check().reasons, check().warnings) == ([], [])
    part.storing = False
    assert [one.part for one in check().reasons] == ["store"]
    part.trouble = ("state", "/var/state.sqlite3: the disk is full")
    assert [one.part for one in check().reasons] == ["state"]
    assert "the disk is full" in check().reasons[0].text
    store_faults[0] = "no bucket"
    assert [one.text for one in check().reasons] == ["store: no bucket"]
    part.fault, worker.fault = "not connected", "keep: KeyError: 'x'"
    assert [one.part for one in check().reasons] == ["store", "broker", "worker"]
    part.rival = True
    findings.append(("two_gateways", "gateway other is online for our region north too"))
    shown += conflicts
    warnings = check().warnings
    assert [one.part for one in warnings] == ["same_id", "two_gateways", *["two_agents"] * 6]
    assert warnings[-1].text == "2 more points are claimed by two agents"
    check.close()
