"""The tokens with which programs show who they are: read from a file, compared in constant time."""

import hashlib
import hmac
import re
from pathlib import Path
from typing import Final

from gateway.errors import ConfigurationError

MIN_LENGTH: Final = 24
"""Shorter tokens can be guessed: 24 characters of `openssl rand -base64 18` are 144 bits."""

MAX_TOKENS: Final = 1_000
MARK_LETTERS: Final = 24

_LINE: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,63})\s+(?P<token>[A-Za-z0-9._~+/=-]+)")


class Tokens:
    """Names of programs by the hash of their token; the tokens themselves are not kept."""

    def __init__(self, names: dict[bytes, str]) -> None:
        self._names = names

    @classmethod
    def read(cls, path: str, place: str = "$.http.token_file") -> "Tokens":
        """The tokens in a file of lines `NAME TOKEN`; `#` begins a comment.

        Raises:
            ConfigurationError: If the file cannot be read, holds no token, or one that is too short or stands twice.
        """
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{place}: cannot read {path}: {error}; give a file this user may read") from error
        names: dict[bytes, str] = {}
        for number, line in enumerate(lines, start=1):
            words = line.partition("#")[0].strip()
            if not words:
                continue
            match = _LINE.fullmatch(words)
            if match is None:
                raise ConfigurationError(f"{place}: {path} line {number} is not NAME TOKEN")
            if len(match["token"]) < MIN_LENGTH:
                advice = "make one with `openssl rand -base64 32`"
                text = f"{place}: {path} line {number}: the token has fewer than {MIN_LENGTH} characters; {advice}"
                raise ConfigurationError(text)
            if names.setdefault(_digest(match["token"]), match["name"]) != match["name"]:
                raise ConfigurationError(f"{place}: {path} line {number}: another program has the same token")
        if not 0 < len(names) <= MAX_TOKENS:
            raise ConfigurationError(f"{place}: {path} holds {len(names)} tokens; give 1 to {MAX_TOKENS}")
        return cls(names)

    def mark_of(self, token: str) -> str:
        """A short word for a token that does not tell it: who knows the word cannot find the token."""
        return _digest(token).hex()[:MARK_LETTERS]

    def name_of_mark(self, mark: str) -> str | None:
        """Whose token has that mark, None if nobody's has."""
        return next((name for digest, name in self._names.items() if digest.hex()[:MARK_LETTERS] == mark), None)

    def name_of(self, token: str) -> str | None:
        """Whose token it is, None if nobody's."""
        digest = _digest(token)
        found = None
        for known, name in self._names.items():
            if hmac.compare_digest(known, digest):
                found = name
        return found


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8")).digest()
