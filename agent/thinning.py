"""Rule 8: never-sent air as means over slots, when space runs out."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final

from agent.journal_rows import Label, Moment, Row, RowClass, Value
from telemetry.readings import Flag
from telemetry.topics import Root

SLOTS_S: Final = (60, 600)
"""Seconds of the slots, finest first: 1-minute, then 10-minute means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """One new pack in the place of several.

    Attributes:
        label: As the readings' own; `names` are all quantities that any of them has.
        values: The mean of each, with every flag that any of them has.
        moment: 1 ms after the first of the readings it stands for.
        slot_s: Seconds that its slot covers.
        replaced: The packs it stands for, at least two.
    """

    label: Label
    values: tuple[Value, ...]
    moment: Moment
    slot_s: int
    replaced: tuple[Row, ...]


def means_of(rows: Sequence[Row], slot_s: int, *, is_cut: bool) -> list[Mean]:
    """Means for all slots in which a point has at least two readings.

    The moment is 1 ms after the first reading's, not the slot's start: at the start there may be a reading that was
    sent and receipted and is gone from the journal, at a reading's own time a reading that was sent just before a power
    cut took the mark of it; the mean would land on it in the store.

    Args:
        rows: Air that was never sent, in the journal's order.
        slot_s: Seconds of a slot.
        is_cut: More rows follow in the journal: each point's last slot may not be whole and is left, if others remain.
    """
    slots: dict[tuple[Root, str, str, str, int], list[Row]] = defaultdict(list)
    last: dict[tuple[Root, str, str, str], int] = {}
    for row in rows:
        if row.row_class is not RowClass.AIR or row.level >= slot_s:
            continue
        series = (row.root, row.point, row.room, row.moment.boot)
        slot = row.moment.ms // (slot_s * 1000)
        slots[*series, slot].append(row)
        last[series] = max(slot, last.get(series, slot))
    whole = {key: group for key, group in slots.items() if not is_cut or key[4] != last[key[:4]]}
    chosen = whole if any(len(group) > 1 for group in whole.values()) else slots
    return [_mean(group, slot_s) for group in chosen.values() if len(group) > 1]


def _mean(group: list[Row], slot_s: int) -> Mean:
    numbers: dict[str, list[float]] = defaultdict(list)
    flags: dict[str, set[Flag]] = defaultdict(set)
    for row in group:
        for value in row.values:
            numbers[value.name].append(float(value.value))
            flags[value.name].update(value.flags)
    first = min((row.moment for row in group), key=lambda moment: moment.ms)
    label = group[0].label
    return Mean(
        label=Label(root=label.root, point=label.point, room=label.room, kind=label.kind, names=tuple(numbers)),
        values=tuple(Value(name, fsum(given) / len(given), _ordered(flags[name])) for name, given in numbers.items()),
        moment=first._replace(ms=first.ms + 1),
        slot_s=slot_s,
        replaced=tuple(group),
    )


def _ordered(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    given = set(flags)
    return tuple(flag for flag in Flag if flag in given)
