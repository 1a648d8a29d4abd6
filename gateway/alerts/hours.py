"""Opening hours in OpenStreetMap's form, and whether a branch is open at a moment.

The part of the form that branches use: rules apart by `;`, each with days (`Mo-Fr`, `Sa,Su`, `PH`, `Mo-Fr,PH`) and
times (`09:00-12:00,13:30-17:00`) or `off`; days alone mean all day; `24/7`. Of several rules that name a day the last
counts.
Public holidays and make-up working days come from the `holidays` package, and configuration goes before it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
HOLIDAY: Final = "PH"
DAY_MINUTES: Final = 1_440
LOOK_AHEAD_DAYS: Final = 30
"""A branch that stays closed longer than that is closed for good as far as waiting goes."""

_TIMES: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class BadHoursError(ValueError):
    """Opening hours that cannot be read; the text says which part."""


class Span(NamedTuple):
    """Open from `first` to `last`, in minutes of the day; a branch does not stay open past midnight."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours. `by_day` goes from Monday; `holiday` None: holidays are like Sundays, that is closed."""

    by_day: tuple[tuple[Span, ...], ...]
    holiday: tuple[Span, ...] | None
    always: bool = False


ALWAYS: Final = Hours(tuple((Span(0, DAY_MINUTES),) for _ in DAYS), None, always=True)


@lru_cache(maxsize=4_096)
def parse_hours(text: str) -> Hours:
    """The hours in a text; an empty one and `24/7` mean always.

    Raises:
        BadHoursError: Naming the part that cannot be read.
    """
    if text.strip() in ("", "24/7"):
        return ALWAYS
    by_day: list[tuple[Span, ...]] = [()] * len(DAYS)
    holiday: tuple[Span, ...] | None = None
    for part in filter(None, (rule.strip() for rule in text.split(";"))):
        days, spans = _rule(part)
        for day in days:
            if day == HOLIDAY:
                holiday = spans
            else:
                by_day[DAYS.index(day)] = spans
    return Hours(tuple(by_day), holiday)


def _rule(part: str) -> tuple[list[str], tuple[Span, ...]]:
    head, _, tail = part.partition(" ")
    if _TIMES.match(part):
        head, tail = "Mo-Su", part
    days = [day for word in head.split(",") for day in _days(word, part)]
    tail = tail.strip()
    if tail in ("off", "closed"):
        return days, ()
    if not tail:
        return days, (Span(0, DAY_MINUTES),)
    return days, tuple(_span(word.strip(), part) for word in tail.split(","))


def _days(word: str, part: str) -> Iterator[str]:
    if word == HOLIDAY:
        yield word
        return
    first, _, last = word.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise BadHoursError(f"{part!r}: {word!r} is no day; write them as in Mo-Fr 09:00-17:00; Sa 10:00-14:00; PH off")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    for offset in range((end - begin) % len(DAYS) + 1):
        yield DAYS[(begin + offset) % len(DAYS)]


def _span(word: str, part: str) -> Span:
    found = _TIMES.fullmatch(word)
    if found is None:
        raise BadHoursError(f"{part!r}: {word!r} is no time; write it as in 09:00-17:00")
    hours, minutes, to_hours, to_minutes = map(int, found.groups())
    span = Span(hours * 60 + minutes, to_hours * 60 + to_minutes)
    if not span.first < span.last <= DAY_MINUTES:
        raise BadHoursError(f"{part!r}: {word!r} ends before it begins")
    return span


Calendar = Callable[[date], bool | None]
"""What a day is: True a working day whatever the weekday, False a holiday, None an ordinary day."""


def make_calendar(country: str, closed_on: tuple[date, ...] = (), open_on: tuple[date, ...] = ()) -> Calendar:
    """The calendar of a country; the days given here go before it. An empty country has no holidays.

    Raises:
        BadHoursError: If the country is not known.
    """
    base = None
    if country:
        import holidays  # slow to load, and many gateways never ask

        try:
            base = holidays.country_holidays(country)
        except NotImplementedError as error:
            raise BadHoursError(f"{country!r} is no country known here; give an ISO 3166 code such as CN") from error

    @lru_cache(maxsize=1_000)
    def day_is(day: date) -> bool | None:
        if day in open_on:
            return True
        if day in closed_on:
            return False
        if base is None:
            return None
        if day in base:
            return False
        # A make-up working day falls on a weekend and makes it an ordinary weekday.
        return True if day.weekday() >= 5 and base.is_working_day(day) else None

    return day_is


class Opening:
    """When one branch is open."""

    def __init__(self, hours: Hours, zone: ZoneInfo, calendar: Calendar) -> None:
        self._hours = hours
        self._zone = zone
        self._calendar = calendar

    def is_open(self, now_ms: int) -> bool:
        """True if it is open at that moment."""
        local = self.local(now_ms)
        minute = local.hour * 60 + local.minute
        return any(span.first <= minute < span.last for span in self._spans(local.date()))

    @property
    def is_known(self) -> bool:
        """False if the branch counts as open at any hour, because nobody gave its hours."""
        return not self._hours.always

    def since_ms(self, now_ms: int) -> tuple[bool, int]:
        """Whether it is open now, and since when; 0 if that is longer ago than a month."""
        if self._hours.always:
            return True, 0
        is_open = self.is_open(now_ms)
        local = self.local(now_ms)
        for offset in range(LOOK_AHEAD_DAYS):
            day = local.date() - timedelta(days=offset)
            edges = [self._at_ms(day, span.first if is_open else span.last) for span in self._spans(day)]
            past = [edge for edge in edges if edge <= now_ms]
            if past:
                return is_open, max(past)
        return is_open, 0

    def _at_ms(self, day: date, minute: int) -> int:
        # Wall time first, then the zone: an hour that a summer time skips moves with it.
        moment = datetime(day.year, day.month, day.day, tzinfo=self._zone) + timedelta(minutes=minute)
        return round(moment.astimezone(UTC).timestamp() * 1000)

    def opens_ms(self, now_ms: int) -> int:
        """When it is open next: now, or the Unix ms of its next opening; now if that is further than a month."""
        if self._hours.always or self.is_open(now_ms):
            return now_ms
        local = self.local(now_ms)
        for offset in range(LOOK_AHEAD_DAYS):
            day = local.date() + timedelta(days=offset)
            for span in self._spans(day):
                begin_ms = self._at_ms(day, span.first)
                if begin_ms > now_ms:
                    return begin_ms
        return now_ms

    def local(self, now_ms: int) -> datetime:
        """The moment on the branch's own clock."""
        return datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self._zone)

    def _spans(self, day: date) -> tuple[Span, ...]:
        hours = self._hours
        if hours.always:
            return hours.by_day[0]
        kind = self._calendar(day)
        if kind is False:
            return hours.holiday or ()
        weekday = day.weekday()
        if kind is True and not hours.by_day[weekday]:
            # Made up for a bridge day: as on the Monday it stands in for.
            return hours.by_day[0]
        return hours.by_day[weekday]
