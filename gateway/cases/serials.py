"""Which instrument stood at which point of a plan, and which of them may not decide. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.acceptance import register
from gateway.acceptance.plan import Entry, Plan
from gateway.acceptance.register import Instrument
from gateway.cases.life import Life, Sighting
from telemetry.messages import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The instrument of one entry of a plan.

    Attributes:
        serial: Its serial; "" if nobody said it, or it was changed within the window.
        part: What its agent calls it; "" if the agent said nothing.
        simulated: True if its agent calls it simulated.
        changed: True if another one came within the window.
        corrections: What its agent corrected its readings by during the window, each once; empty: by nothing.
    """

    serial: str
    part: str = ""
    simulated: bool = False
    changed: bool = False
    corrections: tuple[Calibration, ...] = ()


def standing(life: Life, entry: Entry) -> Standing:
    """Which instrument stood at an entry's point during its window."""
    sightings = within(life.seen.get(entry.point, ()), entry)
    assigned = life.serials.get(entry.point, "")
    if not sightings:
        return Standing(serial=assigned)
    serials = {one.serial or assigned for one in sightings}
    return Standing(
        serial=serials.pop() if len(serials) == 1 else "",
        part=sightings[-1].part,
        simulated=any(one.simulated for one in sightings),
        changed=len({one.serial or assigned for one in sightings}) > 1,
        corrections=_each_once(one.correction for one in sightings),
    )


def _each_once(found: Iterable[Calibration | None]) -> tuple[Calibration, ...]:
    kept: list[Calibration] = []
    for one in found:
        if one is not None and one not in kept:
            kept.append(one)
    return tuple(kept)


def within(seen: Iterable[Sighting], entry: Entry) -> list[Sighting]:
    """What was said to stand there during the window: the last word before it, and all in it.

    Of a case that was opened after its window the first word counts.
    """
    ordered = list(seen)
    before = [one for one in ordered if one.time_ms < entry.sampled.from_ms]
    inside = [one for one in ordered if entry.sampled.from_ms <= one.time_ms < entry.sampled.to_ms]
    found = before[-1:] + inside
    return found or ordered[:1]


def barred(plan: Plan, life: Life, instruments: Iterable[Instrument]) -> frozenset[str]:
    """The places of entries whose instrument may not decide: not registered, out of date, changed, or another part."""
    stands = {entry.place: standing(life, entry) for entry in plan.entries() if not entry.is_laboratory}
    parts: Mapping[str, str] = {entry.place: entry.instrument for entry in plan.entries()}
    odd = {place for place, one in stands.items() if one.changed or (one.part and one.part != parts[place])}
    return register.barred(plan, {place: one.serial for place, one in stands.items()}, instruments) | odd
