"""The rules as they apply to a place: scope and overrides resolved, limits compared. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, Protocol

import msgspec

from gateway.alerts.conditions import Timing
from gateway.alerts.settings import OverrideConfig, RuleConfig
from gateway.alerts.words import During, When
from telemetry.readings import CALL_PREFIX, SENSOR_KIND

AIR_KIND: Final = "air"
CALIBRATION_KIND: Final = "calibration"

GAP_MS: Final = 1_800_000
"""A silence of more than half an hour breaks a run of values beyond a limit; what it held, nobody knows. Ours."""

NOT_OPEN: Final = ("closed",)
"""What the shutter of a branch says that is not open."""

MEASURED: Final = frozenset({When.THRESHOLD, When.RATE})
"""What is decided at a reading; all else stands until the next word, and is decided as time passes."""


class Place(NamedTuple):
    """Where something is; empty where it is about more than that: a whole branch has no room and no point."""

    region: str
    site: str = ""
    room: str = ""
    point: str = ""
    kind: str = ""


class _Scope(Protocol):
    @property
    def region(self) -> str | None: ...
    @property
    def site(self) -> str | None: ...
    @property
    def room(self) -> str | None: ...
    @property
    def point(self) -> str | None: ...


@dataclass(frozen=True)
class Rule:
    """One rule at one place: its settings after all overrides."""

    config: RuleConfig

    @property
    def name(self) -> str:
        """Its name."""
        return self.config.name

    @property
    def limit(self) -> float | None:
        """The value beyond which it alarms; None for what has no value."""
        return self.config.below if self.config.above is None else self.config.above

    def is_beyond(self, value: float) -> bool:
        """True if the value is beyond the limit; on the limit it is not."""
        if self.config.above is not None:
            return value > self.config.above
        return self.config.below is not None and value < self.config.below

    def is_quiet(self, value: float) -> bool:
        """True if the value is back at the level of recovery, or better."""
        level = self.limit if self.config.recover is None else self.config.recover
        if level is None:
            return True
        return value <= level if self.config.above is not None else value >= level

    @property
    def calm(self) -> tuple[float, float]:
        """The least and the most of the values that are not beyond; of a rate no value is known to be."""
        if self.config.when is When.RATE:
            return math.inf, -math.inf
        least = -math.inf if self.config.above is not None or self.config.below is None else self.config.below
        return least, math.inf if self.config.above is None else self.config.above

    def alarms_on(self, state: str, working: bool) -> bool:
        """True if a facility in that state alarms."""
        if self.config.when is When.OPENING_HOURS:
            return state in (self.config.states or NOT_OPEN)
        return state in self.config.states if self.config.states else not working

    @property
    def during(self) -> During:
        """When it counts."""
        return During.OPEN if self.config.when is When.OPENING_HOURS else self.config.during

    @cached_property
    def timing(self) -> Timing:
        """How long it must last, and be over."""
        gap_ms = GAP_MS if self.config.when in MEASURED else None
        return Timing(round(self.config.for_s * 1000), round(self.config.recover_for_s * 1000), gap_ms)


class Rules:
    """All rules; asked for a place, each of them answers with what applies there."""

    def __init__(self, configs: Iterable[RuleConfig]) -> None:
        self.all = tuple(config for config in configs if not config.off)
        self._whens = {config.name: config.when for config in self.all}
        self._by_when = {when: [one for one in self.all if one.when is when] for when in When}

    def when_of(self, name: str) -> When | None:
        """What a rule watches; None if there is no such rule any more."""
        return self._whens.get(name)

    def of(self, when: When, place: Place) -> tuple[Rule, ...]:
        """The rules of one kind that apply at a place, in the order of the file."""
        found = []
        for config in self._by_when[when]:
            if in_scope(config, place) and config.kind in (None, place.kind):
                resolved = _resolved(config, place)
                if resolved is not None:
                    found.append(Rule(resolved))
        return tuple(found)

    def for_air(self, place: Place) -> Mapping[str, tuple[Rule, ...]]:
        """Thresholds and rates of an air point, by quantity."""
        found: dict[str, tuple[Rule, ...]] = {}
        for rule in (*self.of(When.THRESHOLD, place), *self.of(When.RATE, place)):
            quantity = rule.config.quantity or ""
            found[quantity] = (*found.get(quantity, ()), rule)
        return found

    def for_facility(self, place: Place) -> tuple[Rule, ...]:
        """What applies to the states of a facility point."""
        if place.kind.startswith(CALL_PREFIX):
            # A cord that does not work is a fault like any other, beside the calls it brings.
            return self.of(When.CALL, place) + self.of(When.FACILITY, place)
        if place.kind == SENSOR_KIND:
            return self.of(When.SENSOR_FAULT, place)
        if place.kind == CALIBRATION_KIND:
            return ()
        return self.of(When.FACILITY, place) + self.of(When.OPENING_HOURS, place)


def merged(defaults: Sequence[RuleConfig], own: Sequence[RuleConfig]) -> tuple[RuleConfig, ...]:
    """The default rules, those with a namesake replaced, and then one's own."""
    names = {rule.name for rule in own}
    return (*(rule for rule in defaults if rule.name not in names), *own)


def in_scope(scope: _Scope, place: Place) -> bool:
    """True if the place lies within; a whole branch is not within one of its rooms."""
    return (
        scope.region in (None, place.region)
        and scope.site in (None, place.site)
        and scope.room in (None, place.room)
        and scope.point in (None, place.point)
    )


def _resolved(config: RuleConfig, place: Place) -> RuleConfig | None:
    for override in config.override:
        if in_scope(override, place):
            if override.off:
                return None
            config = _overridden(config, override)
    return config


def _overridden(config: RuleConfig, override: OverrideConfig) -> RuleConfig:
    names = ("severity", "above", "below", "recover", "for_s", "recover_for_s")
    given = {name: value for name in names if (value := getattr(override, name)) is not None}
    return msgspec.structs.replace(config, **given)
