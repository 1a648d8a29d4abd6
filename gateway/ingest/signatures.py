"""Whether packs are their agents' own words: each signature is held against the keys that were enrolled."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import structlog

from gateway.errors import StateUnavailable
from gateway.ingest import keys
from gateway.ingest.keys import AgentKey, Standing
from gateway.metrics import Metrics
from gateway.state.state import State
from telemetry import signing
from telemetry.clock import Clock, to_ms
from telemetry.topics import Root

LOOK_EVERY_S: Final = 5.0
"""How soon a key that was enrolled by the command line counts in a running gateway."""

MAX_FRESH: Final = 1_000
"""Keys that wait to be written down; more are met again with the next presence."""

NAMED: Final = 5

log = structlog.get_logger(__name__)


class Verdict(StrEnum):
    """What a pack's signature says.

    GOOD: signed with an enrolled key of its agent. UNSIGNED: it has none. UNENROLLED: its agent has no enrolled key, so
    nothing is known. REVOKED: signed with a key that was revoked. WRONG: no key of its agent made it.
    """

    GOOD = "good"
    UNSIGNED = "unsigned"
    UNENROLLED = "unenrolled"
    REVOKED = "revoked"
    WRONG = "wrong"


WORDS: Final = {
    Verdict.UNSIGNED: "it carries no signature",
    Verdict.UNENROLLED: "no key of its agent is enrolled; enrol it, then take this in again",
    Verdict.REVOKED: "it is signed with a key that was revoked",
    Verdict.WRONG: "its signature was made by no key of its agent, or it was changed on the way",
}


class Judged(NamedTuple):
    """A verdict, and whether the agent has an enrolled key: then anything but GOOD is somebody else's word."""

    verdict: Verdict
    enrolled: bool


@dataclass(frozen=True, slots=True)
class _Ring:
    enrolled: tuple[bytes, ...] = ()
    revoked: tuple[bytes, ...] = ()


class KeyRing:
    """Public keys by agent; judges bodies. Not changed once made, so any thread may use it."""

    def __init__(self, known: Iterable[AgentKey] = ()) -> None:
        rings: dict[Root, dict[Standing, list[bytes]]] = {}
        for one in known:
            raw = signing.key_of(one.key)
            if raw is not None:
                rings.setdefault(one.root, {}).setdefault(one.standing, []).append(raw)
        self.has_enrolled = False
        self._rings: dict[Root, _Ring] = {}
        for root, by_standing in rings.items():
            enrolled = tuple(by_standing.get(Standing.ENROLLED, ()))
            self._rings[root] = _Ring(enrolled, tuple(by_standing.get(Standing.REVOKED, ())))
            self.has_enrolled |= bool(enrolled)

    def judge(self, root: Root, body: bytes) -> Judged:
        """What the signature in a pack's body says, given as it came on a topic of `root`."""
        ring = self._rings.get(root, _NONE)
        enrolled = bool(ring.enrolled)
        if b'"sg"' not in body:
            return Judged(Verdict.UNSIGNED, enrolled)
        if ring is _NONE:
            return Judged(Verdict.UNENROLLED, False)
        signed = signing.detach(root, body)
        if signed is None:
            # The letters may stand in some reason's text; a signature that stands elsewhere than it should is none.
            return Judged(Verdict.UNSIGNED, enrolled)
        if any(verify(key, signed) for key in ring.enrolled):
            return Judged(Verdict.GOOD, True)
        if any(verify(key, signed) for key in ring.revoked):
            return Judged(Verdict.REVOKED, enrolled)
        return Judged(Verdict.WRONG if enrolled else Verdict.UNENROLLED, enrolled)


_NONE: Final = _Ring()


def verify(key: bytes, signed: signing.Signed) -> bool:
    """Whether the private half of that key (32 bytes) made the signature."""
    # Loaded here: a gateway whose agents do not sign does without.
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import BadSignatureError

    try:
        crypto_sign_open(signed.signature + signed.message, key)
    except BadSignatureError:
        return False
    return True


