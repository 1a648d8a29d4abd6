"""Sessions for people: a token is typed once, then a cookie that no script can read shows who it was.

The cookie is signed and holds no secret; a token that is taken out of the file takes its sessions with it.
"""

import base64
import hashlib
import hmac
from typing import Final

import msgspec

from gateway.board.tokens import Tokens
from telemetry.clock import Clock, to_ms

COOKIE: Final = "openhall_session"
SIGNATURE_BYTES: Final = 32
LONGEST_WORD: Final = 1_000


class _Claim(msgspec.Struct, frozen=True, array_like=True):
    name: str
    mark: str
    expires_ms: int


class Sessions:
    """Makes and reads the words of cookies. Used from several threads; keeps nothing."""

    def __init__(self, tokens: Tokens, *, key: bytes, valid_s: float, clock: Clock) -> None:
        """Remember the parts.

        Args:
            tokens: Whose sessions there are.
            key: Signs; whoever has it can be anybody.
            valid_s: How long a session lasts.
            clock: The time.
        """
        self.valid_s = valid_s
        self._tokens = tokens
        self._key = key
        self._clock = clock

    def begin(self, token: str) -> tuple[str, str] | None:
        """The name that goes with a token, and the word for its cookie; None if the token is nobody's."""
        name = self._tokens.name_of(token)
        if name is None:
            return None
        expires_ms = to_ms(self._clock.now() + self.valid_s)
        body = msgspec.json.encode(_Claim(name, self._tokens.mark_of(token), expires_ms))
        return name, f"{_text(body)}.{_text(self._sign(body))}"

    def name_of(self, word: str) -> str | None:
        """Whose session it is; None if it is none of ours, has expired, or its token is known no longer."""
        head, dot, tail = word.partition(".")
        if not dot or len(word) > LONGEST_WORD:
            return None
        try:
            body, signature = _bytes(head), _bytes(tail)
        except ValueError:
            return None
        if not hmac.compare_digest(signature, self._sign(body)):
            return None
        claim = msgspec.json.decode(body, type=_Claim)
        if to_ms(self._clock.now()) >= claim.expires_ms or self._tokens.name_of_mark(claim.mark) != claim.name:
            return None
        return claim.name

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, b"session\0" + body, hashlib.sha256)[:SIGNATURE_BYTES]


def cookie(word: str, *, max_age_s: float, is_secure: bool) -> str:
    """The header that keeps a word in the browser: for this server alone, sent by its own pages alone."""
    parts = [f"{COOKIE}={word}", "Path=/", f"Max-Age={round(max_age_s)}", "HttpOnly", "SameSite=Strict"]
    return "; ".join([*parts, "Secure"] if is_secure else parts)


def word_in(header: str) -> str | None:
    """The word in a Cookie header (RFC 6265, section 4.2.1)."""
    for part in header[: 8 * LONGEST_WORD].split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return None


def _text(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
