"""What one message on an agent's topic means: points to store, letters to park, what to hear and to see. Pure.

The same bytes always give the same points, whenever they come: every tag is the pack's and its topic's, every time its
own. What depends on the moment (too far in the future, late) only decides whether a record is parked, or seen live.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from gateway.ingest.calibrations import Calibrated, calibrated
from gateway.ingest.letters import Letter, letter
from gateway.ingest.minutes import MINUTE_MS
from gateway.ingest.points import air_point, facility_point
from gateway.ingest.settings import IngestSettings
from gateway.ingest.signatures import WORDS, Judged, Verdict
from gateway.ports import Point
from gateway.quality.single import field_of
from telemetry.errors import MalformedError, Reason
from telemetry.readings import Declaration, DropReason, Pack, Record, declaration_of
from telemetry.senml import Decoded, decode
from telemetry.senml_records import Fault
from telemetry.topics import Channel, Root

DROPPED: Final = "dropped_"
CALLED: Final = "called"
DROP_REASONS: Final = tuple(reason.value for reason in DropReason)
DETAILS: Final = 5
"""So many faults of one pack are told in words; the others are counted."""


@dataclass(slots=True, kw_only=True)
class Intake:
    """What came of one message.

    Attributes:
        channel: Its topic, taken apart.
        body: As it came.
        pair: Journal id and sequence number; None: no receipt.
        points: To be stored.
        letters: To be parked.
        declaration: What the agent gives up.
        calibration: What was done to a sensor.
        hear: A facility pack with absolute times, for the alarms.
        see: Live air with absolute times, for the alarms.
        newest: Air with absolute times, late or not, for the directory.
        from_ms: Time of the earliest record; 0 if nothing of it counts, so that it says nothing of measured time.
        to_ms: Time of the latest; if nothing counts, when it came.
        latest_ms: Times after this one are in the far future.
        judged: What its signature says; None for what is no pack.
    """

    channel: Channel
    body: bytes
    pair: tuple[str, int] | None = None
    points: list[Point] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    declaration: Declaration | None = None
    calibration: Calibrated | None = None
    hear: Pack | None = None
    see: Pack | None = None
    newest: Pack | None = None
    from_ms: int = 0
    to_ms: int = 0
    latest_ms: int = 0
    judged: Judged | None = None

    @property
    def minutes(self) -> list[int]:
        """The Unix minutes of which something is stored, none of them in the far future."""
        return sorted({point.time_ms // MINUTE_MS for point in self.points if point.time_ms <= self.latest_ms})


Period = Callable[[str, str], float | None]
"""The period of a point (site, point) in seconds, None while it is unknown."""

Judge = Callable[[Root, bytes], Judged]
"""What the signature of a body says that came on a topic of an agent's."""


