"""What a bundle of evidence lacks: readings that no pack carries or nobody counted, papers that a verdict rests on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gateway.acceptance import evidence, plan, verdict
from gateway.acceptance.evidence import EvidencePack
from telemetry import senml
from telemetry.errors import MalformedError
from telemetry.quantities import QUANTITIES
from telemetry.topics import parse as parse_topic


class Kind(StrEnum):
    """What a finding speaks against."""

    INTEGRITY = "integrity"
    COMPLETENESS = "completeness"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, in which member."""

    kind: Kind
    member: str
    detail: str


def missing(case: verdict.Case, packs: Sequence[EvidencePack], members: Mapping[str, bytes]) -> Iterator[Finding]:
    """What speaks against the completeness of a bundle that is intact.

    Args:
        case: What its verdict rests on.
        packs: Its raw packs.
        members: All its members, by name.
    """
    yield from _completeness(case, packs)
    yield from _missing_papers(case, members)


def _completeness(case: verdict.Case, packs: Sequence[EvidencePack]) -> Iterator[Finding]:
    if not packs:
        yield Finding(Kind.COMPLETENESS, evidence.PACKS, "is empty: no reading can be traced to an agent")
        return
    carried: set[_Carried] = set()
    unread = 0
    for pack in packs:
        try:
            carried |= _readings_in(pack)
        except MalformedError:
            unread += 1
    if unread:
        yield Finding(Kind.COMPLETENESS, evidence.PACKS, f"{unread} packs cannot be read")
    judged = {
        _Carried(entry.point, quantity, reading.time_ms, reading.value)
        for entry in case.plan.entries()
        if not entry.is_laboratory
        for quantity in QUANTITIES
        for reading in case.readings.of(entry, quantity)
    }
    if untraced := len(judged - carried):
        detail = f"{untraced} readings that entered the verdict are in no pack of the bundle"
        yield Finding(Kind.COMPLETENESS, "readings.csv", detail)
    if left_out := sum(_is_planned(case.plan, own) for own in carried - judged):
        detail = f"{left_out} readings of the packs lie in the plan's windows and did not enter the verdict"
        yield Finding(Kind.COMPLETENESS, "readings.csv", detail)


class _Carried(NamedTuple):
    """One reading, whoever tells of it."""

    point: str
    quantity: str
    time_ms: int
    value: float


def _readings_in(pack: EvidencePack) -> set[_Carried]:
    decoded = senml.decode(pack.body.encode(), parse_topic(pack.topic).root.site).pack
    if decoded is None or decoded.kind is not None:
        return set()
    return {
        _Carried(decoded.point, record.name, record.time_ms, record.value)
        for record in decoded.records
        if isinstance(record.value, float)
    }


def _is_planned(planned: plan.Plan, own: _Carried) -> bool:
    return any(
        entry.point == own.point
        and not entry.is_laboratory
        and entry.measures(own.quantity)
        and entry.sampled.from_ms <= own.time_ms < entry.sampled.to_ms
        for entry in planned.entries()
    )


def _missing_papers(case: verdict.Case, members: Mapping[str, bytes]) -> Iterator[Finding]:
    """What a case has besides packs and readings, where a verdict rests on it."""
    entries = list(case.plan.entries())
    measured = [entry for entry in entries if any(case.readings.of(entry, quantity) for quantity in QUANTITIES)]
    if any(not entry.is_laboratory for entry in measured) and not {"instruments.json", "about.toml"} & set(members):
        detail = "is missing: the serials and calibrations of the sensors are not on record"
        yield Finding(Kind.COMPLETENESS, "instruments.json", detail)
    is_told = "laboratory.json" in members or any(name.startswith("laboratory-") for name in members)
    if any(entry.is_laboratory for entry in measured) and not is_told:
        detail = "is missing: the laboratory, its method and its samples are not on record"
        yield Finding(Kind.COMPLETENESS, "laboratory.json", detail)
    if any(entry.closed is not None for entry in entries) and "closure.json" not in members:
        detail = "is missing: that the rooms were kept closed is what the plan says"
        yield Finding(Kind.COMPLETENESS, "closure.json", detail)
