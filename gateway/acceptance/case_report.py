"""Everything that a report of a case shows, as one frozen record; the case of the command line and a live one fill it.

What a plan, a profile, a verdict and readings say goes in by `from_case`; what only a live case knows (serials, the
closure log, who entered a laboratory value) stands in fields that are empty otherwise.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from gateway.acceptance import sheet, values
from gateway.acceptance.air_change import AirChange, NoRate
from gateway.acceptance.bias import Bias
from gateway.acceptance.laboratory import LaboratoryResult
from gateway.acceptance.plan import Entry, Span
from gateway.acceptance.profile import Row
from gateway.acceptance.register import Calibration
from gateway.acceptance.reopening import Forecast, NoDay
from gateway.acceptance.resample import Resample, resample
from gateway.acceptance.verdict import Case, CaseVerdict, rows_in_force
from telemetry.messages import Calibration as Corrected
from telemetry.readings import Flag

ROLES: Final = (("Sampled by", "采样人"), ("Checked by", "审核人"), ("Released by", "批准人"))
"""Who signs, in English and Chinese, unless a report says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Which branch a report is about.

    Attributes:
        site: Its id; "" on the command line.
        region: Its region's id.
        title_en: Its English name.
        title_zh: Its Chinese name.
        address: Where it is.
        works: What was done, in the words of whoever opened the case.
        materials: What was built in.
    """

    site: str = ""
    region: str = ""
    title_en: str = ""
    title_zh: str = ""
    address: str = ""
    works: str = ""
    materials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentLine:
    """The instrument of one entry of the plan.

    Attributes:
        room: Its room, `outdoor` outdoors.
        point: Its point.
        instrument: A part's name.
        serial: "" where it is not known.
        owner: Whose it is, "" where it is not known.
        calibration: The one in force when it was used; None: none is known.
        may_decide: False if it could not decide: not in the register, or out of date.
        is_simulated: True if its readings are made up.
        bias: By quantity, what it reads too much against laboratories.
        corrected_by: What its agent corrected its readings by, before they were sent; the raw value is
            (reading - offset) / gain. Several: it was changed within the window.
    """

    room: str
    point: str
    instrument: str
    serial: str = ""
    owner: str = ""
    calibration: Calibration | None = None
    may_decide: bool = True
    is_simulated: bool = False
    bias: Mapping[str, Bias] = field(default_factory=dict)
    corrected_by: Sequence[Corrected] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryLine:
    """One laboratory value and how it came in.

    Attributes:
        result: The value that counts.
        entered_by: Who entered it; "" where it stood in a file of readings.
        entered_ms: When, Unix milliseconds; None: not known.
        corrects: The value that it takes the place of; it is shown struck out, never left away.
        why: Why it was corrected.
    """

    result: LaboratoryResult
    entered_by: str = ""
    entered_ms: int | None = None
    corrects: LaboratoryResult | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureLine:
    """One line of the closure log.

    Attributes:
        time_ms: Unix milliseconds.
        point: The contact.
        state: What it said.
        is_kept: True if all was as ordered from then on; False if this broke it.
    """

    time_ms: int
    point: str
    state: str
    is_kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRoom:
    """How one room was kept closed.

    Attributes:
        room: Its name.
        ordered_h: The longest closure that its rows order; 0: none.
        closed: From when to when it counts as closed, once for each different window.
        is_supervised: True if contacts watched it; False: it is what the plan says.
        unsupervised: Kinds (`door`, `window`) that no contact watched.
        log: What the contacts said, oldest first.
    """

    room: str
    ordered_h: float
    closed: tuple[Span, ...] = ()
    is_supervised: bool = False
    unsupervised: tuple[str, ...] = ()
    log: tuple[ClosureLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """When one quantity of one room should meet its limit, or why no day is stated."""

    room: str
    quantity: str
    found: Forecast | NoDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What one point measured of one quantity.

    Attributes:
        room: Its room, `outdoor` outdoors.
        point: Its point.
        quantity: The quantity.
        instrument: A part's name, or `laboratory`.
        window: The window of sampling.
        times_ms: Unix milliseconds, oldest first.
        values: In the quantity's unit at the reference temperature, one for each time.
        low: The limit's lower end; None: open, or not known.
        high: Its upper end.
    """

    room: str
    point: str
    quantity: str
    instrument: str
    window: Span
    times_ms: tuple[int, ...]
    values: tuple[float, ...]
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A verdict that was given before; it stays on record.

    Attributes:
        time_ms: When, Unix milliseconds.
        verdict: Its outcome, as its word.
        basis: Its basis, likewise.
        seal: The seal of its evidence.
    """

    time_ms: int
    verdict: str
    basis: str
    seal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """Everything that a report shows.

    Attributes:
        number: The case's id.
        case: Profile, plan and readings that the verdict rests on.
        said: The verdict.
        ordered: What the profile orders for the plan.
        created_ms: When the report was made, Unix milliseconds; the only clock in it.
        software: Name and version of the program.
        zone: Times are shown in it.
        site: The branch.
        instruments: One for each sensor's entry of the plan.
        laboratory: Laboratory values.
        closures: One for each room.
        air_changes: By room, air changes an hour while it was closed.
        reopenings: Forecasts.
        curves: What was measured.
        resampling: What a failure orders.
        earlier: Verdicts given before, oldest first.
        simulated: How many readings of the evidence are simulated; above 0 the report says so on every page.
        ignored: Rows of the readings that nothing took, by why.
        seal: The seal of the bundle of evidence; "" where none was written.
        verify_url: Where the evidence can be had and checked; "" where no server has it.
        packs: How many packs are in the bundle.
        roles: Who signs, in English and Chinese.
    """

    number: str
    case: Case
    said: CaseVerdict
    ordered: sheet.Order
    created_ms: int
    software: str
    zone: tzinfo = UTC
    site: Site = field(default_factory=Site)
    instruments: tuple[InstrumentLine, ...] = ()
    laboratory: tuple[LaboratoryLine, ...] = ()
    closures: tuple[ClosureRoom, ...] = ()
    air_changes: Mapping[str, AirChange | NoRate] = field(default_factory=dict)
    reopenings: tuple[Reopening, ...] = ()
    curves: tuple[Curve, ...] = ()
    resampling: tuple[Resample, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    simulated: int = 0
    ignored: Mapping[str, int] = field(default_factory=dict)
    seal: str = ""
    verify_url: str = ""
    packs: int = 0
    roles: tuple[tuple[str, str], ...] = ROLES

    @property
    def verify_command(self) -> str:
        """What anybody may type to check the evidence, with no server and no network."""
        return f"openhall-gateway verify BUNDLE.zip --seal {self.seal}" if self.seal else ""


def from_case(case: Case, said: CaseVerdict, *, number: str, created_ms: int, software: str) -> CaseReport:
    """The report as far as a plan, a profile and readings tell; `dataclasses.replace` adds what else is known.

    Args:
        case: What was judged.
        said: Its verdict.
        number: The case's id.
        created_ms: When the report is made, Unix milliseconds.
        software: Name and version of the program.
    """
    entries = tuple(case.plan.entries())
    return CaseReport(
        number=number,
        case=case,
        said=said,
        ordered=sheet.order(case.profile, case.plan),
        created_ms=created_ms,
        software=software,
        zone=(entries[0].opens_on.tzinfo if entries else None) or UTC,
        instruments=tuple(_instrument(case, entry) for entry in entries if not entry.is_laboratory),
        laboratory=tuple(_laboratory(case)),
        closures=tuple(_closures(case)),
        curves=tuple(curves(case)),
        resampling=resample(said, case.plan),
        simulated=case.readings.simulated,
        ignored=case.readings.ignored,
    )


def curves(case: Case) -> Iterator[Curve]:
    """What each point measured, in the plan's order, of the quantities that the profile judges."""
    limits: dict[str, tuple[Row, bool]] = {}
    for row, is_known in rows_in_force(case):
        limits.setdefault(row.quantity, (row, is_known))
    for entry in case.plan.entries():
        for quantity, (row, is_known) in limits.items():
            own = case.readings.of(entry, quantity)
            if not own:
                continue
            factor = values.rescale(
                quantity,
                is_laboratory=entry.is_laboratory,
                reference_temperature_c=case.plan.reference_temperature_c,
            )
            yield Curve(
                room=entry.room,
                point=entry.point,
                quantity=quantity,
                instrument=entry.instrument,
                window=entry.sampled,
                times_ms=tuple(reading.time_ms for reading in own),
                values=tuple(reading.value * factor for reading in own),
                low=row.min if is_known else None,
                high=row.max if is_known else None,
            )


