"""From pairs to minutes: what of a journal is lost or owed, and what that says of a branch's time. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from gateway.ingest.spans import TimedSpan, TimedSpans
from telemetry.ranges import RangeSet, Span
from telemetry.readings import DropReason

MINUTE_MS: Final = 60_000
UNKNOWN: Final = "unknown"
LOST_REASONS: Final = (*(reason.value for reason in DropReason), UNKNOWN)
"""In the order in which they win where two claim one minute."""


class Status(StrEnum):
    """What the ledger says of one minute of one branch."""

    THERE = "there"
    OWED = "owed"
    LOST = "lost"


class Interval(NamedTuple):
    """`from_ms` inclusive, `to_ms` exclusive, both on whole minutes unless cut by the question."""

    from_ms: int
    to_ms: int
    status: Status
    reason: str = ""


class Held(NamedTuple):
    """What an agent last said it has.

    Attributes:
        at_ms: When it said so, by the gateway's clock.
        journals: By journal id, the numbers of all packs it has.
        oldest_ms: Time of its oldest unreceipted pack, None if it has none.
    """

    at_ms: int
    journals: Mapping[str, RangeSet]
    oldest_ms: int | None = None


class Known(NamedTuple):
    """What the ledger knows of one journal.

    Attributes:
        there: Committed.
        was: Committed once, before the store was found emptied or restored.
        declared: Given up by the agent, by reason, each with the times it was measured between.
        missing: Asked for, and the agent has it no more.
        extended_ms: When `there` last grew, by the gateway's clock; 0 if not since the gateway started.
    """

    there: TimedSpans
    was: TimedSpans
    declared: Mapping[str, TimedSpans]
    missing: TimedSpans
    extended_ms: int = 0

    def declared_ranges(self) -> RangeSet:
        """All that was declared, whatever the reason."""
        return RangeSet(span for spans in self.declared.values() for span in spans.spans())


class Gaps(NamedTuple):
    """What one journal lacks: lost numbers by reason, owed numbers, and the minutes that each stand for."""

    owed: RangeSet
    lost: RangeSet
    owed_minutes: RangeSet
    lost_minutes: Mapping[str, RangeSet]


def owed_of(known: Known, held: RangeSet) -> RangeSet:
    """What the agent has and the store has not (rule 9)."""
    return held - known.there.ranges() - known.declared_ranges() - known.missing.ranges()


def gaps_of(known: Known, held: Held | None, journal: str) -> Gaps:
    """What of one journal is owed and what is lost.

    Args:
        known: What the ledger has of it.
        held: What its agent last said it has, None if that was never heard: then nothing can be called unknown, and
            what the store had and lost is owed, since the agent may still have it.
        journal: Its id.
    """
    there = known.there.ranges()
    has = held.journals.get(journal, RangeSet()) if held is not None else RangeSet()
    owed = owed_of(known, has)
    unspoken = _unspoken(known, held) - there - known.declared_ranges() - known.missing.ranges()
    owed = owed | unspoken
    lost_minutes = {reason: RangeSet() for reason in known.declared}
    for reason, spans in known.declared.items():
        for span in spans:
            if RangeSet([(span.first, span.last)]) - there:
                _add_minutes(lost_minutes[reason], span.from_ms, span.to_ms)
    lost = _unknown(known, there, has, held) - unspoken if held is not None else known.missing.ranges() - there
    unknown_minutes = RangeSet()
    for missing in lost - known.declared_ranges():
        _add_minutes(unknown_minutes, *_between(known, missing, held))
    if unknown_minutes:
        lost_minutes[UNKNOWN] = unknown_minutes
    owed_minutes = RangeSet()
    for missing in owed:
        _add_minutes(owed_minutes, *_between(known, missing, held))
    return Gaps(owed, lost, owed_minutes, lost_minutes)


def _unspoken(known: Known, held: Held | None) -> RangeSet:
    """What a store lost and its agent has not been heard about since: the branch may have it still, so it is owed."""
    if held is None or not known.was:
        return known.was.ranges()
    spans = []
    for span in known.was:
        # What was measured after the agent's last word, that word could not speak of.
        if span.to_ms > held.at_ms and not span.unmeasured:
            ahead = held.at_ms - span.from_ms
            width = max(1, span.to_ms - span.from_ms)
            spoken = max(0, -(-ahead * (span.last + 1 - span.first) // width)) if ahead > 0 else 0
            spans.append((min(span.last, span.first + spoken), span.last))
    return RangeSet(spans)


def _unknown(known: Known, there: RangeSet, has: RangeSet, held: Held) -> RangeSet:
    """Numbers that must have been given to packs, and that nobody has or accounts for."""
    seen = there | known.was.ranges() | known.declared_ranges() | known.missing.ranges() | has
    lowest, highest = seen.lowest(), seen.highest()
    if lowest is None or highest is None:
        return RangeSet()
    if known.extended_ms >= held.at_ms:
        # Packs came after the agent last said what it has: of what lies beyond, it could not speak yet.
        highest = min(highest, max(has.highest() or 0, known.missing.ranges().highest() or 0))
        if highest < lowest:
            return RangeSet()
    accounted = there | known.declared_ranges() | (has - known.missing.ranges())
    return RangeSet([(lowest, highest)]) - accounted


def _between(known: Known, missing: Span, held: Held | None) -> Span:
    """The times between which the numbers `missing` were measured: from neighbour to neighbour in the same journal."""
    timed: Sequence[TimedSpans] = (known.there, known.was, *known.declared.values())
    below = max((span for spans in timed if (span := spans.below(missing[0]))), key=_last, default=None)
    above = min((span for spans in timed if (span := spans.above(missing[1]))), key=_first, default=None)
    at_begin, at_end = known.was.around(missing[0]), known.was.around(missing[1])
    begins = [below.to_ms] if below else []
    begins += [_time_within(at_begin, missing[0])] if at_begin and not at_begin.unmeasured else []
    ends = [above.from_ms] if above else []
    ends += [_time_within(at_end, missing[1] + 1)] if at_end and not at_end.unmeasured else []
    if not ends and held is not None:
        ends.append(held.at_ms)
    if not begins and held is not None and held.oldest_ms is not None:
        begins.append(held.oldest_ms)
    if not begins and not ends:
        return (0, 0)
    end = min(ends) if ends else max(begins)
    begin = max(begins) if begins else end
    return min(begin, end), max(begin, end)


def _time_within(span: TimedSpan, number: int) -> int:
    """About when `number` of a range was measured: a journal's numbers run with time."""
    return span.from_ms + (span.to_ms - span.from_ms) * (number - span.first) // (span.last + 1 - span.first)


