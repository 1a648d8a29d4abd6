"""What endangers a sampling at a moment, each with the minute since when. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple

from gateway.acceptance import slots
from gateway.acceptance.air_change import AirChange, NoRate
from gateway.acceptance.closure import Watch
from gateway.acceptance.plan import OUTDOOR, Entry, Plan, Room
from gateway.acceptance.profile import Profile
from gateway.cases import serials
from gateway.cases.carried_out import Kept
from gateway.cases.events import Endangered
from gateway.cases.life import Life, RiskKey
from gateway.cases.phase import HOUR_MS, closes_ms, ordered_h
from gateway.cases.words import Risk
from telemetry.parts import PARTS

WARN_SHARE: Final = 0.85
"""Below this share of the slots so far somebody should look; below `slots.COMPLETE` the window is worth nothing."""
LEAST_SLOTS: Final = 4
SILENT_INTERVALS: Final = 3
SILENT_LEAST_MS: Final = 120_000


class Count(NamedTuple):
    """Readings of one entry and quantity so far: good slots, slots that are over, all slots, the last reading."""

    good: int
    over: int
    slots: int
    last_ms: int | None


class FastAir(NamedTuple):
    """A room whose CO2 falls faster than a closed room's: since when, and the rate over all, if one can be stated."""

    since_ms: int
    found: AirChange | NoRate


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is known of a case at a moment.

    Attributes:
        life: What happened to it.
        plan: Its running plan.
        profile: The standard.
        kept: What the contacts say, by room.
        counts: By the entry's place and the quantity.
        barred: Entries whose instrument may not decide.
        fast_air: Rooms whose CO2 falls too fast.
        allow_simulated: True if simulated readings count.
        now_ms: Unix milliseconds.
    """

    life: Life
    plan: Plan
    profile: Profile
    kept: Mapping[str, Kept]
    counts: Mapping[tuple[str, str], Count] = field(default_factory=dict)
    barred: frozenset[str] = frozenset()
    fast_air: Mapping[str, FastAir] = field(default_factory=dict)
    allow_simulated: bool = False
    now_ms: int


def risks(sight: Sight) -> dict[RiskKey, Endangered]:
    """What endangers the sampling now; of one kind, room and point the earliest."""
    found: dict[RiskKey, Endangered] = {}
    for one in _all(sight):
        key = (one.risk, one.room, one.point)
        if key not in found or one.since_ms < found[key].since_ms:
            found[key] = one
    return found


def expected(profile: Profile, entry: Entry) -> tuple[str, ...]:
    """The quantities of the standard that a sensor's entry is to measure."""
    part = PARTS.get(entry.instrument)
    if part is None:
        return ()
    return tuple(
        dict.fromkeys(
            row.quantity
            for row in profile.row
            if entry.measures(row.quantity) and part.channel(row.quantity) is not None
        )
    )


