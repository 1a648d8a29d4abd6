"""The form of the names that stand in topics and tags."""

import re

from telemetry.errors import MalformedError, Reason

ID_PATTERN = r"[a-z0-9][a-z0-9-]{0,31}"
RESERVED_REGION = "gateway"

_ID = re.compile(ID_PATTERN)
_JOURNAL = re.compile(r"[A-Za-z0-9-]{1,32}")


def is_id(text: str) -> bool:
    """True if `text` may name a region, site, agent, point, room, gateway or command."""
    return _ID.fullmatch(text) is not None


def is_journal_id(text: str) -> bool:
    """True if `text` may be a journal id: 1 to 32 of `[A-Za-z0-9-]`."""
    return _JOURNAL.fullmatch(text) is not None


def require_id(text: str, what: str) -> str:
    """`text`, if it is an id.

    Raises:
        MalformedError: With reason `topic`; the detail names `what` and the form asked for.
    """
    if not is_id(text):
        raise MalformedError(Reason.TOPIC, f"{what} {text[:64]!r} does not match {ID_PATTERN}")
    return text
