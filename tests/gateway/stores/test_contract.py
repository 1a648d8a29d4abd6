"""What the gateway may rely on, whatever the store."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.ports import Point, ReadingsQuery, StoredReading
from tests.gateway.stores.subjects import NOW_MS, Subject, air, expected, mark

MINUTE_MS = 60_000
DAY_MS = 86_400_000


def asked(quantity: str = "co2_ppm", *, site: str = "hall-1", point: str = "p1", **words: int | bool) -> ReadingsQuery:
    """A query for everything around now."""
    settings: dict[str, int | bool] = {"from_ms": NOW_MS - DAY_MS, "to_ms": NOW_MS + DAY_MS, **words}
    return ReadingsQuery(site=site, point=point, quantity=quantity, **settings)  # type: ignore[arg-type]


def test_a_new_store_proves_itself_and_does_so_again(subject: Subject) -> None:
    """An empty store is set up and passes, and a second proof changes nothing that anyone sees."""
    subject.store.prove(["north"])
    subject.store.prove(["north", "south"])
    assert subject.held("air") == {}
    assert subject.store.marks() == ({} if subject.readable else None)


def test_what_is_written_is_held_to_the_last_digit(subject: Subject) -> None:
    """Times, tags and values are those that were given."""
    values = [0.1, 612.0, -40.25, 0.0, 21.37, 40_000.0]
    if subject.exact:
        values += [1 / 3, -0.0, 5e-324, 1.7976931348623157e308, 1e16, 123456789.123456]
    points = [air(at_ms=NOW_MS + place, co2_ppm=value) for place, value in enumerate(values)]
    assert subject.store.write(points) == []
    assert subject.held("air") == expected(*points)


def test_nothing_written_is_nothing_refused(subject: Subject) -> None:
    """An empty batch is no error."""
    assert subject.store.write([]) == []


def test_a_repeat_lands_on_the_same_point(subject: Subject) -> None:
    """The same series and time is stored once, and a second value overwrites the first."""
    batch = [air(at_ms=NOW_MS + place, co2_ppm=600.0 + place, temperature_c=21.5) for place in range(100)]
    for _ in range(3):
        assert subject.store.write(batch) == []
    assert subject.held("air") == expected(*batch)


def test_a_second_value_overwrites_the_first(readable: Subject) -> None:
    """Series and time are the identity of a point; other fields of it stay."""
    readable.store.write([air(co2_ppm=600.0, temperature_c=21.0)])
    readable.store.write([air(co2_ppm=700.0)])
    assert readable.held("air") == expected(air(co2_ppm=700.0, temperature_c=21.0))


def test_the_order_of_tags_makes_no_other_series(readable: Subject) -> None:
    """Tags in another order, or an empty tag beside them, name the same series."""
    tags = (("region", "north"), ("site", "hall-1"), ("room", "lobby"), ("point", "p1"))
    readable.store.write([Point("air", tags, NOW_MS, {"co2_ppm": 1.0})])
    readable.store.write([Point("air", (*reversed(tags), ("kind", "")), NOW_MS, {"co2_ppm": 2.0})])
    assert readable.held("air") == expected(air(co2_ppm=2.0))


def test_a_batch_may_be_longer_than_one_body(subject: Subject) -> None:
    """12,345 points arrive whole."""
    batch = [air(f"p{place % 7}", at_ms=NOW_MS + place * 1000, co2_ppm=float(place)) for place in range(12_345)]
    assert subject.store.write(batch) == []
    assert subject.held("air") == expected(*batch)


def test_an_int_is_stored_as_a_float(subject: Subject) -> None:
    """A Python int does not spoil the column for the floats that follow."""
    assert subject.store.write([air(co2_ppm=5)]) == []
    assert subject.store.write([air(at_ms=NOW_MS + 1, co2_ppm=5.5)]) == []
    assert subject.held("air") == expected(air(co2_ppm=5.0), air(at_ms=NOW_MS + 1, co2_ppm=5.5))


BAD_POINTS = {
    "nan": air(co2_ppm=float("nan")),
    "infinite": air(co2_ppm=float("-inf")),
    "infinite by size": air(co2_ppm=10**400),
    "no fields": air(),
    "far future": air(at_ms=2**60, co2_ppm=1.0),
    "far past": air(at_ms=-(2**60), co2_ppm=1.0),
    "tag with a line break": air("p\n1", co2_ppm=1.0),
    "tag that swallows": air("p1\\", co2_ppm=1.0),
    "tag twice": Point("air", (("site", "a"), ("site", "b")), NOW_MS, {"co2_ppm": 1.0}),
    "tag of surrogates": air("\ud800", co2_ppm=1.0),
    "long tag": air("p" * 70_000, co2_ppm=1.0),
    "text of surrogates": air(state="\udfff"),
    "no measurement": Point("", (("site", "a"),), NOW_MS, {"co2_ppm": 1.0}),
    "comment": Point("#air", (("site", "a"),), NOW_MS, {"co2_ppm": 1.0}),
    "field without a name": Point("air", (("site", "a"),), NOW_MS, {"": 1.0}),
    "field called time": air(time=1.0),
    "bytes": air(co2_ppm=b"5"),  # type: ignore[arg-type]
    "none": air(co2_ppm=None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS)
def test_a_point_that_nobody_can_store_is_named_and_the_others_kept(subject: Subject, bad: Point) -> None:
    """The refused one is named by its place with a reason, and takes no good point with it."""
    good = [air(at_ms=NOW_MS + place, co2_ppm=600.0 + place) for place in range(5)]
    refused = subject.store.write([*good[:2], bad, *good[2:]])
    assert [place for place, _ in refused] == [2]
    assert refused[0].detail
    assert subject.held("air") == expected(*good)


def test_a_field_of_another_type_is_refused_and_the_others_kept(readable: Subject) -> None:
    """A text where floats are is refused, whole point by whole point; the store says that types conflict."""
    good = [air(at_ms=NOW_MS + place, co2_ppm=600.0 + place) for place in range(50)]
    assert readable.store.write(good[:10]) == []
    bad = air(at_ms=NOW_MS + 1_000, co2_ppm="high", temperature_c=21.0)
    refused = readable.store.write([*good[10:30], bad, *good[30:]])
    assert [place for place, _ in refused] == [20]
    assert "type conflict" in refused[0].detail
    assert readable.held("air") == expected(*good)


def test_texts_and_truths_come_back_as_they_were(readable: Subject) -> None:
    """Facility states and alerts keep their texts, whatever signs are in them, and their booleans."""
    facility = (("region", "north"), ("site", "hall-1"), ("room", "wc"), ("point", "cord"), ("kind", "call-toilet"))
    alert = (
        ("region", "north"), ("site", "hall-1"), ("room", ""), ("point", ""),
        ("quantity", "co2_ppm"), ("rule", "co2 high, hall=main"), ("severity", "warning"),
    )  # fmt: skip
    points = [
        Point(
            "facility", facility, NOW_MS, {"working": True, "state": "called", "reason": 'said "help",\n a=b \\ 求助'}
        ),
        Point("facility", facility, NOW_MS + 1, {"working": False, "state": "12", "reason": ""}),
        Point("alert", alert, NOW_MS, {"id": "a1", "state": "firing", "message": "1.5", "value": 1400.0}),
    ]
    assert readable.store.write(points) == []
    assert readable.held("facility") == expected(*points[:2])
    assert readable.held("alert") == expected(points[2])


def test_readings_merge_good_and_suspect_in_time(readable: Subject) -> None:
    """One series, each value with its quality, oldest first."""
    readable.store.write(
        [
            air(at_ms=NOW_MS + 3_000, co2_ppm=603.0),
            air(at_ms=NOW_MS + 1_000, co2_ppm=601.0),
            air(at_ms=NOW_MS + 2_000, co2_ppm_suspect=9_999.0, temperature_c=20.0),
            air(at_ms=NOW_MS + 4_000, temperature_c=20.5),
        ]
    )
    assert readable.store.readings(asked()) == [
        StoredReading(NOW_MS + 1_000, 601.0, suspect=False),
        StoredReading(NOW_MS + 2_000, 9_999.0, suspect=True),
        StoredReading(NOW_MS + 3_000, 603.0, suspect=False),
    ]


def test_readings_keep_to_the_range_and_the_limit(readable: Subject) -> None:
    """From is inclusive, to exclusive; the limit cuts at the far end of the order asked for."""
    times = [NOW_MS + minute * MINUTE_MS for minute in range(10)]
    readable.store.write([air(at_ms=when, co2_ppm=float(place)) for place, when in enumerate(times)])
    found = readable.store.readings(asked(from_ms=times[2], to_ms=times[7]))
    assert [reading.value for reading in found] == [2.0, 3.0, 4.0, 5.0, 6.0]
    found = readable.store.readings(asked(from_ms=times[2], to_ms=times[7], limit=2))
    assert [reading.value for reading in found] == [2.0, 3.0]
    found = readable.store.readings(asked(from_ms=times[2], to_ms=times[7], limit=2, newest_first=True))
    assert [reading.value for reading in found] == [6.0, 5.0]
    assert readable.store.readings(asked(from_ms=times[7], to_ms=times[2])) == []
    assert readable.store.readings(asked(limit=0)) == []


def test_readings_over_many_days_and_gaps(readable: Subject) -> None:
    """Days without data, and ends of the range beyond all times, cost no reading."""
    days = [0, 1, 5, 40, 400, 3_000]
    points = [air(at_ms=NOW_MS - day * DAY_MS, co2_ppm=float(day)) for day in days]
    points.append(air("p2", at_ms=NOW_MS - 7 * DAY_MS, co2_ppm=7.0))
    readable.store.write(points)
    for begin in (0, -(2**62), NOW_MS - 3_001 * DAY_MS):
        found = readable.store.readings(asked(from_ms=begin, to_ms=2**62))
        assert [reading.value for reading in found] == [3_000.0, 400.0, 40.0, 5.0, 1.0, 0.0]
    found = readable.store.readings(asked(from_ms=0, to_ms=2**62, limit=1, newest_first=True))
    assert [reading.value for reading in found] == [0.0]


def test_readings_before_1970(readable: Subject) -> None:
    """A time below zero is a time."""
    readable.store.write([air(at_ms=-1, co2_ppm=1.0), air(at_ms=-DAY_MS - 1, co2_ppm=2.0)])
    found = readable.store.readings(asked(from_ms=-DAY_MS - 1, to_ms=0))
    assert found == [StoredReading(-DAY_MS - 1, 2.0, suspect=False), StoredReading(-1, 1.0, suspect=False)]


def test_readings_of_a_point_that_moved_to_another_room(readable: Subject) -> None:
    """The room is a tag, yet a point is one point."""
    readable.store.write([air(room="lobby", co2_ppm=1.0), air(room="vault", at_ms=NOW_MS + 1, co2_ppm=2.0)])
    assert [reading.value for reading in readable.store.readings(asked())] == [1.0, 2.0]


def test_readings_of_others_are_not_mixed_in(readable: Subject) -> None:
    """Another point, site, quantity, or one nobody has heard of, is another series."""
    readable.store.write([air(co2_ppm=1.0), air("p2", co2_ppm=2.0), air(site="hall-2", co2_ppm=3.0)])
    assert [reading.value for reading in readable.store.readings(asked())] == [1.0]
    assert readable.store.readings(asked("temperature_c")) == []
    assert readable.store.readings(asked(point="p3")) == []
    assert readable.store.readings(asked(site="hall' OR '1'='1", point='p"1\\')) == []


def test_marks_are_the_newest_of_each_region(readable: Subject) -> None:
    """Rule 10: the newest number of every region, and the proof's own mark is none of them."""
    readable.store.prove(["north"])
    assert readable.store.marks() == {}
    for n in range(1, 6):
        readable.store.write([mark("north", float(n), at_ms=NOW_MS + n), air(at_ms=NOW_MS + n, co2_ppm=1.0)])
    readable.store.write([mark("south", 2.0**53 - 1)])
    readable.store.prove(["north"])
    assert readable.store.marks() == {"north": 5, "south": 2**53 - 1}


