"""What holds of every verdict: nothing incomplete passes, worse air never looks better, cutting changes no mean."""

from collections.abc import Mapping, Sequence
from datetime import date
from datetime import datetime as moment
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.acceptance import plan, profile, readings, slots, uncertainty, verdict
from gateway.acceptance.words import Outcome, Ventilation
from gateway.errors import ConfigurationError
from telemetry.parts import Band, Channel

HOUR_MS = 3_600_000
BEGIN_MS = 1_789_000_000_000
SLOTS = 12
INTERVAL_MS = HOUR_MS // SLOTS
RANK = {Outcome.FAIL: 0, Outcome.INDETERMINATE: 1, Outcome.NEVER_MEASURED: 1, Outcome.PASS: 2}
PARTS = {"hcho_ug_m3": ("sfa30", "laboratory"), "co2_ppm": ("scd40", "scd41", "laboratory")}


def own_profile(
    quantity: str, limit: float, *, outdoor: bool = False, averaging_h: float | None = None
) -> profile.Profile:
    """A profile of one row with a maximum only; one point a room is enough."""
    return profile.Profile(
        name="own",
        title_en="own",
        title_zh="own",
        source="own",
        sampling=profile.Sampling(height_m=(0.8, 1.5), source="own"),
        row=(
            profile.Row(
                quantity=quantity,
                max=limit,
                outdoor=outdoor,
                averaging_h=averaging_h,
                instruments=("laboratory", "sensor"),
                source="own",
            ),
        ),
    )


def entry(
    room: str, point: str, instrument: str, *, begin: int = 0, count: int = SLOTS, interval_ms: int = INTERVAL_MS
) -> plan.Entry:
    """An entry from slot `begin` on, `count` slots long."""
    start = BEGIN_MS + begin * interval_ms
    return plan.Entry(
        place=f"{room}/{point}/{instrument}/{begin}",
        room=room,
        point=point,
        instrument=instrument,
        quantities=None,
        interval_ms=0 if instrument == "laboratory" else interval_ms,
        sampled=plan.Span(start, start + count * interval_ms),
        closed=None,
        opens_on=moment.fromisoformat("2026-09-10T08:00:00+08:00"),
    )


def case(
    standard: profile.Profile,
    rooms: Mapping[str, Sequence[plan.Entry]],
    taken: Mapping[tuple[str, str], Sequence[readings.Reading]],
    outdoor: Sequence[plan.Entry] = (),
    reference_c: float = 25,
) -> verdict.Case:
    """A case of these entries."""
    return verdict.Case(
        standard,
        plan.Plan(
            profile=None,
            completed=date(2026, 9, 1),
            rooms_total=len(rooms),
            model_room_passed=False,
            reference_temperature_c=reference_c,
            season=None,
            rooms=tuple(
                plan.Room(name=name, area_m2=20, ventilation=Ventilation.NATURAL, entries=tuple(entries))
                for name, entries in rooms.items()
            ),
            outdoor=tuple(outdoor),
        ),
        readings.Readings(by_entry={key: tuple(own) for key, own in taken.items()}),
    )


def values_of(begin: int, values: Sequence[float | None]) -> tuple[readings.Reading, ...]:
    """One reading a slot, none where the value is None."""
    return tuple(
        readings.Reading(BEGIN_MS + (begin + place) * INTERVAL_MS, value)
        for place, value in enumerate(values)
        if value is not None
    )


@given(
    st.lists(st.booleans(), min_size=SLOTS, max_size=SLOTS * 3),
    st.sampled_from([None, 1.0]),
)
def test_below_its_completeness_nothing_passes(there: list[bool], averaging_h: float | None) -> None:
    """Clean air passes if and only if three quarters of every window were measured."""
    own = entry("hall", "p", "sfa30", count=len(there))
    taken = {(own.place, "hcho_ug_m3"): values_of(0, [10.0 if yes else None for yes in there])}
    said = verdict.judge(case(own_profile("hcho_ug_m3", 80, averaging_h=averaging_h), {"hall": [own]}, taken))
    shares = [sum(there) / len(there)]
    if averaging_h is not None:
        shares += [sum(there[start : start + SLOTS]) / SLOTS for start in range(len(there) - SLOTS + 1)]
    assert (said.verdict is Outcome.PASS) == (min(shares) >= 0.75)


