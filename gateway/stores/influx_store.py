"""InfluxDB 1.x, 2.x and 3 Core as a store, and whatever takes the same writes."""

import threading
from collections.abc import Sequence
from typing import Final

import structlog

from gateway.errors import StoreUnavailable, StoreWriteOnly
from gateway.ports import AnyPoint, Point, ReadingsQuery, Refused, StoredReading, Summary
from gateway.stores import influxql
from gateway.stores.influx_batches import BodyWriter, Line
from gateway.stores.influx_http import BodyRefusedError, InfluxHttp, MissingBucketError, Series
from gateway.stores.influx_proof import check_clock, check_fields, make_databases, retention_of
from gateway.stores.influx_settings import InfluxSettings
from gateway.stores.influx_summaries import counted_in, summaries_of
from gateway.stores.line_protocol import encode
from gateway.stores.points import PROBE_REGION, Counters, Tags, UnstorableError
from telemetry.clock import Clock, to_ms

RETENTION_MARGIN_MS: Final = 5_000
"""Lines this close to a bucket's retention are left to the server, whose clock decides."""

log = structlog.get_logger(__name__)


class InfluxStore:
    """The `Store` port on InfluxDB.

    Nothing is asked before the first call. The databases of 1.x are made if they are missing and it is permitted, at
    the first write and again when the server has lost them.

        store = InfluxStore(InfluxSettings(url="http://127.0.0.1:8086"), clock=SystemClock())
        store.prove(["north"])

    Args:
        settings: Where and how.
        clock: Dates the mark of `prove`, and tells what is older than a bucket keeps.
    """

    def __init__(self, settings: InfluxSettings, *, clock: Clock) -> None:
        self.settings = settings
        self.counters = Counters()
        self._clock = clock
        self._lock = threading.RLock()
        self._http = InfluxHttp(settings, clock=clock)
        self._set_up = False
        self._retention_ms: dict[str, int] = {}
        self._bodies = BodyWriter(
            post=self._http.write,
            probe=self._probe,
            max_lines=settings.max_lines,
            max_bytes=settings.max_body_bytes,
            faults_before_split=settings.faults_before_split,
            counters=self.counters,
        )

    def prove(self, regions: Sequence[str]) -> None:
        """Write a mark into every bucket, read it back and compare; check the types of the fields and the clock.

        A write-only store is only written to.

        Raises:
            StoreUnavailable: If it does not answer, or not what was written.
            StoreMisconfigured: If a bucket, a right or the token is missing, or a field has the wrong type.
        """
        with self._lock:
            self._http.close()
            self._set_up = False
            self._ready()
            server = self._http.server()
            now_s = self._clock.now()
            for bucket in self.settings.buckets:
                self._prove_bucket(bucket, to_ms(now_s))
            if not self.settings.write_only:
                check_fields(self._http, self.settings)
            check_clock(server, now_s)
        marks = self.marks() or {}
        found = {region: marks.get(region) for region in regions}
        log.info("store proved", url=self.settings.url, version=server.version, marks=found)

    def write(self, points: Sequence[AnyPoint]) -> list[Refused]:
        """Commit all points but the refused: one body a bucket and 5,000 lines.

        Raises:
            StoreUnavailable: 429, 5xx, time-outs, resets; some of the points may be stored. Also if InfluxDB 1.x has
                lost its databases, after they are made again: look at the marks, then write again.
            StoreMisconfigured: 401, 403, 404.
        """
        with self._lock:
            try:
                self._ready()
                refused, buckets = self._encode(points)
                for bucket, lines in buckets.items():
                    refused += self._bodies.write(bucket, lines)
            except MissingBucketError as error:
                self.counters.failures += 1
                self._set_up = False
                self._make_again(error)
                raise StoreUnavailable(f"{error} (made again, empty)") from error
            except StoreUnavailable:
                self.counters.failures += 1
                self._set_up = False
                raise
            self.counters.points += len(points) - len(refused)
            self.counters.refused += len(refused)
            return sorted(refused)

    def marks(self) -> dict[str, int] | None:
        """The newest mark of each region; None of a write-only store.

        If InfluxDB 1.x has lost its databases there are none, and the databases are made again.
        """
        if self.settings.write_only:
            return None
        try:
            answer = self._query(influxql.newest_marks(), "mark", columns=2)
        except MissingBucketError as error:
            with self._lock:
                self._make_again(error)
            answer = self._query(influxql.newest_marks(), "mark", columns=2)
        return {series.tags["region"]: int(series.values[0][1]) for series in answer}

    def readings(self, query: ReadingsQuery) -> list[StoredReading]:
        """Readings of one series, good and suspect merged.

        Raises:
            StoreWriteOnly: It is not there to be asked.
        """
        self._require_answers()
        if query.limit <= 0 or query.from_ms >= query.to_ms:
            return []
        found: list[StoredReading] = []
        for series in self._query(influxql.readings(query), "air", columns=3):
            for time_ms, good, suspect in series.values:
                if good is not None:
                    found.append(StoredReading(time_ms, float(good), suspect=False))
                if suspect is not None:
                    found.append(StoredReading(time_ms, float(suspect), suspect=True))
        return found[: query.limit]

    def summaries(self, site: str, from_ms: int, to_ms: int) -> list[Summary]:
        """The good air of a branch summed up by the server.

        Raises:
            StoreWriteOnly: It is not there to be asked.
        """
        self._require_answers()
        return summaries_of(self._query(influxql.summaries(site, from_ms, to_ms), "air", columns=0))

    def counted(self, site: str, hour_ms: int) -> set[tuple[Tags, str]]:
        """What `air_1h` says of a branch's hour with a count above 0.

        Raises:
            StoreWriteOnly: It is not there to be asked.
        """
        self._require_answers()
        return counted_in(self._query(influxql.hour(site, hour_ms), "air_1h", columns=0))

    def keeps_ms(self) -> int | None:
        """How long the bucket of air keeps it, as far as the server says."""
        with self._lock:
            self._ready()
            return self._retention_ms.get(self.settings.bucket_of("air"))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _require_answers(self) -> None:
        if self.settings.write_only:
            raise StoreWriteOnly(f"{self.settings.url} is written only and cannot be asked; ask it by its own means")

    def _query(self, statement: str, measurement: str, *, columns: int) -> list[Series]:
        try:
            return self._http.query(statement, columns=columns, bucket=self.settings.bucket_of(measurement))
        except StoreUnavailable:
            self.counters.failures += 1
            raise

    def _ready(self) -> None:
        if self._set_up:
            return
        if not self.settings.write_only and self._http.server().major == 1:
            make_databases(self._http, self.settings.buckets)
        self._retention_ms = {} if self.settings.write_only else retention_of(self._http, self.settings.buckets)
        self._set_up = True

    def _make_again(self, error: MissingBucketError) -> None:
        """Make the databases of 1.x; raises `error` for a server on which only a person can."""
        if self.settings.write_only or self._http.server().major != 1:
            raise error
        self._set_up = False
        self._ready()

    def _encode(self, points: Sequence[AnyPoint]) -> tuple[list[Refused], dict[str, list[Line]]]:
        refused: list[Refused] = []
        buckets: dict[str, list[Line]] = {}
        now_ms = to_ms(self._clock.now())
        oldest = {bucket: now_ms - kept_ms - RETENTION_MARGIN_MS for bucket, kept_ms in self._retention_ms.items()}
        for place, point in enumerate(points):
            bucket = self.settings.bucket_of(point.measurement)
            try:
                line = Line(place, encode(point))
            except UnstorableError as error:
                refused.append(Refused(place, str(error)))
                continue
            if bucket in oldest and point.time_ms < oldest[bucket]:
                hours = self._retention_ms[bucket] / 3_600_000
                refused.append(Refused(place, f"older than the retention of bucket {bucket}, {hours:g} hours"))
                continue
            buckets.setdefault(bucket, []).append(line)
        return refused, buckets

    def _probe(self, bucket: str) -> None:
        self._http.write(bucket, encode(_probe_point(to_ms(self._clock.now()))))

    def _prove_bucket(self, bucket: str, now_ms: int) -> None:
        try:
            self._http.write(bucket, encode(_probe_point(now_ms)))
        except BodyRefusedError as error:
            raise StoreUnavailable(f"bucket {bucket} refused the mark of the proof: {error}") from error
        if self.settings.write_only:
            return
        series = self._http.query(influxql.probe_mark(now_ms), columns=2, bucket=bucket)
        found = [float(n) for one in series for _, n in one.values]
        if found != [float(now_ms)]:
            raise StoreUnavailable(f"bucket {bucket}: wrote the mark {now_ms} and read back {found}")


def _probe_point(now_ms: int) -> Point:
    return Point("mark", (("region", PROBE_REGION),), now_ms, {"n": float(now_ms)})
