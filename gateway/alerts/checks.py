"""What in rules and alert settings cannot mean anything: each fault with its place and what to do."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.alerts.hours import BadHoursError, make_calendar, parse_hours
from gateway.alerts.settings import AlertsConfig, ChannelConfig, OverrideConfig, RuleConfig, StepConfig
from gateway.alerts.words import During, When
from gateway.cases.words import Risk
from telemetry.ids import ID_PATTERN, is_id
from telemetry.messages import Health
from telemetry.quantities import WIRE_QUANTITIES

Fault = tuple[str, str]

UNLIMITED: Final = ("held", "journal_oldest", "certificate_until")
"""What health says and no limit fits: ranges and times."""

HEALTH_NUMBERS: Final = tuple(name for name in Health.__struct_fields__ if name not in UNLIMITED)

_ONLY_WITH: Final = {
    "states": (When.FACILITY, When.OPENING_HOURS, When.SAMPLING),
    "quantity": (When.THRESHOLD, When.RATE, When.HEALTH),
    "above": (When.THRESHOLD, When.RATE, When.HEALTH),
    "below": (When.THRESHOLD, When.RATE, When.HEALTH, When.CERTIFICATE),
    "recover": (When.THRESHOLD, When.RATE, When.HEALTH, When.CERTIFICATE),
}
NOT_BY_HOURS: Final = frozenset({When.CALL, When.OPENING_HOURS, When.REGION_DARK, When.CERTIFICATE, When.SAMPLING})
"""A call for help counts at any hour; the others are about no branch, or have their own idea of hours."""

_KEYED: Final[dict[str, str]] = {"wecom": "key_file", "dingtalk": "key_file", "feishu": "key_file"}


def rule_faults(rules: Sequence[RuleConfig]) -> Iterator[Fault]:
    """Everything wrong with the rules of a file."""
    names: set[str] = set()
    for number, rule in enumerate(rules):
        place = f"$.rule[{number}]"
        if rule.name in names:
            yield f"{place}.name", f"{rule.name!r} stands twice; each rule has a name of its own"
        names.add(rule.name)
        yield from _one_rule(rule, place)
        for index, override in enumerate(rule.override):
            yield from _override(rule, override, f"{place}.override[{index}]")


def _one_rule(rule: RuleConfig, place: str) -> Iterator[Fault]:
    for name, kinds in _ONLY_WITH.items():
        if getattr(rule, name) not in (None, ()) and rule.when not in kinds:
            yield f"{place}.{name}", f'means nothing for a rule of `when = "{rule.when}"`; take it away'
    if rule.when in _ONLY_WITH["quantity"]:
        yield from _quantity(rule, place)
        if (rule.above is None) == (rule.below is None):
            yield place, "has one limit: give either above or below"
        else:
            yield from _recovers(rule.above, rule.below, rule.recover, place)
    if rule.when is When.CERTIFICATE and rule.below is None:
        yield f"{place}.below", "is missing; give the days that a certificate must still be good"
    unknown = set(rule.states) - set(Risk) if rule.when is When.SAMPLING else set[str]()
    if unknown:
        yield f"{place}.states", f"{min(unknown)!r} endangers no sampling; known: {', '.join(Risk)}"
    if rule.during is not During.ALWAYS and rule.when in NOT_BY_HOURS:
        yield f"{place}.during", f'means nothing for a rule of `when = "{rule.when}"`; it counts at any hour'
    yield from _scope(rule, ("region", "site", "room", "point", "kind"), place)


def _quantity(rule: RuleConfig, place: str) -> Iterator[Fault]:
    known: Collection[str] = HEALTH_NUMBERS if rule.when is When.HEALTH else WIRE_QUANTITIES
    if rule.quantity is None:
        yield f"{place}.quantity", "is missing; it must be given"
    elif rule.quantity not in known:
        near = difflib.get_close_matches(rule.quantity, known, n=1)
        advice = f"; did you mean {near[0]!r}?" if near else ""
        what = "number of an agent's health" if rule.when is When.HEALTH else "quantity that sensors measure"
        yield f"{place}.quantity", f"{rule.quantity!r} is no {what}{advice}"


def _override(rule: RuleConfig, override: OverrideConfig, place: str) -> Iterator[Fault]:
    yield from _scope(override, ("region", "site", "room", "point"), place)
    if (override.above is not None and rule.above is None) or (override.below is not None and rule.below is None):
        yield place, "has a limit on the other side than its rule; write a rule of its own"
        return
    above = rule.above if override.above is None else override.above
    below = rule.below if override.below is None else override.below
    recover = rule.recover if override.recover is None else override.recover
    yield from _recovers(above, below, recover, place)


def _recovers(above: float | None, below: float | None, recover: float | None, place: str) -> Iterator[Fault]:
    if recover is None:
        return
    if (above is not None and recover > above) or (below is not None and recover < below):
        side = "above" if above is not None else "below"
        yield f"{place}.recover", f"{recover:g} is itself {side} the limit; the alarm would never end"


def _scope(table: object, words: Sequence[str], place: str) -> Iterator[Fault]:
    for word in words:
        value = getattr(table, word)
        if value is not None and not is_id(value):
            yield f"{place}.{word}", f"{value!r} does not match {ID_PATTERN}"


def grade_faults(config: AlertsConfig, rules: Collection[str]) -> Iterator[Fault]:
    """Grades of rules that there are not: their incidents would never be counted, and nobody would notice."""
    for number, grade in enumerate(config.grade):
        for name in grade.rules:
            if name not in rules:
                near = difflib.get_close_matches(name, rules, n=1)
                advice = f"; did you mean {near[0]!r}?" if near else ""
                yield f"$.alerts.grade[{number}].rules", f"{name!r} is no rule{advice}"


def alerts_faults(config: AlertsConfig) -> Iterator[Fault]:
    """Everything wrong with `[alerts]`, the files that it names aside."""
    yield from _zone(config.time_zone, "$.alerts.time_zone")
    yield from _hours(config.hours, "$.alerts.hours")
    yield from _country(config.holidays)
    if config.retry_at_most_s < config.retry_s:
        yield "$.alerts.retry_at_most_s", f"is shorter than retry_s ({config.retry_s:g})"
    for name in config.steps.__struct_fields__:
        yield from _steps(getattr(config.steps, name), f"$.alerts.steps.{name}")
    for name, channel in config.channels.items():
        yield from _channel(channel, f"$.alerts.channels.{name}")
    yield from _names(config.people, "$.alerts.people")
    yield from _names(config.channels, "$.alerts.channels")
    for name, person in config.people.items():
        yield from _known(person.channels, config.channels, f"$.alerts.people.{name}.channels", "channel")
    yield from _people(config)
    yield from _windows(config)
    yield from _known(config.digest.to, config.people, "$.alerts.digest.to", "person")
    yield from _grades(config)


def _grades(config: AlertsConfig) -> Iterator[Fault]:
    names: set[str] = set()
    for number, grade in enumerate(config.grade):
        place = f"$.alerts.grade[{number}]"
        if grade.name in names:
            yield f"{place}.name", f"{grade.name!r} stands twice; each grade has a name of its own"
        names.add(grade.name)
        if grade.remind_before_s >= grade.report_within_s:
            yield f"{place}.remind_before_s", f"is not shorter than report_within_s ({grade.report_within_s:g})"


def _steps(steps: tuple[StepConfig, ...], place: str) -> Iterator[Fault]:
    waits = [step.after_s for step in steps]
    if not waits:
        yield place, "has no step; nobody would be told"
    elif waits[0] != 0:
        yield f"{place}[0].after_s", "is not 0; the first step is told at once"
    elif waits != sorted(set(waits)):
        yield place, "the deadlines do not rise from step to step"


def _channel(channel: ChannelConfig, place: str) -> Iterator[Fault]:
    needed = _KEYED.get(channel.kind, {"apprise": "url_file", "file": "path"}.get(channel.kind, ""))
    for name in ("key_file", "url_file", "path"):
        if (getattr(channel, name) is not None) != (name == needed):
            words = "is missing; it must be given" if name == needed else f"means nothing for kind {channel.kind!r}"
            yield f"{place}.{name}", words
    if channel.secret_file is not None and channel.kind not in ("dingtalk", "feishu"):
        yield f"{place}.secret_file", f"means nothing for kind {channel.kind!r}"
    if channel.base and channel.kind not in _KEYED:
        yield f"{place}.base", f"means nothing for kind {channel.kind!r}"


def _names(table: Mapping[str, Any], place: str) -> Iterator[Fault]:
    for name in table:
        if not is_id(name):
            yield f"{place}.{name}", f"{name!r} does not match {ID_PATTERN}"


def _people(config: AlertsConfig) -> Iterator[Fault]:
    people = config.people
    for site, table in config.sites.items():
        place = f"$.alerts.sites.{site}"
        for role in ("responsible", "deputy", "after_hours", "contact"):
            yield from _known(getattr(table, role), people, f"{place}.{role}", "person")
        if table.hours is not None:
            yield from _hours(table.hours, f"{place}.hours")
        if table.time_zone is not None:
            yield from _zone(table.time_zone, f"{place}.time_zone")
    for region, names in config.regions.items():
        yield from _known(names, people, f"$.alerts.regions.{region}", "person")
    yield from _known(config.city, people, "$.alerts.city", "person")
    for number, rota in enumerate(config.rota):
        place = f"$.alerts.rota[{number}]"
        if (rota.region is None) == (rota.site is None):
            yield place, "is for one place: give either region or site"
        yield from _known(rota.people, people, f"{place}.people", "person")
    for number, away in enumerate(config.away):
        place = f"$.alerts.away[{number}]"
        yield from _known((away.person,), people, f"{place}.person", "person")
        yield from _known((away.stands_in,), people, f"{place}.stands_in", "person")
        if away.to < away.from_:
            yield f"{place}.to", "lies before from; exchange them"


def _windows(config: AlertsConfig) -> Iterator[Fault]:
    for number, window in enumerate(config.window):
        place = f"$.alerts.window[{number}]"
        if window.from_.tzinfo is None or (window.to is not None and window.to.tzinfo is None):
            yield place, "times need a zone, such as 2026-11-24T08:00:00+08:00"
        elif window.to is not None and window.to <= window.from_:
            yield f"{place}.to", "lies before from; exchange them"
        if window.to is None and not window.out_of_service:
            yield f"{place}.to", "is missing; only what is out of service may have no end"
        scope = ("region", "site", "room", "point")
        if all(getattr(window, word) is None for word in scope):
            yield place, "is for some place: give region, site, room or point"
        yield from _scope(window, scope, place)


def _known(names: Sequence[str], table: Mapping[str, Any], place: str, what: str) -> Iterator[Fault]:
    for name in names:
        if name not in table:
            near = difflib.get_close_matches(name, table, n=1)
            advice = f"; did you mean {near[0]!r}?" if near else ""
            yield place, f"{name!r} is no {what} of this file{advice}"


def _zone(name: str, place: str) -> Iterator[Fault]:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        yield place, f"{name!r} is no time zone known here; give one of the IANA table, such as Asia/Shanghai"


def _country(country: str) -> Iterator[Fault]:
    if country in ("", "CN"):
        return  # known without loading all the calendars of the world
    try:
        make_calendar(country)
    except BadHoursError as error:
        yield "$.alerts.holidays", str(error)


def _hours(text: str, place: str) -> Iterator[Fault]:
    try:
        parse_hours(text)
    except BadHoursError as error:
        yield place, str(error)