def counted(entry: Entry, readings: list[tuple[int, float]], now_ms: int) -> Count:
    """How complete an entry is so far, of its good readings (Unix ms, value), oldest first."""
    run = slots.cut(entry.sampled, entry.interval_ms, readings)
    # A reading of a slot that just ended may still be on its way.
    until_ms = min(now_ms - SILENT_LEAST_MS, entry.sampled.to_ms)
    over = max(0, (until_ms - entry.sampled.from_ms) // entry.interval_ms)
    good = sum(mean is not None for mean in run.means[:over])
    return Count(good, min(over, len(run.means)), len(run.means), readings[-1][0] if readings else None)


def _all(sight: Sight) -> Iterator[Endangered]:
    for room in sight.plan.rooms:
        for entry in room.entries:
            if sight.now_ms < entry.sampled.to_ms:
                yield from _closure(sight, room, entry)
        if (fast := sight.fast_air.get(room.name)) is not None:
            detail = f"{fast.found.rate:.1f}" if isinstance(fast.found, AirChange) else "?"
            yield _risk(Risk.AIR_CHANGES_TOO_FAST, room.name, "", fast.since_ms, detail)
    for entry in sight.plan.entries():
        if not entry.is_laboratory and sight.now_ms < entry.sampled.to_ms:
            yield from _instrument(sight, entry)
            yield from _completeness(sight, entry)


def _closure(sight: Sight, room: Room, entry: Entry) -> Iterator[Endangered]:
    hours = ordered_h(sight.profile, room, entry)
    kept = sight.kept.get(room.name)
    begins_ms = closes_ms(sight.profile, room, entry)
    if kept is None or not kept.wanted:
        return
    if kept.unsupervised:
        yield _risk(Risk.CONTACT_UNHEARD, room.name, "", sight.life.opened_at.time_ms, ", ".join(kept.unsupervised))
    if kept.watch is None or sight.now_ms < begins_ms:
        return
    watch, zone = kept.watch, entry.opens_on.tzinfo or UTC
    void = watch.voids(entry.sampled)
    if void is not None:
        yield _risk(Risk.WINDOW_VOID, room.name, "", void.time_ms, _said(void.point, void.state, void.time_ms, zone))
    elif watch.kept_since_ms is None:
        yield _broken(watch, room.name, begins_ms, zone)
    elif watch.kept_since_ms > begins_ms:
        ready = _clock(watch.kept_since_ms + round(hours * HOUR_MS), zone)
        restarted = any(one.time_ms >= begins_ms for one in watch.breaks)
        risk = Risk.CLOCK_RESTARTED if restarted else Risk.CLOSURE_TOO_LATE
        yield _risk(risk, room.name, "", watch.kept_since_ms, ready)


def _broken(watch: Watch, room: str, begins_ms: int, zone: tzinfo) -> Endangered:
    if not watch.breaks:
        return _risk(Risk.CLOSURE_BROKEN, room, "", begins_ms, "?")
    last = watch.breaks[-1]
    said = _said(last.point, last.state, last.time_ms, zone)
    return _risk(Risk.CLOSURE_BROKEN, room, "", max(last.time_ms, begins_ms), said)


def _instrument(sight: Sight, entry: Entry) -> Iterator[Endangered]:
    stands = serials.standing(sight.life, entry)
    since_ms = sight.life.opened_at.time_ms
    if stands.changed:
        found = serials.within(sight.life.seen.get(entry.point, ()), entry)
        words = " → ".join(one.serial or "?" for one in found)
        yield _risk(Risk.INSTRUMENT_CHANGED, entry.room, entry.point, found[-1].time_ms, words)
    elif entry.place in sight.barred:
        yield _risk(Risk.INSTRUMENT_NOT_VALID, entry.room, entry.point, since_ms, stands.serial or "?")
    if stands.simulated and not sight.allow_simulated:
        yield _risk(Risk.SIMULATED, entry.room, entry.point, since_ms, "")


def _completeness(sight: Sight, entry: Entry) -> Iterator[Endangered]:
    if sight.now_ms < entry.sampled.from_ms:
        return
    for quantity in expected(sight.profile, entry):
        count = sight.counts.get((entry.place, quantity))
        if count is None:
            continue
        last_ms = count.last_ms or entry.sampled.from_ms
        silent_ms = sight.now_ms - last_ms
        if silent_ms > max(SILENT_LEAST_MS, SILENT_INTERVALS * entry.interval_ms):
            yield _risk(Risk.SILENT, entry.room, entry.point, last_ms, f"{silent_ms // 60_000} min")
        possible = count.good + count.slots - count.over
        share = f"{count.good}/{count.over}"
        if count.slots and possible < slots.COMPLETE * count.slots:
            yield _risk(Risk.COMPLETENESS_LOST, entry.room, entry.point, sight.now_ms, share)
        elif count.over >= LEAST_SLOTS and count.good < WARN_SHARE * count.over:
            yield _risk(Risk.COMPLETENESS_FALLING, entry.room, entry.point, sight.now_ms, share)


def _risk(risk: Risk, room: str, point: str, since_ms: int, detail: str) -> Endangered:
    return Endangered(risk=risk.value, room=room or OUTDOOR, point=point, since_ms=since_ms, detail=detail)


def _said(point: str, state: str, time_ms: int, zone: tzinfo) -> str:
    return f"{point} {state} {_clock(time_ms, zone)}"


def _clock(time_ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(time_ms / 1000, zone).strftime("%Y-%m-%d %H:%M")
