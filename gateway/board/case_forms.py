"""From cases, results and instruments to the bodies of the API, and back."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final

import msgspec

from gateway.acceptance import laboratory, phrases, report_text, resample
from gateway.acceptance.laboratory import LaboratoryResult
from gateway.acceptance.plan import Entry, Span
from gateway.acceptance.profile import Profile
from gateway.acceptance.words import Basis, Language, Outcome, Reason
from gateway.board import case_answers as answers
from gateway.board.case_bodies import LaboratoryValue
from gateway.board.errors import RequestError
from gateway.cases import serials
from gateway.cases.carried_out import Kept
from gateway.cases.events import encode, tag_of
from gateway.cases.life import Judgement, Life
from gateway.cases.phrases import risk_words
from gateway.cases.rejudging import Said
from gateway.cases.rows import CaseRow, Happened
from gateway.cases.views import CaseView
from telemetry.clock import to_seconds
from telemetry.quantities import QUANTITIES

_RESULT_WORDS: Final = ("laboratory", "accreditation", "method", "sample", "room", "point")


def line_of(row: CaseRow) -> answers.CaseLine:
    """A case in the list."""
    return answers.CaseLine(
        id=str(row.id),
        site=row.site,
        region=row.region,
        title=row.title,
        open=row.open,
        hold=row.held,
        verdict=row.verdict,
        at_risk=row.at_risk,
        opened=to_seconds(row.opened_ms),
        changed=to_seconds(row.changed_ms),
        closed=None if row.closed_ms is None else to_seconds(row.closed_ms),
    )


def case_of(found: CaseView, language: Language, said: Mapping[int, Said], time_zone: str) -> answers.CaseAnswer:
    """One case; `said` is what its judgements said, by their numbers, `time_zone` the branch's."""
    words = {
        number: report_text.verdict_text(one.case.profile, one.case.plan, one.verdict, language)
        for number, one in said.items()
    }
    life, opened = found.life, found.life.opened
    return answers.CaseAnswer(
        id=str(found.number),
        site=opened.site,
        region=opened.region,
        title=opened.title,
        time_zone=time_zone,
        profile=found.profile.name,
        profile_title=phrases.pick((found.profile.title_en, found.profile.title_zh), language),
        phase=str(found.phase),
        open=life.is_open,
        hold=life.hold,
        round=life.round,
        opened=to_seconds(life.opened_at.time_ms),
        opened_by=life.opened_at.who,
        closed=None if life.closed_at is None else to_seconds(life.closed_at.time_ms),
        closed_why="" if life.closed is None else life.closed.why,
        completed=found.plan.completed.isoformat(),
        earliest=found.ordered.earliest.isoformat(),
        rooms_to_sample=found.ordered.rooms_to_sample,
        rooms_total=found.ordered.rooms_total,
        materials=list(opened.materials),
        at_risk=[
            answers.RiskAnswer(
                risk=one.risk,
                room=one.room,
                point=one.point,
                since=to_seconds(one.since_ms),
                detail=one.detail,
                message=risk_words(one.risk, one.room, one.point, one.detail, language),
            )
            for one in life.risks.values()
        ],
        rooms=_rooms(found),
        outdoor=[_point(life, entry) for entry in found.plan.outdoor],
        laboratory=_laboratory(life),
        unplaced=list(found.unplaced),
        judgements=[_judgement(one, words.get(one.number, "")) for one in life.judgements],
        resample=_resample(found, None if life.verdict is None else said.get(life.verdict.number)),
        plan_toml=life.plans[-1],
        events=life.count,
        trail_broken_at=found.trail_broken_at,
        words=_glossary(found.profile, language),
    )


def event_of(one: Happened) -> answers.EventAnswer:
    """One event of the audit trail."""
    return answers.EventAnswer(
        number=one.stamp.number,
        time=to_seconds(one.stamp.time_ms),
        who=one.stamp.who,
        what=tag_of(one.event),
        event=msgspec.json.decode(encode(one.event)),
        link=one.link,
    )


def result_from(value: LaboratoryValue, place: str, zone: tzinfo | None) -> LaboratoryResult:
    """A laboratory's value as it is kept.

    Raises:
        RequestError: With status 400, if it cannot be used; the text names its place.
    """
    words = {name: getattr(value, name).strip() for name in _RESULT_WORDS}
    words["quantity"] = value.quantity.strip()
    words["value"] = value.value.strip() if isinstance(value.value, str) else repr(value.value)
    words["sampled"] = value.sampled.strip() if isinstance(value.sampled, str) else repr(float(value.sampled))
    own = QUANTITIES.get(words["quantity"])
    words["unit"] = value.unit.strip() or ("" if own is None else own.unit)
    try:
        return laboratory.result_of(words, zone)
    except ValueError as error:
        raise RequestError(400, "Bad laboratory value", f"{place}: {error}") from error


