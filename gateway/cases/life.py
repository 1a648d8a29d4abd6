"""The life of a case: what its events make of it, and what may happen next. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from gateway.acceptance.laboratory import LaboratoryResult
from gateway.acceptance.words import Outcome
from gateway.cases import events
from gateway.cases.errors import CaseRefused, CaseUnknown
from gateway.cases.events import Event, Stamp
from gateway.cases.words import Risk
from telemetry.messages import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One correction of a laboratory result: who, when, why, and what stood there before."""

    stamp: Stamp
    old: LaboratoryResult
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One laboratory result.

    Attributes:
        number: From 1, over the whole case.
        round: The round it belongs to, from 1.
        result: As it stands now.
        entered: Who entered it, and when.
        file: The file that it came from; "" if it was typed in.
        corrections: Oldest first.
    """

    number: int
    round: int
    result: LaboratoryResult
    entered: Stamp
    file: str = ""
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One verdict, of which round, by whom; `event` has its words."""

    number: int
    round: int
    stamp: Stamp
    event: events.Judged


class Sighting(NamedTuple):
    """Which instrument stood at a point from a time on (Unix ms); `serial` "" where its agent does not say it.

    `correction`: what its agent corrects its readings by, None for nothing.
    """

    time_ms: int
    part: str
    serial: str
    simulated: bool
    correction: Calibration | None = None


