"""Values against their limits: thresholds and rates of air, and the numbers of agents. Decided at each reading."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

import msgspec

from gateway.alerts.alarm import Alarm, Key
from gateway.alerts.alarm_rows import Kept
from gateway.alerts.book import Book
from gateway.alerts.calm import CalmPlace
from gateway.alerts.certificates import DAY_MS, CertificateLife
from gateway.alerts.conditions import Edge, observe
from gateway.alerts.rate import Window
from gateway.alerts.rules import AIR_KIND, Place, Rule, Rules
from gateway.alerts.words import When
from gateway.quality.single import is_suspect
from telemetry.clock import to_ms
from telemetry.messages import Health
from telemetry.readings import Flag, Pack
from telemetry.topics import Root

PLACES: Final = 500_000
"""Points whose rules are remembered; as many as the directory follows."""

CERTIFICATES_EVERY_MS: Final = 3_600_000
"""How often an agent's certificate is held against the rules while it stays the same."""

LAST_S: Final = 253_402_300_800.0
"""The end of the year 9999, after which RFC 5280 has no certificate end."""

_K = TypeVar("_K")
_V = TypeVar("_V")


class _Watched(NamedTuple):
    """A rule at a place; a value within `calm` begins nothing, so that most readings cost two comparisons."""

    rule: Rule
    key: Key
    calm: tuple[float, float]


class Crossing(NamedTuple):
    """A limit was crossed, and the time it must last is full: the alarm rises, or its cause is over."""

    edge: Edge
    alarm: Alarm


