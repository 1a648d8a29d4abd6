"""An InfluxDB that is down, slow, or at odds with a line: what the store says, and that nothing is lost."""

import json
from email.utils import formatdate
from pathlib import Path

import pytest

from gateway.errors import StoreMisconfigured, StoreUnavailable
from gateway.ports import Point, ReadingsQuery
from gateway.stores.influx_settings import InfluxSettings
from gateway.stores.influx_store import InfluxStore
from telemetry.clock import SystemClock, to_ms
from tests.gateway.stores.subjects import (
    NOW_MS,
    NOW_S,
    Subject,
    air,
    double_subject,
    expected,
    influx_subject,
    mark,
)
from tests.influx2_double import Fault, Influx2Double
from tests.servers import Influxd

HOUR_MS = 3_600_000

QUERY = ReadingsQuery(site="hall-1", point="p1", quantity="co2_ppm", from_ms=NOW_MS - 1000, to_ms=NOW_MS + 100_000)
UNREADY = json.dumps({"results": [{"statement_id": 0, "error": "query interrupted"}]}).encode()


def batch(count: int, *, begin: int = 0) -> list[Point]:
    """So many good points."""
    return [air(at_ms=NOW_MS + place, co2_ppm=400.0 + place) for place in range(begin, begin + count)]


@pytest.fixture
def two(influx2: Influx2Double, tmp_path: Path) -> Subject:
    """A store on a server that answers as InfluxDB 2 does."""
    return double_subject(influx2, tmp_path)


class TestAFaultThatPasses:
    """The caller keeps the batch and writes it again."""

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(status=503),
            Fault(status=429),
            Fault(status=500),
            Fault(status=502, body=b"<html>Bad Gateway</html>"),
            Fault(status=504, body=b"\xff\xfe"),
            Fault(status=408),
            Fault(reset=True),
            Fault(hang_s=0.5),
        ],
        ids=lambda fault: str(fault.status or ("reset" if fault.reset else "hang")),
    )
    def test_the_write_fails_and_the_next_one_stores_all(
        self, influx2: Influx2Double, two: Subject, fault: Fault
    ) -> None:
        """Whatever goes wrong on the way is `StoreUnavailable`, and the same batch then arrives whole."""
        store = InfluxStore(InfluxSettings(**{**_words(two), "timeout_s": 0.2}), clock=two.clock)
        influx2.faults.append(fault)
        with pytest.raises(StoreUnavailable) as caught:
            store.write(batch(10))
        assert not isinstance(caught.value, StoreMisconfigured)
        assert store.counters.failures == 1
        assert store.write(batch(10)) == []
        assert two.held("air") == expected(*batch(10))

    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize(
        ("given", "wait_s"),
        [
            ("7", 7.0),
            ("0", 0.0),
            ("1.5", 1.5),
            (formatdate(NOW_S + 90, usegmt=True), 90.0),
            (formatdate(NOW_S - 90, usegmt=True), 0.0),
            ("999999999", 3_600.0),
            ("soon", None),
            ("-5", None),
        ],
    )
    def test_the_wait_that_the_server_asks_for_is_handed_on(
        self, influx2: Influx2Double, two: Subject, status: int, given: str, wait_s: float | None
    ) -> None:
        """Seconds or a date, at most an hour; nonsense counts as not said."""
        influx2.faults.append(Fault(status=status, headers={"Retry-After": given}))
        with pytest.raises(StoreUnavailable) as caught:
            two.store.write(batch(1))
        assert caught.value.retry_after_s == wait_s

    def test_nobody_listens(self, influx2: Influx2Double, two: Subject) -> None:
        """A refused connection is `StoreUnavailable`, for writes, queries and the proof."""
        store = InfluxStore(InfluxSettings(url="http://127.0.0.1:9", timeout_s=1), clock=two.clock)
        for call in (
            lambda: store.write(batch(1)),
            store.marks,
            lambda: store.readings(QUERY),
            lambda: store.prove([]),
        ):
            with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:9"):
                call()
        assert influx2.requests == []

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(path="/query", status=503),
            Fault(path="/query", reset=True),
            Fault(path="/query", status=200, body=b"<html>hello</html>"),
            Fault(path="/query", status=200, body=b'{"results":{}}'),
            Fault(path="/query", status=200, body=b"[1,2"),
            Fault(path="/query", status=200, body=UNREADY),
            Fault(path="/query", status=400, body=b'{"code":"invalid","message":"error parsing query"}'),
        ],
    )
    def test_a_query_fails_and_says_so(self, influx2: Influx2Double, two: Subject, fault: Fault) -> None:
        """Also an answer that is none, and an error that stands in an HTTP 200: never an empty list of readings."""
        two.store.write(batch(1))
        influx2.faults.append(fault)
        with pytest.raises(StoreUnavailable):
            two.store.readings(QUERY)
        assert len(two.store.readings(QUERY)) == 1
        influx2.faults.append(fault)
        with pytest.raises(StoreUnavailable):
            two.store.marks()


