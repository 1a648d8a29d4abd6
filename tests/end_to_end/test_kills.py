"""Agent, broker and gateway are killed in turn, at any moment, fifty times: the store ends with exactly the file."""

import os
import random
import time
from pathlib import Path

from tests.end_to_end.programs import QUICK_STORE, GatewayProgram, Replay
from tests.end_to_end.recordings import differences, made_recording, readings_of
from tests.end_to_end.stores import in_influx, in_sqlite, is_sound
from tests.servers import Influxd, NatsServer

KILLS = int(os.environ.get("OPENHALL_KILLS", "50"))
"""`make soak` asks for a thousand."""

ROWS_A_KILL = 500
SEED = int(os.environ.get("OPENHALL_SEED", "1"))


def test_fifty_kills_lose_nothing(tmp_path: Path) -> None:
    """SIGKILL at random moments during a replay: 0 lost, 0 twice."""
    chance = random.Random(SEED)
    recording = made_recording(tmp_path / "made.csv", rows=ROWS_A_KILL * KILLS)
    file = tmp_path / "readings.sqlite3"
    with (
        NatsServer(tmp_path / "broker") as broker,
        GatewayProgram(
            tmp_path / "gateway", store=f'kind = "sqlite"\npath = "{file}"', broker_port=broker.port
        ) as gateway,
        Replay(tmp_path / "agent", recording=recording, broker_port=broker.port) as replay,
    ):
        kills = 0
        for kills in range(1, KILLS + 1):
            time.sleep(chance.uniform(0.0, 0.4))
            victim = (replay, broker, gateway)[kills % 3]
            if replay.code is not None:
                break
            victim.kill()
            time.sleep(chance.uniform(0.0, 0.1))
            victim.start()
        assert kills == KILLS, f"the replay was over ({replay.code}) after {kills} kills:\n{replay.log}"
        replay.wait(within_s=300)
        assert gateway.metric("openhall_dead_letters_total") == 0
    assert differences(in_sqlite(file), readings_of(recording)) == []
    assert is_sound(file)
    assert is_sound(tmp_path / "gateway" / "state.sqlite3")
    assert is_sound(replay.journal)


def test_broker_and_store_thrown_away(tmp_path: Path) -> None:
    """Broker and store come back empty half way, the gateway is killed too: one replay ends with all that there is."""
    recording = made_recording(tmp_path / "made.csv", rows=8_000)
    total = sum(len(values) for values in readings_of(recording).values())
    with (
        NatsServer(tmp_path / "broker") as broker,
        Influxd(tmp_path / "influxd") as influxd,
        GatewayProgram(
            tmp_path / "gateway",
            store=f'kind = "influx"\nurl = "{influxd.url}"',
            broker_port=broker.port,
            # With the ten minutes of rule 9: only what is asked for at once comes before the replay ends.
            ingest=QUICK_STORE,
        ) as gateway,
        Replay(tmp_path / "agent", recording=recording, broker_port=broker.port) as replay,
    ):
        end = time.monotonic() + 60
        while gateway.metric("openhall_readings_stored_total") < total / 2 and time.monotonic() < end:
            time.sleep(0.05)
        assert replay.code is None, "the replay was over before half of it was counted"
        gateway.kill()
        for server in (broker, influxd):
            server.kill()
            server.wipe()
            server.start()
        gateway.start()
        assert replay.wait(within_s=120)["complete"]
        assert differences(in_influx(influxd, "openhall"), readings_of(recording)) == []
