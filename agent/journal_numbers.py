"""The numbers of packs (rule 1): each is used once, whatever a power cut takes."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from agent.journal_note import Note, OwedRange, write_note

BLOCK: Final = 10_000
"""Numbers reserved at a time: at ten packs a second one note in a quarter of an hour."""

log = structlog.get_logger(__name__)


class Numbers:
    """Hands out numbers from blocks that were reserved in the note before.

    Attributes:
        journal: This opening's id.
        next: The next number.
        failures: Notes that could not be written.
    """

    def __init__(self, path: Path, *, first: int, boot: str, rng: random.Random, block: int = BLOCK) -> None:
        self.journal = ""
        self.next = first
        self.failures = 0
        self._rng = rng
        self._path = path
        self._boot = boot
        self._block = block
        self.renew()

    def renew(self) -> None:
        """Draw a new journal id; numbers go on from where they are."""
        self.journal = f"{self._rng.getrandbits(64):016x}"
        self._first = self.next
        self._reserved = self.next - 1
        self._retry = 0

    def reserve(self, count: int, owed: Callable[[], list[OwedRange]], before: Callable[[], None]) -> None:
        """Make sure that `count` numbers may be taken; half a block ahead of need, so that a full disk has its time.

        Args:
            count: How many will be taken.
            owed: What the note is to say of unreceipted packs; asked only if a note is written.
            before: Called before a note is written.
        """
        needed = self.next + count - 1
        if needed <= self._reserved - self._block // 2 or self.next < self._retry:
            return
        before()
        reserved = needed + self._block
        if self._write(reserved, owed(), clean=False):
            self._reserved = reserved
            return
        # Not more is asked of a disk that refuses than a note in so many packs.
        self._retry = self.next + self._block // 16
        # Without a note the numbers are used all the same: a reading must go on. They can come again only if the note
        # still cannot be written when the journal is next opened, and then under another journal id.

    def take(self) -> int:
        """The next number; `reserve` was called for it."""
        self.next += 1
        return self.next - 1

    def close(self, owed: list[OwedRange]) -> None:
        """Note that no number from `next` on was used."""
        self._write(self.next - 1, owed, clean=True)

    def _write(self, reserved: int, owed: list[OwedRange], *, clean: bool) -> bool:
        note = Note(
            journal=self.journal,
            first=self._first,
            reserved=reserved,
            clean=clean,
            boot=self._boot,
            owed=[one for one in owed if one.journal != self.journal] + self._own(reserved, owed),
        )
        try:
            write_note(self._path, note)
        except OSError as error:
            self.failures += 1
            log.warning("note beside the journal cannot be written", path=str(self._path), error=str(error))
            return False
        return True

    def _own(self, reserved: int, owed: list[OwedRange]) -> list[OwedRange]:
        """This opening's stretch: from its first pack without a receipt to the last number it may use."""
        own = next((one for one in owed if one.journal == self.journal), None)
        first, from_ms = (own.first, own.from_ms) if own else (self.next, None)
        if first > reserved:
            return []
        return [OwedRange(journal=self.journal, first=first, last=reserved, from_ms=from_ms)]