class TestABodyThatIsAnswered500:
    """It may be the server's fault or the body's."""

    def test_the_bad_line_is_found_after_five_answers(self, influx2: Influx2Double, two: Subject) -> None:
        """The caller gets its batch back again and again; then the one line is named and all others are kept."""
        good = batch(300)
        bad = air("poison", co2_ppm=1.0)
        influx2.faults.append(Fault(status=500, when=b"point=poison", keep=True))
        points = [*good[:123], bad, *good[123:]]
        for _ in range(4):
            with pytest.raises(StoreUnavailable):
                two.store.write(points)
        assert [refused.place for refused in two.store.write(points)] == [123]
        assert two.held("air") == expected(*good)

    def test_another_body_between_does_not_start_the_count_anew(self, influx2: Influx2Double, two: Subject) -> None:
        """What is counted is the body, not the call."""
        influx2.faults.append(Fault(status=500, when=b"point=poison", keep=True))
        points = [air("poison", co2_ppm=1.0), air("p2", co2_ppm=2.0)]
        for step in range(4):
            with pytest.raises(StoreUnavailable):
                two.store.write(points)
            assert two.store.write(batch(1, begin=step)) == []
        assert [refused.place for refused in two.store.write(points)] == [0]

    def test_a_server_that_answers_500_to_everything_is_no_reason_to_refuse(
        self, influx2: Influx2Double, two: Subject
    ) -> None:
        """While even a line that is known to be good gets 500, the batch stays the caller's, however often it asks."""
        fault = Fault(status=500, keep=True)
        influx2.faults.append(fault)
        for _ in range(12):
            with pytest.raises(StoreUnavailable):
                two.store.write(batch(20))
        influx2.faults.remove(fault)
        assert two.store.write(batch(20)) == []
        assert two.held("air") == expected(*batch(20))

    def test_nothing_is_refused_while_the_server_itself_is_ill(self, influx2: Influx2Double, two: Subject) -> None:
        """The search begins only when a line that is known to be good is taken again."""
        influx2.faults.append(Fault(status=500, when=b"point=poison", keep=True))
        influx2.faults.extend([Fault(status=500, when=b"mark,region=gateway")] * 3)
        points = [*batch(8), air("poison", co2_ppm=1.0)]
        for _ in range(4 + 3):
            with pytest.raises(StoreUnavailable):
                two.store.write(points)
        assert [refused.place for refused in two.store.write(points)] == [8]
        assert two.held("air") == expected(*batch(8))


class TestOneBadLine:
    """400 and 422 split the body until the bad line is alone."""

    def test_among_five_thousand_on_influxdb_2(self, influx2: Influx2Double, two: Subject) -> None:
        """Found with few requests; InfluxDB 2 stores nothing of a body with an unparseable line."""
        good = batch(4_999)
        two.store.write(good[:1])
        bad = air(at_ms=NOW_MS + 50_000, co2_ppm="high")
        before = influx2.posts()
        refused = two.store.write([*good[:3_210], bad, *good[3_210:]])
        assert [place for place, _ in refused] == [3_210]
        assert "already exists as type float" in refused[0].detail
        assert two.held("air") == expected(*good)
        assert influx2.posts() - before <= 2 * 13 + 2
        assert two.store.counters.refused == 1
        assert two.store.counters.splits == pytest.approx(12, abs=1)

    def test_among_five_thousand_on_influxdb_1(self, influxd: Influxd) -> None:
        """The same on the real 1.6.7, which keeps the good lines of a refused body."""
        one = influx_subject(influxd)
        good = batch(4_999)
        one.store.write(good[:1])
        bad = air(at_ms=NOW_MS + 50_000, co2_ppm="high")
        refused = one.store.write([*good[:3_210], bad, *good[3_210:]])
        assert [place for place, _ in refused] == [3_210]
        assert "field type conflict" in refused[0].detail
        assert one.held("air") == expected(*good)

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_several_of_them(self, influx2: Influx2Double, two: Subject, status: int) -> None:
        """Each is named with its own place, whichever of the three statuses it gets."""
        influx2.faults.append(Fault(status=status, when=b"point=bad", keep=True, body=b'{"message":"no\\nthanks"}'))
        points = batch(100)
        for place in (0, 1, 50, 98, 99):
            points[place] = air("bad", at_ms=NOW_MS + place, co2_ppm=1.0)
        refused = two.store.write(points)
        assert [(place, detail) for place, detail in refused] == [(place, "no thanks") for place in (0, 1, 50, 98, 99)]
        assert two.held("air") == expected(*(point for point in points if point.tags[-1][1] != "bad"))

    def test_a_server_that_refuses_even_a_good_line_is_misconfigured(
        self, influx2: Influx2Double, two: Subject
    ) -> None:
        """A 400 that has nothing to do with the lines does not send everything to the dead letters."""
        influx2.faults.append(Fault(status=400, keep=True, body=b'{"code":"invalid","message":"bad org"}'))
        with pytest.raises(StoreMisconfigured, match="bad org"):
            two.store.write(batch(10))
        influx2.faults.clear()
        assert two.store.write(batch(10)) == []

    def test_a_line_too_long_for_any_body(self, two: Subject) -> None:
        """It is refused here: InfluxDB 1.6 would cut the connection, and that looks like an outage for ever."""
        store = InfluxStore(InfluxSettings(**{**_words(two), "max_body_bytes": 2_000}), clock=two.clock)
        points = batch(100)
        points[7] = air(at_ms=NOW_MS + 7, state="x" * 3_000)
        refused = store.write(points)
        assert [place for place, _ in refused] == [7]
        assert "bytes" in refused[0].detail
        assert len(two.held("air")) == 99

    def test_bodies_keep_to_their_size(self, influx2: Influx2Double, two: Subject) -> None:
        """Neither more lines nor more bytes than the settings say go into one body."""
        store = InfluxStore(
            InfluxSettings(**{**_words(two), "max_body_bytes": 2_000, "max_lines": 15}), clock=two.clock
        )
        assert store.write(batch(100)) == []
        sizes = [length for method, path, length in influx2.requests if (method, path) == ("POST", "/api/v2/write")]
        assert max(sizes) <= 2_000
        assert len(sizes) >= 7
        assert two.held("air") == expected(*batch(100))


