"""The table of dead letters: listed, and taken in again. Works without a running gateway."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import delete, select

from gateway.ingest.doubting import colour
from gateway.ingest.intake import Intake, Reader
from gateway.ingest.keys import all_keys
from gateway.ingest.ledger import Entry, Ledger
from gateway.ingest.marks import note_change
from gateway.ingest.settings import IngestSettings
from gateway.ingest.signatures import KeyRing
from gateway.ports import Alerts, Store
from gateway.state.state import State
from gateway.state.tables import dead_letter as table
from gateway.state.tables import mark as mark_table
from telemetry import topics
from telemetry.clock import Clock, to_ms
from telemetry.errors import MalformedError


class DeadLetter(NamedTuple):
    """One row of the table. `id` grows; `times` says how often the same message came with the same fault."""

    id: int
    received_ms: int
    topic: str
    site: str | None
    journal: str | None
    sequence: int | None
    reason: str
    detail: str
    length: int
    sha256: str
    times: int
    body: bytes

    @property
    def is_whole(self) -> bool:
        """True if all of the message was kept."""
        return len(self.body) == self.length


def dead_letters(state: State, *, after: int = 0, limit: int = 1_000) -> list[DeadLetter]:
    """Letters with an id above `after`, lowest first, at most `limit`."""
    with state.read() as connection:
        rows = connection.execute(select(table).where(table.c.id > after).order_by(table.c.id).limit(limit))
        return [DeadLetter(**row._mapping) for row in rows]


class Retried(NamedTuple):
    """What came of taking one letter in again.

    Attributes:
        id: Its id.
        stored: True: every record is in the store, the letter is deleted. False: it stays.
        detail: Why it stays; empty if it does not.
    """

    id: int
    stored: bool
    detail: str = ""


def retry(
    state: State,
    store: Store,
    letters: Iterable[DeadLetter],
    *,
    clock: Clock,
    settings: IngestSettings | None = None,
    alerts: Alerts | None = None,
) -> list[Retried]:
    """Read letters again, with the program of today and at the time of today, and store what is good now.

    What was too far in the future may be past, a unit may have become known, a store may have been mended. Good records
    of a letter that is still partly bad were stored before and are written again: the same points, so harmless.

    Args:
        state: Where the letters are.
        store: Where readings go.
        letters: As `dead_letters` gave them.
        clock: The time of today.
        settings: The limits; the defaults unless given.
        alerts: Who hears facility states that were never heard, None: nobody.

    Raises:
        StoreUnavailable, StateUnavailable: Letters before this one are dealt with, it and the others stay.
    """
    reader = Reader(settings or IngestSettings(), lambda _site, _point: None, KeyRing(all_keys(state)).judge)
    ledger = Ledger(state, clock=clock)
    with state.read() as connection:
        rows = connection.execute(select(mark_table.c.region, mark_table.c.epoch)).all()
    ledger.set_epochs({row.region: row.epoch for row in rows})
    return [_retry_one(one, state, store, ledger, reader, clock, alerts) for one in letters]


def _retry_one(
    one: DeadLetter,
    state: State,
    store: Store,
    ledger: Ledger,
    reader: Reader,
    clock: Clock,
    alerts: Alerts | None,
) -> Retried:
    if not one.is_whole:
        return Retried(one.id, False, f"only {len(one.body)} of {one.length} bytes were kept")
    try:
        channel = topics.parse(one.topic)
    except MalformedError as error:
        return Retried(one.id, False, str(error))
    if channel.name not in ("readings", "facility"):
        return Retried(one.id, False, f"{channel.name} is not for the store")
    now_ms = to_ms(clock.now())
    intake = reader.read(channel, one.topic, one.body, retained=False, arrived_ms=now_ms)
    if intake.letters:
        return Retried(one.id, False, "; ".join(f"{letter.reason}: {letter.detail}" for letter in intake.letters))
    if intake.pair is None:
        return Retried(one.id, False, "its times are relative to a moment that has passed")
    if intake.hear is not None and alerts is not None:
        alerts.hear(channel.root, intake.hear, now_ms)
    colour(state, intake.points)
    refused = store.write(intake.points) if intake.points else []
    if refused:
        return Retried(one.id, False, f"the store refuses it: {refused[0].detail}")
    _commit(one, state, ledger, intake)
    return Retried(one.id, True)


def _commit(one: DeadLetter, state: State, ledger: Ledger, intake: Intake) -> None:
    assert intake.pair is not None
    journal, sequence = intake.pair
    entry = Entry(
        root=intake.channel.root,
        journal=journal,
        sequence=sequence,
        from_ms=intake.from_ms,
        to_ms=intake.to_ms,
        minutes=intake.minutes,
        declaration=intake.declaration,
    )
    # A gateway may be writing into the same ledger: rows are read and written in one transaction.
    ledger.forget()
    with state.write() as connection:
        plan = ledger.record([entry], connection)
        ledger.write(connection, plan)
        note_change(connection)
        connection.execute(delete(table).where(table.c.id == one.id))