@st.composite
def rooms_of_points(draw: st.DrawFn) -> tuple[str, float, bool, list[tuple[str, list[float]]], list[float], float]:
    """Quantity, limit, outdoors or not, points with part and slot values, outdoor values, reference temperature.

    A sensor's or a laboratory's, in any mixture.
    """
    quantity = draw(st.sampled_from(sorted(PARTS)))
    scale = 1.0 if quantity == "hcho_ug_m3" else 10.0
    value = st.floats(0, 250, allow_nan=False).map(lambda number: number * scale)
    edge = st.sampled_from([122.73, 99.99, 100.0, 100.1, 200.0, 200.1, 1300.0]).map(lambda number: number * scale)
    points = draw(
        st.lists(
            st.tuples(st.sampled_from(PARTS[quantity]), st.lists(value | edge, min_size=4, max_size=4)),
            min_size=1,
            max_size=9,
        )
    )
    limit = draw(st.floats(10, 200).map(lambda number: number * scale))
    outside = draw(st.lists(value, min_size=4, max_size=4))
    return quantity, limit, draw(st.booleans()), points, outside, draw(st.sampled_from([0.0, 25.0]))


def _judged(
    room: tuple[str, float, bool, list[tuple[str, list[float]]], list[float], float],
    place: int,
    slot: int,
    more: float,
    averaging_h: float | None,
) -> verdict.CaseVerdict:
    quantity, limit, has_outdoor, points, outside, reference_c = room
    entries = [entry("hall", f"p{number}", part, count=4) for number, (part, _) in enumerate(points)]
    taken = {}
    for number, (_, values) in enumerate(points):
        raised = [
            value + (more if (number, place) == (place, number) and at == slot else 0)
            for at, value in enumerate(values)
        ]
        taken[(entries[number].place, quantity)] = values_of(0, raised)
    outdoor = [entry("outdoor", "o", PARTS[quantity][0], count=4)] if has_outdoor else []
    for own in outdoor:
        taken[(own.place, quantity)] = values_of(0, outside)
    standard = own_profile(quantity, limit, outdoor=has_outdoor, averaging_h=averaging_h)
    return verdict.judge(case(standard, {"hall": entries}, taken, outdoor, reference_c))


@given(
    rooms_of_points(),
    st.integers(0, 8),
    st.integers(0, 3),
    st.floats(1e-6, 3000),
    st.sampled_from([None, 1 / 6, 1 / 3]),
)
def test_a_larger_indoor_value_never_improves_the_verdict(
    room: tuple[str, float, bool, list[tuple[str, list[float]]], list[float], float],
    place: int,
    slot: int,
    more: float,
    averaging_h: float | None,
) -> None:
    """Over steps of the data sheet, ranges, rolling means, many points and outdoors; of a row with only a maximum."""
    place %= len(room[3])
    before = _judged(room, place, slot, 0, averaging_h)
    after = _judged(room, place, slot, more, averaging_h)
    assert RANK[after.verdict] <= RANK[before.verdict]


@given(st.lists(st.none() | st.floats(0, 200), min_size=1, max_size=4), st.floats(104.6, 2000))
def test_a_failing_room_added_never_improves_a_case(values: list[float | None], failing: float) -> None:
    """Whatever the others say, or where they say nothing, the case then fails."""
    rooms = {f"room-{number}": [entry(f"room-{number}", "p", "sfa30")] for number in range(len(values))}
    taken = {
        (own[0].place, "hcho_ug_m3"): values_of(0, [value] * SLOTS)
        for own, value in zip(rooms.values(), values, strict=True)
    }
    standard = own_profile("hcho_ug_m3", 80)
    before = verdict.judge(case(standard, rooms, taken))
    bad = entry("bad", "p", "sfa30")
    after = verdict.judge(
        case(standard, rooms | {"bad": [bad]}, taken | {(bad.place, "hcho_ug_m3"): values_of(0, [failing] * SLOTS)})
    )
    assert RANK[after.verdict] <= RANK[before.verdict]
    assert after.verdict is Outcome.FAIL


