"""The journal against a simple model, through crashes, power cuts, receipts, resends, clocks and want of space."""

import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.journal import Row, RowClass
from telemetry.messages import Receipt, encode
from telemetry.ranges import RangeSet
from telemetry.readings import Pack
from tests.agent.journals import ROOT, Machine, Wire, declarations_of, held_of, packs_of
from tests.examples import examples

Pair = tuple[str, int]
POINTS = ("hall-air", "back-air")


class Branch(RuleBasedStateMachine):
    """One branch through whatever may happen, with a gateway that gets some of it.

    The model: every pack handed in (`made`), those on the disk for sure (`durable`), what a gateway was given
    (`arrived`, pair to time), what it receipted (`receipted`), and what was declared (`declared`).
    """

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.machine = Machine(self.folder)
        self.made: dict[Pair, Row] = {}
        self.durable: set[Pair] = set()
        self.arrived: dict[Pair, int] = {}
        self.receipted: set[Pair] = set()
        self.declared: dict[str, RangeSet] = {}
        self.ids: set[str] = set()
        self.random = random.Random(1)
        self.value = 400.0

    def teardown(self) -> None:
        """Fair weather: everything that can arrive does, and every pack is accounted for."""
        self.machine.clock.wall_s = max(self.machine.clock.wall_s, 1_790_000_000.0)
        self.wire.uplink.trust_clock()
        self.wire.uplink.connected()
        self._drain()
        assert self.journal.unreceipted_count == 0
        for pair, row in self.made.items():
            known = pair in self.arrived or pair[1] in self.declared.get(pair[0], RangeSet())
            assert known, f"{pair} of {row.point} neither arrived nor was declared"
        calls = {pair for pair, row in self.made.items() if row.row_class is RowClass.CALL}
        assert calls & self.durable <= self.arrived.keys()
        self.journal.close()
        shutil.rmtree(self.folder)

    def _drain(self) -> None:
        """Send and answer until there is no more: a window of 64 a round, whatever the journal gives up meanwhile."""
        rounds = 20 + len(self.made) // 32
        for _ in range(rounds):
            batch = self._send(lost=0.0)
            self._answer(batch, chance=1.0)
            if not batch:
                if self.journal.due() > self.machine.clock.monotonic():
                    return
                self.journal.tick()
        raise AssertionError(f"{self.journal.unreceipted_count} of {len(self.made)} packs left after {rounds} rounds")

    # -- what happens --------------------------------------------------------------------------------------------------

    @initialize(trusted=st.booleans())
    def begin(self, trusted: bool) -> None:
        """The first start."""
        self._open(trusted)

    @rule(point=st.sampled_from(POINTS), wait_s=st.sampled_from([0.001, 0.4, 20.0]))
    def measure(self, point: str, wait_s: float) -> None:
        """Air."""
        self.machine.clock.advance(wait_s)
        self.value += 1.0
        self._made(self.journal.add_air(point, "hall", {"co2_ppm": self.value}))

    @rule(count=st.integers(50, 2_500))
    def flood(self, count: int) -> None:
        """So much air that space runs out sooner or later."""
        for _ in range(count):
            self.machine.clock.advance(5.0)
            self.value += 1.0
            self._made(self.journal.add_air("hall-air", "hall", {"co2_ppm": self.value}))

    @rule(state=st.sampled_from(["called", "cleared", "test"]))
    def call(self, state: str) -> None:
        """Somebody pulls the cord: on the disk at once, or no change."""
        self.machine.clock.advance(0.5)
        last = self.journal.last_state("cord")
        syncs = self.machine.syncs
        row = self.journal.add_state("cord", "toilet", "call-toilet", True, state)
        assert (row is None) == (last is not None and last.value_of("state") == state)
        self._made(row)
        if row is not None:
            assert self.machine.syncs > syncs
            self._synced()

    @precondition(lambda self: any(row.is_timed for row in self.made.values()))
    @rule(data=st.data(), same=st.booleans())
    def say_again(self, data: st.DataObject, same: bool) -> None:
        """A repeat of what is held is ignored, another value for its time is refused."""
        there = [row for row in self.made.values() if row.row_class is RowClass.AIR and row.is_timed]
        there = [row for row in there if row.sequence in held_of(self.journal)]
        if not there:
            return
        row = data.draw(st.sampled_from(there[-20:]))
        number = float(row.values[0].value) + (0.0 if same else 0.5)
        assert self.journal.add_air(row.point, "hall", {"co2_ppm": number}, time_ms=row.time_ms) is None

    @rule(lost=st.sampled_from([0.0, 0.3, 1.0]), answered=st.sampled_from([0.0, 0.7, 1.0]))
    def exchange(self, lost: float, answered: float) -> None:
        """The uplink sends, some is lost, some is answered."""
        self._answer(self._send(lost), answered)

    @rule(wait_s=st.sampled_from([1.0, 61.0, 900.0]))
    def wait(self, wait_s: float) -> None:
        """Time passes."""
        self.machine.clock.advance(wait_s)
        self.journal.tick()

    @rule()
    def reconnect(self) -> None:
        """The connection is another."""
        self.wire.uplink.disconnected()
        self.wire.uplink.connected()

    @precondition(lambda self: self.receipted)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        """A restored store asks for what it had."""
        journal, sequence = data.draw(st.sampled_from(sorted(self.receipted)))
        answer = self.journal.resend(journal, [(sequence, sequence + 3)])
        missing = RangeSet(answer.missing)
        assert missing.size() + answer.sent == 4
        held = self.journal.held().get(journal, [])
        if len(held) > 1 or not held:
            assert not missing & RangeSet(held)

    @rule()
    def get_time(self) -> None:
        """A time source is found."""
        if not self.journal.trusted:
            self.machine.clock.wall_s = 1_790_000_000.0 + self.value * 1_000
        self.wire.uplink.trust_clock()

    @rule()
    def stop(self) -> None:
        """An orderly end, and a start."""
        self.journal.close()
        self._open(trusted=self.journal.trusted)

    @rule()
    def kill(self) -> None:
        """The process dies and is started again."""
        self.machine.kill()
        self._open(trusted=self.journal.trusted)

    @rule(trusted=st.booleans())
    def cut_power(self, trusted: bool) -> None:
        """The machine dies and boots again, with the right time or without."""
        self.machine.cut_power()
        self.machine.clock.advance(20.0)
        if not trusted:
            self.machine.clock.wall_s = 1_000_000.0
        else:
            self.machine.clock.wall_s = 1_790_000_000.0 + self.value * 1_000
        self._open(trusted=trusted)

    # -- what always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def space_and_calls_are_kept(self) -> None:
        """The journal stays within its space, and no call goes."""
        if hasattr(self, "journal"):
            assert self.journal.size_bytes <= 1_000_000
            self._check_calls()

    # -- inside --------------------------------------------------------------------------------------------------------

    def _open(self, trusted: bool) -> None:
        self.journal = self.machine.open(trusted=trusted, max_mb=1.0, block=16)
        assert self.journal.id not in self.ids
        self.ids.add(self.journal.id)
        self.machine.after_sync = self._synced
        self._check_calls()
        self.wire = Wire(self.journal, self.machine.clock)

    def _check_calls(self) -> None:
        """A call that was on the disk is held until a gateway has it, whatever happens."""
        held = held_of(self.journal)
        owed = (pair for pair in self.durable - self.receipted if self.made[pair].row_class is RowClass.CALL)
        assert all(sequence in held for _, sequence in owed)

    def _made(self, row: Row | None) -> None:
        if row is None:
            return
        pair = (row.journal, row.sequence)
        assert pair not in self.made
        assert row.sequence > max((sequence for _, sequence in self.made), default=0)
        self.made[pair] = row

    def _synced(self) -> None:
        """All that is written is on the disk; what waits in memory is not."""
        waiting = self.journal._store.pending.rows
        self.durable |= {pair for pair in self.made if pair[1] not in waiting}

    def _send(self, lost: float) -> list[Pack]:
        messages = self.wire.poll()
        kept = [message for message in messages if self.random.random() >= lost]
        packs = packs_of(kept)
        for one in declarations_of(kept):
            self.declared.setdefault(one.journal, RangeSet()).add(one.first, one.last)
        for pack in packs:
            if pack.relative:
                continue
            time_ms = pack.records[0].time_ms
            known = self.arrived.setdefault((pack.journal, pack.sequence), time_ms)
            assert known == time_ms, "a pair was sent with two times"
        return packs

    def _answer(self, packs: list[Pack], chance: float) -> None:
        for pack in packs:
            if self.random.random() >= chance:
                continue
            span = [(pack.sequence, pack.sequence)]
            body = Receipt(journal=pack.journal, ranges=[] if pack.relative else span, heard=span if pack.kind else [])
            self.wire.uplink.receive(ROOT.receipt, encode(body))
            if not pack.relative:
                self.receipted.add((pack.journal, pack.sequence))


TestBranch = Branch.TestCase
TestBranch.settings = settings(
    max_examples=examples(20), stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
