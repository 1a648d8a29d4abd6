"""The weekly digest: how much of a week's alarms was noise, to those who can change the rules."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import structlog
from sqlalchemy import Connection, select

from gateway.alerts import phrases
from gateway.alerts.dispatch import address_of
from gateway.alerts.hours import DAYS
from gateway.alerts.kpis import Kpis, noise
from gateway.alerts.phrases import Pair
from gateway.alerts.settings import AlertsConfig
from gateway.notifiers.errors import NotifierError
from gateway.notifiers.message import Message
from gateway.notifiers.ports import Notifier
from gateway.state.state import State, upsert
from gateway.state.tables import alarm_note
from telemetry.clock import to_ms

log = structlog.get_logger(__name__)

WEEK_MS: Final = 604_800_000
LATE_MS: Final = 86_400_000
"""A digest that could not be sent for a day is left out; the next one comes in a week."""

AGAIN_MS: Final = 600_000
_NOTE: Final = "digests-sent"

TITLE: Final = Pair("Alarms of the week {first} to {last}", "{first} 至 {last} 一周报警小结")
LINES: Final = (
    Pair("Alarms: {alarms}, told to {responders} people", "报警：{alarms} 条，通知 {responders} 人"),
    Pair(
        "Per person and hour: {per_responder_hour:.2f}; most: {busiest} with {busiest_hour:.2f}",
        "人均每小时：{per_responder_hour:.2f} 条；最多：{busiest} {busiest_hour:.2f} 条",
    ),
    Pair(
        "Floods: {floods} ({flood_share:.1%} of the time), at most {peak_ten_minutes} within ten minutes",
        "报警洪泛：{floods} 次（占 {flood_share:.1%}），十分钟内最多 {peak_ten_minutes} 条",
    ),
    Pair("Standing: {standing}, for more than a day: {stale}", "仍在持续：{standing} 条，超过一天：{stale} 条"),
)
ANSWERED: Final = Pair(
    "Until somebody had it: half within {p50}, most within {p95}", "接手用时：半数 {p50} 内，95% {p95} 内"
)
CLEARED: Final = Pair(
    "Until it was over: half within {p50}, most within {p95}", "恢复用时：半数 {p50} 内，95% {p95} 内"
)
CHATTERING: Final = Pair("Chattering", "反复报警")
WORST: Final = Pair("Most often", "最常见")
NOISE: Final = Pair("Too noisy, please look at the rules", "噪声偏高，请检查规则")
QUIET: Final = Pair("Quiet enough: within all limits of ISA-18.2.", "噪声水平符合 ISA-18.2 的各项限值。")
NOBODY: Final = Pair("nobody", "无")
SHOWN: Final = 5


def digest_message(kpis: Kpis, config: AlertsConfig, *, person: str, language: str, key: str) -> Message:
    """The digest in one language. Pure."""
    zone = ZoneInfo(config.time_zone)

    def say(pair: Pair) -> str:
        return pair.in_language(language)

    def day(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d")

    values = {name: getattr(kpis, name) for name in Kpis.__struct_fields__}
    values["busiest"] = kpis.busiest or say(NOBODY)
    lines = [say(line).format(**values) for line in LINES]
    for pair, found in ((ANSWERED, kpis.acknowledge_s), (CLEARED, kpis.clear_s)):
        if found.p50 is not None and found.p95 is not None:
            lines.append(say(pair).format(p50=_age(found.p50, language), p95=_age(found.p95, language)))
    for pair, actors in ((CHATTERING, kpis.chattering), (WORST, kpis.worst)):
        names = ["/".join(filter(None, (one.site or one.region, one.point))) for one in actors[:SHOWN]]
        words = [f"{one.rule} {name} ×{one.rises}" for one, name in zip(actors, names, strict=False)]
        if words:
            lines.append(f"{say(pair)}: {'; '.join(words)}")
    faults = noise(kpis, config.noise, language)
    lines += ["", f"{say(NOISE)}:", *(f"- {fault}" for fault in faults)] if faults else ["", say(QUIET)]
    title = say(TITLE).format(first=day(kpis.from_), last=day(kpis.to - 1))
    text = "\n".join(lines)
    return Message(key=f"{key}-{person}", title=title, text=text, severity="info", tell="digest")


def _age(seconds: float, language: str) -> str:
    for unit_s, words in ((3_600, phrases.HOURS), (60, phrases.MINUTES)):
        if seconds >= 2 * unit_s:
            return words.in_language(language).format(n=round(seconds / unit_s))
    return phrases.SECONDS.in_language(language).format(n=round(seconds))


def week_end_ms(config: AlertsConfig, now_ms: int) -> int:
    """The last moment, now or before, at which a digest is due: the end of the week that it is about. Pure."""
    zone = ZoneInfo(config.time_zone)
    local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    back = (local.weekday() - DAYS.index(config.digest.day)) % 7
    for weeks in (0, 1):
        day = local.date() - timedelta(days=back + 7 * weeks)
        end_ms = to_ms(datetime.combine(day, time(config.digest.hour), zone).timestamp())
        if end_ms <= now_ms:
            return end_ms
    raise AssertionError("a week ago is in the past")


class WeeklyDigest:
    """Sends it, each week once to each person, by the first of their channels that works.

    What was sent is noted after the channel answered: a crash in between sends it again, with the same key.
    """

    def __init__(self, database: State, config: AlertsConfig, notifiers: Mapping[str, Notifier]) -> None:
        self._database = database
        self._config = config
        self._notifiers = notifiers
        self._again_ms: dict[str, int] = {}

    def week_end_ms(self, now_ms: int) -> int:
        """The end of the week of the digest that is due now."""
        return week_end_ms(self._config, now_ms)

    def owed(self, now_ms: int) -> list[str]:
        """To whom the last digest is still to be sent now.

        Raises:
            StateUnavailable: If the database does not answer.
        """
        end_ms = week_end_ms(self._config, now_ms)
        if not self._config.digest.to or now_ms - end_ms > LATE_MS:
            return []
        with self._database.read() as connection:
            sent = _sent(connection)
        return [
            person
            for person in self._config.digest.to
            if sent.get(person, 0) < end_ms and now_ms >= self._again_ms.get(person, 0)
        ]

    def send(self, kpis: Kpis, people: Sequence[str], now_ms: int) -> int:
        """Send it to these people; returns to how many.

        Raises:
            StateUnavailable: What was sent is not noted; it may be sent again, with the same key.
        """
        end_ms = round(kpis.to * 1000)
        return sum(self._send_to(person, kpis, end_ms, now_ms) for person in people)

    def _send_to(self, name: str, kpis: Kpis, end_ms: int, now_ms: int) -> bool:
        person = self._config.people[name]
        key = f"digest-{end_ms // 1000}"
        message = digest_message(kpis, self._config, person=name, language=person.language, key=key)
        for channel in person.channels:
            try:
                self._notifiers[channel].send(message, address_of(name, person), now_ms)
            except NotifierError as error:
                log.warning("a channel did not take the digest", channel=channel, person=name, error=str(error))
                continue
            with self._database.write() as connection:
                sent = msgspec.json.encode({**_sent(connection), name: end_ms}).decode()
                upsert(connection, alarm_note, [{"name": _NOTE, "value": sent}])
            return True
        self._again_ms[name] = now_ms + AGAIN_MS
        return False


def _sent(connection: Connection) -> dict[str, int]:
    """The end of the last week of which each person got the digest."""
    kept = connection.execute(select(alarm_note.c.value).where(alarm_note.c.name == _NOTE)).scalar()
    return msgspec.json.decode(kept, type=dict[str, int]) if kept else {}
