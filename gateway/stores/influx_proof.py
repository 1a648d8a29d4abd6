"""What is set up, and what is looked at, before an InfluxDB is trusted."""

import re
from collections.abc import Sequence
from typing import Final

import structlog

from gateway.errors import StoreMisconfigured, StoreUnavailable
from gateway.stores import influxql
from gateway.stores.influx_http import InfluxHttp, Server
from gateway.stores.influx_settings import InfluxSettings

MAX_CLOCK_DIFFERENCE_S: Final = 5.0

# Go's time.Duration.String, in which InfluxDB names retentions: 168h0m0s; 0s is for ever.
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_FLOAT_MEASUREMENTS: Final = ("air", "mark", "agent", "air_1h")

log = structlog.get_logger(__name__)


def make_databases(http: InfluxHttp, names: Sequence[str]) -> None:
    """Make the databases of InfluxDB 1.x that are missing.

    Raises:
        StoreMisconfigured: If that is not permitted; the text has the statements for an administrator.
    """
    missing = set(names) - _visible(http)
    for name in names:
        if name not in missing:
            continue
        try:
            http.query(influxql.create_database(name), columns=0, change=True)
        except StoreMisconfigured as error:
            # A user without the right to create sees only the databases he has rights on.
            statements = "; ".join(influxql.create_database(each) for each in names if each in missing)
            raise StoreMisconfigured(
                f"databases are missing; let an administrator run: {statements} ({error})"
            ) from error
        log.info("database made", database=name)


def _visible(http: InfluxHttp) -> set[str]:
    return {str(row[0]) for series in http.query(influxql.databases(), columns=1) for row in series.values}


def retention_of(http: InfluxHttp, names: Sequence[str]) -> dict[str, int]:
    """How many milliseconds each bucket keeps; those that keep for ever, and those that do not say, are absent."""
    found = {}
    for name in names:
        try:
            answer = http.query(influxql.retention_policies(name), columns=0, bucket=name)
        except StoreMisconfigured:
            raise
        except StoreUnavailable as error:
            log.debug("retention unknown", bucket=name, error=str(error))
            continue
        for series in answer:
            rows = [dict(zip(series.columns, row, strict=False)) for row in series.values]
            kept_ms = next((_ms_of(str(row.get("duration"))) for row in rows if row.get("default")), 0)
            if kept_ms:
                found[name] = kept_ms
    return found


def _ms_of(duration: str) -> int:
    match = _DURATION.fullmatch(duration)
    if match is None:
        return 0
    hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def check_fields(http: InfluxHttp, settings: InfluxSettings) -> None:
    """Look whether the numbers we write meet columns of floats.

    Raises:
        StoreMisconfigured: If a field is not a float anywhere: every value of it would be refused. Where it is one in
            some weeks and another type in others, which 1.x permits, a warning says so.
    """
    for measurement in _FLOAT_MEASUREMENTS:
        bucket = settings.bucket_of(measurement)
        types: dict[str, set[str]] = {}
        for series in http.query(influxql.field_keys(measurement), columns=2, bucket=bucket):
            for name, kind in series.values:
                types.setdefault(name, set()).add(kind)
        for name, kinds in types.items():
            if kinds == {"float"}:
                continue
            words = " and ".join(sorted(kinds))
            if "float" in kinds:
                log.warning("field has several types", bucket=bucket, measurement=measurement, field=name, types=words)
                continue
            raise StoreMisconfigured(
                f"bucket {bucket}: field {name} of measurement {measurement} is {words}, and OpenHall writes float; "
                "another program has written it: give OpenHall buckets of its own ($.store.bucket_prefix)"
            )


def check_clock(server: Server, now_s: float) -> None:
    """Warn if the server's clock and ours differ by more than 5 s."""
    if server.clock_s is not None and abs(server.clock_s - now_s) > MAX_CLOCK_DIFFERENCE_S:
        log.warning("clocks differ", server=server.clock_s, ours=round(now_s, 3), seconds=round(server.clock_s - now_s))