def _instrument(case: Case, entry: Entry) -> InstrumentLine:
    own = (reading for (place, _), found in case.readings.by_entry.items() if place == entry.place for reading in found)
    return InstrumentLine(
        room=entry.room,
        point=entry.point,
        instrument=entry.instrument,
        may_decide=entry.place not in case.barred,
        is_simulated=any(Flag.SIMULATED in reading.quality for reading in own),
    )


def _laboratory(case: Case) -> Iterator[LaboratoryLine]:
    """Laboratory values of a file of readings, which names no laboratory."""
    for entry in case.plan.entries():
        if not entry.is_laboratory:
            continue
        for (place, quantity), own in sorted(case.readings.by_entry.items()):
            if place != entry.place:
                continue
            for reading in own:
                result = LaboratoryResult(
                    laboratory="",
                    accreditation="",
                    method="",
                    sampled_ms=reading.time_ms,
                    sample="",
                    room=entry.room,
                    point=entry.point,
                    quantity=quantity,
                    value=reading.value,
                )
                yield LaboratoryLine(result=result)


def _closures(case: Case) -> Iterator[ClosureRoom]:
    rows = [row for row, _ in rows_in_force(case)]
    for room in case.plan.rooms:
        spans = dict.fromkeys(entry.closed for entry in room.entries if entry.closed is not None)
        yield ClosureRoom(
            room=room.name,
            ordered_h=max((case.profile.closure_h(row, room.ventilation) for row in rows), default=0.0),
            closed=tuple(sorted(spans, key=lambda span: span.from_ms)),
        )
