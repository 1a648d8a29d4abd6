"""Messages in plain words: what, where, since when, what to do now, and one link that says "I have it". Pure."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.alerts import phrases
from gateway.alerts.alarm import Alarm
from gateway.alerts.incidents import grade_of
from gateway.alerts.phrases import Pair
from gateway.alerts.place_words import KINDS, room_words
from gateway.alerts.settings import GradeConfig, RuleConfig
from gateway.alerts.words import Severity, Tell, When
from gateway.notifiers.message import Message
from telemetry.clock import to_seconds
from telemetry.quantities import QUANTITIES

REFERENCE_LETTERS: Final = 8
_RATED: Final = (When.THRESHOLD, When.RATE)


class Wording:
    """Puts alarms into words, with the names of branches and the words of rules."""

    def __init__(
        self,
        titles: Mapping[str, tuple[str, str]],
        rules: Mapping[str, RuleConfig],
        time_zone: str,
        grades: Sequence[GradeConfig] = (),
        rooms: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """Remember the words.

        Args:
            titles: English and Chinese title of a branch by its id.
            rules: Rules by name, for words of their own.
            time_zone: In which times are told.
            grades: The emergency plan, for what is to be reported by when.
            rooms: English and Chinese words for a room by its id, before those that we have.
        """
        self._grades = grades
        self._titles = titles
        self._rooms = rooms or {}
        self._rules = rules
        self._zone = ZoneInfo(time_zone)

    def what(self, alarm: Alarm, language: str) -> str:
        """What happened, in a few words."""
        rule = self._rules.get(alarm.key.rule)
        own = Pair(rule.title_en, rule.title_zh).in_language(language) if rule else ""
        if own:
            return own
        if alarm.when is When.FACILITY and alarm.detail.startswith("wet"):
            return phrases.WET.in_language(language)
        if alarm.when is When.FACILITY and alarm.place.kind in KINDS:
            kind = KINDS[alarm.place.kind].in_language(language)
            return phrases.OUT_OF_ORDER.in_language(language).format(kind=kind)
        if alarm.when is When.HEALTH and alarm.key.quantity == phrases.NO_TIME_NUMBER:
            return phrases.NO_TIME.in_language(language)
        name = _name_of(alarm, language)
        if not name:
            return phrases.WHAT[alarm.when].in_language(language)
        if alarm.when is When.RATE:
            words = phrases.CHANGED
        else:
            below = rule is not None and rule.below is not None
            words = phrases.TOO_LOW if below else phrases.TOO_HIGH
        return words.in_language(language).format(quantity=name)

    def where(self, alarm: Alarm, language: str) -> str:
        """The branch and the room, as people call them."""
        place = alarm.place
        if not place.site:
            return phrases.REGION.in_language(language).format(region=place.region)
        english, chinese = self._titles.get(place.site, ("", ""))
        site = (chinese or english) if language == phrases.CHINESE else (english or chinese)
        room = room_words(place.room, language, self._rooms)
        point = "" if place.point == place.room else place.point
        return " · ".join(word for word in (site or place.site, room, point) if word)

    def advice(self, alarm: Alarm, language: str) -> str:
        """What to do now; "" where nothing is."""
        rule = self._rules.get(alarm.key.rule)
        own = Pair(rule.advice_en, rule.advice_zh).in_language(language) if rule else ""
        if own:
            return own
        if alarm.key.quantity in phrases.ADVICE:
            return phrases.ADVICE[alarm.key.quantity].in_language(language)
        found = phrases.WHAT_TO_DO.get(alarm.when, phrases.SOURCE_ADVICE if alarm.when in _RATED else None)
        return found.in_language(language) if found else ""

    def sentence(self, alarm: Alarm, language: str) -> str:
        """One line for lists: what, with the value."""
        measured = self.detail(alarm, language) if alarm.when is When.SAMPLING else self.measured(alarm, language)
        return self.what(alarm, language) + (f"{_colon(language)}{measured}" if measured else "")

    def measured(self, alarm: Alarm, language: str) -> str:
        """The value and its limit in the quantity's unit, "" where there is none."""
        if alarm.value is None:
            return ""
        if alarm.when is When.CERTIFICATE:
            return phrases.STILL_GOOD.in_language(language).format(n=max(0, math.floor(alarm.value)))
        if alarm.key.quantity == phrases.NO_TIME_NUMBER:
            return ""
        row = QUANTITIES.get(alarm.key.quantity)
        decimals, unit = (row.decimals, row.display_unit) if row else (0, _unit_of(alarm))
        value = f"{alarm.value:,.{decimals}f} {unit}".strip()
        if alarm.limit is None:
            return value
        limit = f"{phrases.LIMIT.in_language(language)} {alarm.limit:,g} {unit}".strip()
        return f"{value}（{limit}）" if language == phrases.CHINESE else f"{value} ({limit})"

    def detail(self, alarm: Alarm, language: str) -> str:
        """What else is known; of a sampling in the reader's language, as `samplings.detail_of` keeps it."""
        if alarm.when is not When.SAMPLING:
            return alarm.detail
        english, _break, chinese = alarm.detail.partition("\n")
        return chinese if language == phrases.CHINESE else english

    def time(self, ms: int) -> str:
        """A moment as people write it."""
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def message(
        self,
        alarms: Sequence[Alarm],
        tell: Tell,
        *,
        language: str,
        key: str,
        link: str = "",
        repeat: bool = False,
        drill: bool = False,
        now_ms: int,
    ) -> Message:
        """One message about one alarm or several.

        Args:
            alarms: At least one, the gravest first.
            tell: What is told of them.
            language: Of the reader.
            key: The same for the same message.
            link: With which it is acknowledged, "" where it cannot be.
            repeat: It may have arrived before.
            drill: Nothing happened.
            now_ms: For how long ago something was.
        """
        first = alarms[0]
        badges = [
            badge.in_language(language)
            for badge, shown in (
                (phrases.DRILL, drill),
                (phrases.REPEAT, repeat),
                (phrases.SIMULATED, any(alarm.simulated for alarm in alarms)),
            )
            if shown
        ]
        head = phrases.TELLS.get(tell, phrases.SEVERITIES[first.severity]).in_language(language)
        subject = f"{self.what(first, language)} · {self.where(first, language)}"
        if len(alarms) > 1:
            subject = f"{phrases.MORE.in_language(language).format(count=len(alarms))} · {subject}"
        title = "".join(badges) + ("" if not badges else " ") + f"{head}{_colon(language)}{subject}"
        blocks = [self._block(alarm, tell, language, now_ms, with_what=len(alarms) > 1) for alarm in alarms]
        if link and tell is Tell.REPORT:
            blocks.append(_line(phrases.REPORTED, link, language))
        if link and tell in (Tell.RISE, Tell.MISSED):
            blocks.append(_line(phrases.HAVE, link, language))
        blocks.append(f"{phrases.REFERENCE.in_language(language)} {key[:REFERENCE_LETTERS]}")
        return Message(
            key=key,
            title=title,
            text="\n\n".join(blocks),
            severity=first.severity.value,
            tell=tell.value,
            repeat=repeat,
            drill=drill,
            link=link,
            alarms=tuple(self._record(alarm, language) for alarm in alarms),
        )

    def _block(self, alarm: Alarm, tell: Tell, language: str, now_ms: int, *, with_what: bool) -> str:
        lines = [self.what(alarm, language)] if with_what else []
        lines.append(_line(phrases.WHERE, self.where(alarm, language), language))
        lines.append(_line(phrases.SINCE, self.time(alarm.since_ms), language))
        lines.append(_line(phrases.NOW, self.measured(alarm, language), language))
        lines.append(_line(phrases.DETAIL, self.detail(alarm, language), language))
        if tell is Tell.MISSED:
            age = age_words(max(0, now_ms - alarm.since_ms), language)
            lines.append(phrases.PRESSED.in_language(language).format(age=age))
        if alarm.returned_ms is not None and tell is not Tell.MISSED:
            lines.append(_line(phrases.OVER, self.time(alarm.returned_ms), language))
        grade = grade_of(alarm, self._grades) if tell is Tell.REPORT else None
        if grade is not None:
            due = self.time(alarm.raised_ms + round(grade.report_within_s * 1000))
            lines.append(_line(phrases.REPORT_BY, f"{due} ({grade.name})", language))
        lines.append(_line(phrases.BY, alarm.acknowledged_by, language))
        if tell in (Tell.RISE, Tell.MISSED) and alarm.active:
            lines.append(_line(phrases.DO, self.advice(alarm, language), language))
        return "\n".join(filter(None, lines))

    def _record(self, alarm: Alarm, language: str) -> dict[str, Any]:
        place = alarm.place
        return {
            "id": str(alarm.id),
            "rule": alarm.key.rule,
            "severity": alarm.severity.value,
            "state": alarm.state.value,
            "region": place.region,
            "site": place.site or None,
            "room": place.room or None,
            "point": place.point or None,
            "quantity": alarm.key.quantity or None,
            "since": to_seconds(alarm.since_ms),
            "value": alarm.value,
            "message": self.sentence(alarm, language),
        }