RiskKey = tuple[str, str, str]
"""Risk, room, point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A case as its events made it.

    Attributes:
        opened: How it began.
        opened_at: By whom and when.
        plans: The plan file of each round; the last is the running one.
        serials: By point, what people said stands there.
        seen: By point, what agents said, oldest first.
        risks: What endangers the sampling now.
        results: All laboratory results, in the order of their numbers.
        judgements: All verdicts, oldest first.
        hold: Why it is under legal hold; None: it is not.
        closed: How it ended; None: it is open.
        count: How many events there are.
        changed_ms: When the last one was.
    """

    opened: events.Opened
    opened_at: Stamp
    plans: tuple[str, ...]
    serials: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, tuple[Sighting, ...]] = field(default_factory=dict)
    risks: Mapping[RiskKey, events.Endangered] = field(default_factory=dict)
    results: tuple[Result, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    hold: str | None = None
    closed: events.Closed | None = None
    closed_at: Stamp | None = None
    count: int = 1
    changed_ms: int = 0

    @property
    def round(self) -> int:
        """The running round, from 1."""
        return len(self.plans)

    @property
    def is_open(self) -> bool:
        """True while it has not ended."""
        return self.closed is None

    @property
    def is_at_risk(self) -> bool:
        """True if something endangers its sampling; that nothing watches a window is told and endangers nothing."""
        return any(risk != Risk.CONTACT_UNHEARD for risk, _room, _point in self.risks)

    @property
    def verdict(self) -> Judgement | None:
        """The newest verdict of the running round."""
        return next((one for one in reversed(self.judgements) if one.round == self.round), None)

    def result(self, number: int) -> Result:
        """The laboratory result of this number.

        Raises:
            CaseUnknown: If there is none.
        """
        if not 1 <= number <= len(self.results):
            raise CaseUnknown(f"the case has no laboratory result {number}; it has {len(self.results)}")
        return self.results[number - 1]


def fold(happened: Iterable[tuple[Stamp, Event]]) -> Life:
    """A case of all its events, the oldest first.

    Raises:
        ValueError: If there are none, or the first is not the opening.
    """
    life: Life | None = None
    for stamp, event in happened:
        if life is None:
            if not isinstance(event, events.Opened):
                raise ValueError("a case begins with its opening")
            life = begun(stamp, event)
        else:
            life = after(life, stamp, event)
    if life is None:
        raise ValueError("a case has at least one event")
    return life


def begun(stamp: Stamp, event: events.Opened) -> Life:
    """A case that was just opened."""
    return Life(
        opened=event, opened_at=stamp, plans=(event.plan,), serials=dict(event.serials), changed_ms=stamp.time_ms
    )


def after(life: Life, stamp: Stamp, event: Event) -> Life:
    """The case with one event more; whether it may happen is `check`'s to say."""
    return replace(_with(life, stamp, event), count=life.count + 1, changed_ms=stamp.time_ms)


def _with(life: Life, stamp: Stamp, event: Event) -> Life:
    match event:
        case events.Replanned():
            return replace(life, plans=(*life.plans[:-1], event.new))
        case events.Assigned():
            return replace(life, serials={**life.serials, event.point: event.new})
        case events.Seen():
            sighting = Sighting(stamp.time_ms, event.part, event.serial, event.simulated, event.correction)
            return replace(life, seen={**life.seen, event.point: (*life.seen.get(event.point, ()), sighting)})
        case events.Endangered():
            return replace(life, risks={**life.risks, (event.risk, event.room, event.point): event})
        case events.Eased():
            gone = (event.risk, event.room, event.point)
            return replace(life, risks={key: risk for key, risk in life.risks.items() if key != gone})
        case events.Entered():
            return _with_results(life, stamp, event)
        case events.Corrected():
            return _with_correction(life, stamp, event)
        case events.Judged():
            judgement = Judgement(number=len(life.judgements) + 1, round=life.round, stamp=stamp, event=event)
            return replace(life, judgements=(*life.judgements, judgement))
        case events.Resampled():
            return replace(life, plans=(*life.plans, event.plan), risks={})
        case events.Held():
            return replace(life, hold=event.why)
        case events.Released():
            return replace(life, hold=None)
        case events.Closed():
            return replace(life, closed=event, closed_at=stamp, risks={})
    raise ValueError("a case is opened once")


def _with_results(life: Life, stamp: Stamp, event: events.Entered) -> Life:
    first = len(life.results) + 1
    new = [
        Result(number=number, round=life.round, result=result, entered=stamp, file=event.file)
        for number, result in enumerate(event.results, start=first)
    ]
    return replace(life, results=(*life.results, *new))


def _with_correction(life: Life, stamp: Stamp, event: events.Corrected) -> Life:
    results = list(life.results)
    old = results[event.result - 1]
    correction = Correction(stamp=stamp, old=event.old, why=event.why)
    results[event.result - 1] = replace(old, result=event.new, corrections=(*old.corrections, correction))
    return replace(life, results=tuple(results))


def check(life: Life, event: Event) -> None:
    """Whether this may happen to the case now.

    Raises:
        CaseRefused: If not; the text says what to do instead.
        CaseUnknown: If it is about a result that there is not.
    """
    if isinstance(event, events.Held):
        if life.hold is not None:
            raise CaseRefused(f"the case is under legal hold already: {life.hold}")
        return
    if isinstance(event, events.Released):
        if life.hold is None:
            raise CaseRefused("the case is not under legal hold")
        return
    if not life.is_open:
        raise CaseRefused("the case is closed; open a new one")
    if isinstance(event, events.Opened):
        raise CaseRefused("the case is open already")
    if isinstance(event, events.Replanned) and life.verdict is not None and _is_decided(life):
        raise CaseRefused("the round was decided by its plan; after a failure begin a new round with `resample`")
    if isinstance(event, events.Corrected):
        _check_correction(life, event)
    if isinstance(event, events.Resampled):
        _check_resampling(life)
    if isinstance(event, events.Closed) and not event.why.strip() and not _passed(life):
        raise CaseRefused("the case has not passed; say why it is closed all the same")


def _check_correction(life: Life, event: events.Corrected) -> None:
    found = life.result(event.result)
    if found.round != life.round:
        raise CaseRefused(f"result {event.result} belongs to round {found.round}, which has ended; its verdict stands")
    if event.old != found.result:
        raise CaseRefused(f"result {event.result} was corrected by somebody else meanwhile; look at it again")
    if event.new == found.result:
        raise CaseRefused(f"result {event.result} says that already; nothing was changed")


def _check_resampling(life: Life) -> None:
    verdict = life.verdict
    if verdict is None or verdict.event.verdict != Outcome.FAIL:
        raise CaseRefused("only a round that failed is sampled again; this one was not judged so")


def _is_decided(life: Life) -> bool:
    # What is indeterminate may be decided yet, by a laboratory's entry in the plan, say; its first verdict stays.
    return life.verdict is not None and life.verdict.event.verdict in (Outcome.PASS, Outcome.FAIL)


def _passed(life: Life) -> bool:
    return life.verdict is not None and life.verdict.event.verdict == Outcome.PASS
