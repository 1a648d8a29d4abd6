"""The store on an InfluxDB of its own: killed, frozen, emptied, locked, filled by others."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.errors import StoreMisconfigured, StoreUnavailable, StoreWriteOnly
from gateway.ports import Point, ReadingsQuery
from gateway.stores.influx_settings import InfluxSettings
from gateway.stores.influx_store import InfluxStore
from telemetry.clock import SystemClock
from tests.gateway.stores.subjects import (
    NOW_MS,
    StoreClock,
    Subject,
    air,
    double_subject,
    expected,
    influx_subject,
    mark,
    new_prefix,
    post,
    victoria_subject,
)
from tests.influx2_double import Fault, Influx2Double
from tests.servers import Influxd, VictoriaMetrics, wait_until

EVERYTHING = ReadingsQuery(site="hall-1", point="p1", quantity="co2_ppm", from_ms=0, to_ms=2**53, limit=10_000)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Influxd]:
    """An InfluxDB 1.6.7 that the test may kill."""
    with Influxd(tmp_path / "influxd") as server:
        yield server


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """An InfluxDB 1.6.7 with authentication; its administrator is `boss`."""
    with Influxd(tmp_path_factory.mktemp("locked"), user="boss", password="pass:word") as server:
        yield server


@pytest.fixture
def two(influx2: Influx2Double, tmp_path: Path) -> Subject:
    """A store on a server that answers as InfluxDB 2 does."""
    return double_subject(influx2, tmp_path)


class TestAServerThatDies:
    """204 means on disk, and nothing else counts."""

    def test_killed_between_writes(self, own: Influxd) -> None:
        """The write meanwhile fails, the next one works, and what was acknowledged is there."""
        subject = influx_subject(own, prefix="")
        batches = [[air(at_ms=NOW_MS + number * 10 + place, co2_ppm=1.0) for place in range(10)] for number in range(3)]
        assert subject.store.write([*batches[0], mark("north", 1.0)]) == []
        own.kill()
        with pytest.raises(StoreUnavailable):
            subject.store.write(batches[1])
        with pytest.raises(StoreUnavailable):
            subject.store.marks()
        own.start()
        assert subject.store.marks() == {"north": 1}
        for batch in batches[1:]:
            assert subject.store.write(batch) == []
        assert subject.held("air") == expected(*(point for batch in batches for point in batch))

    def test_killed_at_any_moment_it_keeps_what_it_has_acknowledged(self, own: Influxd) -> None:
        """A writer that repeats what failed ends with everything stored, ten kills or not."""
        subject = influx_subject(own, prefix="")
        acknowledged: list[Point] = []
        done = threading.Event()

        def write() -> None:
            step = 0
            while not done.is_set():
                batch = [air(f"p{place % 20}", at_ms=NOW_MS + step, co2_ppm=float(step)) for place in range(200)]
                try:
                    assert subject.store.write(batch) == []
                except StoreUnavailable:
                    continue
                acknowledged.extend(batch)
                step += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(10):
                before = len(acknowledged)
                wait_until(lambda before=before: len(acknowledged) > before + 400, what="a few more batches")
                own.kill()
                own.start()
        finally:
            done.set()
            writer.join()
        assert len(acknowledged) > 4_000
        assert subject.held("air").items() >= expected(*acknowledged).items()

    def test_frozen(self, own: Influxd) -> None:
        """A server that accepts the connection and says nothing is given up after `timeout_s`."""
        store = InfluxStore(InfluxSettings(url=own.url, timeout_s=0.3), clock=StoreClock())
        assert store.write([air(co2_ppm=1.0)]) == []
        own.freeze()
        try:
            with pytest.raises(StoreUnavailable, match="timed out"):
                store.write([air(at_ms=NOW_MS + 1, co2_ppm=2.0)])
        finally:
            own.thaw()
        assert store.write([air(at_ms=NOW_MS + 1, co2_ppm=2.0)]) == []
        assert [reading.value for reading in store.readings(EVERYTHING)] == [1.0, 2.0]

    def test_emptied(self, own: Influxd) -> None:
        """Its files thrown away, it has no database: the caller hears of it, finds no marks, and writes on."""
        subject = influx_subject(own, prefix="")
        subject.store.write([air(co2_ppm=1.0), mark("north", 5.0)])
        own.stop()
        own.wipe()
        own.start()
        with pytest.raises(StoreUnavailable, match=r"database not found.*made again") as caught:
            subject.store.write([air(co2_ppm=1.0)])
        assert not isinstance(caught.value, StoreMisconfigured)
        assert subject.store.marks() == {}
        assert subject.store.write([air(co2_ppm=2.0)]) == []
        assert subject.store.marks() == {}
        assert subject.held("air") == expected(air(co2_ppm=2.0))

    def test_emptied_and_asked_first(self, own: Influxd) -> None:
        """A question for the marks finds out as well: there are none. One for readings says what is wrong."""
        subject = influx_subject(own, prefix="")
        subject.store.write([mark("north", 5.0)])
        own.kill()
        own.wipe()
        own.start()
        with pytest.raises(StoreMisconfigured, match="database not found"):
            subject.store.readings(EVERYTHING)
        assert subject.store.marks() == {}
        assert subject.store.readings(EVERYTHING) == []
        assert subject.store.write([air(co2_ppm=2.0)]) == []


class TestRights:
    """401, 403 and 404 are for the operator, and say what to do."""

    def store(self, server: Influxd, folder: Path, words: str | None, prefix: str = "") -> InfluxStore:
        """A store that shows these words."""
        file = None
        if words is not None:
            file = folder / "token"
            file.write_text(words, encoding="utf-8")
        settings = InfluxSettings(url=server.url, token_file=file, bucket_prefix=prefix or new_prefix())
        return InfluxStore(settings, clock=StoreClock())

    def test_an_administrator_of_1_x(self, locked: Influxd, tmp_path: Path) -> None:
        """`user:password` in the token file, which may hold a colon and end in a line break."""
        store = self.store(locked, tmp_path, "boss:pass:word\n")
        store.prove(["north"])
        assert store.write([air(co2_ppm=1.0)]) == []
        assert [reading.value for reading in store.readings(EVERYTHING)] == [1.0]

    @pytest.mark.parametrize("words", [None, "boss:wrong", "nobody:pass:word"])
    def test_strangers_of_1_x(self, locked: Influxd, tmp_path: Path, words: str | None) -> None:
        """No or wrong words are `StoreMisconfigured`, in writes, queries and the proof; the password is not shown."""
        store = self.store(locked, tmp_path, words)
        for call in (lambda: store.prove([]), lambda: store.write([air(co2_ppm=1.0)]), store.marks):
            with pytest.raises(StoreMisconfigured, match="token_file") as caught:
                call()
            assert "wrong" not in str(caught.value)
            assert "pass:word" not in str(caught.value)

    def test_a_user_who_may_not_make_databases(self, locked: Influxd, tmp_path: Path) -> None:
        """The text has the statements for an administrator, and once they are run all is well."""
        prefix = new_prefix()
        locked.post("/query", q="CREATE USER clerk WITH PASSWORD 'clerk'")
        store = self.store(locked, tmp_path, "clerk:clerk", prefix)
        with pytest.raises(StoreMisconfigured) as caught:
            store.prove(["north"])
        for name in store.settings.buckets:
            assert f'CREATE DATABASE "{name}"' in str(caught.value)
            locked.post("/query", q=f'CREATE DATABASE "{name}"')
            locked.post("/query", q=f'GRANT ALL ON "{name}" TO clerk')
        store.prove(["north"])
        assert store.write([air(co2_ppm=1.0)]) == []

    def test_a_user_who_may_only_read(self, locked: Influxd, tmp_path: Path) -> None:
        """The proof finds out, not the first reading."""
        prefix = new_prefix()
        locked.post("/query", q="CREATE USER reader WITH PASSWORD 'reader'")
        store = self.store(locked, tmp_path, "reader:reader", prefix)
        for name in store.settings.buckets:
            locked.post("/query", q=f'CREATE DATABASE "{name}"')
            locked.post("/query", q=f'GRANT READ ON "{name}" TO reader')
        with pytest.raises(StoreMisconfigured, match="not authorized to write"):
            store.prove(["north"])

    def test_a_token_for_1_x(self, locked: Influxd, tmp_path: Path) -> None:
        """A token of InfluxDB 2 is no use to 1.x."""
        with pytest.raises(StoreMisconfigured, match="user:password"):
            self.store(locked, tmp_path, "abcdef==").prove([])

    @pytest.mark.parametrize("words", ["", "two\nlines", "schlüssel", "\x00"])
    def test_a_token_file_with_anything_else(self, locked: Influxd, tmp_path: Path, words: str) -> None:
        """It must hold one line of ASCII."""
        with pytest.raises(StoreMisconfigured, match="token_file"):
            self.store(locked, tmp_path, words).prove([])

    def test_no_token_file(self, influx2: Influx2Double, tmp_path: Path) -> None:
        """The text names the setting and the file."""
        settings = InfluxSettings(url=influx2.url, token_file=tmp_path / "gone")
        with pytest.raises(StoreMisconfigured, match=r"token_file.*gone"):
            InfluxStore(settings, clock=StoreClock()).prove([])

    def test_a_token_that_is_changed(self, influx2: Influx2Double, two: Subject, tmp_path: Path) -> None:
        """After a refusal the file is read again, so that a new token needs no restart."""
        assert two.store.write([air(co2_ppm=1.0)]) == []
        influx2.token = "new"
        with pytest.raises(StoreMisconfigured, match="401"):
            two.store.write([air(co2_ppm=2.0)])
        (tmp_path / "token").write_text("new", encoding="utf-8")
        assert two.store.write([air(co2_ppm=2.0)]) == []

    def test_version_1_8_takes_the_new_path_and_the_old_words(self, tmp_path: Path) -> None:
        """InfluxDB 1.8 is written to over /api/v2/write, as `user:password`."""
        with Influx2Double(token="boss:word", version="1.8.10") as server:
            subject = double_subject(server, tmp_path)
            subject.store.prove(["north"])
            assert subject.store.write([air(co2_ppm=1.0)]) == []
            assert subject.held("air") == expected(air(co2_ppm=1.0))
            subject.store.close()

    def test_version_3_and_one_that_does_not_say(self, tmp_path: Path) -> None:
        """They are spoken to as InfluxDB 2."""
        for version in ("3.2.1", "", "dev"):
            with Influx2Double(token="secret", version=version) as server:
                subject = double_subject(server, tmp_path)
                subject.store.prove(["north"])
                assert subject.store.write([air(co2_ppm=1.0)]) == []
                subject.store.close()

    def test_an_unknown_bucket_or_organisation(self, influx2: Influx2Double, tmp_path: Path) -> None:
        """404: the text names the bucket, and what to look at."""
        token = tmp_path / "token"
        token.write_text("secret", encoding="utf-8")
        settings = InfluxSettings(url=influx2.url, token_file=token, bucket_prefix="other_")
        with pytest.raises(StoreMisconfigured, match=r"other_openhall.*bucket_prefix"):
            InfluxStore(settings, clock=StoreClock()).write([air(co2_ppm=1.0)])
        settings = InfluxSettings(url=influx2.url, token_file=token, org="other")
        with pytest.raises(StoreMisconfigured, match=r"other.*\$\.store\.org"):
            InfluxStore(settings, clock=StoreClock()).write([air(co2_ppm=1.0)])


class TestTheProof:
    """At start a store shows that it can be trusted."""

    def test_an_integer_column(self, influxd: Influxd) -> None:
        """Another program's integers would have every value of ours refused: the operator hears of it at once."""
        subject = influx_subject(influxd)
        subject.store.prove([])
        assert isinstance(subject.store, InfluxStore)
        name = subject.store.settings.bucket_of("air")
        post(influxd.url, "/write", b"air,site=hall-9 co2_ppm=5i 1700000000000", db=name, precision="ms")
        with pytest.raises(StoreMisconfigured, match=r"co2_ppm of measurement air is integer"):
            subject.store.prove([])
        ((place, detail),) = subject.store.write([air(co2_ppm=1.0)])
        assert (place, detail) == (0, "field type conflict") or "type conflict" in detail

    def test_an_integer_in_another_week(self, influxd: Influxd) -> None:
        """Where most weeks have floats it is a warning: the old week would stop the gateway for ever."""
        subject = influx_subject(influxd)
        assert subject.store.write([air(co2_ppm=1.0)]) == []
        assert isinstance(subject.store, InfluxStore)
        name = subject.store.settings.bucket_of("air")
        post(influxd.url, "/write", b"air,site=hall-9 co2_ppm=5i 1600000000000", db=name, precision="ms")
        with capture_logs() as logs:
            subject.store.prove([])
        (warning,) = [entry for entry in logs if entry["event"] == "field has several types"]
        assert warning["log_level"] == "warning"
        assert (warning["field"], warning["types"]) == ("co2_ppm", "float and integer")

    @pytest.mark.parametrize(("ahead_s", "warned"), [(0, False), (4, False), (60, True), (-60, True)])
    def test_the_clock(self, influx2: Influx2Double, two: Subject, ahead_s: float, warned: bool) -> None:
        """More than 5 s between the server's clock and ours is a warning."""
        two.clock.now_s = SystemClock().now()
        influx2.clock_offset_s = ahead_s
        with capture_logs() as logs:
            two.store.prove([])
        assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["clocks differ"] * warned

    def test_a_server_that_takes_and_forgets(self, influx2: Influx2Double, two: Subject) -> None:
        """What is read back must be what was written."""
        influx2.faults.append(Fault(path="/api/v2/write", status=204))
        with pytest.raises(StoreUnavailable, match="read back"):
            two.store.prove([])

    def test_a_server_that_answers_no_influxql(self, victoria: VictoriaMetrics) -> None:
        """VictoriaMetrics without `write_only` does not pass for a store of record."""
        store = InfluxStore(InfluxSettings(url=victoria.url, bucket_prefix=new_prefix()), clock=StoreClock())
        with pytest.raises(StoreUnavailable, match="write_only"):
            store.prove([])

    def test_the_probe_is_no_mark_of_a_region(self, influx2: Influx2Double, two: Subject) -> None:
        """It carries the reserved region id, in every bucket."""
        two.store.prove(["north"])
        for bucket in ("openhall", "openhall_long", "openhall_evidence"):
            ((name, tags),) = influx2.points[bucket]
            assert (name, tags) == ("mark", (("region", "gateway"),))
        assert two.store.marks() == {}


