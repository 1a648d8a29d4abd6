"""How much of the alarms is noise: the figures of ISA-18.2, per responder. Pure.

ISA-18.2 and EEMUA 191 count what one operator is asked to answer, so rates here are of the notices that one person got,
not of all branches together. A person who gets twenty alarms in one message got twenty.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from gateway.alerts import phrases
from gateway.alerts.alarm import Key
from gateway.alerts.alarm_rows import Change
from gateway.alerts.settings import NoiseConfig
from gateway.alerts.words import Reason

TEN_MINUTES_MS: Final = 600_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

FLOOD_BEGINS: Final = 10
"""ISA-18.2-2016, 16.5.3; EEMUA 191: a flood is more than ten alarms within ten minutes, and"""

FLOOD_ENDS: Final = 5
"""it is over once there are fewer than five."""

STALE_MS: Final = DAY_MS
"""ISA-18.2-2016, 16.5.6: an alarm that lasts for more than 24 hours is stale."""

CHATTERS: Final = 3
"""So many rises of one cause within an hour are chatter. ISA-18.2 says three within a minute, for plants whose values
come every second; ours come every minute. The hour is ours."""

WORST: Final = 10

RISES: Final = frozenset({Reason.RAISED, Reason.RAISED_AGAIN, Reason.CALLED_AGAIN, Reason.MISSED_CALL})
RETURNS: Final = frozenset({Reason.RETURNED, Reason.RETURNED_IN_SILENCE, Reason.CLOSED})
COUNTED: Final = RISES | RETURNS | {Reason.ACKNOWLEDGED}
"""The changes that figures are made of; no others need be read."""

SOMEBODY: Final = "responder"
"""Where nobody is configured, one person would have been told of everything."""


class Telling(NamedTuple):
    """One person was told of one rise at that time."""

    person: str
    at_ms: int


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Of some durations, in seconds; null where there was none."""

    count: int
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    most: float | None = None


class BadActor(msgspec.Struct, frozen=True, kw_only=True):
    """One cause, and how often it rose."""

    rule: str
    region: str
    site: str | None
    point: str | None
    quantity: str | None
    rises: int


