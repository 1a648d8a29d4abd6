"""Lines of line protocol: what stands in them, and what the real InfluxDB reads out of them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.ports import FieldValue, Point
from gateway.stores.line_protocol import encode
from gateway.stores.points import MAX_TIME_MS, MIN_TIME_MS, UnstorableError
from tests.examples import examples
from tests.gateway.stores.subjects import NOW_MS, air, expected, influx_subject
from tests.influx2_double import parse_line
from tests.servers import Influxd

# What tag values may hold: no control characters, no surrogates, no backslash at the end.
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda word: not word.endswith("\\")
) | st.text(r"\, =a", min_size=1, max_size=6).map(lambda word: word + "z")
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='\\"'), min_size=1, max_size=12
).filter(lambda word: word not in {"time", "_field", "_measurement", "_time"})
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=30)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TAGS = st.dictionaries(NAMES, WORDS, max_size=4).map(lambda tags: tuple(tags.items()))


def test_the_form_of_a_line() -> None:
    """Sorted tags, floats as floats, milliseconds."""
    assert encode(air(co2_ppm=612.0, temperature_c=21.37)) == (
        b"air,point=p1,region=north,room=lobby,site=hall-1 co2_ppm=612.0,temperature_c=21.37 1700000000000"
    )


def test_texts_truths_and_signs_are_written_as_influxdb_reads_them() -> None:
    """Comma, space and equals sign are escaped in words, quote and backslash in texts."""
    point = Point("a m,x", (("t k", "v=1,2"),), 5, {"w": True, "o": False, "s t": 'a "b" \\c', "n": 3})
    assert encode(point) == b'a\\ m\\,x,t\\ k=v\\=1\\,2 w=true,o=false,s\\ t="a \\"b\\" \\\\c",n=3.0 5'


@given(
    measurement=NAMES.filter(lambda word: not word.startswith("#")),
    tags=TAGS,
    when=st.integers(MIN_TIME_MS, MAX_TIME_MS),
    fields=st.dictionaries(NAMES, NUMBERS | st.booleans() | TEXTS, min_size=1, max_size=5),
)
def test_a_line_reads_back_as_its_point(
    measurement: str, tags: tuple[tuple[str, str], ...], when: int, fields: dict[str, FieldValue]
) -> None:
    """By an independent reader of the protocol's grammar."""
    (name, found_tags), found_when, found = parse_line(encode(Point(measurement, tags, when, fields)).decode())
    assert (name, found_tags, found_when) == (measurement, tuple(sorted(tags)), when)
    assert found == fields
    assert {key: type(value) for key, value in found.items()} == {key: type(value) for key, value in fields.items()}


POINTS = st.builds(
    Point,
    st.text(),
    st.lists(st.tuples(st.text(), st.text())).map(tuple),
    st.integers(),
    st.dictionaries(st.text(), st.floats() | st.text() | st.booleans() | st.integers()),
)


@given(point=POINTS)
def test_any_point_is_a_single_line_or_refused(point: Point) -> None:
    """Nothing raises but `UnstorableError`, and no point can smuggle in a second line outside a text."""
    try:
        line = encode(point)
    except UnstorableError as error:
        assert str(error)
        return
    (name, _), when, _ = parse_line(line.decode())
    assert (name, when) == (point.measurement, point.time_ms)


@given(
    numbers=st.lists(NUMBERS, min_size=1, max_size=20),
    texts=st.lists(TEXTS, min_size=1, max_size=20),
    values=st.lists(WORDS, min_size=1, max_size=20),
)
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_real_influxdb_reads_what_was_meant(
    influxd: Influxd, numbers: list[float], texts: list[str], values: list[str]
) -> None:
    """Round trip through InfluxDB 1.6.7: every float to the last bit, every text and tag to the last sign."""
    subject = influx_subject(influxd)
    points = [air(at_ms=NOW_MS + place, co2_ppm=number) for place, number in enumerate(numbers)]
    points += [Point("alert", (("rule", value),), NOW_MS, {"value": 1.0}) for value in values]
    points += [
        Point("facility", (("point", "p1"),), NOW_MS + place, {"reason": text, "working": bool(text)})
        for place, text in enumerate(texts)
    ]
    assert subject.store.write(points) == []
    for measurement in ("air", "alert", "facility"):
        assert subject.held(measurement) == expected(*(point for point in points if point.measurement == measurement))
    subject.store.close()


@pytest.mark.parametrize("name", ["weird,name", "with space", "eq=ual", "汉字", "a'b"])
def test_the_real_influxdb_reads_names_of_fields_and_tags(influxd: Influxd, name: str) -> None:
    """Also names that nobody should choose."""
    subject = influx_subject(influxd)
    point = Point("doubt", ((name, name),), NOW_MS, {name: 1.0})
    assert subject.store.write([point]) == []
    assert subject.held("doubt") == expected(point)
    subject.store.close()


@pytest.mark.parametrize("name", ['quo"te', "back\\slash", "a\\,b", "a\\"])
def test_names_that_influxdb_could_misread_are_refused(name: str) -> None:
    """In a measurement, a tag's name, a field's name."""
    for point in (
        Point(name, (), 0, {"n": 1.0}),
        Point("m", ((name, "v"),), 0, {"n": 1.0}),
        Point("m", (), 0, {name: 1.0}),
    ):
        with pytest.raises(UnstorableError, match="backslash"):
            encode(point)