class TestBuckets:
    """Every measurement has its place."""

    def test_as_the_contract_says(self, influx2: Influx2Double, two: Subject) -> None:
        """air, mark and agent in one, what is kept for ever in another."""
        tags = (("region", "north"),)
        for name in ("air", "mark", "agent", "air_1h", "facility", "alert", "doubt"):
            assert two.store.write([Point(name, tags, NOW_MS, {"n": 1.0})]) == []
        names = {bucket: sorted(name for name, _ in series) for bucket, series in influx2.points.items()}
        assert names == {
            "openhall": ["agent", "air", "mark"],
            "openhall_long": ["air_1h", "alert", "doubt", "facility"],
            "openhall_evidence": [],
        }

    def test_evidence(self, influx2: Influx2Double, two: Subject) -> None:
        """A store for evidence writes and reads air in the bucket that never expires."""
        assert isinstance(two.store, InfluxStore)
        words = two.store.settings
        settings = InfluxSettings(url=words.url, token_file=words.token_file, evidence=True)
        store = InfluxStore(settings, clock=two.clock)
        assert store.write([air(co2_ppm=1.0)]) == []
        assert influx2.points["openhall"] == {}
        assert [reading.value for reading in store.readings(EVERYTHING)] == [1.0]
        store.close()

    def test_two_gateways_with_prefixes_share_a_server(self, influxd: Influxd) -> None:
        """The prefix keeps them apart."""
        one, other = influx_subject(influxd), influx_subject(influxd)
        one.store.write([air(co2_ppm=1.0)])
        other.store.write([air(co2_ppm=2.0)])
        assert one.held("air") == expected(air(co2_ppm=1.0))
        assert other.held("air") == expected(air(co2_ppm=2.0))


