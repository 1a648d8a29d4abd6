"""Rules 4 and 5: what is sent when, on time lines."""

from itertools import pairwise
from pathlib import Path

import pytest

from agent.declaring import Dropped
from agent.journal import Journal
from agent.journal_rows import Moment
from telemetry.messages import Receipt, encode
from telemetry.readings import MAX_SEQUENCE, DropReason
from telemetry.topics import GATEWAY_STATUS_FILTER, Root
from tests.agent.journals import ROOT, Machine, Wire, drain, packs_of, until

LONG_AGO_MS = 1_700_000_000_000


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A branch's machine."""
    return Machine(tmp_path)


@pytest.fixture
def journal(machine: Machine) -> Journal:
    """Its journal."""
    return machine.open()


@pytest.fixture
def wire(journal: Journal, machine: Machine) -> Wire:
    """A connected uplink."""
    return Wire(journal, machine.clock)


def old_air(wire: Wire, count: int) -> list[int]:
    """Backlog: air of long ago."""
    return [wire.add_air(time_ms=LONG_AGO_MS + n, co2_ppm=400.0 + n).sequence for n in range(count)]


def sending_times(wire: Wire, sequence: int, until_s: float, step_s: float = 1.0) -> list[float]:
    """When a pack is sent within so many seconds."""
    times = []
    for n in range(int(until_s / step_s) + 1):
        if n:
            wire.clock.advance(step_s)
        if sequence in wire.sent():
            times.append(n * step_s)
    return times


# -- the waits ---------------------------------------------------------------------------------------------------------


def test_air_goes_at_once_and_again_until_receipted(wire: Wire) -> None:
    """At once, after 60 s, after 120 s more, doubling up to 15 minutes, for ever."""
    row = wire.add_air()
    times = sending_times(wire, row.sequence, 6_000.0, step_s=10.0)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert times[0] == 0.0
    assert gaps == [60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0, 900.0, 900.0][: len(gaps)]
    assert len(gaps) >= 8
    wire.receipt(row)
    assert sending_times(wire, row.sequence, 2_000.0, step_s=10.0) == []


def test_an_unheard_call_goes_again_after_5_s_up_to_60(wire: Wire) -> None:
    """5 s, doubling up to a minute, whatever its receipt."""
    row = wire.add_state("called")
    assert sending_times(wire, row.sequence, 76.0) == [0.0, 5.0, 15.0, 35.0, 75.0]
    wire.receipt(row)
    assert sending_times(wire, row.sequence, 130.0) == [59.0, 119.0]


def test_a_heard_call_waits_for_its_receipt_like_others(wire: Wire) -> None:
    """60 s after its last sending, then twice as long."""
    row = wire.add_state("called")
    assert wire.sent() == [row.sequence]
    assert wire.after(2.0) == []
    wire.receipt(heard=[row])
    assert sending_times(wire, row.sequence, 400.0) == [58.0, 178.0]
    wire.receipt(row)
    assert sending_times(wire, row.sequence, 2_000.0, step_s=10.0) == []


def test_a_receipt_that_came_before_heard_is_enough(wire: Wire) -> None:
    """Then nothing more is to be sent."""
    row = wire.add_state("called")
    wire.poll()
    wire.receipt(row)
    wire.receipt(heard=[row])
    assert sending_times(wire, row.sequence, 2_000.0, step_s=10.0) == []


def test_another_state_waits_60_s(wire: Wire) -> None:
    """A door is no call."""
    row = wire.add_state("open", point="door", kind="door")
    assert sending_times(wire, row.sequence, 200.0) == [0.0, 60.0, 180.0]


def test_waits_are_settings(journal: Journal, machine: Machine) -> None:
    """Every wait of the rule can be set."""
    wire = Wire(journal, machine.clock, resend_min_s=2.0, resend_max_s=3.0, call_min_s=1.0, call_max_s=1.0)
    air, call = wire.add_air(), wire.add_state("called")
    wire.poll()
    assert wire.after(1.0) == [call.sequence]
    assert set(wire.after(1.0)) == {air.sequence, call.sequence}
    wire.receipt(heard=[call])
    assert wire.after(2.0) == [call.sequence]
    assert wire.after(1.0) == [air.sequence]


def test_everything_is_due_on_reconnect(wire: Wire) -> None:
    """What was sent and not receipted goes again at once, and the waits begin small again."""
    rows = [wire.add_air(), wire.add_state("called"), wire.add_state("open", point="door", kind="door")]
    assert len(wire.sent()) == 3
    wire.uplink.disconnected()
    assert wire.after(1_000.0) == []
    wire.uplink.connected()
    assert set(wire.sent()) == {row.sequence for row in rows}
    assert wire.after(5.0) == [rows[1].sequence]


