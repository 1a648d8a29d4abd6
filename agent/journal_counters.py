"""What the journal counted since it was opened."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class JournalCounters:
    """Whole numbers that only grow, each for one thing that a person may ask about.

    Attributes:
        repeated: Values refused because the same value of that quantity, point and time is there.
        refused: Values refused because another value of that quantity, point and time is there.
        malformed: Values refused because their quantity is unknown or they are not finite.
        unreadable: Rows given up because their values could not be read back.
        unknown_receipts: Receipts that name a journal id of which no row is held.
        forgotten: Receipted rows deleted for space.
        expired: Receipted rows deleted because of their age.
        thinned: Rows that means took the place of.
        means: Those means.
        dropped: Rows given up for want of space, the thinned not counted.
        declarations: Declarations journalled.
        resent: Rows whose receipt was taken back.
        full: Writes that found no room.
        failures: Writes or syncs that the disk refused for another reason.
        corrupt: Files set aside.
    """

    repeated: int = 0
    refused: int = 0
    malformed: int = 0
    unreadable: int = 0
    unknown_receipts: int = 0
    forgotten: int = 0
    expired: int = 0
    thinned: int = 0
    means: int = 0
    dropped: int = 0
    declarations: int = 0
    resent: int = 0
    full: int = 0
    failures: int = 0
    corrupt: int = 0
