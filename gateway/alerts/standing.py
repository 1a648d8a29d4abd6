"""What stands until the next word of it: facility states, calls, faults, darkness, silence. Decided as time passes."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from gateway.alerts import alarm as life
from gateway.alerts.alarm import Alarm, Key, Silence, SilenceKind
from gateway.alerts.alarm_rows import Kept
from gateway.alerts.book import Book, Work
from gateway.alerts.census import AgentLife, Census, Finding
from gateway.alerts.conditions import Condition, Edge, Timing, observe, observe_while
from gateway.alerts.recorder import state_ms
from gateway.alerts.rules import Place, Rule, Rules
from gateway.alerts.words import When
from telemetry.readings import Pack
from telemetry.topics import Root

EDGES_AT_ONCE: Final = 200
"""Alarms that rise or end in one tick; the next tick goes on. A call for help must not wait for a storm."""

COUNTED: Final = frozenset({When.NO_DATA, When.AGENT_DARK, When.BRANCH_DARK, When.REGION_DARK})
"""What the census decides."""

SAID: Final = frozenset({When.FACILITY, When.SENSOR_FAULT, When.OPENING_HOURS})
"""What a facility point says of itself and then stands."""

CALLED: Final = "called"
NO_CALL: Final = frozenset({"cleared", "test"})

GRAVER: Final = Silence(kind=SilenceKind.SUPPRESSED, why="a graver cause")


class _Due(NamedTuple):
    """A standing condition that has changed, or whose time is full."""

    key: Key
    kept: Kept | None
    edge: Edge
    alarm: Alarm


class Standing:
    """Follows what stands. The engine's lock is held by whoever calls."""

    def __init__(self, rules: Rules, book: Book) -> None:
        self._rules = rules
        self._book = book
        self._census = Census(rules)
        self._held: frozenset[Key] = frozenset()

    # -- what a point says ---------------------------------------------------------------------------------------------

    def say(self, work: Work, root: Root, pack: Pack, *, newest: bool) -> None:
        """Take in a facility state within the transaction that writes it down.

        Args:
            work: The changes under way.
            root: Who tells it.
            pack: The state.
            newest: No newer one of the point was heard before.
        """
        place = Place(root.region, root.site, pack.room, pack.point, pack.kind or "")
        for rule in self._rules.for_facility(place):
            key = Key(rule.name, root.region, root.site, pack.point, "")
            if rule.config.when is When.CALL:
                self._call(work, rule, key, place, pack, newest=newest)
            elif newest:
                self._state(work, rule, key, place, pack)

    def _call(self, work: Work, rule: Rule, key: Key, place: Place, pack: Pack, *, newest: bool) -> None:
        state = str(pack.value_of("state"))
        since_ms = min(state_ms(pack), work.now_ms)
        alarm = _alarm(rule, key, place, since_ms, detail=str(pack.value_of("reason") or ""))
        if state == CALLED and newest:
            work.raise_alarm(alarm)
        elif state == CALLED:
            pair = f"{pack.journal}/{pack.sequence}"
            work.raise_alarm(msgspec.structs.replace(alarm, key=key._replace(pair=pair), missed=True))
        elif newest and state in NO_CALL:
            # `unknown` or a fault of the cord answers nobody's call.
            work.end_cause(key)

    def _state(self, work: Work, rule: Rule, key: Key, place: Place, pack: Pack) -> None:
        state, reason = str(pack.value_of("state")), str(pack.value_of("reason") or "")
        beyond = rule.alarms_on(state, bool(pack.value_of("working")))
        kept = work.conditions.get(key, self._book.conditions.get(key))
        before = kept.condition if kept is not None else None
        if before is None and not beyond:
            return
        if before is None:
            since_ms = min(state_ms(pack), work.now_ms)
            before = Condition(since_ms=since_ms, last_ms=since_ms)
        detail = f"{state}: {reason}" if reason else state
        counts_ms = self._book.routing.counts_ms(rule, place.site, work.now_ms)
        after, edge = observe_while(before, stands=beyond, at_ms=work.now_ms, timing=rule.timing, counts_ms=counts_ms)
        work.conditions[key] = None if after is None else Kept(condition=after, place=place, detail=detail)
        since_ms = before.since_ms if after is None else after.since_ms
        _apply(work, edge, _alarm(rule, key, place, since_ms, detail=detail))

    # -- as time passes ------------------------------------------------------------------------------------------------

    def pass_time(self, now_ms: int) -> None:
        """Raise what has lasted long enough, end what has been over long enough.

        Raises:
            StateUnavailable: What was not kept is tried again at the next tick.
        """
        due: list[_Due] = []
        for key, kept in self._book.conditions.items():
            rule = self._said(key, kept)
            if rule is None or len(due) >= EDGES_AT_ONCE:
                continue
            over = kept.condition.quiet_ms is not None
            counts_ms = self._book.routing.counts_ms(rule, key.site, now_ms)
            after, edge = observe_while(
                kept.condition, stands=not over, at_ms=now_ms, timing=rule.timing, counts_ms=counts_ms
            )
            if edge is not Edge.NONE:
                new = None if after is None else msgspec.structs.replace(kept, condition=after)
                since_ms = kept.condition.since_ms if after is None else after.since_ms
                alarm = _alarm(rule, key, kept.place, since_ms, detail=kept.detail)
                due.append(_Due(key, new, edge, alarm))
        self._carry_out(due, now_ms)

    def count(
        self,
        agents: Sequence[AgentLife],
        silent_ms: Callable[[tuple[str, str]], int],
        now_ms: Callable[[], int],
    ) -> Callable[[], None]:
        """Look at all agents; what is returned carries the findings out, under the lock.

        The looking takes no lock: with many branches it takes a while, and calls must not wait for it.
        """
        conditions = list(self._book.conditions)
        faulty = {(key.site, key.point) for key in conditions if self._is(key, When.SENSOR_FAULT)}
        known = {key for key in conditions if self._is_counted(key)}
        known.update(alarm.key for alarm in self._book.all() if alarm.when in COUNTED)
        findings = self._census.take(agents, silent_ms=silent_ms, faulty=faulty, known=known)
        return lambda: self._found(findings, known, now_ms())

    def silence(self, alarm: Alarm, now_ms: int) -> Silence | None:
        """What holds an alarm back now."""
        return self._book.routing.silence(alarm.place, now_ms) or (GRAVER if alarm.key in self._held else None)

    def _found(self, findings: list[Finding], known: set[Key], now_ms: int) -> None:
        due: list[_Due] = []
        findings = [self._counted(found, now_ms) for found in findings]
        for found in findings:
            self._find(found, now_ms, due)
        self._held = frozenset(found.key for found in findings if found.held and found.beyond)
        self._carry_out(due, now_ms)
        self._forget(known - {found.key for found in findings}, now_ms)

    def _counted(self, found: Finding, now_ms: int) -> Finding:
        """Outside the hours in which its rule counts all is well; a silence lasts from their beginning on."""
        counts_ms = self._book.routing.counts_ms(found.rule, found.place.site, now_ms)
        if counts_ms == 0 or not found.beyond:
            return found
        counts = counts_ms is not None and (found.timed or now_ms - counts_ms >= found.rule.timing.for_ms)
        return found._replace(beyond=counts)

    def _find(self, found: Finding, now_ms: int, due: list[_Due]) -> None:
        conditions, key = self._book.conditions, found.key
        before = conditions.get(key)
        if before is None and not found.beyond:
            return
        if found.held and found.beyond:
            if before is not None and not before.condition.firing:
                del conditions[key]
            return
        if before is None and len(due) >= EDGES_AT_ONCE:
            return
        timing = found.rule.timing if found.timed else Timing(0, found.rule.timing.recover_for_ms)
        condition = before.condition if before is not None else None
        after, edge = observe(condition, beyond=found.beyond, quiet=not found.beyond, at_ms=now_ms, timing=timing)
        kept = None if after is None else Kept(condition=after, place=found.place, detail=found.detail)
        if edge is Edge.NONE:
            if kept is None:
                conditions.pop(key, None)
            else:
                conditions[key] = kept
        elif len(due) < EDGES_AT_ONCE:
            since_ms = now_ms if after is None else after.since_ms
            due.append(_Due(key, kept, edge, _alarm(found.rule, key, found.place, since_ms, detail=found.detail)))

    def _carry_out(self, due: list[_Due], now_ms: int) -> None:
        if not due:
            return
        with self._book.change(now_ms) as work:
            for one in due:
                work.conditions[one.key] = one.kept
                _apply(work, one.edge, one.alarm)

    def _forget(self, gone: set[Key], now_ms: int) -> None:
        """Agents and points that were taken away end what was said of them."""
        if not gone:
            return
        with self._book.change(now_ms) as work:
            work.conditions.update({key: None for key in gone if key in self._book.conditions})
            for alarm in filter(None, map(self._book.find, sorted(gone)[:EDGES_AT_ONCE])):
                work.apply(life.close(alarm, now_ms))

    def _said(self, key: Key, kept: Kept) -> Rule | None:
        if self._rules.when_of(key.rule) not in SAID:
            return None
        return next((rule for rule in self._rules.for_facility(kept.place) if rule.name == key.rule), None)

    def _is_counted(self, key: Key) -> bool:
        return self._rules.when_of(key.rule) in COUNTED

    def _is(self, key: Key, when: When) -> bool:
        return self._rules.when_of(key.rule) is when


def _apply(work: Work, edge: Edge, alarm: Alarm) -> None:
    if edge is Edge.RAISE:
        work.raise_alarm(alarm)
    elif edge is Edge.RETURN:
        work.end_cause(alarm.key)


def _alarm(rule: Rule, key: Key, place: Place, since_ms: int, *, detail: str) -> Alarm:
    return Alarm(
        key=key,
        place=place,
        when=rule.config.when,
        severity=rule.config.severity,
        since_ms=since_ms,
        raised_ms=since_ms,
        changed_ms=since_ms,
        detail=detail,
    )
