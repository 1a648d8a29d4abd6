"""Rule 6: where on the calendar a pack belongs that was journalled before the clock was trusted."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agent.journal_rows import Moment


class UntimedBoot(NamedTuple):
    """A boot of this machine that left packs without Unix time.

    Attributes:
        name: The boot's id.
        last_sequence: The highest number among them.
        last_mono_ms: The latest of their times, in milliseconds since the boot's start.
    """

    name: str
    last_sequence: int
    last_mono_ms: int


def boot_offsets(boots: Iterable[UntimedBoot], *, boot: str, now_ms: int, mono_ms: int) -> dict[str, int]:
    """The Unix milliseconds of each boot's start, so that time = offset + monotonic time.

    This boot's is exact. Of an earlier one only the order is known: its last pack is placed at the start of the boot
    that came after it, the others before it at their recorded spacing.

    Args:
        boots: The boots that left packs without time.
        boot: The id of this boot; it is among the answers.
        now_ms: Unix milliseconds now, trusted.
        mono_ms: Milliseconds since this boot's start.
    """
    offsets = {boot: now_ms - mono_ms}
    next_start_ms = offsets[boot]
    for earlier in sorted(boots, key=lambda one: one.last_sequence, reverse=True):
        if earlier.name == boot:
            continue
        offsets[earlier.name] = next_start_ms - earlier.last_mono_ms
        next_start_ms = offsets[earlier.name]
    return offsets


def placed(moment: Moment, offsets: Mapping[str, int]) -> Moment:
    """The moment as Unix time where its boot's offset is known, else as it is."""
    offset_ms = offsets.get(moment.boot)
    return moment if offset_ms is None else Moment(offset_ms + moment.ms)