def test_nothing_goes_without_a_connection(journal: Journal, machine: Machine) -> None:
    """Everything waits, and goes when there is one."""
    wire = Wire(journal, machine.clock, connected=False)
    rows = [wire.add_air(), wire.add_state("called")]
    assert wire.sent() == []
    machine.clock.advance(3_600.0)
    assert wire.sent() == []
    wire.uplink.connected()
    assert set(wire.sent()) == {row.sequence for row in rows}


def test_a_restart_sends_what_the_last_run_left(wire: Wire, machine: Machine) -> None:
    """Unreceipted is unreceipted, whoever sent it; an unheard call too, receipted or not."""
    air, call, door = wire.add_air(), wire.add_state("called"), wire.add_state("open", point="door", kind="door")
    wire.poll()
    wire.receipt(call, door)
    wire.journal.close()
    again = Wire(machine.open(), machine.clock)
    assert set(again.sent()) == {air.sequence, call.sequence}


# -- order and windows -------------------------------------------------------------------------------------------------


def test_calls_first_then_states_then_live_then_backlog(journal: Journal, machine: Machine) -> None:
    """Whatever the order they were measured in."""
    wire = Wire(journal, machine.clock, connected=False)
    old = wire.add_air(time_ms=LONG_AGO_MS)
    live = wire.add_air()
    door = wire.add_state("open", point="door", kind="door")
    call = wire.add_state("called")
    wire.uplink.connected()
    assert wire.sent() == [call.sequence, door.sequence, live.sequence, old.sequence]


def test_the_same_order_when_all_is_new(wire: Wire) -> None:
    """Also for what is journalled while connected."""
    old = wire.add_air(time_ms=LONG_AGO_MS)
    live = wire.add_air()
    door = wire.add_state("open", point="door", kind="door")
    call = wire.add_state("called")
    assert wire.sent() == [call.sequence, door.sequence, live.sequence, old.sequence]


def test_at_most_64_backlog_packs_are_in_flight(wire: Wire) -> None:
    """The next go as others are receipted; live air does not wait for them."""
    numbers = old_air(wire, 200)
    assert wire.sent() == numbers[:64]
    assert wire.after(10.0) == []
    live = wire.add_air()
    assert wire.sent() == [live.sequence]
    wire.receipt(ranges=[(numbers[0], numbers[9])], journal=wire.journal.id)
    assert wire.sent() == numbers[64:74]


def test_what_the_journal_gave_up_leaves_the_window(wire: Wire) -> None:
    """A full journal lets packs go that are on their way; their receipts name nothing, and others take their place."""
    numbers = old_air(wire, 200)
    assert wire.sent() == numbers[:64]
    rows = [row for number in numbers[:60] if (row := wire.journal.row(number)) is not None]
    wire.journal._store.give_up(rows, DropReason.DISK_FULL)
    packs = packs_of(wire.poll())
    assert [pack.sequence for pack in packs if not pack.is_declaration] == numbers[64:123]
    wire.receipt(ranges=[(number, number) for number in numbers[:64]], journal=wire.journal.id)
    assert wire.sent() == numbers[123:127]


