"""The public keys that a bundle's packs are held against: those in the bundle, or those that a checker brings along.

Both have the form of `openhall-gateway keys list --json`. Keys in the bundle show that it agrees with itself; keys that
were had from the gateway's register (or from the Pi: `openhall-agent key`) show whose words the packs are.
"""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from gateway.acceptance.evidence import EvidencePack
from gateway.errors import ConfigurationError
from gateway.ingest.keys import AgentKey, Standing, name_of, root_named
from gateway.ingest.signatures import KeyRing, Verdict
from telemetry import signing
from telemetry.errors import MalformedError
from telemetry.topics import parse as parse_topic

MAX_KEYS: Final = 100_000
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


class _Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key; what else a list says of it is for people."""

    agent: str
    key: str
    standing: Standing = Standing.ENROLLED
    seen: float = 0.0
    changed: float = 0.0
    who: str = ""


class _Keys(msgspec.Struct, frozen=True, kw_only=True):
    keys: Annotated[tuple[_Key, ...], msgspec.Meta(max_length=MAX_KEYS)]


class PackKeys:
    """Judges the signatures of packs."""

    def __init__(self, known: Iterable[AgentKey]) -> None:
        self._ring = KeyRing(known)

    def check(self, pack: EvidencePack) -> Verdict:
        """What a pack's signature says; one whose topic cannot be read has none."""
        try:
            root = parse_topic(pack.topic).root
        except MalformedError:
            return Verdict.UNSIGNED
        return self._ring.judge(root, pack.body.encode()).verdict


def write(known: Iterable[AgentKey]) -> bytes:
    """The keys that somebody decided about, as a member `keys.json`; who decided is left out."""
    found = [
        _Key(
            agent=name_of(one.root),
            key=one.key,
            standing=one.standing,
            seen=one.seen_ms / 1000,
            changed=one.changed_ms / 1000,
        )
        for one in known
        if one.standing is not Standing.SEEN
    ]
    return _ENCODER.encode(_Keys(keys=tuple(found)))


def read(body: bytes, name: str) -> PackKeys:
    """The keys of a file.

    Raises:
        ConfigurationError: If it is none; the place is named.
    """
    try:
        table = msgspec.json.decode(body, type=_Keys)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}: {error}; `openhall-gateway keys list --json` writes such a file") from error
    for place, one in enumerate(table.keys):
        if signing.key_of(one.key) is None:
            raise ConfigurationError(f"{name}: $.keys[{place}].key: is no public key of 43 characters")
    return PackKeys(
        AgentKey(root_named(one.agent), one.key.rstrip("="), one.standing, 0, 0, one.who) for one in table.keys
    )
