"""The opaque word with which a list is read on."""

import base64
import binascii
from typing import Final, TypeVar

import msgspec

from gateway.board.errors import RequestError

DEFAULT_LIMIT: Final = 1_000
MAX_LIMIT: Final = 10_000


def next_word(last: str | int) -> str:
    """The word for what follows `last`, an id or a time in ms."""
    return base64.urlsafe_b64encode(msgspec.json.encode(last)).rstrip(b"=").decode("ascii")


def after_id(word: str | None) -> str:
    """The id after which a list of ids goes on; "" where there is no word.

    Raises:
        RequestError: With status 400, if the word is none of ours.
    """
    return "" if word is None else _decoded(word, str)


def after_ms(word: str | None) -> int | None:
    """The time in ms after which a list of times goes on; None where there is no word.

    Raises:
        RequestError: With status 400, if the word is none of ours.
    """
    return None if word is None else _decoded(word, int)


_Kind = TypeVar("_Kind", str, int)


def _decoded(word: str, kind: type[_Kind]) -> _Kind:
    try:
        body = base64.b64decode(word.encode("ascii") + b"=" * (-len(word) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(body, type=kind)
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError) as error:
        advice = "give the `next` of the answer before, unchanged, or leave it out to begin at the start"
        raise RequestError(400, "Bad place in a list", f"after: {word[:64]!r} is no word of ours; {advice}") from error
