"""How the journal keeps its rows."""

from typing import Literal

import msgspec

from agent.journal_numbers import BLOCK


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration's `[journal]` says, and what nobody needs to set.

    Attributes:
        keep_days: Days that a receipted pack is kept after it was journalled (rule 3).
        max_mb: The most the journal may take on the disk, in MB of 10^6 bytes, log and reserve included.
        fsync: `always`: each pack is on the disk before it is sent; `calls`: facility packs are, air follows.
        fsync_interval_s: With `calls`, the longest that air stays off the disk: what a power cut may take.
        commit_interval_s: The longest that air stays in memory while nothing is sent: what a crash may take.
        block: Numbers reserved at a time.
    """

    keep_days: float = 7.0
    max_mb: float = 512.0
    fsync: Literal["always", "calls"] = "calls"
    fsync_interval_s: float = 5.0
    commit_interval_s: float = 1.0
    block: int = BLOCK
