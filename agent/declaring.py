"""Rule 8: what an agent gave up, as it is kept until it can be declared, and as it is declared."""

from collections.abc import Iterable, Mapping

import msgspec

from agent.journal_rows import Moment, Row
from agent.placing import placed
from telemetry.readings import Declaration, DropReason

NOTE_NAMES = ("dropped",)
"""The one name of a declaration's row; its value is a `Dropped` as JSON."""


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """Packs given up: `first` to `last` of `journal`, measured between two moments.

    Between them may lie packs that are still held, or that the store has: "what the store has counts as there, whatever
    was declared" (rule 8). So one declaration covers a whole stretch, and space for few is enough.
    """

    journal: str
    reason: DropReason
    first: int
    last: int
    begin: Moment
    end: Moment

    @property
    def is_absolute(self) -> bool:
        """True once both its times are Unix time."""
        return self.begin.is_absolute and self.end.is_absolute


def dropped_of(rows: Iterable[Row], reason: DropReason) -> list[Dropped]:
    """What is to be declared of these rows: one stretch a journal id."""
    stretches: dict[str, Dropped] = {}
    for row in rows:
        one = Dropped(
            journal=row.journal,
            reason=reason,
            first=row.sequence,
            last=row.sequence,
            begin=row.moment,
            end=row.moment,
        )
        known = stretches.get(row.journal)
        stretches[row.journal] = widened(known, one) if known else one
    return list(stretches.values())


def widened(one: Dropped, other: Dropped) -> Dropped:
    """One stretch over both, which have the same journal id and reason."""
    early, late = (one, other) if one.first <= other.first else (other, one)
    return Dropped(
        journal=one.journal,
        reason=one.reason,
        first=early.first,
        last=max(one.last, other.last),
        begin=_earlier(early.begin, late.begin),
        end=_later(early.end, late.end),
    )


def declaration_of(dropped: Dropped) -> Declaration:
    """As it travels; its times must be absolute."""
    # An earlier boot without a clock is placed by its order, which may put an end before its begin by a little.
    return Declaration(
        journal=dropped.journal,
        reason=dropped.reason,
        first=dropped.first,
        last=dropped.last,
        from_ms=min(dropped.begin.ms, dropped.end.ms),
        to_ms=max(dropped.begin.ms, dropped.end.ms),
    )


def with_times(dropped: Dropped, offsets: Mapping[str, int]) -> Dropped:
    """The same with Unix time, as far as the boots' offsets are known."""
    return msgspec.structs.replace(dropped, begin=placed(dropped.begin, offsets), end=placed(dropped.end, offsets))


def to_text(dropped: Dropped) -> str:
    """As it lies in the journal."""
    return msgspec.json.encode(dropped).decode()


def from_text(text: str) -> Dropped:
    """As it lay in the journal.

    Raises:
        ValueError: If it is none.
    """
    return msgspec.json.decode(text, type=Dropped)


def _earlier(first: Moment, second: Moment) -> Moment:
    """The earlier of two moments; `first` is that of the lower number, which decides between different boots."""
    if first.boot == second.boot:
        return min(first, second)
    return second if second.is_absolute else first


def _later(first: Moment, second: Moment) -> Moment:
    """The later of two moments, as above: what has no Unix time yet came after what has one."""
    if first.boot == second.boot:
        return max(first, second)
    return first if second.is_absolute else second