class Reader:
    """Reads packs under one set of limits."""

    def __init__(self, settings: IngestSettings, period: Period, judge: Judge) -> None:
        self._late_ms = round(settings.late_s * 1000)
        self._late_periods = settings.late_periods
        self.future_ms = round(settings.future_s * 1000)
        """So far ahead of us a reading may be."""
        self._relative_ms = round(settings.relative_back_s * 1000)
        self._period = period
        self._judge = judge
        self._refuse = settings.signatures == "refuse"

    def read(self, channel: Channel, topic: str, body: bytes, *, retained: bool, arrived_ms: int) -> Intake:
        """What a message on `readings` or `facility/{point}` means. Never raises, whatever the body."""
        latest_ms = arrived_ms + self.future_ms
        intake = Intake(channel=channel, body=body, to_ms=arrived_ms, latest_ms=latest_ms)
        try:
            decoded = decode(body, channel.root.site)
        except MalformedError as error:
            if error.journal is not None and error.sequence is not None:
                intake.pair = (error.journal, error.sequence)
            self._park(intake, topic, [Fault(error.reason, error.detail, b"")], intake.pair, arrived_ms)
            return intake
        pair: tuple[str, int] | None = (decoded.journal, decoded.sequence)
        intake.pair = pair
        faults = decoded.faults
        intake.judged = judged = self._judge(channel.root, body)
        if self._refuse and judged.verdict is not Verdict.GOOD:
            # Of an agent whose key is known this is somebody else's word, and must not free the agent of its own.
            intake.pair = pair = None if judged.enrolled else pair
            faults = [Fault(Reason.SIGNATURE, WORDS[judged.verdict], b"")]
            self._hear_refused(intake, decoded.pack, arrived_ms)
        elif decoded.pack is not None:
            self._take(intake, decoded, faults, retained=retained, arrived_ms=arrived_ms)
        if faults:
            self._park(intake, topic, faults, pair, arrived_ms)
        return intake

    def _take(self, intake: Intake, decoded: Decoded, faults: list[Fault], *, retained: bool, arrived_ms: int) -> None:
        pack = decoded.pack
        assert pack is not None
        misplaced = _misplaced(intake.channel, pack)
        if misplaced:
            faults.append(Fault(Reason.TOPIC, misplaced, b""))
        elif pack.is_calibration:
            self._take_calibration(intake, pack, faults, arrived_ms)
        elif pack.relative:
            self._take_relative(intake, pack, faults, retained=retained, arrived_ms=arrived_ms)
        elif pack.kind is not None:
            self._take_state(intake, pack, arrived_ms)
        elif any(record.name.startswith(DROPPED) for record in pack.records):
            self._take_declaration(intake, pack, faults, arrived_ms)
        else:
            self._take_air(intake, pack, faults, arrived_ms)

    def _hear_refused(self, intake: Intake, pack: Pack | None, arrived_ms: int) -> None:
        """A call for help is heard whoever sends it: a false one costs a walk, a refused one may cost a life."""
        if pack is None or not pack.is_call or _misplaced(intake.channel, pack):
            return
        if any(record.name == "state" and record.value == CALLED for record in pack.records):
            past = (lambda ms: arrived_ms + min(ms, 0)) if pack.relative else (lambda ms: min(ms, arrived_ms))
            intake.hear = _moved(pack, past)

    def _take_air(self, intake: Intake, pack: Pack, faults: list[Fault], arrived_ms: int) -> None:
        pack = self._without_future(pack, faults, intake.latest_ms, arrived_ms)
        by_time: dict[int, dict[str, float]] = {}
        fields: dict[str, float] = {}
        time_ms = -1
        for record in pack.records:
            if record.time_ms != time_ms:
                time_ms = record.time_ms
                fields = by_time.setdefault(time_ms, {})
            # Of one name and time the decoder leaves one record.
            fields[field_of(record.name, record.value, record.flags)] = record.value  # type: ignore[arg-type,assignment]
        if not by_time:
            return
        intake.points = [air_point(intake.channel.root, pack, at, values) for at, values in by_time.items()]
        intake.from_ms, intake.to_ms = min(by_time), max(by_time)
        intake.newest = pack
        late_before_ms = arrived_ms - self.late_limit_ms(pack)
        if intake.from_ms >= late_before_ms:
            intake.see = pack
        elif intake.to_ms >= late_before_ms:
            live = tuple(record for record in pack.records if record.time_ms >= late_before_ms)
            intake.see = msgspec.structs.replace(pack, records=live)

    def _without_future(self, pack: Pack, faults: list[Fault], latest_ms: int, arrived_ms: int) -> Pack:
        kept = tuple([record for record in pack.records if record.time_ms <= latest_ms])
        if len(kept) == len(pack.records):
            return pack
        for record in pack.records:
            if record.time_ms > latest_ms:
                ahead_s = (record.time_ms - arrived_ms) / 1000
                faults.append(_fault(Reason.FUTURE, record, f"{ahead_s} s ahead of the gateway"))
        return msgspec.structs.replace(pack, records=kept)

    def _take_state(self, intake: Intake, pack: Pack, arrived_ms: int) -> None:
        point = facility_point(intake.channel.root, pack)
        intake.points = [point]
        intake.from_ms = intake.to_ms = min(point.time_ms, arrived_ms)
        # Dated in the future it counts as of now; stored under its own time, a repeat hits the same point.
        intake.hear = pack if point.time_ms <= arrived_ms else _moved(pack, lambda _ms: arrived_ms)

    def _take_calibration(self, intake: Intake, pack: Pack, faults: list[Fault], arrived_ms: int) -> None:
        """It is written down and is no state of the point; in relative time it will come again with its own."""
        if pack.relative:
            intake.pair = None
            return
        intake.calibration = calibrated(intake.channel.root, pack)
        if intake.calibration is None:
            detail = "a calibration carries calibration_by, _part, _reference and _before, beside working and state"
            faults.append(Fault(Reason.SENML, detail, b""))
            return
        intake.from_ms = intake.to_ms = min(intake.calibration.time_ms, arrived_ms)

    def _take_declaration(self, intake: Intake, pack: Pack, faults: list[Fault], arrived_ms: int) -> None:
        for record in pack.records:
            if not record.name.startswith(DROPPED):
                faults.append(_fault(Reason.SENML, record, "a declaration carries nothing else"))
        declared = declaration_of(pack)
        if declared is None:
            detail = "a declaration carries dropped_journal, dropped_reason, and first, last, from, to running upwards"
            faults.append(Fault(Reason.SENML, detail, b""))
            return
        if declared.reason not in DROP_REASONS:
            detail = f"dropped_reason {declared.reason[:40]!r} is none of {', '.join(DROP_REASONS)}"
            faults.append(Fault(Reason.SENML, detail, b""))
            return
        # Nothing was measured before 1970 or after now, whatever a wrong clock says.
        declared = msgspec.structs.replace(
            declared, from_ms=_within(declared.from_ms, arrived_ms), to_ms=_within(declared.to_ms, arrived_ms)
        )
        intake.declaration = declared
        intake.from_ms = intake.to_ms = min(pack.records[0].time_ms, arrived_ms)

    def _take_relative(
        self, intake: Intake, pack: Pack, faults: list[Fault], *, retained: bool, arrived_ms: int
    ) -> None:
        """Rule 6: heard and seen, neither stored nor receipted, since it comes again with its time."""
        intake.pair = None
        far_ms = max((record.time_ms for record in pack.records), key=abs)
        if retained:
            faults.append(Fault(Reason.RELATIVE_TIME, "a retained pack in relative time tells nothing", b""))
        elif abs(far_ms) > self._relative_ms and not pack.is_call:
            faults.append(Fault(Reason.RELATIVE_TIME, f"{far_ms / 1000} s from now", b""))
        elif pack.kind is not None:
            intake.hear = _moved(pack, lambda ms: arrived_ms + min(ms, 0))
        elif not pack.is_declaration:
            limit_ms = self.late_limit_ms(pack)
            live = tuple(record for record in pack.records if -limit_ms <= record.time_ms <= self.future_ms)
            if live:
                intake.see = intake.newest = _moved(
                    msgspec.structs.replace(pack, records=live), lambda ms: arrived_ms + min(ms, 0)
                )

    def late_limit_ms(self, pack: Pack) -> int:
        """How old air of that point may be on arrival and still be live."""
        period_s = self._period(pack.site, pack.point)
        if period_s is None:
            return self._late_ms
        return max(self._late_ms, round(self._late_periods * period_s * 1000))

    def _park(
        self, intake: Intake, topic: str, faults: Iterable[Fault], pair: tuple[str, int] | None, arrived_ms: int
    ) -> None:
        """One letter for each reason among the faults, each with the whole message, so that it can be read again."""
        details: dict[Reason, list[str]] = {}
        for fault in faults:
            details.setdefault(fault.reason, []).append(fault.detail)
        root = intake.channel.root
        for reason, words in details.items():
            detail = "; ".join(words[:DETAILS])
            if len(words) > DETAILS:
                detail += f"; and {len(words) - DETAILS} more"
            intake.letters.append(
                letter(topic, intake.body, reason, detail, received_ms=arrived_ms, root=root, pair=pair)
            )


def _misplaced(channel: Channel, pack: Pack) -> str:
    """Why this pack has no business on its topic; empty if it has."""
    if channel.name == "facility":
        if pack.kind is None:
            return "a pack without a kind came on a facility topic"
        if pack.is_calibration:
            return "a calibration is no state of its point; it travels on readings"
        if pack.point != channel.tail:
            return f"a pack about {pack.point!r} came on the topic of {channel.tail!r}"
    if pack.is_declaration and pack.point != channel.root.agent:
        return f"a declaration about {pack.point!r} came from {channel.root.agent!r}"
    return ""


def _moved(pack: Pack, moved: Callable[[int], int]) -> Pack:
    records = tuple(msgspec.structs.replace(record, time_ms=moved(record.time_ms)) for record in pack.records)
    return msgspec.structs.replace(pack, records=records, relative=False)


def _within(ms: int, now_ms: int) -> int:
    return max(0, min(ms, now_ms))


def _fault(reason: Reason, record: Record, what: str) -> Fault:
    return Fault(reason, f"{record.name}: {what}", b"")
