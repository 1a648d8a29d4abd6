"""The report of a judged case, filled with all that a live case knows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from gateway.acceptance.bias import Bias
from gateway.acceptance.case_report import (
    CaseReport,
    ClosureLine,
    ClosureRoom,
    Earlier,
    InstrumentLine,
    LaboratoryLine,
    Reopening,
    Site,
    from_case,
)
from gateway.acceptance.register import Instrument
from gateway.acceptance.resample import resample
from gateway.cases import serials
from gateway.cases.desk import CaseDesk
from gateway.cases.learned import Learned, biases
from gateway.cases.life import Judgement, Life
from gateway.cases.rejudging import Said
from gateway.cases.studies import Studies
from telemetry.clock import to_ms

_INSTRUMENTS: Final = msgspec.json.Decoder(list[Instrument])


def report_of(
    desk: CaseDesk, studies: Studies, case: int, judgement: Judgement, said: Said, *, site: Site, verify_url: str
) -> CaseReport:
    """The report of one judgement: what it sealed, and what people entered until it was given.

    Args:
        desk: Where cases are.
        studies: What is worked out beside the verdict.
        case: The case's number.
        judgement: The verdict.
        said: What it rested on and said.
        site: The branch.
        verify_url: Where the evidence can be had.

    Raises:
        CaseUnknown: If a file of it is gone.
        StoreUnavailable, StateUnavailable: If a database does not answer.
    """
    life, members = desk.life(case), desk.archive.members(case, judgement)
    rested = said.case
    plain = from_case(
        rested,
        said.verdict,
        number=str(case),
        created_ms=judgement.stamp.time_ms,
        software=judgement.event.software,
    )
    known = _INSTRUMENTS.decode(members["instruments.json"])
    return replace(
        plain,
        zone=studies.zone(life.opened.site, rested.plan),
        site=replace(site, works=life.opened.title, materials=life.opened.materials),
        instruments=tuple(_instruments(plain, life, known, studies.all_learned())),
        laboratory=tuple(_laboratory(life, judgement)) or plain.laboratory,
        closures=tuple(_closures(plain, msgspec.json.decode(members["closure.json"]))),
        air_changes=studies.air_changes(life, rested.plan, rested.profile),
        reopenings=tuple(
            Reopening(room=one.room, quantity=one.quantity, found=one.found)
            for one in studies.forecasts(life, rested.plan, rested.profile)
        ),
        resampling=resample(said.verdict, rested.plan, types=life.opened.types),
        earlier=tuple(_earlier(life, judgement)),
        seal=judgement.event.seal,
        verify_url=verify_url,
        packs=judgement.event.packs,
    )


def _instruments(
    plain: CaseReport, life: Life, known: Iterable[Instrument], taught: Iterable[Learned]
) -> Iterator[InstrumentLine]:
    by_serial = {one.serial: one for one in known}
    entries = [entry for entry in plain.case.plan.entries() if not entry.is_laboratory]
    remembered: dict[str, Mapping[str, Bias]] = {}
    lessons = list(taught)
    for line, entry in zip(plain.instruments, entries, strict=True):
        stands = serials.standing(life, entry)
        own = by_serial.get(stands.serial)
        if stands.serial and stands.serial not in remembered:
            remembered[stands.serial] = biases(lessons, stands.serial)
        yield replace(
            line,
            serial=stands.serial,
            owner="" if own is None else own.owner,
            calibration=None if own is None else own.on(entry.opens_on.date()),
            is_simulated=line.is_simulated or stands.simulated,
            corrected_by=stands.corrections,
            bias=remembered.get(stands.serial, {}),
        )


def _laboratory(life: Life, judgement: Judgement) -> Iterator[LaboratoryLine]:
    """Results of the judgement's round as they stood when it was given, each correction in its own line."""
    for one in life.results:
        if one.round != judgement.round or one.entered.number > judgement.stamp.number:
            continue
        corrections = [own for own in one.corrections if own.stamp.number < judgement.stamp.number]
        if not corrections:
            yield LaboratoryLine(
                result=one.corrections[0].old if one.corrections else one.result,
                entered_by=one.entered.who,
                entered_ms=one.entered.time_ms,
            )
            continue
        # What a correction put there is what the next one found, or what stands there now.
        for place, own in enumerate(corrections):
            following = one.corrections[place + 1].old if place + 1 < len(one.corrections) else one.result
            yield LaboratoryLine(
                result=following,
                entered_by=own.stamp.who,
                entered_ms=own.stamp.time_ms,
                corrects=own.old,
                why=own.why,
            )


def _closures(plain: CaseReport, log: list[dict[str, Any]]) -> Iterator[ClosureRoom]:
    by_room = {one["room"]: one for one in log}
    for room in plain.closures:
        own = by_room.get(room.room)
        if own is None or not own["contacts"]:
            yield room
            continue
        yield replace(
            room,
            is_supervised=True,
            unsupervised=tuple(own["unsupervised"]),
            log=tuple(sorted(_lines(own), key=lambda line: line.time_ms)),
        )


def _lines(own: dict[str, Any]) -> Iterator[ClosureLine]:
    watched = sorted(own["wanted"].items())
    wanted = ", ".join(f"{kind} {state}" for kind, state in watched if kind not in own["unsupervised"])
    for time_s in own["kept_from"]:
        yield ClosureLine(time_ms=to_ms(time_s), point=", ".join(own["contacts"]), state=wanted, is_kept=True)
    for broken in own["breaks"]:
        time_ms = to_ms(broken["time"])
        yield ClosureLine(time_ms=time_ms, point=broken["point"], state=broken["state"], is_kept=False)


def _earlier(life: Life, judgement: Judgement) -> Iterator[Earlier]:
    for one in life.judgements:
        if one.number < judgement.number:
            yield Earlier(
                time_ms=one.stamp.time_ms, verdict=one.event.verdict, basis=one.event.basis, seal=one.event.seal
            )