def test_what_goes_while_it_is_sent_leaves_the_window(tmp_path: Path) -> None:
    """To note what is sent takes room, for which some of just that goes: a full journal is drained as fast as another.

    Once 63 of 64 places were taken by packs that were there no more, and one pack went at each receipt.
    """
    machine = Machine(tmp_path, can_lose_power=False)
    journal = machine.open(max_mb=1.0, block=16)
    for n in range(4_500):
        machine.clock.advance(5.0)
        journal.add_air("hall-air", "hall", {"co2_ppm": 400.0 + n / 10})
    wire = Wire(journal, machine.clock)
    assert len(drain(wire, rounds=2 + 4_500 // 64)) >= 1_000
    assert journal.unreceipted_count == 0
    journal.close()


def test_declarations_share_the_window_and_do_not_fill_it(wire: Wire) -> None:
    """They go before old air, sixteen at a time, and both together are at most 64."""
    numbers = old_air(wire, 200)
    wire.journal._store.notes.add(
        Dropped(
            journal=f"lost-{n}",
            reason=DropReason.CORRUPT,
            first=1,
            last=2,
            begin=Moment(LONG_AGO_MS),
            end=Moment(LONG_AGO_MS),
        )
        for n in range(40)
    )
    wire.journal.commit()
    packs = packs_of(wire.poll())
    assert [pack.is_declaration for pack in packs] == [True] * 16 + [False] * 48
    assert [pack.sequence for pack in packs[16:]] == numbers[:48]
    assert wire.after(1.0) == []
    wire.receipt(ranges=[(pack.sequence, pack.sequence) for pack in packs], journal=wire.journal.id)
    assert [pack.is_declaration for pack in packs_of(wire.poll())] == [True] * 16 + [False] * 48


def test_a_pack_that_nobody_answers_blocks_nothing(wire: Wire) -> None:
    """Sixty-four dead ones leave the window when their wait ends, and the rest has its turn."""
    numbers = old_air(wire, 100)
    dead = set(numbers[:64])
    sent: list[int] = []
    for _ in range(200):
        batch = wire.after(1.0)
        sent += batch
        alive = [(number, number) for number in batch if number not in dead]
        if alive:
            wire.receipt(ranges=alive, journal=wire.journal.id)
    assert set(sent) == set(numbers)
    assert wire.journal.unreceipted_count == 64
    assert sent.count(numbers[0]) >= 2
    # Once somebody answers them too, nothing is left.
    for _ in range(2_000):
        if batch := wire.after(1.0):
            wire.receipt(ranges=[(number, number) for number in batch], journal=wire.journal.id)
    assert wire.journal.unreceipted_count == 0


def test_a_new_call_does_not_wait_for_a_full_window(wire: Wire) -> None:
    """However many calls nobody has heard, one more goes at once."""
    for n in range(700):
        wire.clock.advance(0.01)
        wire.journal.add_state("cord", "toilet", "call-toilet", True, "called" if n % 2 else "cleared")
    wire.uplink.connected()
    assert len(wire.sent()) == 256
    call = wire.add_state("test")
    assert wire.sent() == [call.sequence]


def test_late_air_is_backlog(journal: Journal, machine: Machine) -> None:
    """Older than 120 s, or than three periods of a slow point."""
    wire = Wire(journal, machine.clock, backlog_window=1)
    wire.uplink.set_period("slow", 100.0)
    now_ms = round(machine.clock.now() * 1000)
    blocker = wire.add_air(time_ms=now_ms - 121_000)
    assert wire.sent() == [blocker.sequence]
    late = wire.add_air(time_ms=now_ms - 120_001)
    assert wire.sent() == []
    live = wire.add_air(time_ms=now_ms - 119_999)
    slow = wire.add_air(point="slow", time_ms=now_ms - 299_000)
    assert wire.sent() == [live.sequence, slow.sequence]
    too_slow = wire.add_air(point="slow", time_ms=now_ms - 301_000)
    assert wire.sent() == []
    wire.receipt(blocker)
    assert wire.sent() == [late.sequence]
    wire.receipt(late)
    assert wire.sent() == [too_slow.sequence]


def test_live_air_that_grew_late_in_flight_becomes_backlog(journal: Journal, machine: Machine) -> None:
    """It is sent again after its wait, as one of the window."""
    wire = Wire(journal, machine.clock, backlog_window=1)
    rows = [wire.add_air(point=f"p{n}") for n in range(3)]
    assert len(wire.sent()) == 3
    assert len(wire.after(60.0)) == 3
    assert wire.after(120.0) == [rows[0].sequence]


def test_a_backlog_of_any_size_is_drained(journal: Journal, machine: Machine) -> None:
    """All of it arrives, each once if it is answered at once."""
    wire = Wire(journal, machine.clock)
    numbers = old_air(wire, 1_000)
    messages = drain(wire)
    assert sorted(pack.sequence for pack in packs_of(messages)) == numbers
    assert journal.unreceipted_count == 0


# -- topics ------------------------------------------------------------------------------------------------------------


def test_the_newest_state_goes_retained_to_its_own_topic(wire: Wire) -> None:
    """Older ones still owed travel with the readings, so that the retained one is always the newest."""
    first = wire.add_state("called")
    [message] = wire.poll()
    assert (message.topic, message.retain) == (ROOT.facility("cord"), True)
    second = wire.add_state("cleared")
    messages = {pack.sequence: one for one, pack in ((one, packs_of([one])[0]) for one in wire.poll())}
    assert (messages[second.sequence].topic, messages[second.sequence].retain) == (ROOT.facility("cord"), True)
    wire.clock.advance(5.0)
    messages = {packs_of([one])[0].sequence: one for one in wire.poll()}
    assert (messages[first.sequence].topic, messages[first.sequence].retain) == (ROOT.readings, False)


def test_air_is_not_retained(wire: Wire) -> None:
    """It goes to the readings, with quality 1."""
    wire.add_air()
    [message] = wire.poll()
    assert (message.topic, message.retain, message.qos) == (ROOT.readings, False, 1)


def test_a_pack_is_the_same_whenever_it_is_sent(wire: Wire) -> None:
    """Body and topic of an air pack never change."""
    wire.add_air(co2_ppm=417.25)
    first = wire.poll()
    wire.clock.advance(60.0)
    assert wire.poll() == first


def test_packs_of_an_older_root_keep_their_topic(journal: Journal, machine: Machine) -> None:
    """After a move they go out, and are answered, where they were journalled (rule 1)."""
    old = Wire(journal, machine.clock, connected=False).add_air()
    journal.close()
    machine.root = Root("south", "site-b", "pi")
    wire = Wire(machine.open(), machine.clock)
    [message] = wire.poll()
    assert message.topic == ROOT.readings
    assert wire.uplink.subscriptions == [ROOT.receipt, machine.root.receipt, GATEWAY_STATUS_FILTER]
    wire.uplink.receive(ROOT.receipt, encode(Receipt(journal=old.journal, ranges=[(old.sequence, old.sequence)])))
    assert wire.journal.unreceipted_count == 0


# -- gateways ----------------------------------------------------------------------------------------------------------


def test_a_new_boot_makes_all_due_within_30_s_and_calls_at_once(wire: Wire) -> None:
    """A gateway that began anew may have lost what it had not committed."""
    wire.gateway("boot-1")
    wire.clock.advance(100.0)
    air, call, door = wire.add_air(), wire.add_state("called"), wire.add_state("open", point="door", kind="door")
    assert len(wire.sent()) == 3
    wire.clock.advance(1.0)
    wire.gateway("boot-2")
    assert wire.sent() == [call.sequence]
    times = {}
    for second in range(1, 32):
        for number in wire.after(1.0):
            times.setdefault(number, second)
    assert times[air.sequence] <= 30
    assert times[door.sequence] <= 30


def test_the_spread_differs_between_agents(tmp_path: Path) -> None:
    """Sixteen thousand agents must not all send in the same second."""
    dues = set()
    for n in range(20):
        folder = tmp_path / str(n)
        folder.mkdir()
        machine = Machine(folder, seed=n)
        wire = Wire(machine.open(), machine.clock, gateway_boot_spread_s=30.0)
        wire.uplink._rng = machine.rng
        wire.add_air()
        wire.poll()
        wire.gateway("boot-1")
        dues.add(round(wire.uplink._live_waits.next_due() - machine.clock.monotonic()))
    assert len(dues) > 8
    assert max(dues) <= 30


def test_the_same_boot_again_changes_nothing(wire: Wire) -> None:
    """A status that is repeated, or comes retained at a reconnect, is no news."""
    wire.gateway("boot-1")
    row = wire.add_air()
    assert wire.sent() == [row.sequence]
    wire.gateway("boot-1")
    assert sending_times(wire, row.sequence, 59.0) == []


def test_another_regions_gateway_is_none_of_ours(wire: Wire) -> None:
    """Only a gateway of the agent's region hurries it."""
    row = wire.add_air()
    assert wire.sent() == [row.sequence]
    wire.gateway("boot-9", region="south")
    assert sending_times(wire, row.sequence, 59.0) == []


def test_storing_again_makes_all_due(wire: Wire) -> None:
    """From `storing` false to true: within 30 s."""
    wire.gateway("boot-1")
    row = wire.add_air()
    assert wire.sent() == [row.sequence]
    wire.gateway("boot-1", storing=False)
    assert sending_times(wire, row.sequence, 25.0) == []
    wire.gateway("boot-1", storing=True)
    assert len(sending_times(wire, row.sequence, 30.0)) >= 1


def test_no_status_ever_holds_anything_back(wire: Wire) -> None:
    """`online` false, `storing` false, a removed status: every timer goes on."""
    wire.gateway("boot-1", storing=False)
    wire.gateway("boot-1", online=False)
    wire.uplink.receive("openhall/v1/gateway/gate", b"")
    row = wire.add_air()
    assert sending_times(wire, row.sequence, 200.0) == [0.0, 60.0, 180.0]


# -- what comes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"journal":3}',
        b'{"journal":"j","ranges":[[2,1]]}',
        b'{"ranges":[[1,2]]}',
        b"\xff" * 9,
    ],
)
def test_malformed_receipts_are_counted_and_change_nothing(wire: Wire, body: bytes) -> None:
    """Nothing that comes raises."""
    row = wire.add_air()
    wire.poll()
    wire.uplink.receive(ROOT.receipt, body)
    wire.uplink.receive("openhall/v1/gateway/gate", body or b"{")
    assert wire.uplink.counters.malformed == 2
    assert wire.journal.unreceipted_count == 1
    assert wire.after(60.0) == [row.sequence]