def _name_of(alarm: Alarm, language: str) -> str:
    """What was measured; "" where nothing was, or nobody has a word for it."""
    quantity = alarm.key.quantity
    if alarm.when is When.HEALTH and quantity in phrases.HEALTH_NUMBERS:
        return phrases.HEALTH_NUMBERS[quantity][0].in_language(language)
    if alarm.when not in _RATED:
        return ""
    row = QUANTITIES[quantity]
    return row.title_zh if language == phrases.CHINESE else row.title_en


def _unit_of(alarm: Alarm) -> str:
    return phrases.HEALTH_NUMBERS[alarm.key.quantity][1] if alarm.key.quantity in phrases.HEALTH_NUMBERS else ""


def age_words(ms: int, language: str) -> str:
    """How long something took, in the largest unit that fits twice."""
    seconds = ms // 1000
    for unit_s, words in ((86_400, phrases.DAYS), (3_600, phrases.HOURS), (60, phrases.MINUTES)):
        if seconds >= 2 * unit_s:
            return words.in_language(language).format(n=seconds // unit_s)
    return phrases.SECONDS.in_language(language).format(n=seconds)


def gravest_first(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Alarms as they are told."""
    rank = list(reversed(Severity))
    return sorted(alarms, key=lambda alarm: (rank.index(alarm.severity), alarm.id))


def _line(name: Pair, value: str, language: str) -> str:
    if not value:
        return ""
    return f"{name.in_language(language)}{_colon(language)}{value}"


def _colon(language: str) -> str:
    return "：" if language == phrases.CHINESE else ": "
