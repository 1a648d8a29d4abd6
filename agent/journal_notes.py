"""Declarations on their way into the journal (rule 8): few, and each as wide as it can be before it goes out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from agent.declaring import NOTE_NAMES, Dropped, from_text, to_text, widened, with_times
from agent.journal_rows import Label, Moment, Row, Value
from agent.journal_table import JournalTable
from telemetry.readings import DropReason
from telemetry.topics import Root

_Key = tuple[str, DropReason]

NewRow = Callable[[Label, tuple[Value, ...], Moment | None], Row]
"""Makes a row of a declaration, dated now unless a moment is given."""


class Notes:
    """What is to be declared: not yet journalled, or journalled and never sent.

    Of one journal id and one reason there is one such declaration, which is widened: an outage of months, all of it
    thinned and dropped, takes the space of a few.
    """

    def __init__(self, root: Root) -> None:
        self._label = Label(root=root, point=root.agent, room=root.agent, kind="", names=NOTE_NAMES)
        self._waiting: dict[_Key, Dropped] = {}
        self._open: dict[_Key, Row] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, dropped: Iterable[Dropped]) -> None:
        """Have it declared with the next transaction."""
        for one in dropped:
            key = (one.journal, one.reason)
            known = self._waiting.get(key)
            self._waiting[key] = widened(known, one) if known else one

    @property
    def waiting(self) -> list[Dropped]:
        """What is not journalled yet."""
        return list(self._waiting.values())

    def done(self) -> None:
        """All that waited is journalled."""
        self._waiting.clear()

    def sent(self, sequence: int) -> None:
        """A declaration goes out: what is dropped from now on needs another."""
        self._open = {key: row for key, row in self._open.items() if row.sequence != sequence}

    def close_all(self) -> None:
        """What is dropped from now on needs other declarations."""
        self._open.clear()

    def opened(self, rows: Iterable[Row]) -> None:
        """These new declarations are in the file."""
        for row in rows:
            dropped = from_text(str(row.values[0].value))
            self._open[dropped.journal, dropped.reason] = row

    def write(self, dropped: Sequence[Dropped], table: JournalTable, new_row: NewRow) -> list[Row]:
        """Write declarations, inside a transaction; the new rows. One that never went out is widened instead."""
        new = []
        offsets = table.offsets() if dropped else {}
        for one in dropped:
            known = self._open.get((one.journal, one.reason))
            if known is None:
                timed = with_times(one, offsets)
                new.append(new_row(self._label, (_value_of(timed),), _wait_for(timed)))
                continue
            wide = with_times(widened(from_text(str(known.values[0].value)), one), offsets)
            row = replace(known, values=(_value_of(wide),), moment=_wait_for(wide) or known.moment)
            table.rewrite(row)
            # Should the transaction fail, it is written again with at least this.
            self._open[one.journal, one.reason] = row
        table.insert(new)
        return new


def _value_of(dropped: Dropped) -> Value:
    return Value(NOTE_NAMES[0], to_text(dropped))


def _wait_for(dropped: Dropped) -> Moment | None:
    """The moment whose time is not known yet, so that the declaration gets its own together with it; None: both are."""
    return next((moment for moment in (dropped.begin, dropped.end) if not moment.is_absolute), None)
