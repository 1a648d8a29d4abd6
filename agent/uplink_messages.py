"""A pack of the journal as a message: its topic, and its times, absolute or relative to now (rules 1 and 6)."""

from collections.abc import Callable

from agent.declaring import declaration_of, from_text
from agent.journal_rows import Row, RowClass
from telemetry.bus import Message
from telemetry.readings import Pack, Record
from telemetry.senml import encode
from telemetry.topics import Root

Seal = Callable[[Root, bytes], bytes]
"""Signs the body of a pack that goes out under a root."""


def message_of(row: Row, *, is_newest: bool, boot: str, mono_ms: int, seal: Seal | None = None) -> Message:
    """The message that carries a pack now.

    Args:
        row: The pack.
        is_newest: Whether it is the newest state of its facility point, which goes to a topic of its own.
        boot: The id of this boot.
        mono_ms: Milliseconds since its start.
        seal: Signs the body; None: it goes unsigned.

    Raises:
        ValueError: If the pack cannot be sent: its values could not be read back, or the wire does not know them.
    """
    if not row.values:
        raise ValueError("its values cannot be read back")
    pack = Pack(
        site=row.root.site,
        point=row.point,
        room=row.room,
        journal=row.journal,
        sequence=row.sequence,
        kind=row.kind or None,
        relative=not row.is_timed,
        records=_records(row, -age_ms(row, boot, mono_ms) if row.time_ms is None else row.time_ms),
    )
    body = encode(pack) if seal is None else seal(row.root, encode(pack))
    if row.row_class.is_facility and is_newest:
        # Retained is what everyone may have at any time; a time relative to now is true once (rule 6).
        return Message(topic=row.root.facility(row.point), body=body, retain=row.is_timed)
    return Message(topic=row.root.readings, body=body)


def age_ms(row: Row, boot: str, mono_ms: int) -> int:
    """How long ago a pack without Unix time was measured, as far as this boot can tell, in milliseconds.

    A pack of an earlier boot is as old as this boot, at least (rule 6).
    """
    return max(mono_ms - row.moment.ms, 0) if row.moment.boot == boot else mono_ms


def _records(row: Row, time_ms: int) -> tuple[Record, ...]:
    if row.row_class is RowClass.NOTE:
        return declaration_of(from_text(str(row.values[0].value))).records(time_ms)
    return tuple(Record(name=value.name, time_ms=time_ms, value=value.value, flags=value.flags) for value in row.values)