def test_foreign_topics_are_counted(wire: Wire) -> None:
    """What is no receipt and no status is none of its business."""
    wire.uplink.receive(ROOT.presence, b"{}")
    wire.uplink.receive("weather/today", b"{}")
    assert (wire.uplink.counters.foreign, wire.uplink.counters.malformed) == (1, 1)


def test_a_receipt_for_everything_empties_all_waits(wire: Wire) -> None:
    """One range over all numbers is a receipt like another."""
    old_air(wire, 100)
    wire.add_air()
    wire.add_state("open", point="door", kind="door")
    wire.poll()
    wire.receipt(ranges=[(1, MAX_SEQUENCE)], journal=wire.journal.id)
    assert wire.after(100.0) == []
    assert wire.journal.unreceipted_count == 0


def test_resend_is_due_at_once(wire: Wire) -> None:
    """What a gateway asks for goes again, receipted or just sent, and waits for its receipt again."""
    row, door = wire.add_air(), wire.add_state("open", point="door", kind="door")
    wire.poll()
    wire.receipt(row)
    assert wire.after(1.0) == []
    assert wire.journal.resend(wire.journal.id, [(row.sequence, door.sequence)]).sent == 2
    assert set(wire.sent()) == {row.sequence, door.sequence}
    assert set(wire.after(60.0)) == {row.sequence, door.sequence}


