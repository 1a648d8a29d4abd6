"""Rule 6 in the journal: what time it is, and how rows get theirs once the clock is trusted."""

from dataclasses import replace
from typing import Final

from agent.declaring import NOTE_NAMES, from_text, to_text, with_times
from agent.journal_rows import Moment, Row, RowClass, Value, with_flag
from agent.journal_store import JournalStore
from agent.placing import UntimedBoot, boot_offsets, placed
from telemetry.clock import Clock, to_ms
from telemetry.readings import Flag

BATCH: Final = 500
"""Rows that get their time in one transaction."""

MAX_NOTES: Final = 1_000
"""Declarations without a time that are looked at; there is one for each journal id and reason."""


def place_boots(store: JournalStore, clock: Clock) -> None:
    """Fix where each boot that left rows without time begins; on return that is in the file, for good.

    Raises:
        JournalError: If it cannot be written; nothing was fixed then.
    """
    boots = {boot.name: boot for boot in store.table.untimed_boots()}
    known = store.table.offsets()
    for row in _untimed_notes(store):
        dropped = from_text(str(row.values[0].value))
        for moment in (dropped.begin, dropped.end):
            # Of a boot whose rows are all given up the declaration alone tells.
            if moment.boot and moment.boot not in known and moment.boot not in boots:
                boots[moment.boot] = UntimedBoot(moment.boot, dropped.last, moment.ms)
            elif moment.boot in boots:
                boot = boots[moment.boot]
                boots[moment.boot] = boot._replace(last_mono_ms=max(boot.last_mono_ms, moment.ms))
    if not boots:
        return
    now_ms, mono_ms = to_ms(clock.now()), to_ms(clock.monotonic())
    offsets = boot_offsets(boots.values(), boot=clock.boot_id, now_ms=now_ms, mono_ms=mono_ms)
    with store.transaction():
        store.table.keep_offsets({name: offset for name, offset in offsets.items() if name in boots})


def time_rows(store: JournalStore, clock: Clock) -> int:
    """Give the most urgent rows their time, computed once and kept (rule 6); how many that were, at most `BATCH`.

    Raises:
        JournalError: If it cannot be written; these rows have no time yet then.
    """
    rows = store.table.untimed(BATCH)
    if not rows:
        return 0
    offsets = store.table.offsets()
    now_ms = to_ms(clock.now())
    with store.transaction():
        for row in rows:
            timed = _timed(row, offsets, clock.boot_id, now_ms)
            moment = timed.moment
            while timed.row_class is not RowClass.NOTE and store.table.is_taken(row.root, row.point, moment.ms):
                moment = moment._replace(ms=moment.ms + 1)
            store.table.rewrite(replace(timed, moment=moment))
    store.notes.close_all()
    return len(rows)


def _timed(row: Row, offsets: dict[str, int], boot: str, now_ms: int) -> Row:
    moment = placed(row.moment, offsets)
    if not moment.is_absolute:
        # Its boot came after the boots were placed, which the code does not allow; it must not wait for ever.
        moment = Moment(now_ms)
    values = row.values
    if row.row_class is RowClass.NOTE:
        values = (Value(NOTE_NAMES[0], to_text(with_times(from_text(str(values[0].value)), offsets))),)
    elif row.moment.boot != boot:
        values = with_flag(values, Flag.CLOCK)
    # Sent so far was at most a relative copy, which nobody stored: for rule 8 it counts as never sent.
    return replace(row, moment=moment, values=values, journalled_ms=now_ms, sent=False)


def _untimed_notes(store: JournalStore) -> list[Row]:
    return store.table.untimed(MAX_NOTES, row_class=RowClass.NOTE)