class TestRetention:
    """Lines older than the bucket keeps."""

    def test_they_are_parked_before_the_write(self, influx2: Influx2Double, two: Subject) -> None:
        """No request is spent on them, and the others are written."""
        influx2.retention_s["openhall"] = 3_600
        two.clock.now_s = SystemClock().now()
        now_ms = to_ms(two.clock.now_s)
        old, young = air(at_ms=now_ms - 2 * HOUR_MS, co2_ppm=1.0), air(at_ms=now_ms - HOUR_MS // 2, co2_ppm=2.0)
        refused = two.store.write([old, young, old])
        assert [place for place, _ in refused] == [0, 2]
        assert refused[0].detail == "older than the retention of bucket openhall, 1 hours"
        assert influx2.posts() == 1
        assert two.held("air") == expected(young)

    def test_the_server_has_the_last_word(self, influx2: Influx2Double, two: Subject) -> None:
        """Where the retention was made shorter since the set-up, the server's 422 names the lines all the same."""
        two.clock.now_s = SystemClock().now()
        now_ms = to_ms(two.clock.now_s)
        two.store.write([mark("north", 1.0, at_ms=now_ms)])
        influx2.retention_s["openhall"] = 3_600
        young = [air(at_ms=now_ms - place, co2_ppm=1.0) for place in range(9)]
        refused = two.store.write([*young, air(at_ms=now_ms - 2 * HOUR_MS, co2_ppm=1.0)])
        assert [place for place, _ in refused] == [9]
        assert "outside retention policy of duration 1h0m0s" in refused[0].detail
        assert two.held("air") == expected(*young)

    def test_on_the_real_influxdb(self, influxd: Influxd) -> None:
        """InfluxDB 1.6.7: first the server drops them, later the store parks them itself."""
        one = influx_subject(influxd)
        one.clock.now_s = SystemClock().now()
        now_ms = to_ms(one.clock.now_s)
        old, young = air(at_ms=now_ms - 200 * HOUR_MS, co2_ppm=1.0), air(at_ms=now_ms - 1_000, co2_ppm=2.0)
        one.store.write([mark("north", 1.0, at_ms=now_ms)])
        assert isinstance(one.store, InfluxStore)
        name = one.store.settings.bucket_of("air")
        influxd.post("/query", q=f'ALTER RETENTION POLICY autogen ON "{name}" DURATION 1h SHARD DURATION 1h')
        ((place, detail),) = one.store.write([young, old])
        assert (place, detail) == (1, "partial write: points beyond retention policy dropped=1")
        one.store.prove([])
        ((place, detail),) = one.store.write([young, old])
        assert (place, detail) == (1, f"older than the retention of bucket {name}, 1 hours")
        assert one.held("air") == expected(young)


def _words(subject: Subject) -> dict[str, object]:
    store = subject.store
    assert isinstance(store, InfluxStore)
    return {"url": store.settings.url, "token_file": store.settings.token_file}


def test_the_double_answers_as_recorded(influx2: Influx2Double) -> None:
    """The recorded answers of InfluxDB 2.7.12 to unparseable lines, broken gzip and an empty body."""
    status, answer = influx2.write("openhall", b"good,site=a co2=1 1\nbad,site=a")
    assert (status, answer["code"]) == (400, "invalid")
    assert answer["message"] == "unable to parse 'bad,site=a': missing fields"
    assert influx2.points["openhall"] == {}
    assert influx2.write("openhall", b"") == (204, {})
    status, answer = influx2.write("openhall", b'bad co2=1.5 1\nbad co2="x" 2\nbad co2=2.5 3')
    assert status == 422
    assert answer["message"] == (
        'failure writing points to database: partial write: field type conflict: input field "co2" on measurement '
        '"bad" is type string, already exists as type float dropped=1'
    )
    assert len(next(iter(influx2.points["openhall"].values()))) == 2
