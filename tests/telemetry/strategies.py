"""What Hypothesis draws: packs, messages, ranges, as the wire allows them."""

from hypothesis import strategies as st

from telemetry.calibrations import CalibrationRecord
from telemetry.messages import (
    Calibration,
    Command,
    GatewayStatus,
    Health,
    PointInfo,
    Presence,
    Receipt,
    Reply,
)
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.ranges import Span
from telemetry.readings import CALIBRATION_KIND, MAX_SEQUENCE, Declaration, DropReason, Flag, Pack, Record

ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
journals = st.from_regex(r"[A-Za-z0-9-]{1,32}", fullmatch=True)
sequences = st.integers(1, MAX_SEQUENCE)
numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
# From 2^28 s on a time is absolute; to the year 2100.
absolute_ms = st.integers(2**28 * 1000, 4_102_444_800_000)
relative_ms = st.integers(-86_400_000, 0)
seconds = absolute_ms.map(lambda ms: ms / 1000)
flags = st.sets(st.sampled_from(list(Flag))).map(lambda some: tuple(flag for flag in Flag if flag in some))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """An inclusive range of sequence numbers."""
    first = draw(sequences)
    return first, min(MAX_SEQUENCE, first + draw(st.integers(0, 10_000)))


@st.composite
def air_packs(draw: st.DrawFn) -> Pack:
    """Air at one or several times, absolute or relative; no name twice at one time."""
    relative = draw(st.booleans())
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(list(WIRE_QUANTITIES)), relative_ms if relative else absolute_ms),
            min_size=1,
            max_size=20,
            unique=True,
        )
    )
    records = tuple(Record(name=name, time_ms=ms, value=draw(numbers), flags=draw(flags)) for name, ms in keys)
    return _pack(draw, records, kind=None, relative=relative)


@st.composite
def facility_packs(draw: st.DrawFn) -> Pack:
    """A state of a facility point, calls among them."""
    is_call = draw(st.booleans())
    relative = draw(st.booleans())
    at_ms = draw(relative_ms if relative else absolute_ms)
    states = (
        st.sampled_from(["called", "cleared", "test"]) if is_call else st.from_regex(r"[a-z]{1,12}", fullmatch=True)
    )
    kind = draw(st.sampled_from(["call-hall", "call-toilet"] if is_call else ["door", "sensor", "lift"]))
    records = [
        Record(name="working", time_ms=at_ms, value=draw(st.booleans())),
        Record(name="state", time_ms=at_ms, value=draw(states)),
    ]
    if draw(st.booleans()):
        records.append(Record(name="reason", time_ms=at_ms, value=draw(texts)))
    return _pack(draw, tuple(records), kind=kind, relative=relative)


@st.composite
def calibration_packs(draw: st.DrawFn) -> Pack:
    """How a sensor was calibrated."""
    names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
    record = CalibrationRecord(
        by=draw(names),
        part=draw(names),
        serial=draw(texts),
        quantity=draw(st.sampled_from(list(WIRE_QUANTITIES))),
        reference=draw(numbers),
        before=draw(numbers),
        after=draw(st.none() | numbers),
        correction=draw(st.none() | numbers),
        ok=draw(st.booleans()),
        reason=draw(texts),
    )
    return _pack(draw, record.records(draw(absolute_ms)), kind=CALIBRATION_KIND, relative=False)


def _pack(draw: st.DrawFn, records: tuple[Record, ...], *, kind: str | None, relative: bool) -> Pack:
    return Pack(
        site=draw(ids),
        point=draw(ids),
        room=draw(ids),
        journal=draw(journals),
        sequence=draw(sequences),
        kind=kind,
        relative=relative,
        records=records,
    )


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    """What an agent gave up."""
    first, last = draw(spans())
    begin = draw(absolute_ms)
    return Declaration(
        journal=draw(journals),
        reason=draw(st.sampled_from([str(reason) for reason in DropReason])),
        first=first,
        last=last,
        from_ms=begin,
        to_ms=begin + draw(st.integers(0, 10**9)),
    )


calibrations = st.builds(
    Calibration,
    offset=st.dictionaries(st.sampled_from(list(WIRE_QUANTITIES)), numbers, max_size=3),
    gain=st.dictionaries(st.sampled_from(list(WIRE_QUANTITIES)), numbers, max_size=3),
    date=texts,
    certificate=texts,
)
point_infos = st.builds(
    PointInfo,
    point=ids,
    room=ids,
    kind=ids,
    part=texts,
    serial=texts,
    period_s=st.none() | numbers,
    quantities=st.lists(st.sampled_from(list(WIRE_QUANTITIES)), max_size=4),
    simulated=st.booleans(),
    calibration=st.none() | calibrations,
)
MESSAGES = {
    Presence: st.builds(
        Presence,
        online=st.booleans(),
        boot=texts,
        version=texts,
        since=st.none() | seconds,
        clock=st.sampled_from(["ok", "held"]),
        points=st.lists(point_infos, max_size=3),
    ),
    Health: st.builds(
        Health,
        cpu_c=st.none() | numbers,
        memory_mb=st.none() | numbers,
        disk_free_mb=st.none() | numbers,
        journal_packs=st.none() | st.integers(0, 10**9),
        journal_oldest=st.none() | seconds,
        clock_ok=st.sampled_from([None, 0, 1]),
        reconnects=st.none() | st.integers(0, 10**6),
        held=st.none() | st.dictionaries(journals, st.lists(spans(), max_size=4), max_size=3),
    ),
    Receipt: st.builds(
        Receipt, journal=journals, ranges=st.lists(spans(), max_size=5), heard=st.lists(spans(), max_size=5)
    ),
    Command: st.builds(
        Command,
        id=ids,
        expires=seconds,
        journal=st.none() | journals,
        ranges=st.none() | st.lists(spans(), max_size=5),
        from_=st.none() | seconds,
        to=st.none() | seconds,
    ),
    Reply: st.builds(
        Reply,
        id=ids,
        ok=st.booleans(),
        result=st.none() | st.dictionaries(texts, st.integers(-(2**53), 2**53) | texts | st.booleans(), max_size=3),
        error=st.none() | texts,
    ),
    GatewayStatus: st.builds(
        GatewayStatus,
        online=st.booleans(),
        boot=texts,
        since=st.none() | seconds,
        regions=st.lists(ids, max_size=4),
        storing=st.none() | st.booleans(),
    ),
}
"""Every kind of message that is no pack."""