def test_a_large_resend_is_all_sent(journal: Journal, machine: Machine) -> None:
    """Receipts of a whole journal are taken back in parts, and every part is sent."""
    wire = Wire(journal, machine.clock)
    numbers = old_air(wire, 12_000)
    wire.receipt(ranges=[(numbers[0], numbers[-1])], journal=journal.id)
    for _ in until(lambda: not journal.unreceipted_count):
        journal.commit()
    assert wire.after(1.0) == []
    journal.resend(journal.id, [(numbers[0], numbers[-1])])
    sent: set[int] = set()
    for _ in range(400):
        batch = wire.after(1.0)
        sent |= set(batch)
        if batch:
            wire.receipt(ranges=[(number, number) for number in batch], journal=journal.id)
    assert sent == set(numbers)


def test_a_pack_that_cannot_be_encoded_stops_nothing(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up and declared; what is behind it goes."""
    bad, good = wire.add_air(co2_ppm=1.0), wire.add_air(point="p2", co2_ppm=2.0)

    import agent.uplink as module

    real = module.message_of

    def message_of(row, **more):  # type: ignore[no-untyped-def]
        if row.sequence == bad.sequence:
            raise ValueError("spoiled")
        return real(row, **more)

    monkeypatch.setattr(module, "message_of", message_of)
    assert wire.sent() == [good.sequence]
    assert wire.journal.row(bad.sequence) is None
    [note] = packs_of(wire.poll())
    assert note.is_declaration
    assert note.value_of("dropped_reason") == "corrupt"


# -- when it is due ----------------------------------------------------------------------------------------------------


def test_next_due_says_when_there_is_something_to_send(wire: Wire) -> None:
    """Between two of its times nothing is sent; at each there is, or the journal has work."""
    wire.add_air()
    wire.add_state("called")
    old_air(wire, 70)
    sent_at: dict[float, int] = {}
    start_s = wire.clock.monotonic()
    for _ in until(lambda: wire.clock.monotonic() >= start_s + 1_000.0, 5_000):
        due_s = wire.uplink.next_due()
        assert due_s is not None
        wait_s = due_s - wire.clock.monotonic()
        if wait_s > 0.002:
            wire.clock.advance(wait_s - 0.001)
            assert wire.sent() == []
            wire.clock.advance(0.001)
        numbers = wire.sent()
        sent_at[wire.clock.monotonic()] = len(numbers)
        after_s = wire.uplink.next_due()
        assert after_s is not None
        assert after_s > wire.clock.monotonic() - 1e-9
    assert sum(sent_at.values()) > 100


def test_polls_do_not_spin(wire: Wire) -> None:
    """After a poll with nothing left to do the next is due later, not now."""
    old_air(wire, 300)
    for _ in range(5):
        wire.poll()
    due_s = wire.uplink.next_due()
    assert due_s is not None
    assert due_s > wire.clock.monotonic()
