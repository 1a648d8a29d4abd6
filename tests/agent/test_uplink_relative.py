"""Rule 6 on the wire: relative time until the clock is trusted, absolute time under the same pair afterwards."""

from pathlib import Path

import pytest

from agent.journal import Journal
from telemetry.readings import Flag
from tests.agent.journals import ROOT, Machine, Wire, packs_of


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine whose clock nobody set."""
    machine = Machine(tmp_path)
    machine.clock.wall_s = 1_000_000.0
    return machine


@pytest.fixture
def journal(machine: Machine) -> Journal:
    """Its journal."""
    return machine.open(trusted=False)


@pytest.fixture
def wire(journal: Journal, machine: Machine) -> Wire:
    """A connected uplink."""
    return Wire(journal, machine.clock)


def test_live_air_goes_once_in_relative_time(wire: Wire) -> None:
    """At once, dated zero seconds from now, and not again before the clock is trusted."""
    row = wire.add_air()
    [pack] = packs_of(wire.poll())
    assert (pack.relative, pack.sequence, pack.records[0].time_ms) == (True, row.sequence, 0)
    for _ in range(100):
        assert wire.after(30.0) == []
    wire.uplink.disconnected()
    wire.uplink.connected()
    assert wire.sent() == []


def test_a_relative_pack_says_how_old_it_is(wire: Wire) -> None:
    """Three seconds from journalling to sending are three seconds back."""
    wire.add_air()
    wire.clock.advance(3.0)
    [pack] = packs_of(wire.poll())
    assert pack.records[0].time_ms == -3_000


def test_once_trusted_it_goes_again_with_its_own_time(wire: Wire, machine: Machine) -> None:
    """The same pair, absolute time, no flag, until receipted."""
    row = wire.add_air()
    wire.poll()
    machine.clock.advance(40.0)
    machine.clock.wall_s = 1_790_000_000.0
    wire.uplink.trust_clock()
    assert wire.uplink.trusted
    [pack] = packs_of(wire.poll())
    assert (pack.journal, pack.sequence, pack.relative) == (row.journal, row.sequence, False)
    assert pack.records[0].time_ms == 1_789_999_960_000
    assert pack.records[0].flags == ()
    assert wire.after(60.0) == [row.sequence]
    wire.receipt(row)
    assert wire.after(1_000.0) == []


def test_states_are_never_retained_in_relative_time(wire: Wire) -> None:
    """They go to their own topic, and are retained once their time is absolute."""
    row = wire.add_state("called")
    [message] = wire.poll()
    assert (message.topic, message.retain) == (ROOT.facility("cord"), False)
    wire.clock.wall_s = 1_790_000_000.0
    wire.uplink.trust_clock()
    [message] = wire.poll()
    assert (message.topic, message.retain) == (ROOT.facility("cord"), True)
    assert packs_of([message])[0].sequence == row.sequence


def test_a_call_is_repeated_until_heard_and_then_waits_for_the_clock(wire: Wire) -> None:
    """Its age grows with each sending; heard is enough until there is a time; then it is owed like any other."""
    row = wire.add_state("called")
    ages = [packs_of(wire.poll())[0].records[0].time_ms]
    for wait_s in (5.0, 10.0, 20.0):
        wire.clock.advance(wait_s)
        ages.append(packs_of(wire.poll())[0].records[0].time_ms)
    assert ages == [0, -5_000, -15_000, -35_000]
    wire.receipt(heard=[row])
    for _ in range(60):
        assert wire.after(30.0) == []
    wire.clock.wall_s = 1_790_000_000.0
    wire.uplink.trust_clock()
    assert wire.sent() == [row.sequence]
    wire.receipt(row)
    assert wire.after(1_000.0) == []


def test_a_door_is_repeated_until_heard_but_not_beyond_an_hour(wire: Wire) -> None:
    """A relative time more than an hour back would be a dead letter, and be receipted as one."""
    row = wire.add_state("open", point="door", kind="door")
    ages = []
    for _ in range(400):
        ages += [pack.records[0].time_ms for pack in packs_of(wire.poll())]
        wire.clock.advance(15.0)
    assert len(ages) > 4
    assert min(ages) > -3_600_000
    wire.clock.wall_s = 1_790_000_000.0
    wire.uplink.trust_clock()
    assert wire.sent() == [row.sequence]


def test_a_call_goes_however_old(wire: Wire) -> None:
    """Somebody may still lie there."""
    row = wire.add_state("called")
    wire.uplink.disconnected()
    wire.clock.advance(5 * 3_600.0)
    wire.uplink.connected()
    [pack] = packs_of(wire.poll())
    assert (pack.sequence, pack.records[0].time_ms) == (row.sequence, -5 * 3_600_000)


def test_a_call_of_an_earlier_boot_goes_at_once_aged_from_this_one(journal: Journal, machine: Machine) -> None:
    """How long the machine was off nobody knows: it is as old as this boot, at least. Other states and air wait."""
    Wire(journal, machine.clock, connected=False).add_state("called")
    call = journal.last_state("cord")
    journal.add_state("door", "hall", "door", True, "open")
    journal.add_air("hall-air", "hall", {"co2_ppm": 1.0})
    journal.sync()
    machine.cut_power()
    machine.clock.advance(42.0)
    wire = Wire(machine.open(trusted=False), machine.clock)
    [pack] = packs_of(wire.poll())
    assert call is not None
    assert (pack.sequence, pack.relative, pack.records[0].time_ms) == (call.sequence, True, -42_000)
    machine.clock.advance(8.0)
    machine.clock.wall_s = 1_790_000_000.0
    wire.uplink.trust_clock()
    packs = {pack.kind: pack for pack in packs_of(wire.poll()) if not pack.is_declaration}
    assert set(packs) == {"call-toilet", "door", None}
    assert all(record.flags == (Flag.CLOCK,) for pack in packs.values() for record in pack.records)
    assert packs["call-toilet"].records[0].time_ms == 1_790_000_000_000 - 50_000


def test_packs_that_have_a_time_go_as_backlog_before_trust(journal: Journal, machine: Machine) -> None:
    """What an earlier boot journalled under a trusted clock needs no trust now."""
    journal.close()
    machine.clock.wall_s = 1_790_000_000.0
    trusted = machine.open(trusted=True)
    row = Wire(trusted, machine.clock, connected=False).add_air()
    trusted.close()
    machine.clock.reboot()
    machine.clock.wall_s = 1_790_000_003.0
    wire = Wire(machine.open(trusted=False), machine.clock, backlog_window=1)
    [pack] = packs_of(wire.poll())
    assert (pack.sequence, pack.relative) == (row.sequence, False)
    assert row.sequence in wire.uplink._air.waits


def test_a_replay_before_trust_goes_with_its_given_time(wire: Wire) -> None:
    """A time that is given is a time."""
    wire.add_air(time_ms=1_700_000_000_000)
    [pack] = packs_of(wire.poll())
    assert (pack.relative, pack.records[0].time_ms) == (False, 1_700_000_000_000)
