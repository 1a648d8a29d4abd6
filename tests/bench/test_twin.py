"""The twin of the fleet: its schedule, its branches, and a small run that ends with nothing lost."""

import random

from bench.fleet import draw
from bench.twin import run
from bench.twin_branch import AGAIN_S, SPREAD_S, TwinBranch
from bench.twin_faults import Fault, schedule
from telemetry import messages, senml
from telemetry.messages import Command, Health, Receipt, Reply
from telemetry.readings import declaration_of

NOW_MS = 1_790_000_000_000


def branch() -> TwinBranch:
    return TwinBranch(3, [draw(random.Random(1))], random.Random(2), "north", 5.0)


def test_a_schedule_is_its_seeds_and_has_every_fault_before_one_comes_twice() -> None:
    found = schedule(5, branches=50, seconds=60.0, every_s=2.0)
    assert found == schedule(5, branches=50, seconds=60.0, every_s=2.0)
    assert found != schedule(6, branches=50, seconds=60.0, every_s=2.0)
    kinds = [one.fault for one in found]
    assert set(kinds[: len(Fault)]) == set(Fault)
    assert all(1 <= len(one.branches) <= 5 for one in found if one.fault is Fault.POWER)


def test_a_branch_sends_again_until_it_is_receipted() -> None:
    one = branch()
    one.next_health_s = float("inf")
    one.measure(0.0, NOW_MS)
    (out,) = one.due(0.0)
    assert one.due(AGAIN_S * 0.8) == []
    assert one.due(AGAIN_S * 1.2) == [out]
    pack = senml.decode(out.body, one.root.site).pack
    assert pack is not None
    receipt = Receipt(journal=pack.journal, ranges=[(pack.sequence, pack.sequence)])
    for _ in range(2):
        one.hear(one.root.receipt, messages.encode(receipt), 30.0)
    assert one.due(1_000.0) == []
    assert one.duplicates == 1


def test_a_power_cut_is_declared_and_a_resend_answered() -> None:
    one = branch()
    for at in range(4):
        one.measure(at * 5.0, NOW_MS + at * 5_000)
    before = one.journal
    one.cut_power(NOW_MS + 20_000)
    assert one.journal != before
    assert len(one.measured) == 4 - one.vanished
    bodies = [out.body for out in one.due(100.0 + SPREAD_S)]
    health = messages.decode(bodies.pop(), Health)
    packs = [senml.decode(body, one.root.site).pack for body in bodies]
    declared = declaration_of(packs[-1]) if packs[-1] is not None else None
    assert declared is not None
    assert (declared.journal, declared.reason) == (before, "corrupt")
    assert declared.last - declared.first + 1 == one.vanished + 16
    assert set(health.held or {}) == {before, one.journal}
    first = min(sequence for _journal, sequence in one.measured)
    order = Command(id="a", expires=2e9, journal=before, ranges=[(first - 1, first)])
    (answer,) = one.hear(one.root.command("resend"), messages.encode(order), 200.0)
    reply = messages.decode(answer.body, Reply)
    assert reply.result == {"sent": 1, "missing": [[first - 1, first - 1]]}


def test_a_small_fleet_loses_nothing() -> None:
    """On the real broker, gateway and InfluxDB; ARGS of `make twin` make it large."""
    told: list[str] = []
    outcome = run(branches=5, seconds=5.0, period_s=0.5, fault_every_s=1.0, seed=3, tell=told.append)
    assert outcome.is_well, outcome
    assert outcome.sent >= 20
    assert outcome.faults == sum("for" in line for line in told) > 2