def _last(span: TimedSpan) -> int:
    return span.last


def _first(span: TimedSpan) -> int:
    return span.first


def _add_minutes(minutes: RangeSet, from_ms: int, to_ms: int) -> None:
    if to_ms > 0:
        minutes.add(from_ms // MINUTE_MS, to_ms // MINUTE_MS)


def intervals_of(there: RangeSet, lost: Mapping[str, RangeSet], owed: RangeSet) -> list[tuple[int, int, Status, str]]:
    """Disjoint intervals of minutes, both ends included, oldest first: there wins over lost, lost over owed."""
    found = [(first, last, Status.THERE, "") for first, last in there]
    taken = there
    known = [reason for reason in LOST_REASONS if reason in lost]
    for reason in (*known, *sorted(lost.keys() - set(known))):
        rest = lost[reason] - taken
        found += [(first, last, Status.LOST, reason) for first, last in rest]
        taken = taken | rest
    found += [(first, last, Status.OWED, "") for first, last in owed - taken]
    return sorted(found)


def cut(minutes: RangeSet, first: int, last: int) -> RangeSet:
    """The part of `minutes` from `first` to `last`, both included."""
    return RangeSet((max(a, first), min(b, last)) for a, b in minutes if a <= last and b >= first)


def union(sets: Iterable[RangeSet]) -> RangeSet:
    """All of them together."""
    return RangeSet(span for one in sets for span in one)
