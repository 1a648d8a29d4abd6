"""Who is told, when, and what is held back: people, rota, absences, opening hours, windows. Pure but for its caches."""

from datetime import date
from functools import cached_property, lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from gateway.alerts.alarm import Alarm, Silence, SilenceKind
from gateway.alerts.hours import BadHoursError, Calendar, Opening, make_calendar, parse_hours
from gateway.alerts.places import Places, Register
from gateway.alerts.plans import HandOver, Window
from gateway.alerts.rules import Place, Rule, in_scope
from gateway.alerts.settings import AlertsConfig, RotaConfig, StepConfig
from gateway.alerts.words import During, Role, Severity, When
from gateway.errors import ConfigurationError
from telemetry.clock import to_ms

STAND_INS: Final = 5
"""A stand-in may be away too; after so many the first one is told all the same."""


class Planned(Protocol):
    """What people planned ahead, as it is now."""

    @property
    def hand_overs(self) -> tuple[HandOver, ...]:
        """Those that have not ended, oldest first."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """Likewise."""


class Nothing:
    """Nothing is planned but what the configuration says."""

    hand_overs: tuple[HandOver, ...] = ()
    windows: tuple[Window, ...] = ()


class Routing:
    """Answers for one configuration, and for what people planned beside it."""

    def __init__(self, config: AlertsConfig, planned: Planned | None = None, register: Register = dict) -> None:
        """Take the configuration.

        Args:
            config: Who is told, and when.
            planned: Hand-overs and windows that go before it.
            register: The register of branches, asked where the configuration is silent.

        Raises:
            ConfigurationError: If its calendar is not known.
        """
        self._config = config
        self._planned: Planned = Nothing() if planned is None else planned
        self._places = Places(config, register)
        if _asks_for_days(config):
            self._calendar  # noqa: B018  a country that nobody knows is said at the start
        self._opening = lru_cache(maxsize=100_000)(self._make_opening)

    @cached_property
    def _calendar(self) -> Calendar:
        try:
            return make_calendar(self._config.holidays, *_days(self._config))
        except BadHoursError as error:
            raise ConfigurationError(f"$.alerts.holidays: {error}") from error

    @property
    def tells_anybody(self) -> bool:
        """False if there is nobody to tell: alarms then stand on the board alone."""
        return bool(self._config.people)

    def steps(self, severity: Severity) -> tuple[StepConfig, ...]:
        """The steps of escalation."""
        steps: tuple[StepConfig, ...] = getattr(self._config.steps, severity.value)
        return steps

    def waits_ms(self, severity: Severity) -> tuple[int, ...]:
        """When each step is due after an alarm began to ask."""
        return tuple(round(step.after_s * 1000) for step in self.steps(severity))

    def people(self, role: Role, place: Place, now_ms: int) -> tuple[str, ...]:
        """Who has a role for a place now, each once; the absent are stood in for."""
        day = self.opening(place.site).local(now_ms).date()
        named = self._named(role, place, now_ms, day)
        return tuple(dict.fromkeys(self.present(name, now_ms, day) for name in named))

    def first_people(self, severity: Severity, place: Place, now_ms: int) -> tuple[str, ...]:
        """Those of the first step that has anybody."""
        for step in self.steps(severity):
            people = self.people(step.to, place, now_ms)
            if people:
                return people
        return ()

    def speaks_from_ms(self, alarm: Alarm, now_ms: int) -> int:
        """From when on people are told: now, or the next opening for what may wait for it."""
        if alarm.is_emergency or alarm.severity not in self._config.muted:
            return now_ms
        return self.opening(alarm.place.site).opens_ms(now_ms)

    def silence(self, place: Place, now_ms: int) -> Silence | None:
        """The window that holds back what rises at a place; out of service goes before maintenance."""
        found = None
        for window in self._config.window:
            if not in_scope(window, place) or now_ms < to_ms(window.from_.timestamp()):
                continue
            if window.to is not None and now_ms >= to_ms(window.to.timestamp()):
                continue
            if window.out_of_service:
                return Silence(kind=SilenceKind.OUT_OF_SERVICE, why=window.why)
            found = found or Silence(kind=SilenceKind.SUPPRESSED, why=window.why)
        for plan in self._planned.windows:
            if in_scope(plan, place) and plan.counts_at(now_ms):
                if plan.out_of_service:
                    return Silence(kind=SilenceKind.OUT_OF_SERVICE, why=plan.why)
                found = found or Silence(kind=SilenceKind.SUPPRESSED, why=plan.why)
        return found

    def counts_ms(self, rule: Rule, site: str, now_ms: int) -> int | None:
        """Since when a rule counts in a branch, 0 for ever; None: it does not now.

        Whether a branch is open when it should be is asked only where its hours are known.
        """
        during = rule.during
        if during is During.ALWAYS:
            return 0
        opening = self.opening(site)
        if rule.config.when is When.OPENING_HOURS and not opening.is_known:
            return None
        is_open, since_ms = opening.since_ms(now_ms)
        return since_ms if is_open is (during is During.OPEN) else None

    def opening(self, site: str) -> Opening:
        """When a branch is open; a whole region has the usual hours."""
        place = self._places.of(site)
        hours = self._config.hours if place.hours is None else place.hours
        return self._opening(hours, place.time_zone or self._config.time_zone)

    def _make_opening(self, hours: str, time_zone: str) -> Opening:
        parsed = parse_hours(hours)
        # Where a branch is always open no calendar is asked, and none is loaded.
        return Opening(parsed, ZoneInfo(time_zone), _no_days if parsed.always else self._calendar)

    def _named(self, role: Role, place: Place, now_ms: int, day: date) -> tuple[str, ...]:
        config = self._config
        if role is Role.CITY:
            return config.city
        if role is Role.REGION:
            return config.regions.get(place.region, ())
        site = self._places.of(place.site)
        if role is Role.DEPUTY:
            return site.deputy
        if role is Role.CONTACT:
            return site.contact
        if site.after_hours and not self.opening(place.site).is_open(now_ms):
            return site.after_hours
        rota = self.rota_of(place)
        turn = () if rota is None else turn_on(rota, day)
        return turn or site.responsible

    def rota_of(self, place: Place) -> RotaConfig | None:
        """The rota of a place: its branch's own, else its region's where the branch names no responsible."""
        config, site = self._config, self._places.of(place.site)
        rota = next((one for one in config.rota if place.site and one.site == place.site), None)
        return rota or next((one for one in config.rota if one.region == place.region and not site.responsible), None)

    def present(self, name: str, now_ms: int, day: date) -> str:
        """Who is told in a person's place: they themselves, or whoever stands in; after a circle they themselves."""
        present = name
        for _ in range(STAND_INS):
            other = self._stand_in(present, now_ms, day)
            if other is None:
                return present
            present = other
        return name

    def _stand_in(self, name: str, now_ms: int, day: date) -> str | None:
        # The latest hand-over counts: whoever made it knew of the others.
        for plan in reversed(self._planned.hand_overs):
            if plan.person == name and plan.counts_at(now_ms) and plan.stands_in in self._config.people:
                return plan.stands_in
        for away in self._config.away:
            if away.person == name and away.from_ <= day <= away.to:
                return away.stands_in
        return None


def turn_on(rota: RotaConfig, day: date) -> tuple[str, ...]:
    """Whose turn it is on a day; nobody's before the rota begins."""
    if day < rota.first:
        return ()
    return (rota.people[(day - rota.first).days // rota.each_days % len(rota.people)],)


def _no_days(_day: date) -> None:
    """Every day is an ordinary one."""


def _asks_for_days(config: AlertsConfig) -> bool:
    return bool(config.hours) or any(site.hours for site in config.sites.values())


def _days(config: AlertsConfig) -> tuple[tuple[date, ...], tuple[date, ...]]:
    return config.closed_on, config.open_on
