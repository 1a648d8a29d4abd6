"""A branch's machine for tests of journal and uplink: a disk, a clock, a power switch."""

import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from agent.journal import Journal, JournalSettings, Row
from agent.uplink import Uplink, UplinkSettings
from telemetry.bus import Message
from telemetry.messages import GatewayStatus, Receipt, encode
from telemetry.ranges import RangeSet, Span
from telemetry.readings import Declaration, Pack, declaration_of
from telemetry.senml import decode
from telemetry.topics import Root, gateway_status
from tests.fakes import FakeClock

ROOT = Root("north", "site-a", "pi")


class Machine:
    """One branch: its journal can be opened again and again, with whatever the last end left on the disk."""

    def __init__(self, folder: Path, *, seed: int = 1, can_lose_power: bool = True) -> None:
        self.folder = folder / "disk"
        self.folder.mkdir()
        self.clock = FakeClock()
        self.root = ROOT
        self.rng = random.Random(seed)
        self.syncs = 0
        self.after_sync: Callable[[], None] = lambda: None
        self._can_lose_power = can_lose_power
        self._synced = folder / "synced"
        self._journal: Journal | None = None

    @property
    def path(self) -> Path:
        """Where the journal lies."""
        return self.folder / "journal.db"

    def open(self, *, trusted: bool = True, **settings: Any) -> Journal:
        """Open the journal."""
        self._journal = Journal.open(
            self.path,
            root=self.root,
            clock=self.clock,
            rng=self.rng,
            settings=JournalSettings(**{"max_mb": 16.0, **settings}),
            trusted=trusted,
            on_sync=self._on_sync,
        )
        return self._journal

    def kill(self) -> None:
        """The process ends: what was committed stays."""
        assert self._journal is not None
        self._journal.abandon()

    def cut_power(self) -> None:
        """What was not on the disk is gone; the note, which is synced when written, stays."""
        self.kill()
        for path in self.folder.glob("journal.db*"):
            if not path.name.endswith(".note"):
                path.unlink()
        for path in self._synced.iterdir():
            shutil.copy(path, self.folder / path.name)
        self.clock.reboot()

    def _on_sync(self) -> None:
        self.syncs += 1
        if not self._can_lose_power:
            return
        shutil.rmtree(self._synced, ignore_errors=True)
        self._synced.mkdir()
        for path in self.folder.iterdir():
            if not path.name.endswith(".note"):
                shutil.copy(path, self._synced / path.name)
        self.after_sync()


class Wire:
    """An uplink with its connection, and what a gateway reads on the other end."""

    def __init__(self, journal: Journal, clock: FakeClock, *, connected: bool = True, **settings: Any) -> None:
        self.journal = journal
        self.clock = clock
        self.uplink = Uplink(journal, settings=UplinkSettings(**settings), clock=clock, rng=random.Random(7))
        if connected:
            self.uplink.connected()

    def add_air(self, point: str = "hall-air", co2_ppm: float = 500.0, **more: Any) -> Row:
        """Measure."""
        row = self.journal.add_air(point, "hall", {"co2_ppm": co2_ppm}, **more)
        assert row is not None
        self.uplink.added(row)
        return row

    def add_state(self, state: str, *, point: str = "cord", kind: str = "call-toilet", working: bool = True) -> Row:
        """Something changes."""
        row = self.journal.add_state(point, "toilet", kind, working, state)
        assert row is not None
        self.uplink.added(row)
        return row

    def poll(self) -> list[Message]:
        """What is sent now."""
        return self.uplink.poll()

    def sent(self) -> list[int]:
        """The numbers of the packs sent now."""
        return [pack.sequence for pack in packs_of(self.poll())]

    def after(self, seconds: float) -> list[int]:
        """The numbers sent when so much time has passed, the last poll excepted."""
        self.clock.advance(seconds)
        return self.sent()

    def receipt(self, *rows: Row, ranges: Iterable[Span] = (), heard: Iterable[Row] = (), journal: str = "") -> None:
        """A gateway answers."""
        name = journal or next(row.journal for row in [*rows, *heard])
        body = Receipt(
            journal=name,
            ranges=[*ranges, *((row.sequence, row.sequence) for row in rows)],
            heard=[(row.sequence, row.sequence) for row in heard],
        )
        self.uplink.receive(ROOT.receipt, encode(body))

    def gateway(self, boot: str, *, storing: bool = True, online: bool = True, region: str = "north") -> None:
        """A gateway says how it is."""
        status = GatewayStatus(online=online, boot=boot, regions=[region], storing=storing)
        self.uplink.receive(gateway_status("gate"), encode(status))


def packs_of(messages: Iterable[Message]) -> list[Pack]:
    """The packs that messages carry, as a gateway decodes them."""
    packs = []
    for message in messages:
        decoded = decode(message.body, message.topic.split("/")[3])
        assert decoded.pack is not None
        assert not decoded.faults
        packs.append(decoded.pack)
    return packs


def declarations_of(messages: Iterable[Message]) -> list[Declaration]:
    """The declarations among messages."""
    found = [declaration_of(pack) for pack in packs_of(messages) if pack.is_declaration]
    return [one for one in found if one is not None]


def held_of(journal: Journal) -> RangeSet:
    """All numbers that a journal has, of every opening."""
    return RangeSet(span for spans in journal.held().values() for span in spans)


def drain(wire: Wire, *, rounds: int = 10_000) -> list[Message]:
    """Send all that is owed to a gateway that receipts and hears at once; everything that was sent."""
    messages: list[Message] = []
    for _ in range(rounds):
        batch = wire.poll()
        if not batch:
            return messages
        messages += batch
        for pack in packs_of(batch):
            span = [(pack.sequence, pack.sequence)]
            body = Receipt(journal=pack.journal, ranges=span, heard=span if pack.kind else [])
            wire.uplink.receive(ROOT.receipt, encode(body))
    raise AssertionError(f"after {rounds} rounds there is still something to send")


def until(condition: Callable[[], object], most: int = 200) -> Iterator[int]:
    """Counts on until the condition holds; a test that waits for what never comes fails instead of hanging."""
    for count in range(most):
        if condition():
            return
        yield count
    raise AssertionError(f"after {most} rounds it still does not hold")
