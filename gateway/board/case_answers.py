"""The bodies about acceptance cases that the API gives. Times are Unix seconds, values in the quantity's own unit."""

from typing import Any

import msgspec


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One case in the list.

    Attributes:
        id: Its id.
        site: The branch.
        region: Its region.
        title: What people call the renovation.
        open: False once it has ended.
        hold: True while it is under legal hold.
        verdict: The newest verdict; null while there is none.
        at_risk: True while something endangers its sampling.
        opened: When it was opened.
        changed: When something last happened.
        closed: When it ended; null while it is open.
    """

    id: str
    site: str
    region: str
    title: str
    open: bool
    hold: bool
    verdict: str | None
    at_risk: bool
    opened: float
    changed: float
    closed: float | None


class CaseList(msgspec.Struct, frozen=True, kw_only=True):
    """Cases, the newest first."""

    cases: list[CaseLine]
    next: str | None = None


class WindowAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """From a time until another."""

    from_: float = msgspec.field(name="from")
    to: float


class PointAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the plan.

    Attributes:
        point: The point.
        instrument: A part's name, or `laboratory`.
        serial: Which one stands there; "" where nobody said.
        quantities: What it measures there; null: all it can.
        interval_s: Planned spacing; 0 for a laboratory.
        sampled: The window.
        closed: When the room counts as closed, by its contacts where there are; null: it was not.
        closure_h: How long it had been closed when sampling began or begins.
    """

    point: str
    instrument: str
    serial: str
    quantities: list[str] | None
    interval_s: float
    sampled: WindowAnswer
    closed: WindowAnswer | None
    closure_h: float


class BreakAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """When a closure was broken, and by what."""

    time: float
    point: str
    state: str


class ClosureAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a room's closure.

    Attributes:
        ordered_h: Hours that the standard orders.
        wanted: The state that each kind must be in.
        supervised: True if contacts watch it.
        contacts: Those contacts.
        unsupervised: Kinds that no contact tells of.
        kept_since: Since when all is as wanted; null: it is not, or nothing watches it.
        ready_at: When sampling may begin; null while it is not kept.
        breaks: Every time it was broken.
    """

    ordered_h: float
    wanted: dict[str, str]
    supervised: bool
    contacts: list[str]
    unsupervised: list[str]
    kept_since: float | None
    ready_at: float | None
    breaks: list[BreakAnswer]


class RoomAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One room of the plan: what is ordered, planned, and known of its closure; null outdoors."""

    name: str
    area_m2: float | None
    ventilation: str | None
    points_ordered: int
    closure: ClosureAnswer | None
    points: list[PointAnswer]


class RiskAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What endangers the sampling.

    Attributes:
        risk: Its word.
        room: Where.
        point: The point it is about; "" for the whole room.
        since: Since when.
        detail: The state, share or serial.
        message: In words, in the language of the request.
    """

    risk: str
    room: str
    point: str
    since: float
    detail: str
    message: str


class ResultAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a laboratory result says."""

    laboratory: str
    accreditation: str
    method: str
    sampled: float | str
    sample: str
    room: str
    point: str
    quantity: str
    value: float
    unit: str
    below_detection: bool


class CorrectionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One correction: who, when, why, and what stood there before."""

    by: str
    time: float
    why: str
    old: ResultAnswer


class LaboratoryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One laboratory result, who entered it, and its corrections."""

    number: int
    round: int
    result: ResultAnswer
    entered_by: str
    entered: float
    file: str
    corrections: list[CorrectionAnswer]


class JudgementAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict.

    Attributes:
        number: From 1.
        round: The round of sampling.
        time: When.
        by: Who had it judged.
        verdict: `pass`, `fail`, `indeterminate`, `not-due`.
        basis: `screening` or `laboratory`.
        seal: The seal of its evidence.
        software: The program.
        barred: Entries of the plan whose instrument could not decide.
        simulated_allowed: True if simulated readings counted.
        answer: All of it, as `judge --json` says it.
        words: All of it as text, in the language of the request.
    """

    number: int
    round: int
    time: float
    by: str
    verdict: str
    basis: str
    seal: str
    software: str
    barred: list[str]
    simulated_allowed: bool
    answer: dict[str, Any]
    words: str


class ResampleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a failure orders: how many rooms to sample again, and which must be among them."""

    quantity: str
    failing: list[str]
    must_include: list[str]
    rooms: int


class CaseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One case.

    Attributes:
        id: Its id.
        site: The branch.
        region: Its region.
        title: What people call the renovation.
        time_zone: The branch's zone in the IANA table; "" where nobody said.
        profile: The standard's name.
        profile_title: Its title in the language of the request.
        phase: `planned`, `closing`, `sampling`, `sampled`, `judged`, `closed`.
        open: False once it has ended.
        hold: Why it is under legal hold; null: it is not.
        round: The running round of sampling, from 1.
        opened: When.
        opened_by: By whom.
        closed: When it ended; null while it is open.
        closed_why: Why; "" where nobody said.
        completed: The day the works ended.
        earliest: The first day that sampling may begin on.
        rooms_to_sample: Of the branch's rooms.
        rooms_total: Rooms of the branch.
        materials: What was built in.
        at_risk: What endangers its sampling; empty: nothing.
        rooms: The rooms of the plan.
        outdoor: The outdoor points.
        laboratory: Laboratory results.
        unplaced: Laboratory results that no entry of the plan takes, each with the reason.
        judgements: Verdicts, oldest first.
        resample: What the newest verdict's failures order.
        plan_toml: The plan of the running round, as a plan file.
        events: How many there are.
        trail_broken_at: The first event that was changed behind the gateway's back; null: none.
        words: In the language of the request: every outcome, basis and reason; the title of each quantity under its
            name, and its unit as people write it under `unit:` and the name.
    """

    id: str
    site: str
    region: str
    title: str
    time_zone: str
    profile: str
    profile_title: str
    phase: str
    open: bool
    hold: str | None
    round: int
    opened: float
    opened_by: str
    closed: float | None
    closed_why: str
    completed: str
    earliest: str
    rooms_to_sample: int
    rooms_total: int
    materials: list[str]
    at_risk: list[RiskAnswer]
    rooms: list[RoomAnswer]
    outdoor: list[PointAnswer]
    laboratory: list[LaboratoryAnswer]
    unplaced: list[str]
    judgements: list[JudgementAnswer]
    resample: list[ResampleAnswer]
    plan_toml: str
    events: int
    trail_broken_at: int | None
    words: dict[str, str]


class RefusedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a laboratory's file that cannot be used: its number, and why."""

    line: int
    detail: str


class TakenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of laboratory values: how many were taken, what could not be used, and the case."""

    taken: int
    refused: list[RefusedLine]
    unplaced: list[str]
    case: CaseAnswer


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the audit trail.

    Attributes:
        number: From 1, without a gap.
        time: When.
        who: A person, a program, or `gateway`.
        what: Its kind.
        event: All of it.
        link: Its link in the chain.
    """

    number: int
    time: float
    who: str
    what: str
    event: dict[str, Any]
    link: str


class EventList(msgspec.Struct, frozen=True, kw_only=True):
    """The audit trail, oldest first."""

    events: list[EventAnswer]


class SheetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The sampling sheet: what `plan --json` says, and the sheet as text in the language of the request."""

    earliest: str
    rooms_to_sample: int
    rooms: list[dict[str, Any]]
    words: str


class ProfileAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One standard that comes with the program."""

    profile: str
    title_en: str
    title_zh: str


class ProfileList(msgspec.Struct, frozen=True, kw_only=True):
    """The standards that come with the program."""

    profiles: list[ProfileAnswer]