def result_answer(result: LaboratoryResult) -> answers.ResultAnswer:
    """What a laboratory result says."""
    sampled: float | str = "" if result.sampled_on is None else result.sampled_on.isoformat()
    if result.sampled_ms is not None:
        sampled = to_seconds(result.sampled_ms)
    return answers.ResultAnswer(
        **{name: getattr(result, name) for name in _RESULT_WORDS},
        sampled=sampled,
        quantity=result.quantity,
        value=result.value,
        unit=QUANTITIES[result.quantity].unit,
        below_detection=result.below_detection,
    )


def _glossary(profile: Profile, language: Language) -> dict[str, str]:
    """What a page needs to say a verdict in words."""
    words = {str(one): phrases.outcome(one, language) for one in Outcome}
    words |= {str(one): phrases.basis(one, language) for one in Basis}
    # An outcome may have the name of a reason; where it is a reason it says what to do.
    words |= {str(one): phrases.reason(one, language) for one in Reason}
    for row in profile.row:
        words[row.quantity] = phrases.quantity(row.quantity, language)
        words[f"unit:{row.quantity}"] = QUANTITIES[row.quantity].display_unit
    return words


def _rooms(found: CaseView) -> list[answers.RoomAnswer]:
    kept = {one.room: one for one in found.kept}
    points = {one.name: one.points for one in found.ordered.rooms}
    return [
        answers.RoomAnswer(
            name=room.name,
            area_m2=room.area_m2,
            ventilation=str(room.ventilation),
            points_ordered=points[room.name],
            closure=_closure(kept[room.name]),
            points=[_point(found.life, entry) for entry in room.entries],
        )
        for room in found.plan.rooms
    ]


def _closure(kept: Kept) -> answers.ClosureAnswer:
    watch = kept.watch
    ready_ms = None if watch is None else watch.ready_at_ms(kept.ordered_h)
    since_ms = None if watch is None else watch.kept_since_ms
    return answers.ClosureAnswer(
        ordered_h=kept.ordered_h,
        wanted=dict(kept.wanted),
        supervised=kept.is_supervised,
        contacts=list(kept.points),
        unsupervised=list(kept.unsupervised),
        kept_since=None if since_ms is None else to_seconds(since_ms),
        ready_at=None if ready_ms is None else to_seconds(ready_ms),
        breaks=[
            answers.BreakAnswer(time=to_seconds(own.time_ms), point=own.point, state=own.state)
            for own in (() if watch is None else watch.breaks)
        ],
    )


def _point(life: Life, entry: Entry) -> answers.PointAnswer:
    return answers.PointAnswer(
        point=entry.point,
        instrument=entry.instrument,
        serial="" if entry.is_laboratory else serials.standing(life, entry).serial,
        quantities=None if entry.quantities is None else list(entry.quantities),
        interval_s=entry.interval_ms / 1000,
        sampled=_window(entry.sampled),
        closed=None if entry.closed is None else _window(entry.closed),
        closure_h=entry.closure_h(),
    )


def _window(span: Span) -> answers.WindowAnswer:
    return answers.WindowAnswer(from_=to_seconds(span.from_ms), to=to_seconds(span.to_ms))


def _laboratory(life: Life) -> list[answers.LaboratoryAnswer]:
    return [
        answers.LaboratoryAnswer(
            number=one.number,
            round=one.round,
            result=result_answer(one.result),
            entered_by=one.entered.who,
            entered=to_seconds(one.entered.time_ms),
            file=one.file,
            corrections=[
                answers.CorrectionAnswer(
                    by=own.stamp.who, time=to_seconds(own.stamp.time_ms), why=own.why, old=result_answer(own.old)
                )
                for own in one.corrections
            ],
        )
        for one in life.results
    ]


def _judgement(one: Judgement, words: str) -> answers.JudgementAnswer:
    return answers.JudgementAnswer(
        number=one.number,
        round=one.round,
        time=to_seconds(one.stamp.time_ms),
        by=one.stamp.who,
        verdict=one.event.verdict,
        basis=one.event.basis,
        seal=one.event.seal,
        software=one.event.software,
        barred=list(one.event.barred),
        simulated_allowed=one.event.allow_simulated,
        answer=one.event.answer,
        words=words,
    )


def _resample(found: CaseView, said: Said | None) -> list[answers.ResampleAnswer]:
    if said is None:
        return []
    ordered = resample.resample(said.verdict, said.case.plan, types=found.life.opened.types)
    return [
        answers.ResampleAnswer(
            quantity=one.quantity, failing=list(one.failing), must_include=list(one.must_include), rooms=one.rooms
        )
        for one in ordered
    ]