@given(
    st.lists(st.none() | st.floats(-50, 2000), min_size=2, max_size=40).filter(lambda own: any(own)),
    st.sets(st.integers(1, 39), max_size=4),
    st.sampled_from([None, 1.0]),
)
def test_splitting_a_window_at_slot_boundaries_never_changes_its_mean(
    values: list[float | None], cuts: set[int], averaging_h: float | None
) -> None:
    """Not by the last digit, nor its completeness."""
    bounds = [0, *sorted(cut for cut in cuts if cut < len(values)), len(values)]
    standard = own_profile("hcho_ug_m3", 80, averaging_h=averaging_h)
    whole = entry("hall", "p", "sfa30", count=len(values))
    parts = [entry("hall", "p", "sfa30", begin=start, count=end - start) for start, end in pairwise(bounds)]
    of_whole = (
        verdict.judge(case(standard, {"hall": [whole]}, {(whole.place, "hcho_ug_m3"): values_of(0, values)}))
        .rooms[0]
        .quantities[0]
    )
    taken = {
        (part.place, "hcho_ug_m3"): values_of(start, values[start:end])
        for part, start, end in zip(parts, bounds, bounds[1:], strict=False)
        if any(value is not None for value in values[start:end])
    }
    of_parts = verdict.judge(case(standard, {"hall": parts}, taken)).rooms[0].quantities[0]
    if len(taken) == len(parts):
        assert (of_parts.mean, of_parts.verdict) == (of_whole.mean, of_whole.verdict)
        assert of_parts.completeness == of_whole.completeness


@given(
    st.lists(st.none() | st.floats(0, 1000), min_size=3, max_size=40).filter(lambda own: any(own)),
    st.integers(1, 38),
)
def test_windows_apart_have_the_mean_of_all_their_slots(values: list[float | None], cut: int) -> None:
    """Weighted by good slots, two windows give what one would have given."""
    cut = min(cut, len(values) - 1)
    run = slots.Run(plan.Span(0, len(values) * 1000), 1000, tuple(values))
    apart = [
        slots.Run(plan.Span(0, cut * 1000), 1000, tuple(values[:cut])),
        slots.Run(plan.Span(10**9, 10**9 + (len(values) - cut) * 1000), 1000, tuple(values[cut:])),
    ]
    whole = slots.together([slots.measure(run, None)], highest=False)
    assert slots.together([slots.measure(part, None) for part in apart], highest=False) == whole


@st.composite
def channels(draw: st.DrawFn) -> Channel:
    """A data sheet with up to four bands, its steps up or down."""
    ends = sorted(draw(st.sets(st.integers(1, 50).map(lambda number: number * 20.0), min_size=1, max_size=4)))
    bands = [
        Band(
            upto=end,
            absolute=draw(st.floats(0.5, 100)),
            relative=draw(st.sampled_from([0.0, 0.03, 0.2, 0.5])),
            larger=draw(st.booleans()),
        )
        for end in ends
    ]
    return Channel(
        quantity="co2_ppm", low=0, high=5000, bands=tuple(bands), unit_factor=draw(st.sampled_from([1.0, 1.25]))
    )


@given(
    st.lists(st.tuples(st.floats(0, 1500), channels()), min_size=1, max_size=8),
    st.integers(0, 7),
    st.floats(0, 500),
)
def test_no_edge_falls_when_a_value_rises(points: list[tuple[float, Channel]], place: int, more: float) -> None:
    """For any data sheet, and always around the mean; never inside what the data sheet states."""
    place %= len(points)
    before = uncertainty.edges([uncertainty.Measured(value, (channel,)) for value, channel in points])
    raised = [(value + more if number == place else value, channel) for number, (value, channel) in enumerate(points)]
    after = uncertainty.edges([uncertainty.Measured(value, (channel,)) for value, channel in raised])
    assert after.low >= before.low - 1e-6
    assert after.high >= before.high - 1e-6
    assert before.low <= before.mean <= before.high
    assert before.high >= before.mean + before.uncertainty - 1e-9


@given(st.text(max_size=200))
def test_any_text_is_a_plan_or_refused(text: str) -> None:
    """Nothing but the one error leaves the parser."""
    try:
        plan.parse(text.encode())
    except ConfigurationError as error:
        assert str(error)


@given(
    st.lists(
        st.lists(
            st.sampled_from(["", "hall", "p", "hcho_ug_m3", "1e400", "-5", "2026-09-10T08:00:00Z", '"', "\n"]),
            max_size=8,
        ),
        max_size=5,
    )
)
def test_any_line_is_a_reading_or_refused(lines: list[list[str]]) -> None:
    """Nothing but the one error leaves the reader, and it names a line."""
    known = case(own_profile("hcho_ug_m3", 80), {"hall": [entry("hall", "p", "sfa30")]}, {}).plan
    text = ["time,room,point,quantity,value,quality\n", *(",".join(cells) + "\n" for cells in lines)]
    try:
        readings.read(text, known)
    except ConfigurationError as error:
        assert " line " in str(error)