def test_gzip_changes_nothing_but_the_bytes(influxd: Influxd, influx2: Influx2Double, tmp_path: Path) -> None:
    """Compressed bodies are read by the real 1.6.7 and by the double, and are several times smaller."""
    batch = [air(at_ms=NOW_MS + place, co2_ppm=600.25, temperature_c=21.5) for place in range(1_000)]
    one = influx_subject(influxd, gzip=True)
    assert one.store.write(batch) == []
    assert one.held("air") == expected(*batch)
    two = double_subject(influx2, tmp_path)
    assert isinstance(two.store, InfluxStore)
    words = two.store.settings
    store = InfluxStore(InfluxSettings(url=words.url, token_file=words.token_file, gzip=True), clock=two.clock)
    assert two.store.write(batch) == []
    assert store.write(batch) == []
    plain, packed = (length for method, _, length in influx2.requests if method == "POST")
    assert packed * 4 < plain


def test_a_write_only_store_answers_nothing(victoria: VictoriaMetrics) -> None:
    """It says so with None instead of marks, and refuses a question: an empty answer would be taken for the truth."""
    subject = victoria_subject(victoria)
    subject.store.prove(["north"])
    assert subject.store.write([air(co2_ppm=1.0), mark("north", 1.0)]) == []
    assert subject.store.marks() is None
    with pytest.raises(StoreWriteOnly, match="written only"):
        subject.store.readings(EVERYTHING)
    assert [json.loads(line)["values"] for line in victoria.export('{__name__="air_co2_ppm",db=~"t.*"}').splitlines()]
