"""What a judgement said, made again from the files that it sealed, and remembered: it never changes."""

import threading
from collections import OrderedDict
from typing import Final, NamedTuple

from gateway.acceptance import plan, profile, readings
from gateway.acceptance.verdict import Case, CaseVerdict, judge
from gateway.cases import bundles
from gateway.cases.desk import CaseDesk
from gateway.cases.life import Judgement

KEPT: Final = 64
"""Judgements in memory; with their readings an hour of ten points has about a megabyte."""


class Said(NamedTuple):
    """What a judgement rested on, and what it said."""

    case: Case
    verdict: CaseVerdict


class Rejudging:
    """Remembers the judgements that were asked for last. May be used from several threads."""

    def __init__(self, desk: CaseDesk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int], Said] = OrderedDict()

    def said(self, case: int, judgement: Judgement) -> Said:
        """What a judgement said.

        Raises:
            CaseUnknown: If one of its files is gone.
        """
        key = (case, judgement.number)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = self._made(case, judgement)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _made(self, case: int, judgement: Judgement) -> Said:
        members = self._desk.archive.members(case, judgement)
        planned = plan.parse(members[bundles.PLAN], name=bundles.PLAN)
        lines = members[bundles.READINGS].decode().splitlines(keepends=True)
        rested = Case(
            profile.parse(members[bundles.PROFILE], bundles.PROFILE),
            planned,
            readings.read(lines, planned),
            allow_simulated=judgement.event.allow_simulated,
            barred=frozenset(judgement.event.barred),
        )
        return Said(rested, judge(rested))