class Signatures:
    """The keys of a running gateway, and what it found. `judge` and `note` in one thread, `tick` in another."""

    def __init__(
        self,
        state: State,
        *,
        refuse: bool,
        agents: int,
        clock: Clock,
        metrics: Metrics,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """Make it; nothing is read before `load`.

        Args:
            state: Where the keys are.
            refuse: Whether packs that are not GOOD are refused; else they are flagged only.
            agents: How many agents are followed by name.
            clock: The time.
            metrics: Where verdicts are counted.
            look_every_s: How often it looks whether an operator changed a key.
        """
        self._look_every_s = look_every_s
        self.refuse = refuse
        self._state = state
        self._agents = agents
        self._clock = clock
        self._metrics = metrics
        self.ring = KeyRing()
        self._known: frozenset[tuple[Root, str]] = frozenset()
        self._fingerprint: tuple[int, int] | None = None
        self._look_s = float("-inf")
        self._lock = threading.Lock()
        self._fresh: dict[tuple[Root, str], None] = {}
        self._last: dict[Root, Judged] = {}
        self._failing = False

    def load(self) -> None:
        """Read the keys.

        Raises:
            StateUnavailable: Not read.
        """
        found = keys.fingerprint(self._state)
        if found == self._fingerprint:
            return
        known = keys.all_keys(self._state)
        self.ring = KeyRing(known)
        self._known = frozenset((one.root, one.key) for one in known)
        self._fingerprint = found
        counts = dict.fromkeys(Standing, 0)
        for one in known:
            counts[one.standing] += 1
        for standing, count in counts.items():
            self._metrics.agent_keys.labels(standing.value).set(count)

    def judge(self, root: Root, body: bytes) -> Judged:
        """What a pack's signature says."""
        return self.ring.judge(root, body)

    def note(self, root: Root, judged: Judged) -> None:
        """Remember what the last pack of an agent was, and say so when it changes for the worse or the better."""
        before = self._last.get(root)
        if before == judged:
            return
        if before is None and len(self._last) >= self._agents:
            return
        self._last[root] = judged
        if judged.verdict is Verdict.GOOD:
            if before is not None:
                log.info("packs are signed again", agent=keys.name_of(root))
        elif judged.enrolled:
            words = WORDS[judged.verdict]
            log.warning("a pack is not its agent's own", agent=keys.name_of(root), why=words, refused=self.refuse)

    def seen(self, root: Root, key: str) -> None:
        """An agent shows this key in its presence."""
        text = key.rstrip("=")
        if signing.key_of(key) is None or (root, text) in self._known:
            return
        with self._lock:
            if len(self._fresh) < MAX_FRESH:
                self._fresh[root, text] = None

    def tick(self) -> None:
        """Write down keys seen for the first time, and look whether an operator changed any."""
        now_s = self._clock.monotonic()
        if now_s < self._look_s:
            return
        self._look_s = now_s + self._look_every_s
        try:
            self._write_fresh()
            self.load()
            self._failing = False
        except StateUnavailable as error:
            self._metrics.state_failures.inc()
            (log.debug if self._failing else log.warning)("keys of agents are not read", error=str(error))
            self._failing = True

    def findings(self) -> list[tuple[str, str]]:
        """What an operator should know, once keys are in use: the part `signatures`, and a sentence."""
        if not (self.refuse or self.ring.has_enrolled):
            return []
        bad = {root: one for root, one in dict(self._last).items() if one.verdict is not Verdict.GOOD}
        sentences = [
            f"agent {keys.name_of(root)}: the last pack is {'refused' if self.refuse else 'stored'}, but "
            f"{WORDS[one.verdict]}; see `openhall-gateway keys list`"
            for root, one in sorted(bad.items())[:NAMED]
        ]
        if len(bad) > NAMED:
            sentences.append(f"{len(bad) - NAMED} more agents sign wrongly or not at all")
        return [("signatures", words) for words in sentences]

    def _write_fresh(self) -> None:
        with self._lock:
            fresh = list(self._fresh)
        if not fresh:
            return
        now_ms = to_ms(self._clock.now())
        with self._state.write() as connection:
            for root, key in fresh:
                keys.note_seen(connection, root, key, now_ms)
        with self._lock:
            for one in fresh:
                self._fresh.pop(one, None)
        shown: Mapping[str, str] = {keys.name_of(root): key for root, key in fresh[:NAMED]}
        log.info("agents show keys that are not enrolled", count=len(fresh), keys=dict(shown))
