"""Trying the channels before they are needed: one message by each, or a drill of the whole chain."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gateway import config_file
from gateway.alerts.alarm import Alarm, Key
from gateway.alerts.dispatch import address_of, trial_message
from gateway.alerts.places import Register, Titles
from gateway.alerts.plans import Plans
from gateway.alerts.routing import Routing
from gateway.alerts.rule_files import default_rules
from gateway.alerts.rules import Place, merged
from gateway.alerts.settings import PersonConfig, RuleConfig
from gateway.alerts.texts import Wording
from gateway.alerts.words import Tell
from gateway.config import Config
from gateway.errors import ConfigurationError
from gateway.notifiers.errors import ChannelRefused, NotifierError
from gateway.notifiers.make import make_notifier
from gateway.notifiers.message import Message
from gateway.notifiers.ports import Notifier
from gateway.sites import register
from gateway.sites.site import Site
from gateway.state.state import State
from telemetry.clock import Clock, SystemClock, to_ms


class Outcome(NamedTuple):
    """What came of one message: `told`, `refused`, `unreachable`, or `nobody` where a step has no people."""

    step: str
    person: str
    channel: str
    outcome: str
    detail: str


def try_channels(
    path: Path, *, people: Collection[str] | None, channels: Collection[str] | None, clock: Clock | None = None
) -> list[Outcome]:
    """Send a test message to each person through each of their channels.

    Raises:
        ConfigurationError: If the configuration cannot be used, or has nobody and nothing of that name.
    """
    config, clock = _load(path), clock or SystemClock()
    for names, known, what in ((people, config.alerts.people, "person"), (channels, config.alerts.channels, "channel")):
        for name in names or ():
            if name not in known:
                raise ConfigurationError(f"{path}: no {what} {name!r}; known: {', '.join(known) or 'none'}")
    notifiers = {name: make_notifier(name, channel) for name, channel in config.alerts.channels.items()}
    found = []
    for name, person in config.alerts.people.items():
        if people and name not in people:
            continue
        for channel in person.channels:
            if not channels or channel in channels:
                now_ms = to_ms(clock.now())
                message = trial_message(name, person, now_ms=now_ms)
                found.append(_send("test", name, person, channel, notifiers[channel], message, now_ms))
    return found


def drill(path: Path, *, region: str | None, site: str, rule: str, clock: Clock | None = None) -> list[Outcome]:
    """Tell every step of escalation of an alarm that is none; each person by the first channel that works.

    Those are told who would be: also people whom only the register of branches names, and who stands in by a hand-over.

    Raises:
        ConfigurationError: If the configuration cannot be used, the rule is none, or the region is not known.
        StateUnavailable: If the state database does not say who would be told.
    """
    config, clock = _load(path), clock or SystemClock()
    now_ms = to_ms(clock.now())
    rules = {one.name: one for one in rules_of(config)}
    if rule not in rules:
        raise ConfigurationError(f"--rule {rule!r} is none; known: {', '.join(rules)}")
    state = State.open(config.state.url)
    try:
        known = {one.site: one for one in register.load(state)}
        plans = Plans(state, config.alerts)
        plans.look(now_ms)
    finally:
        state.close()
    alarm = _seeming(rules[rule], Place(region or _region_of(site, known, config), site), now_ms)
    routing = Routing(config.alerts, plans, lambda: known)
    wording = wording_of(config, list(rules.values()), lambda: known)
    return list(_told(config, alarm, routing, wording, now_ms))


def _region_of(site: str, known: Mapping[str, Site], config: Config) -> str:
    if site in known:
        return known[site].region
    if len(config.regions) != 1:
        raise ConfigurationError(f"--region is missing; the gateway has {', '.join(config.regions)}")
    return config.regions[0]


def rules_of(config: Config) -> tuple[RuleConfig, ...]:
    """The rules that a gateway follows: its own, and the defaults that none of them replaces."""
    return merged(default_rules() if config.alerts.defaults else (), config.rule)


def wording_of(config: Config, rules: Sequence[RuleConfig], sites: Register = dict) -> Wording:
    """The words of a gateway: its branches' titles, its rules' own."""
    titles = Titles(config.sites, sites)
    rooms = {room: (words.title_en, words.title_zh) for room, words in config.rooms.items()}
    by_name = {rule.name: rule for rule in rules}
    return Wording(titles, by_name, config.alerts.time_zone, config.alerts.grade, rooms)


def _told(config: Config, alarm: Alarm, routing: Routing, wording: Wording, now_ms: int) -> Iterator[Outcome]:
    notifiers = {name: make_notifier(name, channel) for name, channel in config.alerts.channels.items()}
    told: set[str] = set()
    for step in routing.steps(alarm.severity):
        name = f"{step.to} +{step.after_s:g}s"
        people = routing.people(step.to, alarm.place, now_ms)
        if not people:
            yield Outcome(name, "", "", "nobody", f"no {step.to} is configured for {alarm.place.site}")
        for person in people:
            if person in told:
                continue
            told.add(person)
            words = config.alerts.people[person]
            message = wording.message(
                [alarm], Tell.RISE, language=words.language, key=f"drill-{now_ms}-{person}", drill=True, now_ms=now_ms
            )
            for channel in words.channels:
                outcome = _send(name, person, words, channel, notifiers[channel], message, now_ms)
                yield outcome
                if outcome.outcome == "told":
                    break


def _send(
    step: str, name: str, person: PersonConfig, channel: str, notifier: Notifier, message: Message, now_ms: int
) -> Outcome:
    try:
        notifier.send(message, address_of(name, person), now_ms)
    except NotifierError as error:
        outcome = "refused" if isinstance(error, ChannelRefused) else "unreachable"
        return Outcome(step, name, channel, outcome, str(error))
    return Outcome(step, name, channel, "told", "")


def _seeming(rule: RuleConfig, place: Place, now_ms: int) -> Alarm:
    key = Key(rule.name, place.region, place.site, "", rule.quantity or "")
    return Alarm(
        key=key,
        place=place,
        when=rule.when,
        severity=rule.severity,
        since_ms=now_ms,
        raised_ms=now_ms,
        changed_ms=now_ms,
    )


def _load(path: Path) -> Config:
    config = config_file.load(path)
    config_file.require_files(config)
    return config