def test_another_adapter_finds_what_the_first_has_written(readable: Subject) -> None:
    """Readings and marks outlive the program."""
    readable.store.write([air(co2_ppm=1.0), mark("north", 7.0)])
    readable.store.close()
    other = readable.open()
    other.prove(["north"])
    assert other.marks() == {"north": 7}
    assert [reading.value for reading in other.readings(asked())] == [1.0]
    assert other.write([air(at_ms=NOW_MS + 1, co2_ppm=2.0)]) == []
    other.close()


def test_an_adapter_can_be_used_after_close(readable: Subject) -> None:
    """Closing releases what is held; the next call takes it again."""
    readable.store.write([air(co2_ppm=1.0)])
    readable.store.close()
    readable.store.close()
    assert readable.store.write([air(at_ms=NOW_MS + 1, co2_ppm=2.0)]) == []
    assert [reading.value for reading in readable.store.readings(asked())] == [1.0, 2.0]


def test_several_threads_write_and_read_at_once(readable: Subject) -> None:
    """Nothing is lost or mixed up, and a reader never sees half a batch's point."""
    writers, rounds = 4, 10
    stop = threading.Event()
    readable.store.write([air("seed", co2_ppm=1.0)])

    def write(number: int) -> None:
        for step in range(rounds):
            times = range(NOW_MS + step * 1000, NOW_MS + step * 1000 + 50)
            batch = [air(f"w{number}", at_ms=when, co2_ppm=float(number)) for when in times]
            assert readable.store.write(batch) == []

    def read(number: int) -> int:
        seen = 0
        while not stop.is_set():
            found = readable.store.readings(asked(point=f"w{number}", limit=10_000))
            assert len(found) >= seen
            assert {reading.value for reading in found} <= {float(number)}
            seen = len(found)
        return seen

    with ThreadPoolExecutor(2 * writers) as pool:
        readers = [pool.submit(read, number) for number in range(writers)]
        for done in [pool.submit(write, number) for number in range(writers)]:
            done.result()
        stop.set()
        for reader in readers:
            reader.result()
    for number in range(writers):
        assert len(readable.store.readings(asked(point=f"w{number}", limit=10_000))) == rounds * 50
