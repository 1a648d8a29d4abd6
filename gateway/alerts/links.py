"""The link with which somebody acknowledges without a login: signed, expiring, one for each recipient."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

import msgspec
from sqlalchemy import select

from gateway.alerts.settings import AlertsConfig
from gateway.config_file import read_secret
from gateway.state.state import State
from gateway.state.tables import alarm_note

SIGNATURE_BYTES: Final = 16
"""128 bits of HMAC-SHA-256 cannot be guessed, and keep the link short enough for an SMS."""

_NOTE: Final = "link-key"


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """What a link stands for.

    Attributes:
        batch: The message it came with; its alarms are those that are acknowledged.
        person: To whom it was sent.
        expires_ms: Until when it acknowledges.
        in_group: It was sent into a group: whoever taps it says who they are.
    """

    batch: str
    person: str
    expires_ms: int
    in_group: bool


class Links:
    """Makes and reads links under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, claim: Claim) -> str:
        """The word of a link: letters, digits, `-`, `_` and one dot."""
        body = msgspec.json.encode(claim)
        return f"{_text(body)}.{_text(self._sign(body))}"

    def read(self, word: str) -> Claim | None:
        """What a word stands for; None if we never signed it. Whether it has expired the caller sees."""
        head, dot, tail = word.partition(".")
        try:
            body, signature = _bytes(head), _bytes(tail)
        except ValueError:
            return None
        if not dot or not hmac.compare_digest(signature, self._sign(body)):
            return None
        return msgspec.json.decode(body, type=Claim)

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)[:SIGNATURE_BYTES]


def open_links(config: AlertsConfig, state: State) -> Links:
    """Links under the key of the configuration, or under one that is made once and kept in the state database.

    Raises:
        ConfigurationError: If the key's file cannot be read.
        StateUnavailable: If the state database does not answer.
    """
    if config.link_key_file is not None:
        return Links(read_secret(config.link_key_file, "$.alerts.link_key_file").encode("utf-8"))
    return Links(kept_secret(state, _NOTE))


def kept_secret(state: State, name: str) -> bytes:
    """A secret that is made once and kept in the state database under a name.

    Raises:
        StateUnavailable: If the state database does not answer.
    """
    with state.write() as connection:
        kept = connection.execute(select(alarm_note.c.value).where(alarm_note.c.name == name)).scalar()
        if kept is None:
            kept = secrets.token_hex(32)
            connection.execute(alarm_note.insert().values(name=name, value=kept))
    return bytes.fromhex(kept)


def _text(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    if len(text) > 1_000:
        raise ValueError("too long")
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
