"""Every reading of a recorded room goes through journal, broker and gateway into each store, and none changes."""

from pathlib import Path

import pytest

from tests.end_to_end.programs import GatewayProgram, Replay
from tests.end_to_end.recordings import Readings, differences, made_recording, readings_of, real_recording
from tests.end_to_end.stores import in_influx, in_sqlite, in_victoria
from tests.servers import Influxd, NatsServer, VictoriaMetrics

VICTORIA_DIGITS = 15
"""VictoriaMetrics keeps decimals: the file's 18.549999999999997 comes back as 18.55."""


def _carry(tmp_path: Path, broker: NatsServer, recording: Path, *, store: str, region: str) -> GatewayProgram:
    gateway = GatewayProgram(tmp_path / "gateway", store=store, broker_port=broker.port, region=region)
    with gateway:
        with Replay(tmp_path / "agent", recording=recording, broker_port=broker.port, region=region) as replay:
            answer = replay.wait(within_s=120)
        values = sum(len(one) for one in readings_of(recording).values())
        assert answer["readings"] == values
        assert gateway.metric("openhall_readings_stored_total") >= values
        assert gateway.metric("openhall_dead_letters_total") == 0
    return gateway


def _assert_same(stored: Readings, recording: Path, *, digits: int | None = None) -> None:
    expected = readings_of(recording)
    if digits is not None:
        expected = {
            name: {time_ms: float(f"{value:.{digits}g}") for time_ms, value in values.items()}
            for name, values in expected.items()
        }
    assert differences(stored, expected) == []


def test_real_room_into_sqlite(tmp_path: Path, broker: NatsServer) -> None:
    """Every stored value and time is the file's, in the embedded store."""
    recording = real_recording("b4b-room-999169-scd41.csv")
    file = tmp_path / "readings.sqlite3"
    _carry(tmp_path, broker, recording, store=f'kind = "sqlite"\npath = "{file}"', region="e2e-sqlite")
    _assert_same(in_sqlite(file), recording)


def test_real_room_into_influxdb(tmp_path: Path, broker: NatsServer, influxd: Influxd) -> None:
    """Every stored value and time is the file's, in InfluxDB 1.6.7."""
    recording = real_recording("b4b-room-999169-scd41.csv")
    store = f'kind = "influx"\nurl = "{influxd.url}"\nbucket_prefix = "replay_"'
    _carry(tmp_path, broker, recording, store=store, region="e2e-influx")
    _assert_same(in_influx(influxd, "replay_openhall"), recording)


def test_real_room_into_victoriametrics(tmp_path: Path, broker: NatsServer, victoria: VictoriaMetrics) -> None:
    """Every stored value and time is the file's, in VictoriaMetrics over /api/v2/write."""
    recording = real_recording("b4b-room-999169-scd41.csv")
    store = f'kind = "influx"\nurl = "{victoria.url}"\nwrite_only = true'
    _carry(tmp_path, broker, recording, store=store, region="e2e-victoria")
    _assert_same(
        in_victoria(victoria, '{site="site-1",point="hall-air",region="e2e-victoria"}'),
        recording,
        digits=VICTORIA_DIGITS,
    )


def test_made_room_into_every_store(
    tmp_path: Path, broker: NatsServer, influxd: Influxd, victoria: VictoriaMetrics
) -> None:
    """The same with a recording made here, for whoever has no real one."""
    recording = made_recording(tmp_path / "made.csv", rows=600)
    file = tmp_path / "readings.sqlite3"
    _carry(tmp_path / "a", broker, recording, store=f'kind = "sqlite"\npath = "{file}"', region="made-sqlite")
    _assert_same(in_sqlite(file), recording)
    influx = f'kind = "influx"\nurl = "{influxd.url}"\nbucket_prefix = "made_"'
    _carry(tmp_path / "b", broker, recording, store=influx, region="made-influx")
    _assert_same(in_influx(influxd, "made_openhall"), recording)
    write_only = f'kind = "influx"\nurl = "{victoria.url}"\nwrite_only = true'
    _carry(tmp_path / "c", broker, recording, store=write_only, region="made-victoria")
    _assert_same(
        in_victoria(victoria, '{site="site-1",point="hall-air",region="made-victoria"}'),
        recording,
        digits=VICTORIA_DIGITS,
    )


HARD_ROWS = """time,co2_ppm,temperature_c,humidity_pct
2026-03-01T10:00:00Z,500.0,21.0,
2026-03-01T10:01:00Z,,,
2026-03-01T10:02:00Z,510.0,,44.0
2026-03-01T10:03:00Z,520.0,21.5,44.5
2026-03-01T10:03:00Z,520.0,21.5,44.5
2026-03-01T10:03:00Z,999.0,21.5,44.5
2026-03-01T11:04:00+01:00,530.0,21.6,44.6
"""


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
def test_empty_repeated_and_second_values(tmp_path: Path, broker: NatsServer, again: bool) -> None:
    """Empty cells stay absent, a repeated minute is one point, a second value for it is refused and counted."""
    recording = tmp_path / "hard.csv"
    recording.write_text(HARD_ROWS, encoding="utf-8")
    region = f"e2e-hard-{again}".lower()
    file = tmp_path / "readings.sqlite3"
    gateway = GatewayProgram(
        tmp_path / "gateway", store=f'kind = "sqlite"\npath = "{file}"', broker_port=broker.port, region=region
    )
    with gateway:
        replay = Replay(tmp_path / "agent", recording=recording, broker_port=broker.port, region=region)
        with replay:
            answer = replay.wait(within_s=60)
        assert answer["refused"] == 1
        assert answer["repeated"] >= 1
        if again:
            with replay:
                assert replay.wait(within_s=60)["refused"] == 1
    _assert_same(in_sqlite(file), recording)
    assert 1_772_359_260_000 not in in_sqlite(file)["co2_ppm"]
