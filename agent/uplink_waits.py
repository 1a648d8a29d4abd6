"""Rule 4's waits: which packs are with the network, and when each is due again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from telemetry.ranges import RangeSet

MAX_TRIES_KEPT: Final = 4_096
"""Packs out of the window whose number of sendings is remembered; of others the first wait counts again."""


FEW: Final = 256
"""So many answers are looked up one by one; of more, those that wait are held against the ranges."""


@dataclass(slots=True)
class _Wait:
    sent_s: float
    due_s: float


class Waits:
    """Packs that were sent and wait for an answer, by number; each wait is twice as long as the one before."""

    def __init__(self, first_s: float, longest_s: float, *, before: "Waits | None" = None) -> None:
        """No waits yet.

        Args:
            first_s: The wait after the first sending.
            longest_s: The longest wait.
            before: Other waits that a pack may have been in; its sendings there count here.
        """
        self._first_s = first_s
        self._longest_s = longest_s
        self._waits: dict[int, _Wait] = {}
        self._tries: dict[int, int] = before._tries if before is not None else {}
        self._next_s: float | None = None

    def __contains__(self, sequence: int) -> bool:
        return sequence in self._waits

    def __len__(self) -> int:
        return len(self._waits)

    def start(self, sequence: int, sent_s: float) -> None:
        """A pack was sent: wait for its answer."""
        tries = self._tries.pop(sequence, 0)
        # Put in anew, so that the oldest are the first to be forgotten.
        self._tries[sequence] = tries + 1
        if len(self._tries) > MAX_TRIES_KEPT:
            del self._tries[next(iter(self._tries))]
        due_s = sent_s + wait_s(tries, self._first_s, self._longest_s)
        self._waits[sequence] = _Wait(sent_s, due_s)
        self._next_s = None

    def leave(self, now_s: float) -> list[int]:
        """The packs whose wait has ended; they wait no longer."""
        if self.next_due() > now_s:
            return []
        due = [sequence for sequence, wait in self._waits.items() if wait.due_s <= now_s]
        for sequence in due:
            del self._waits[sequence]
        self._next_s = None
        return due

    def settle(self, numbers: RangeSet) -> dict[int, float]:
        """Packs that were answered wait no longer; when each was last sent."""
        if numbers.size() <= FEW:
            answered = [sequence for first, last in numbers for sequence in range(first, last + 1)]
        else:
            answered = [sequence for sequence in {*self._waits, *self._tries} if sequence in numbers]
        settled = {}
        for sequence in answered:
            self._tries.pop(sequence, None)
            wait = self._waits.pop(sequence, None)
            if wait is not None:
                settled[sequence] = wait.sent_s
        self._next_s = None
        return settled

    def hurry(self, due_s: float) -> None:
        """All are due at that time at the latest, and their waits begin small again."""
        self._tries.clear()
        for wait in self._waits.values():
            wait.due_s = min(wait.due_s, due_s)
        self._next_s = None

    def clear(self) -> None:
        """All are due now, and their waits begin small again."""
        self._waits.clear()
        self._tries.clear()
        self._next_s = None

    def next_due(self) -> float:
        """When the next wait ends; infinity if none is running."""
        if self._next_s is None:
            self._next_s = min((wait.due_s for wait in self._waits.values()), default=float("inf"))
        return self._next_s


def wait_s(tries: int, first_s: float, longest_s: float) -> float:
    """The wait after a sending that `tries` others came before: `first_s`, doubling up to `longest_s`."""
    return min(first_s * 2.0 ** min(tries, 32), longest_s)


class Lane:
    """One kind of pack: what of it is to be sent now, in a window that keeps moving.

    A rotating look goes through all that are owed, lowest number first, from where it stopped; so a pack that nobody
    answers comes again when its turn comes, and blocks nothing (rule 4). What is in no wait is due.

    Attributes:
        waits: Those in flight.
    """

    def __init__(self, waits: Waits, window: int, owed: Callable[[int, int], list[int]]) -> None:
        """A lane.

        Args:
            waits: The waits of its packs.
            window: How many may be in flight.
            owed: The lowest numbers above one that are owed, at most so many.
        """
        self.waits = waits
        self._window = window
        self._owed = owed
        self._after = 0
        self._is_exhausted = False

    def wake(self) -> None:
        """Something may be due that was not."""
        self._is_exhausted = False

    def refresh(self, now_s: float) -> None:
        """Those whose wait has ended leave the window."""
        if self.waits.leave(now_s):
            self.wake()

    def take(self, *, busy: Callable[[int], bool], limit: int | None = None) -> list[int]:
        """What is due now, as much of it as the window has room for.

        Args:
            busy: True for numbers that are in flight elsewhere.
            limit: Take no more than that.
        """
        room = self._window - len(self.waits)
        if limit is not None:
            room = min(room, limit)
        if room <= 0 or self._is_exhausted:
            return []
        taken = self._look(room, busy)
        self._is_exhausted = len(taken) < room
        return taken

    def _look(self, room: int, busy: Callable[[int], bool]) -> list[int]:
        taken: list[int] = []
        start, wrapped = self._after, False
        while len(taken) < room:
            chunk = self._owed(self._after, room + 64)
            for sequence in chunk:
                if wrapped and sequence > start:
                    return taken
                self._after = sequence
                if sequence not in self.waits and not busy(sequence):
                    taken.append(sequence)
                    if len(taken) == room:
                        return taken
            if not chunk:
                if wrapped:
                    return taken
                wrapped, self._after = True, 0
        return taken

    def next_due(self, now_s: float, *, is_full: bool = False) -> float:
        """Monotonic time at which `take` could give something; `is_full`: a window shared with others is."""
        if not self._is_exhausted and len(self.waits) < self._window and not is_full:
            return now_s
        return self.waits.next_due()