class Kpis(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of some time. Times are Unix seconds, shares from 0 to 1.

    Attributes:
        from_: Its beginning.
        to: Its end, exclusive.
        alarms: Rises; what was held back is none.
        responders: People who were told of any.
        per_responder_hour: Rises that a responder was told of in an hour, on average.
        busiest: The responder who was told of most.
        busiest_hour: Their average an hour.
        peak_ten_minutes: The most that one responder was told within ten minutes.
        floods: Floods of one responder.
        flood_share: The share of all responders' ten minutes that were floods.
        chattering: Causes that rose three times within an hour.
        standing: Alarms that last at the end.
        stale: Those of them that have lasted for more than a day.
        severities: The share of each severity among the rises.
        acknowledge_s: From the rise to the answer.
        clear_s: From the rise until it was over.
        worst: The causes that rose most.
    """

    from_: float = msgspec.field(name="from")
    to: float
    alarms: int
    responders: int
    per_responder_hour: float
    busiest: str | None
    busiest_hour: float
    peak_ten_minutes: int
    floods: int
    flood_share: float
    chattering: list[BadActor]
    standing: int
    stale: int
    severities: dict[str, float]
    acknowledge_s: Percentiles
    clear_s: Percentiles
    worst: list[BadActor]


def figures(
    changes: Sequence[Change], tellings: Iterable[Telling], standing: Iterable[int], *, from_ms: int, to_ms: int
) -> Kpis:
    """The figures of a time.

    Args:
        changes: Of alarms within it, oldest first.
        tellings: What people were told within it.
        standing: When each alarm rose that lasts at its end, in Unix ms.
        from_ms: Its beginning.
        to_ms: Its end, exclusive.
    """
    rises = [change for change in changes if change.reason in RISES]
    by_key: dict[Key, list[int]] = defaultdict(list)
    for change in rises:
        by_key[change.alarm.key._replace(pair="")].append(change.alarm.changed_ms)
    by_person: dict[str, list[int]] = defaultdict(list)
    for telling in tellings:
        by_person[telling.person].append(telling.at_ms)
    hours = max(to_ms - from_ms, 1) / HOUR_MS
    busiest = max(by_person, key=lambda person: (len(by_person[person]), person), default=None)
    floods = [_floods(times, from_ms) for times in by_person.values()]
    bins = math.ceil((to_ms - from_ms) / TEN_MINUTES_MS) * max(1, len(by_person))
    lasting = list(standing)
    severities = Counter(change.alarm.severity.value for change in rises)
    return Kpis(
        from_=from_ms / 1000,
        to=to_ms / 1000,
        alarms=len(rises),
        responders=len(by_person),
        per_responder_hour=sum(map(len, by_person.values())) / max(1, len(by_person)) / hours,
        busiest=busiest,
        busiest_hour=len(by_person[busiest]) / hours if busiest is not None else 0.0,
        peak_ten_minutes=max((flood.peak for flood in floods), default=0),
        floods=sum(flood.floods for flood in floods),
        flood_share=sum(flood.bins for flood in floods) / max(1, bins),
        chattering=_actors({key: times for key, times in by_key.items() if chatters(times)}),
        standing=len(lasting),
        stale=sum(to_ms - raised_ms > STALE_MS for raised_ms in lasting),
        severities={name: count / len(rises) for name, count in sorted(severities.items())},
        acknowledge_s=percentiles(_answers(changes)),
        clear_s=percentiles(_ends(changes)),
        worst=_actors(by_key)[:WORST],
    )


def noise(kpis: Kpis, limits: NoiseConfig, language: str = "en") -> list[str]:
    """Every limit that the figures break, in words; none: it is quiet enough."""
    names = ", ".join(sorted({one.rule for one in kpis.chattering}))
    broken = (
        (phrases.TOO_MANY, kpis.busiest_hour, limits.per_responder_hour),
        (phrases.TOO_FLOODED, kpis.flood_share, limits.flood_share),
        (phrases.TOO_CHATTERING, len(kpis.chattering), limits.chattering),
        (phrases.TOO_STALE, kpis.stale, limits.stale),
    )
    return [
        pair.in_language(language).format(is_=value, limit=limit, who=kpis.busiest or SOMEBODY, names=names)
        for pair, value, limit in broken
        if value > limit
    ]


def chatters(times_ms: Sequence[int]) -> bool:
    """True if a cause rose three times within an hour; times oldest first."""
    last = CHATTERS - 1
    return any(times_ms[at + last] - times_ms[at] <= HOUR_MS for at in range(len(times_ms) - last))


def percentiles(seconds: Iterable[float]) -> Percentiles:
    """By nearest rank: a figure that was really there."""
    values = sorted(seconds)
    if not values:
        return Percentiles(count=0)

    def at(share: float) -> float:
        return values[max(0, math.ceil(share * len(values)) - 1)]

    return Percentiles(count=len(values), p50=at(0.5), p90=at(0.9), p95=at(0.95), most=values[-1])


class _Floods(NamedTuple):
    peak: int
    floods: int
    bins: int


def _floods(times_ms: Sequence[int], from_ms: int) -> _Floods:
    """Of one person, in ten minutes one after another."""
    counts = Counter((at - from_ms) // TEN_MINUTES_MS for at in times_ms)
    floods = bins = 0
    before, flooded = -2, False
    for place in sorted(counts):
        if place != before + 1 or counts[place] < FLOOD_ENDS:
            flooded = False
        if counts[place] > FLOOD_BEGINS and not flooded:
            flooded = True
            floods += 1
        bins += flooded
        before = place
    return _Floods(max(counts.values(), default=0), floods, bins)


def _answers(changes: Iterable[Change]) -> list[float]:
    return [
        max(0, change.alarm.acknowledged_ms - change.alarm.raised_ms) / 1000
        for change in changes
        if change.alarm.acknowledged_ms is not None
        and (change.reason is Reason.ACKNOWLEDGED or _only_closed_by_the_answer(change))
    ]


def _only_closed_by_the_answer(change: Change) -> bool:
    """It was over before, by itself, and ended when somebody answered."""
    alarm = change.alarm
    if change.reason is not Reason.CLOSED or alarm.acknowledged_ms is None or alarm.returned_ms is None:
        return False
    return alarm.acknowledged_ms > alarm.returned_ms


def _ends(changes: Iterable[Change]) -> list[float]:
    rose_ms: dict[int, int] = {}
    found = []
    for change in changes:
        alarm = change.alarm
        if change.reason in RISES:
            rose_ms[alarm.id] = alarm.changed_ms
        elif change.reason in RETURNS and alarm.returned_ms is not None and not alarm.missed:
            if _only_closed_by_the_answer(change):
                continue
            found.append(max(0, alarm.returned_ms - rose_ms.get(alarm.id, alarm.raised_ms)) / 1000)
    return found


def _actors(by_key: Mapping[Key, Sequence[int]]) -> list[BadActor]:
    ranked = sorted(by_key.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        BadActor(
            rule=key.rule,
            region=key.region,
            site=key.site or None,
            point=key.point or None,
            quantity=key.quantity or None,
            rises=len(times),
        )
        for key, times in ranked
    ]
