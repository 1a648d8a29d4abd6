"""The words of a report, in English, Chinese or both at once, and its numbers and times."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from gateway.acceptance import phrases
from gateway.acceptance.air_change import AirChange, NoRate
from gateway.acceptance.plan import OUTDOOR, Span
from gateway.acceptance.reopening import NoDay
from gateway.acceptance.words import Language
from telemetry.quantities import QUANTITIES

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_RATE: Final = {
    NoRate.TOO_FEW_READINGS: ("too few readings of CO2", "CO2 读数过少"),
    NoRate.NO_EXCESS: ("CO2 stood too near that outdoors", "CO2 与室外相差过小"),
    NoRate.NO_DECAY: ("CO2 did not fall", "CO2 未下降"),
    NoRate.NOT_EXPONENTIAL: ("CO2 did not fall evenly", "CO2 下降不均匀"),
}
_NO_DAY: Final = {
    NoDay.TOO_FEW_DAYS: ("fewer than 7 usable days", "可用天数不足 7 天"),
    NoDay.SPAN_TOO_SHORT: ("the days span less than 6 days", "数据跨度不足 6 天"),
    NoDay.NOT_FALLING: ("the data does not show that it falls", "数据未显示下降趋势"),
    NoDay.TOO_FAR_AHEAD: ("farther ahead than the data bears", "预测时间超出数据所能支持的范围"),
    NoDay.LIMIT_IS_ZERO: ("the limit is zero", "限值为零"),
}
_KINDS: Final = {
    "door": ("doors", "门"),
    "window": ("windows", "窗"),
    "fresh-air": ("fresh air", "新风"),
    "purifier": ("purifiers", "空气净化器"),
    "ventilation": ("central ventilation", "集中通风"),
}
_STATES: Final = {
    "open": ("open", "开"),
    "closed": ("closed", "关"),
    "on": ("on", "开启"),
    "off": ("off", "关闭"),
    "unknown": ("unknown", "未知"),
    "fault": ("fault", "故障"),
}
_IGNORED: Final = {
    "outside all windows": ("outside all windows", "不在任何采样时段内"),
    "not planned": ("not planned at that point", "该测点未计划"),
    "no value": ("no value", "无数值"),
}


class ReportLanguage(StrEnum):
    """The languages of a report."""

    ENGLISH = "en"
    CHINESE = "zh-CN"
    BOTH = "both"


class Speech:
    """Says things in the languages of one report; in both, Chinese first."""

    def __init__(self, language: ReportLanguage) -> None:
        self.languages: tuple[Language, ...] = (
            (Language.CHINESE, Language.ENGLISH) if language is ReportLanguage.BOTH else (Language(language),)
        )

    def text(self, english: str, chinese: str) -> str:
        """A sentence; in both languages on a line each."""
        return "\n".join(dict.fromkeys(phrases.pick((english, chinese), own) for own in self.languages))

    def label(self, english: str, chinese: str) -> str:
        """A word or title; in both languages side by side."""
        return " ".join(dict.fromkeys(phrases.pick((english, chinese), own) for own in self.languages))

    def say(self, word: Callable[[Language], str], *, between: str = " ") -> str:
        """What a function of a language says."""
        return between.join(dict.fromkeys(word(own) for own in self.languages))

    def pick(self, pair: tuple[str, str]) -> str:
        """An English and Chinese pair as `label`; a language left empty takes the other's words."""
        return self.label(pair[0] or pair[1], pair[1] or pair[0])

    def quantity(self, name: str) -> str:
        """A quantity's title."""
        return self.say(lambda own: phrases.quantity(name, own))

    def room(self, name: str) -> str:
        """A room's name; outdoors in words."""
        return self.label("outdoors", "室外") if name == OUTDOOR else name

    def kind(self, word: str) -> str:
        """A kind of contact."""
        return self.pick(_KINDS.get(word, (word, word)))

    def state(self, word: str) -> str:
        """A contact's state; of several kinds as `door closed, fresh-air off`."""
        if word in _STATES:
            return self.pick(_STATES[word])
        parts = [part.split(" ") for part in word.split(", ")]
        if not all(len(part) == 2 and part[0] in _KINDS and part[1] in _STATES for part in parts):
            return word
        return ", ".join(f"{self.kind(kind)} {self.state(state)}" for kind, state in parts)

    def ignored(self, word: str) -> str:
        """Why rows of readings were not taken."""
        return self.pick(_IGNORED.get(word, (word, word)))

    def air_change(self, found: AirChange | NoRate) -> str:
        """Air changes an hour with their interval, or why there are none."""
        if isinstance(found, NoRate):
            why = _NO_RATE[found]
            return self.text(f"not stated: {why[0]}", f"无法给出：{why[1]}")
        return f"{found.rate:.2f} /h (95 %: {found.low:.2f} - {found.high:.2f})"

    def no_day(self, found: NoDay) -> str:
        """Why no day of reopening is stated."""
        why = _NO_DAY[found]
        return self.text(f"no day is stated: {why[0]}", f"无法给出日期：{why[1]}")


def counted(count: int, one: str, many: str) -> str:
    """A number with its English noun."""
    return f"{count} {one if count == 1 else many}"


def duration(hours: float) -> str:
    """A length of time in hours, or in minutes or seconds where it is less than one."""
    if hours >= 1:
        return f"{hours:.4g} h"
    return f"{hours * 60:.3g} min" if hours * 60 >= 1 else f"{hours * 3600:.3g} s"


def digits(value: float | None) -> str:
    """A number for people; verdicts compare it unrounded."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def unit(quantity: str) -> str:
    """A quantity's unit as people write it."""
    return QUANTITIES[quantity].display_unit


def moment(time_ms: int, zone: tzinfo, *, seconds: bool = False) -> str:
    """A time in the report's zone, to the minute unless said."""
    local = (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone)
    return local.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def offset(zone: tzinfo, time_ms: int) -> str:
    """The zone's offset from UTC at that time, such as `UTC+08:00`."""
    word = (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone).strftime("%z")
    return f"UTC{word[:3]}:{word[3:5]}"


def span(window: Span, zone: tzinfo) -> str:
    """A window; its end without the date where that is the same."""
    begin, end = moment(window.from_ms, zone), moment(window.to_ms, zone)
    return f"{begin} - {end[11:] if begin[:10] == end[:10] else end}"
