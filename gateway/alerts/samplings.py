"""Samplings of acceptance cases that are at risk: told to people while there is time to mend them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import msgspec

from gateway.alerts.alarm import Alarm, Key
from gateway.alerts.alarm_rows import Kept
from gateway.alerts.book import Book
from gateway.alerts.conditions import Edge, observe
from gateway.alerts.rules import Place, Rule, Rules
from gateway.alerts.words import When


class SamplingRisk(NamedTuple):
    """One thing that endangers a sampling now.

    Attributes:
        region: Of the branch.
        site: The branch.
        room: Where.
        point: The point it is about; "" for the whole room.
        case: The number of the case.
        risk: A word of `gateway.cases.words.Risk`.
        since_ms: Since when.
        english: What it is and what to do, for people.
        chinese: The same.
    """

    region: str
    site: str
    room: str
    point: str
    case: int
    risk: str
    since_ms: int
    english: str
    chinese: str


class Samplings:
    """Makes alarms of risks. The engine's lock is held by whoever calls."""

    def __init__(self, rules: Rules, book: Book) -> None:
        self._rules = rules
        self._book = book

    def look(self, risks: Iterable[SamplingRisk], now_ms: int) -> None:
        """Take in everything that endangers a sampling now; what was there before and is not among it is over.

        Raises:
            StateUnavailable: An alarm could not be kept; the next look tries again.
        """
        stands = {key: (rule, place, risk) for risk in risks for key, rule, place in self._watched(risk)}
        known = self._book.conditions
        changed: dict[Key, Kept | None] = {}
        raised: list[Alarm] = []
        ended: list[Key] = []
        for key, (rule, place, risk) in stands.items():
            before = known[key].condition if key in known else None
            after, edge = observe(before, beyond=True, quiet=False, at_ms=now_ms, timing=rule.timing)
            changed[key] = None if after is None else Kept(condition=after, place=place, detail=detail_of(risk))
            if edge is Edge.RAISE:
                raised.append(_alarm(rule, key, place, risk))
        for key, kept in known.items():
            if key not in stands and self._rules.when_of(key.rule) is When.SAMPLING:
                changed[key], is_over = self._ending(key, kept, now_ms)
                ended += [key] if is_over else []
        changed = {key: kept for key, kept in changed.items() if _differs(known.get(key), kept)}
        if not changed:
            return
        with self._book.change(now_ms) as work:
            for alarm in raised:
                work.raise_alarm(alarm)
            for key in ended:
                work.end_cause(key)
            work.conditions.update(changed)

    def _ending(self, key: Key, kept: Kept, now_ms: int) -> tuple[Kept | None, bool]:
        """What is left of a risk that is not there now; True if its alarm is over."""
        if not kept.condition.firing:
            return None, False
        rule = next((one for one in self._rules.of(When.SAMPLING, kept.place) if one.name == key.rule), None)
        if rule is None:
            return None, True
        after, edge = observe(kept.condition, beyond=False, quiet=True, at_ms=now_ms, timing=rule.timing)
        return None if after is None else msgspec.structs.replace(kept, condition=after), edge is Edge.RETURN

    def _watched(self, risk: SamplingRisk) -> Iterator[tuple[Key, Rule, Place]]:
        place = Place(risk.region, risk.site, risk.room, risk.point)
        for rule in self._rules.of(When.SAMPLING, place):
            if not rule.config.states or risk.risk in rule.config.states:
                # One cause each: a window that is void must be told though the door was told before.
                about = f"case-{risk.case}/{risk.risk}/{risk.room}/{risk.point}"
                yield Key(rule.name, risk.region, risk.site, about, ""), rule, place


def detail_of(risk: SamplingRisk) -> str:
    """An alarm has one detail, and its readers have two languages: English, then Chinese on a line of its own."""
    return "\n".join(" ".join(text.split()) + f" (/cases?case={risk.case})" for text in (risk.english, risk.chinese))


def _differs(before: Kept | None, after: Kept | None) -> bool:
    """False if only the moment of the last look moved, which is worth no transaction."""
    if before is None or after is None:
        return before is not after
    return replace(before.condition, last_ms=0) != replace(after.condition, last_ms=0)


def _alarm(rule: Rule, key: Key, place: Place, risk: SamplingRisk) -> Alarm:
    return Alarm(
        key=key,
        place=place,
        when=rule.config.when,
        severity=rule.config.severity,
        since_ms=risk.since_ms,
        raised_ms=risk.since_ms,
        changed_ms=risk.since_ms,
        detail=detail_of(risk),
    )
