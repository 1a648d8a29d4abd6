"""The signature of a pack: which bytes it is over, and where it stands in the body.

Ed25519 (RFC 8032) over the topic root with its last slash, a newline, and the body without the signature. The body's
first record then ends with `,"sg":"…"`, base64url without padding (RFC 8428 section 5 leaves it away too). So whoever
has kept topic and body as they came needs nothing but the public key. Nothing here signs or verifies.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from telemetry.errors import MalformedError, Reason
from telemetry.messages import MAX_BODY_BYTES
from telemetry.topics import Root

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
# RFC 8032 section 5.1.5 and 5.1.6: the lengths of an Ed25519 public key and signature.

Sign = Callable[[bytes], bytes]
"""The 64 bytes of the signature over a message."""

# A record is flat: strings, numbers and words between its braces. Possessive, so that no body takes long to refuse.
_FIRST: Final = re.compile(rb'\s*+\[\s*+\{(?:[^"{}]++|"(?:[^"\\]++|\\.)*+")*+\}', re.DOTALL)
_LAST_MEMBER: Final = re.compile(rb',"sg":"([A-Za-z0-9_-]{86}(?:==)?)"\}\Z')
_LONGEST: Final = len(b',"sg":""}') + 88


class Signed(NamedTuple):
    """A body taken apart: what was signed, and the signature."""

    message: bytes
    signature: bytes


def attach(root: Root, body: bytes, sign: Sign) -> bytes:
    """The body of a pack with its signature as the last member of the first record.

    Raises:
        MalformedError: If the body is no array that begins with a record, or becomes longer than the wire allows.
    """
    first = _FIRST.match(body)
    if first is None:
        raise MalformedError(Reason.SENML, "a pack begins with a record")
    end = first.end() - 1
    text = to_text(sign(_message(root, body)))
    whole = body[:end] + b',"sg":"' + text.encode() + b'"' + body[end:]
    if len(whole) > MAX_BODY_BYTES:
        raise MalformedError(Reason.OVERSIZE, f"{len(whole)} bytes with its signature; a body has {MAX_BODY_BYTES}")
    return whole


def detach(root: Root, body: bytes) -> Signed | None:
    """What a body was signed with, and what was signed; None if it has no signature where one belongs."""
    if b',"sg":"' not in body:
        return None
    first = _FIRST.match(body)
    if first is None:
        return None
    end = first.end()
    member = _LAST_MEMBER.search(body[:end], max(0, end - _LONGEST))
    if member is None:
        return None
    unsigned = body[: member.start()] + body[end - 1 :]
    return Signed(_message(root, unsigned), base64.urlsafe_b64decode(member[1].rstrip(b"=") + b"=="))


def to_text(raw: bytes) -> str:
    """Bytes as base64url without padding: 43 characters for a key, 86 for a signature."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def key_of(text: str) -> bytes | None:
    """The 32 bytes of a public key as presence shows it; None if it is none."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}=?", text, re.ASCII):
        return None
    try:
        raw = base64.urlsafe_b64decode(text.rstrip("=") + "=")
    except binascii.Error:
        return None
    return raw if len(raw) == KEY_BYTES and to_text(raw) == text.rstrip("=") else None


def _message(root: Root, body: bytes) -> bytes:
    return f"{root}/\n".encode() + body
