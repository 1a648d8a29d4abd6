"""The rows of the journal's file: what is asked of them and done to them, in SQL.

Nothing here decides. Every writing method runs inside a transaction of its caller.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from agent.journal_errors import JournalCorruptError
from agent.journal_file import JournalFile
from agent.journal_note import MAX_OWED, OwedRange
from agent.journal_rows import Label, Moment, Row, RowClass, Value, body_of, values_of
from agent.placing import UntimedBoot
from telemetry.ranges import RangeSet
from telemetry.topics import Root

_COLUMNS: Final = (
    "sq, opening, label, class, level, time_ms, journalled_ms, boot, mono_ms, sent, receipted, heard, body"
)


class _Names:
    """A small table that gives each of a few values a number, kept in memory too."""

    def __init__(self, rows: Iterable[tuple[int, Any]]) -> None:
        self.by_id = dict(rows)
        self.ids = {value: number for number, value in self.by_id.items()}

    def put(self, number: int, value: Any) -> int:
        self.by_id[number] = value
        self.ids[value] = number
        return number


class JournalTable:
    """The rows of one open file."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self.forget()

    def forget(self) -> None:
        """Read the small tables anew, after a transaction that was rolled back."""
        file = self._file
        self._openings = _Names(file.rows("SELECT id, jr FROM openings"))
        self._boots = _Names(file.rows("SELECT id, name FROM boots"))
        labels = file.rows("SELECT id, region, site, agent, point, room, kind, names FROM labels")
        self._labels = _Names((row[0], _label(*row[1:])) for row in labels)
        self._by_point: dict[tuple[Root, str], list[int]] = {}
        for number, label in self._labels.by_id.items():
            self._by_point.setdefault((label.root, label.point), []).append(number)

    # -- whole journal -------------------------------------------------------------------------------------------------

    def held(self) -> dict[str, RangeSet]:
        """By journal id, the numbers of all rows."""
        held: dict[str, RangeSet] = {}
        openings = self._file.rows("SELECT opening, min(sq), max(sq), count(*) FROM packs GROUP BY opening")
        for opening, first, last, count in openings:
            # Most openings have no holes; a million rows are not looked at one by one to find that out.
            is_whole = count == last - first + 1
            numbers = RangeSet([(first, last)]) if is_whole else self._numbers_of(opening, first, last)
            held[self._openings.by_id[opening]] = numbers
        return held

    def _numbers_of(self, opening: int, first: int, last: int) -> RangeSet:
        numbers = RangeSet()
        sql = "SELECT sq FROM packs WHERE sq BETWEEN ? AND ? AND opening = ? ORDER BY sq LIMIT 5000"
        while chunk := self._file.rows(sql, (first, last, opening)):
            for (sequence,) in chunk:
                numbers.add(sequence)
            first = chunk[-1][0] + 1
        return numbers

    def highest(self, journal: str | None = None) -> Row | None:
        """The row with the highest number, of one opening or of all."""
        if journal is None:
            found = self._rows("1 ORDER BY sq DESC LIMIT 1", ())
        else:
            found = self._rows("opening = ? ORDER BY sq DESC LIMIT 1", (self._openings.ids.get(journal, 0),))
        return found[0] if found else None

    def unreceipted_count(self) -> int:
        """How many rows have no receipt."""
        owed = self._file.rows("SELECT count(*) FROM packs WHERE receipted = 0 AND time_ms IS NOT NULL")
        untimed = self._file.rows("SELECT count(*) FROM packs WHERE time_ms IS NULL")
        return int(owed[0][0]) + int(untimed[0][0])

    def oldest_unreceipted_ms(self) -> int | None:
        """The earliest time among the lowest unreceipted row of each class; None if none has a time."""
        times = []
        for row_class in RowClass:
            sql = """SELECT time_ms FROM packs WHERE receipted = 0 AND time_ms IS NOT NULL AND class = ?
                ORDER BY sq LIMIT 1"""
            times += [row[0] for row in self._file.rows(sql, (row_class,))]
        return min(times) if times else None

    def owed_ranges(self) -> list[OwedRange]:
        """By opening, the stretch of what nobody has receipted, the newest openings last."""
        sql = """SELECT opening, min(sq), max(sq) FROM packs WHERE receipted = 0
            GROUP BY opening ORDER BY min(sq) DESC LIMIT ?"""
        found = self._file.rows(sql, (MAX_OWED,))
        ranges = []
        for opening, first, last in reversed(found):
            time_ms = self._file.rows("SELECT time_ms FROM packs WHERE sq = ?", (first,))[0][0]
            ranges.append(OwedRange(journal=self._openings.by_id[opening], first=first, last=last, from_ms=time_ms))
        return ranges

    def newest_states(self) -> list[Row]:
        """The newest state of each facility point."""
        sql = """sq IN (SELECT max(sq) FROM packs JOIN labels ON labels.id = label
            WHERE class <= 1 AND kind <> 'calibration'
            GROUP BY region, site, agent, point)"""
        return self._rows(sql, ())

    def roots(self) -> list[Root]:
        """All topic roots that packs were journalled under."""
        return sorted({label.root for label in self._labels.by_id.values()})

    def forget_unused(self, keep: str) -> None:
        """Delete openings, boots and labels that no row names, the opening `keep` excepted."""
        run = self._file.write
        run("DELETE FROM openings WHERE jr <> ? AND id NOT IN (SELECT DISTINCT opening FROM packs)", (keep,))
        run("DELETE FROM boots WHERE id NOT IN (SELECT DISTINCT boot FROM packs WHERE time_ms IS NULL)")
        run("DELETE FROM labels WHERE id NOT IN (SELECT DISTINCT label FROM packs)")

    def bounds(self) -> tuple[int, int]:
        """The lowest and the highest number; 0 and 0 of an empty journal."""
        lowest, highest = self._file.rows("SELECT min(sq), max(sq) FROM packs")[0]
        return lowest or 0, highest or 0

    def unreceipted(self, first: int, last: int) -> list[Row]:
        """The rows without a receipt among these numbers."""
        return self._rows("sq BETWEEN ? AND ? AND receipted = 0 ORDER BY sq", (first, last))

    # -- single rows ---------------------------------------------------------------------------------------------------

    def insert(self, rows: Sequence[Row]) -> None:
        """Put in new rows."""
        self._file.write_many(
            f"INSERT INTO packs ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [self._raw(row) for row in rows],
        )

    def row(self, sequence: int) -> Row | None:
        """One row; without values if they cannot be read."""
        found = self._rows("sq = ?", (sequence,))
        return found[0] if found else None

    def values_at(self, root: Root, point: str, time_ms: int) -> dict[str, float]:
        """What is known of an air point at a time: value by quantity."""
        known: dict[str, float] = {}
        for number in self._by_point.get((root, point), ()):
            label = self._labels.by_id[number]
            if label.kind:
                continue
            sql = "SELECT body FROM packs WHERE label = ? AND time_ms = ?"
            for (body,) in self._file.rows(sql, (number, time_ms)):
                with suppress(ValueError):
                    known |= {value.name: float(value.value) for value in values_of(body, label.names)}
        return known

    def is_taken(self, root: Root, point: str, time_ms: int) -> bool:
        """True if a point has a row at that time."""
        sql = "SELECT 1 FROM packs WHERE label = ? AND time_ms = ? LIMIT 1"
        return any(self._file.rows(sql, (number, time_ms)) for number in self._by_point.get((root, point), ()))

    # -- what is to be sent --------------------------------------------------------------------------------------------

    def owed(self, row_class: RowClass, after: int, limit: int, *, heard: bool | None = None) -> list[int]:
        """Numbers above `after` of timed rows without a receipt, lowest first."""
        which = "" if heard is None else f"AND heard = {int(heard)}"
        sql = f"""SELECT sq FROM packs WHERE receipted = 0 AND time_ms IS NOT NULL AND class = ? AND sq > ? {which}
            ORDER BY sq LIMIT ?"""
        return [row[0] for row in self._file.rows(sql, (row_class, after, limit))]

    def newest_owed(self, row_class: RowClass, limit: int) -> list[int]:
        """The highest numbers of timed rows without a receipt, lowest first."""
        sql = """SELECT sq FROM packs WHERE receipted = 0 AND time_ms IS NOT NULL AND class = ?
            ORDER BY sq DESC LIMIT ?"""
        return [row[0] for row in reversed(self._file.rows(sql, (row_class, limit)))]

    def unheard_calls(self, after: int, limit: int) -> list[int]:
        """Numbers above `after` of calls that nobody has heard, timed or not, lowest first."""
        sql = "SELECT sq FROM packs WHERE class = 0 AND heard = 0 AND sq > ? ORDER BY sq LIMIT ?"
        return [row[0] for row in self._file.rows(sql, (after, limit))]

    def untimed_states(self, boot: str, since_mono_ms: int, after: int, limit: int) -> list[int]:
        """Numbers above `after` of unheard states (no calls) of a boot that have no time yet."""
        sql = """SELECT sq FROM packs WHERE time_ms IS NULL AND class = 1 AND sq > ? AND heard = 0 AND boot = ?
            AND mono_ms >= ? ORDER BY sq LIMIT ?"""
        return [row[0] for row in self._file.rows(sql, (after, self._boots.ids.get(boot, 0), since_mono_ms, limit))]

    # -- marks ---------------------------------------------------------------------------------------------------------

    def mark_sent(self, sequences: Iterable[int]) -> None:
        """These were handed to the network."""
        self._file.write_many("UPDATE packs SET sent = 1 WHERE sq = ? AND sent = 0", [(one,) for one in sequences])

    def receipt(self, first: int, last: int) -> int:
        """A stretch was committed; how many rows that is news for. Rows without a time are left out (rule 6)."""
        sql = "UPDATE packs SET receipted = 1 WHERE sq BETWEEN ? AND ? AND receipted = 0 AND time_ms IS NOT NULL"
        return self._file.write(sql, (first, last))

    def unreceipt(self, first: int, last: int) -> int:
        """A stretch is wanted again; how many rows had a receipt."""
        return self._file.write(
            "UPDATE packs SET receipted = 0 WHERE sq BETWEEN ? AND ? AND receipted = 1", (first, last)
        )

    def hear(self, first: int, last: int) -> None:
        """Facility packs of a stretch were told to somebody."""
        self._file.write(
            "UPDATE packs SET heard = 1 WHERE sq BETWEEN ? AND ? AND class <= 1 AND heard = 0", (first, last)
        )

    def rewrite(self, row: Row) -> None:
        """Replace a row by another with its number."""
        self._file.write(f"REPLACE INTO packs ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", self._raw(row))

    def delete(self, sequences: Sequence[int]) -> None:
        """Take rows out."""
        self._file.write_many("DELETE FROM packs WHERE sq = ?", [(one,) for one in sequences])

    # -- time ----------------------------------------------------------------------------------------------------------

    def untimed_boots(self) -> list[UntimedBoot]:
        """Boots that left rows without a time and whose offset is not known."""
        sql = """SELECT name, max(sq), max(mono_ms) FROM packs JOIN boots ON boots.id = boot
            WHERE time_ms IS NULL AND offset_ms IS NULL GROUP BY boot"""
        return [UntimedBoot(*row) for row in self._file.rows(sql)]

    def offsets(self) -> dict[str, int]:
        """The Unix milliseconds of each boot's start, where known."""
        return dict(self._file.rows("SELECT name, offset_ms FROM boots WHERE offset_ms IS NOT NULL"))

    def keep_offsets(self, offsets: dict[str, int]) -> None:
        """Remember the start of boots for the rows that get their time later."""
        for name, offset_ms in offsets.items():
            self._file.write("UPDATE boots SET offset_ms = ? WHERE id = ?", (offset_ms, self._boot(name)))

    def untimed(self, limit: int, *, row_class: RowClass | None = None) -> list[Row]:
        """Rows without a time, of one class or the most urgent class first."""
        if row_class is not None:
            return self._rows("time_ms IS NULL AND class = ? ORDER BY sq LIMIT ?", (row_class, limit))
        return self._rows("time_ms IS NULL ORDER BY class, sq LIMIT ?", (limit,))

    # -- space ---------------------------------------------------------------------------------------------------------

    def receipted(self, after: int, limit: int) -> list[int]:
        """Numbers above `after` of rows that may be forgotten, lowest first: receipted, and if calls, heard."""
        sql = (
            "SELECT sq FROM packs WHERE receipted = 1 AND sq > ? AND NOT (class = 0 AND heard = 0) ORDER BY sq LIMIT ?"
        )
        return [row[0] for row in self._file.rows(sql, (after, limit))]

    def ages(self, after: int, limit: int) -> list[tuple[int, bool, int | None]]:
        """Of the rows above `after`, lowest first: number, whether it has its receipt, when it was journalled."""
        sql = "SELECT sq, receipted, journalled_ms FROM packs WHERE sq > ? ORDER BY sq LIMIT ?"
        return [(row[0], bool(row[1]), row[2]) for row in self._file.rows(sql, (after, limit))]

    def never_sent_air(self, slot_s: int, after: int, limit: int) -> list[Row]:
        """Timed air that was never sent and is finer than a slot."""
        where = """receipted = 0 AND time_ms IS NOT NULL AND class = 3 AND sq > ? AND sent = 0 AND level < ?
            ORDER BY sq LIMIT ?"""
        return self._rows(where, (after, slot_s, limit))

    def untimed_air(self, slot_s: int, after: int, limit: int) -> list[Row]:
        """Air without a time that is finer than a slot: it never counts as sent, since relative air is not stored."""
        return self._rows(
            "time_ms IS NULL AND class = 3 AND sq > ? AND level < ? ORDER BY sq LIMIT ?", (after, slot_s, limit)
        )

    def sent_air(self, after: int, limit: int) -> list[Row]:
        """Timed air above `after` that was sent and has no receipt, oldest first."""
        where = "receipted = 0 AND time_ms IS NOT NULL AND class = 3 AND sq > ? AND sent = 1 ORDER BY sq LIMIT ?"
        return self._rows(where, (after, limit))

    def oldest_air(self, limit: int) -> list[Row]:
        """The oldest air without a receipt, of any kind; what has a time before what has none."""
        timed = self._rows("receipted = 0 AND time_ms IS NOT NULL AND class = 3 ORDER BY sq LIMIT ?", (limit,))
        return timed or self._rows("time_ms IS NULL AND class = 3 ORDER BY sq LIMIT ?", (limit,))

    def owed_states(self, after: int, limit: int) -> list[Row]:
        """States (no calls) without a receipt, oldest first."""
        return self._rows("class = 1 AND receipted = 0 AND sq > ? ORDER BY sq LIMIT ?", (after, limit))

    def between(self, from_ms: int, to_ms: int) -> RangeSet:
        """Numbers of the rows measured from `from_ms` until before `to_ms`."""
        found = RangeSet()
        for number in self._labels.by_id:
            sql = "SELECT sq FROM packs WHERE label = ? AND time_ms >= ? AND time_ms < ? ORDER BY sq"
            for (sequence,) in self._file.rows(sql, (number, from_ms, to_ms)):
                found.add(sequence)
        return found

    # -- inside --------------------------------------------------------------------------------------------------------

    def opening(self, journal: str) -> int:
        """The number of an opening, which is put in if it is new."""
        known = self._openings.ids.get(journal)
        if known is not None:
            return int(known)
        self._file.write("INSERT INTO openings (jr) VALUES (?)", (journal,))
        return self._openings.put(self._last_id(), journal)

    def _boot(self, name: str) -> int:
        known = self._boots.ids.get(name)
        if known is not None:
            return int(known)
        self._file.write("INSERT INTO boots (name) VALUES (?)", (name,))
        return self._boots.put(self._last_id(), name)

    def _label_id(self, label: Label) -> int:
        known = self._labels.ids.get(label)
        if known is not None:
            return int(known)
        root = label.root
        parts = (root.region, root.site, root.agent, label.point, label.room, label.kind, " ".join(label.names))
        self._file.write(
            "INSERT INTO labels (region, site, agent, point, room, kind, names) VALUES (?,?,?,?,?,?,?)", parts
        )
        number = self._labels.put(self._last_id(), label)
        self._by_point.setdefault((root, label.point), []).append(number)
        return number

    def _last_id(self) -> int:
        return int(self._file.rows("SELECT last_insert_rowid()")[0][0])

    def _raw(self, row: Row) -> tuple[Any, ...]:
        timed = row.is_timed
        return (
            row.sequence,
            self.opening(row.journal),
            self._label_id(row.label),
            int(row.row_class),
            row.level,
            row.moment.ms if timed else None,
            row.journalled_ms,
            None if timed else self._boot(row.moment.boot),
            None if timed else row.moment.ms,
            row.sent,
            row.receipted,
            row.heard,
            body_of(row.values),
        )

    def _rows(self, where: str, parameters: Sequence[Any]) -> list[Row]:
        sql = f"SELECT {_COLUMNS} FROM packs WHERE {where}"
        return [self._row(*raw) for raw in self._file.rows(sql, parameters)]

    def _row(
        self,
        sequence: int,
        opening: int,
        label: int,
        row_class: int,
        level: int,
        time_ms: int | None,
        journalled_ms: int | None,
        boot: int | None,
        mono_ms: int | None,
        sent: int,
        receipted: int,
        heard: int,
        body: bytes,
    ) -> Row:
        try:
            journal = self._openings.by_id[opening]
            known = self._labels.by_id[label]
            moment = Moment(time_ms) if time_ms is not None else Moment(mono_ms or 0, self._boots.by_id[boot or 0])
        except KeyError as error:
            raise JournalCorruptError(f"{self._file.path}: pack {sequence} names what is not there: {error}") from error
        values: tuple[Value, ...] = ()
        with suppress(ValueError):
            values = values_of(body, known.names)
        return Row(
            journal=journal,
            sequence=sequence,
            label=known,
            row_class=RowClass(row_class),
            level=level,
            values=values,
            moment=moment,
            journalled_ms=journalled_ms,
            sent=bool(sent),
            receipted=bool(receipted),
            heard=bool(heard),
        )


def _label(region: str, site: str, agent: str, point: str, room: str, kind: str, names: str) -> Label:
    return Label(root=Root(region, site, agent), point=point, room=room, kind=kind, names=tuple(names.split(" ")))
