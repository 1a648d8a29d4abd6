"""Agent, broker and gateway are killed in turn, at any moment, fifty times: the store ends with exactly the file."""

import os
import random
import time
from pathlib import Path

from tests.end_to_end.programs import QUICK_STORE, GatewayProgram, Replay
from tests.end_to_end.recordings import Readings, differences, made_recording, readings_of
from tests.end_to_end.stores import in_influx, in_sqlite, is_sound
from tests.servers import Influxd, NatsServer

KILLS = int(os.environ.get("OPENHALL_KILLS", "50"))
"""`make soak` asks for a thousand."""

ROWS_A_KILL = 500
"""More than a replay gets through between two kills, on most machines; where it is over, it goes on with as many."""

SEED = int(os.environ.get("OPENHALL_SEED", "1"))


class Recordings:
    """Recordings that follow one another, as many as it takes until every kill is made."""

    def __init__(self, folder: Path) -> None:
        self.files: list[Path] = []
        self._folder = folder

    def next(self) -> Path:
        """Another one, which begins where the last ended."""
        rows = ROWS_A_KILL * KILLS
        name = f"made-{len(self.files)}.csv"
        self.files.append(made_recording(self._folder / name, rows=rows, first=rows * len(self.files)))
        return self.files[-1]

    def readings(self) -> Readings:
        """All that is in them."""
        whole: Readings = {}
        for file in self.files:
            for quantity, values in readings_of(file).items():
                whole.setdefault(quantity, {}).update(values)
        return whole


def test_fifty_kills_lose_nothing(tmp_path: Path) -> None:
    """SIGKILL at random moments during a replay: 0 lost, 0 twice."""
    chance = random.Random(SEED)
    recordings = Recordings(tmp_path)
    file = tmp_path / "readings.sqlite3"
    with (
        NatsServer(tmp_path / "broker") as broker,
        GatewayProgram(
            tmp_path / "gateway", store=f'kind = "sqlite"\npath = "{file}"', broker_port=broker.port
        ) as gateway,
        Replay(tmp_path / "agent", recording=recordings.next(), broker_port=broker.port) as replay,
    ):
        for kill in range(1, KILLS + 1):
            time.sleep(chance.uniform(0.0, 0.4))
            victim = (replay, broker, gateway)[kill % 3]
            if replay.code is not None:
                # A fast machine is through before all kills are made; what is not allowed is any other end.
                assert replay.code == 0, _story(f"before kill {kill}", file, replay, gateway, broker)
                replay.recording = recordings.next()
                replay.start()
            victim.kill()
            time.sleep(chance.uniform(0.0, 0.1))
            victim.start()
        replay.wait(within_s=300)
        assert gateway.metric("openhall_dead_letters_total") == 0
    wrong = differences(in_sqlite(file), recordings.readings())
    assert wrong == [], _story("after all", file, replay, gateway, broker)
    assert is_sound(file)
    assert is_sound(tmp_path / "gateway" / "state.sqlite3")
    assert is_sound(replay.journal)


def _story(when: str, file: Path, replay: Replay, gateway: GatewayProgram, broker: NatsServer) -> str:
    """Everything that tells why a replay ended as it did."""
    stored = {quantity: len(values) for quantity, values in in_sqlite(file).items()}
    return (
        f"seed {SEED}, {when}: replay {replay.code}, answer {replay.answer}, stored {stored}\n"
        f"-- replay\n{replay.log}\n-- gateway\n{gateway.log[-3000:]}\n-- broker\n{broker.log[-1000:]}"
    )


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
        assert replay.code is None, f"the replay was over before half was counted: {replay.answer}\n{replay.log}"
        gateway.kill()
        for server in (broker, influxd):
            server.kill()
            server.wipe()
            server.start()
        gateway.start()
        assert replay.wait(within_s=120)["complete"]
        assert differences(in_influx(influxd, "openhall"), readings_of(recording)) == []
