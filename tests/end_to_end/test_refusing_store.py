"""While the store refuses, nothing is lost; when it takes writes again, everything is there once."""

import time
from pathlib import Path

from tests.end_to_end.programs import GatewayProgram, Replay
from tests.end_to_end.recordings import differences, made_recording, readings_of
from tests.end_to_end.refusing_proxy import Mood, RefusingProxy
from tests.end_to_end.stores import in_influx
from tests.servers import Influxd, NatsServer

MOODS: tuple[Mood, ...] = ("503", "reset", "429", "hang")


def test_store_that_refuses_in_every_way(tmp_path: Path, broker: NatsServer, influxd: Influxd) -> None:
    """503, reset, 429 and time-out in turn, in the middle of a replay."""
    recording = made_recording(tmp_path / "made.csv", rows=12_000)
    with RefusingProxy(influxd.port) as door:
        store = f'kind = "influx"\nurl = "{door.url}"\nbucket_prefix = "refused_"\ntimeout_s = 1.0'
        with (
            GatewayProgram(tmp_path / "gateway", store=store, broker_port=broker.port, region="refused") as gateway,
            Replay(tmp_path / "agent", recording=recording, broker_port=broker.port, region="refused") as replay,
        ):
            for number, mood in enumerate(MOODS, start=1):
                _wait_for_stored(gateway, number * 4_000)
                door.mood = mood
                end = time.monotonic() + 20
                while not door.failed.get(mood) and time.monotonic() < end:
                    time.sleep(0.02)
                assert door.failed.get(mood), f"no write came while the store said {mood}"
                time.sleep(1.5)
                assert replay.code is None, "the replay was over before the store had refused in every way"
                door.mood = "forward"
            replay.wait(within_s=120)
            assert gateway.metric("openhall_dead_letters_total") == 0
    assert differences(in_influx(influxd, "refused_openhall"), readings_of(recording)) == []


def _wait_for_stored(gateway: GatewayProgram, readings: int) -> None:
    end = time.monotonic() + 60
    while gateway.metric("openhall_readings_stored_total") < readings:
        assert time.monotonic() < end, f"fewer than {readings} readings were stored within a minute"
        time.sleep(0.02)
