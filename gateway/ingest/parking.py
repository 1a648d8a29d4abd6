"""How many dead letters are kept: a flood without pairs pushes out its own; what was receipted is never pushed out."""

from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy import Connection

from gateway.ingest import letters as table
from gateway.ingest.letters import Letter, Load
from gateway.ingest.settings import IngestSettings
from gateway.metrics import Metrics
from gateway.state.state import State
from telemetry.clock import Clock

log = structlog.get_logger(__name__)

WARNED_FROM: Final = 0.8
"""Share of a limit from which an operator is warned."""

COUNTED_AGAIN_S: Final = 60.0
"""How often a nearly full table is counted again: letters taken in again by hand make room."""


class Parking:
    """Room in the table of dead letters. Called from one thread; `warnings` from any.

    A letter without a pair is a copy of what its sender was never promised: beyond their limit the oldest go. A letter
    with a pair was receipted, so its agent has forgotten it and it is the only copy: beyond their limit none is added,
    and the packs that would need one are left to their agents without a receipt.
    """

    def __init__(self, *, state: State, clock: Clock, settings: IngestSettings, metrics: Metrics) -> None:
        """Make it; nothing is read before `weigh`."""
        self._state = state
        self._clock = clock
        self._metrics = metrics
        self._most = Load(settings.dead_letters, settings.dead_letter_bytes)
        self._most_paired = Load(settings.dead_letters_with_pair, settings.dead_letter_bytes_with_pair)
        self._plain: Load | None = None
        self._paired = Load(0, 0)
        self._count_again_s = 0.0
        self._refusing = False
        self._warned = False

    def weigh(self) -> None:
        """Count the table where that was never done, or again if it is nearly full and a minute has passed.

        Raises:
            StateUnavailable: Not done.
        """
        now_s = self._clock.monotonic()
        near = self._refusing or self._share() >= WARNED_FROM
        if self._plain is not None and (not near or now_s < self._count_again_s):
            return
        with self._state.read() as connection:
            plain, paired = table.load_of(connection, paired=False), table.load_of(connection, paired=True)
        self._count_again_s = now_s + COUNTED_AGAIN_S
        self._set(plain, paired)

    def admit(self, packs: Sequence[Sequence[Letter]]) -> list[bool]:
        """Which packs may be committed, given the letters that each would leave; letters without a pair always may.

        Raises:
            StateUnavailable: Not known.
        """
        left = self._most_paired.letters - self._paired.letters
        left_bytes = self._most_paired.bytes - self._paired.bytes
        paired = [[one for one in letters if one.journal is not None] for letters in packs]
        wanted = [one for letters in paired for one in letters]
        if len(wanted) <= left and sum(len(one.body) for one in wanted) <= left_bytes:
            self._admitted(0)
            return [True] * len(packs)
        with self._state.read() as connection:
            there = table.present(connection, wanted)
        admitted = []
        for letters in paired:
            # What lies there already needs no more room, so its agent gets its receipt again.
            new = [one for one in letters if table.key(one) not in there]
            size = sum(len(one.body) for one in new)
            fits = len(new) <= left and size <= left_bytes
            admitted.append(fits)
            if fits:
                left, left_bytes = left - len(new), left_bytes - size
                there.update(map(table.key, new))
        self._admitted(admitted.count(False))
        return admitted

    def park(self, connection: Connection, letters: Sequence[Letter]) -> tuple[int, Load, Load]:
        """Put letters into the table, and delete the oldest without a pair beyond their limit.

        Returns:
            How many were deleted, and what the table holds then: without a pair, with one. For `parked`.
        """
        plain, paired = self._plain or Load(0, 0), self._paired
        if not letters:
            return 0, plain, paired
        last = table.last_id(connection)
        table.park(connection, letters)
        plain = plain.plus(table.load_of(connection, paired=False, after=last))
        paired = paired.plus(table.load_of(connection, paired=True, after=last))
        if plain.letters <= self._most.letters and plain.bytes <= self._most.bytes:
            return 0, plain, paired
        deleted = table.shrink(connection, letters=self._most.letters, size=self._most.bytes)
        return deleted, table.load_of(connection, paired=False), paired

    def parked(self, outcome: tuple[int, Load, Load]) -> None:
        """The transaction of that `park` was committed."""
        deleted, plain, paired = outcome
        self._metrics.dead_letters_deleted.inc(deleted)
        self._set(plain, paired)

    def warnings(self) -> list[str]:
        """What an operator should do before packs are left to their agents."""
        share = self._share()
        if share < WARNED_FROM:
            return []
        held = f"{self._paired.letters} dead letters with a pair, {self._paired.bytes} bytes"
        return [f"{held}: {share:.0%} of what may be kept; at 100 % packs like them stay with their agents: {_CURE}"]

    def _share(self) -> float:
        most = self._most_paired
        return max(self._paired.letters / most.letters, self._paired.bytes / most.bytes)

    def _set(self, plain: Load, paired: Load) -> None:
        self._plain, self._paired = plain, paired
        self._metrics.dead_letters_kept.labels("false").set(plain.letters)
        self._metrics.dead_letters_kept.labels("true").set(paired.letters)
        warn = self._share() >= WARNED_FROM
        if warn and not self._warned:
            log.warning("dead letters with a pair near their limit", letters=paired.letters, bytes=paired.bytes)
        self._warned = warn
        if self._refusing and not warn:
            log.info("dead letters with a pair have room again", letters=paired.letters)
            self._refusing = False

    def _admitted(self, refused: int) -> None:
        if refused:
            self._metrics.dead_letters_refused.inc(refused)
            tell = log.debug if self._refusing else log.warning
            tell("no room for dead letters with a pair; packs are left to their agents", packs=refused, cure=_CURE)
            self._refusing = True


_CURE: Final = "take them in again with `openhall-gateway dead-letters retry`, or raise dead_letters_with_pair"
