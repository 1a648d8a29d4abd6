"""The note beside the journal: which numbers may have been used, whatever became of the file (rules 1 and 8).

It is written, and on the disk, before the first number it reserves is used: so no number comes twice, even where a
power cut took the rows that had them, or the whole journal is gone.
"""

import os
from pathlib import Path
from typing import Final

import msgspec
import structlog

SUFFIX: Final = ".note"
VERSION: Final = 1

log = structlog.get_logger(__name__)


class OwedRange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Packs that one opening journalled and nobody had receipted when the note was written.

    Attributes:
        journal: The opening's id.
        first: The lowest number.
        last: The highest; of the current opening the end of what is reserved.
        from_ms: Unix time of the first, None if it had none yet.
    """

    journal: str
    first: int
    last: int
    from_ms: int | None = None


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is known without the journal's file.

    Attributes:
        journal: Id of the newest opening.
        first: The first number it may have used.
        reserved: The last number it may have used.
        clean: True if the journal was closed in order, so that `reserved` is the last one used.
        boot: The machine's boot it was written in.
        owed: At most 64 ranges, the newest openings.
        version: Of this form.
    """

    journal: str
    first: int
    reserved: int
    clean: bool
    boot: str = ""
    owed: list[OwedRange] = []
    version: int = VERSION


MAX_OWED: Final = 64
"""More openings than that with packs still owed are not told apart; the oldest are left out of the note."""


def note_path(path: Path) -> Path:
    """Where the note of the journal at `path` lies."""
    return path.with_name(path.name + SUFFIX)


def read_note(path: Path) -> Note | None:
    """The note of the journal at `path`; None if there is none or it cannot be read, which is logged."""
    try:
        return msgspec.json.decode(note_path(path).read_bytes(), type=Note)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("note beside the journal cannot be read", path=str(note_path(path)), error=str(error))
        return None


def write_note(path: Path, note: Note) -> None:
    """Replace the note of the journal at `path`; on return it is on the disk.

    Raises:
        OSError: If it cannot be written; the old one is still there then.
    """
    final = note_path(path)
    draft = final.with_name(final.name + ".new")
    with draft.open("wb") as file:
        file.write(msgspec.json.encode(note))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(final)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the folder's entries on the disk: a new or renamed file is not there for good without it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