class Measuring:
    """Holds every value against the rules of its place. The engine's lock is held by whoever calls."""

    def __init__(self, rules: Rules, book: Book) -> None:
        self.dirty: set[Key] = set()
        """Conditions that changed since they were last kept."""
        self._rules = rules
        self._book = book
        self._air: dict[Place, dict[str, tuple[_Watched, ...]]] = {}
        self._health: dict[Place, dict[str, tuple[_Watched, ...]]] = {}
        self._looked: dict[Place, tuple[float, int]] = {}
        self._newest_ms: dict[Place, int] = {}
        self._windows: dict[Key, Window] = {}

    def air(self, root: Root, pack: Pack, now_ms: int) -> None:
        """Take in live air; what is suspect decides nothing.

        Raises:
            StateUnavailable: An alarm could not be kept; the next reading tries again.
        """
        place = Place(root.region, root.site, pack.room, pack.point, AIR_KIND)
        watched = self._air.get(place)
        if watched is None:
            watched = self._air_rules(place)
        if not watched:
            return
        newest_ms = self._newest_ms.get(place, 0)
        readings = []
        for record in pack.records:
            found, value = watched.get(record.name), record.value
            if found is None or record.time_ms < newest_ms or not isinstance(value, float):
                continue
            if is_suspect(record.name, value, record.flags):
                continue
            newest_ms = record.time_ms
            stirred = self._stirred(found, value)
            if stirred:
                readings.append((stirred, value, record.time_ms, Flag.SIMULATED in record.flags))
        if readings:
            self._decide(place, readings, now_ms)
        self._newest_ms[place] = newest_ms

    def calm(self, root: Root, room: str, point: str, live_s: dict[tuple[str, str], float]) -> CalmPlace:
        """Within which values air of a point stirs no rule; `live_s` is told that it came."""
        place = Place(root.region, root.site, room, point, AIR_KIND)
        watched = self._air.get(place) or self._air_rules(place)
        bands = {
            quantity: (max(one.calm[0] for one in found), min(one.calm[1] for one in found))
            for quantity, found in watched.items()
        }
        return CalmPlace(place, bands, conditions=self._book.conditions, live_s=live_s, newest_ms=self._newest_ms)

    def _stirred(self, watched: tuple[_Watched, ...], value: float) -> list[_Watched]:
        """The rules to which this value means anything: it is not calm, or something stands already."""
        conditions = self._book.conditions
        return [one for one in watched if not one.calm[0] <= value <= one.calm[1] or one.key in conditions]

    def health(self, root: Root, health: Health, now_ms: int) -> None:
        """Take in an agent's own numbers.

        Raises:
            StateUnavailable: As for air.
        """
        place = Place(root.region, root.site, "", root.agent)
        watched = self._health.get(place)
        if watched is None:
            watched = self._grouped(self._rules.of(When.HEALTH, place), place)
            _bounded(self._health)[place] = watched
        readings = []
        for name, found in watched.items():
            value = getattr(health, name)
            if value is not None:
                readings.append((found, float(value), now_ms, False))
        self._decide(place, readings, now_ms)
        if health.certificate_until is not None:
            self._agents_certificate(place, health.certificate_until, now_ms)

    def _agents_certificate(self, place: Place, until_s: float, now_ms: int) -> None:
        """Look at it when it is another one, and else once an hour; agents say it every minute."""
        before = self._looked.get(place)
        if before is not None and before[0] == until_s and now_ms - before[1] < CERTIFICATES_EVERY_MS:
            return
        if not 0 < until_s < LAST_S:
            return
        what = datetime.fromtimestamp(until_s, UTC).strftime("%Y-%m-%d")
        self.certificates([CertificateLife(place.point, what, place.region, to_ms(until_s), place.site)], now_ms)
        _bounded(self._looked)[place] = (until_s, now_ms)

    def certificates(self, lives: "Iterable[CertificateLife]", now_ms: int) -> None:
        """Look at certificates that will end some day.

        Raises:
            StateUnavailable: As for air.
        """
        for life in lives:
            place = Place(life.region, life.site, "", life.name)
            watched = self._grouped(self._rules.of(When.CERTIFICATE, place), place).get("", ())
            days = (life.until_ms - now_ms) / DAY_MS
            self._decide(place, [(watched, days, now_ms, False)], now_ms, detail=life.what)

    def _decide(
        self,
        place: Place,
        readings: "Iterable[tuple[Iterable[_Watched], float, int, bool]]",
        now_ms: int,
        *,
        detail: str = "",
    ) -> None:
        changed: dict[Key, Kept | None] = {}
        crossings: list[Crossing] = []
        for watched, value, at_ms, simulated in readings:
            for one in watched:
                self._look(one, place, value, at_ms, simulated, changed, crossings)
        if crossings:
            with self._book.change(now_ms) as work:
                for edge, alarm in crossings:
                    if edge is Edge.RAISE:
                        work.raise_alarm(msgspec.structs.replace(alarm, detail=detail))
                    else:
                        work.end_cause(alarm.key)
                work.conditions.update(changed)
            return
        for key, kept in changed.items():
            if kept is None:
                self._book.conditions.pop(key, None)
            else:
                self._book.conditions[key] = kept
            self.dirty.add(key)

    def _look(
        self,
        watched: _Watched,
        place: Place,
        value: float,
        at_ms: int,
        simulated: bool,
        changed: dict[Key, Kept | None],
        crossings: list[Crossing],
    ) -> None:
        rule, key = watched.rule, watched.key
        compared = self._compared(rule, key, at_ms, value)
        counts_ms = self._book.routing.counts_ms(rule, place.site, at_ms)
        beyond = counts_ms is not None and rule.is_beyond(compared)
        before = changed[key] if key in changed else self._book.conditions.get(key)
        if before is None and not beyond:
            return
        condition = before.condition if before is not None else None
        if condition is not None and counts_ms is not None and not condition.firing:
            condition = replace(condition, since_ms=max(condition.since_ms, counts_ms))
        after, edge = observe(
            condition,
            beyond=beyond,
            quiet=counts_ms is None or rule.is_quiet(compared),
            at_ms=at_ms,
            timing=rule.timing,
        )
        changed[key] = None if after is None else Kept(condition=after, place=place, value=value)
        if edge is not Edge.NONE:
            since_ms = at_ms if after is None else after.since_ms
            crossings.append(Crossing(edge, _alarm(rule, key, place, since_ms, compared, simulated=simulated)))

    def _compared(self, rule: Rule, key: Key, at_ms: int, value: float) -> float:
        if rule.config.when is not When.RATE:
            return value
        window = self._windows.get(key)
        if window is None:
            window = _bounded(self._windows).setdefault(key, Window(round(rule.config.over_s * 1000)))
        rise, fall = window.change(at_ms, value)
        return rise if rule.config.above is not None else fall

    def _air_rules(self, place: Place) -> dict[str, tuple[_Watched, ...]]:
        rules = [rule for found in self._rules.for_air(place).values() for rule in found]
        return _bounded(self._air).setdefault(place, self._grouped(rules, place))

    def _grouped(self, rules: Iterable[Rule], place: Place) -> dict[str, tuple[_Watched, ...]]:
        found: dict[str, tuple[_Watched, ...]] = {}
        for rule in rules:
            quantity = rule.config.quantity or ""
            key = Key(rule.name, place.region, place.site, place.point, quantity)
            found[quantity] = (*found.get(quantity, ()), _Watched(rule, key, rule.calm))
        return found


def _alarm(rule: Rule, key: Key, place: Place, since_ms: int, value: float, *, simulated: bool) -> Alarm:
    return Alarm(
        key=key,
        place=place,
        when=rule.config.when,
        severity=rule.config.severity,
        since_ms=since_ms,
        raised_ms=since_ms,
        changed_ms=since_ms,
        value=value,
        limit=rule.limit,
        simulated=simulated,
    )


def _bounded(table: dict[_K, _V]) -> dict[_K, _V]:
    if len(table) >= PLACES:
        # It only remembers; what is asked for again is worked out again.
        table.clear()
    return table
