"""Recordings on their way through a real broker to a gateway's double."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest

from agent import build
from agent.cli import main
from agent.config import AgentConfig, parse
from agent.replay import Replay, ReplayOptions, Summary, replay_id
from telemetry.clock import SystemClock
from telemetry.readings import Flag
from tests.agent.gateway_double import GatewayDouble
from tests.servers import HOST, NatsServer, free_port, wait_until

REAL = Path(__file__).parents[3] / "shared" / "data" / "b4b-room-999169-scd41.csv"
START_S = 1_700_000_000


@pytest.fixture
def region(request: pytest.FixtureRequest) -> str:
    """A region of the test's own."""
    return f"r-{abs(hash(request.node.nodeid)) % 10**9}"


def config_text(port: int, region: str, folder: Path) -> str:
    return (
        f'region = "{region}"\nsite = "east-001"\nagent = "hall-agent"\n'
        f'[broker]\nhost = "{HOST}"\nport = {port}\nreconnect_min_s = 0.05\nreconnect_max_s = 0.2\n'
        f'[journal]\npath = "{folder}/agent.journal"\n'
        "[uplink]\nresend_min_s = 0.5\nresend_max_s = 2.0\ngateway_boot_spread_s = 0.0\n"
        '[[sensors]]\npart = "scd41"\npoint = "hall-air"\nroom = "hall"\n'
    )


@pytest.fixture
def config(broker: NatsServer, region: str, tmp_path: Path) -> AgentConfig:
    """Short waits, a journal of the test's own, one sensor."""
    return parse(config_text(broker.port, region, tmp_path))


def write(folder: Path, rows: list[str], *, header: str = "time,co2_ppm,temperature_c") -> Path:
    file = folder / "recording.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def minutes(count: int) -> list[str]:
    return [f"{START_S + 60 * number},{400 + number},{20 + number / 100:.2f}" for number in range(count)]


def run(config: AgentConfig, file: Path, **words: object) -> Summary:
    options = ReplayOptions(file=file, **{"point": "hall-air", "settle_s": 0.2, **words})  # type: ignore[arg-type]
    return Replay(config, options, clock=SystemClock(), rng=random.Random(1)).run()


def test_every_reading_arrives_with_its_own_time(
    config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path
) -> None:
    """Values and times are the file's; empty cells stay absent; a row with a time only is no pack."""
    file = write(tmp_path, [*minutes(300), f"{START_S + 60 * 300},,", f"{START_S + 60 * 301},,25"])
    with GatewayDouble(broker.port, region) as gateway:
        summary = run(config, file)
        values = gateway.values("hall-air")
    expected = {("co2_ppm", (START_S + 60 * n) * 1000): 400.0 + n for n in range(300)}
    expected |= {("temperature_c", (START_S + 60 * n) * 1000): float(f"{20 + n / 100:.2f}") for n in range(300)}
    expected["temperature_c", (START_S + 60 * 301) * 1000] = 25.0
    assert values == expected
    assert summary == Summary(rows=302, readings=601, packs=301, receipted=301, complete=True)


def test_a_recording_that_was_made_up_says_so(
    config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path
) -> None:
    """Every value of it carries the flag; else none does."""
    with GatewayDouble(broker.port, region) as gateway:
        run(config, write(tmp_path, minutes(3)), simulated=True)
        run(config, write(tmp_path, minutes(3)), point="vip-air", room="vip")
        flags = {(pack.point, record.flags) for _, pack in gateway.packs for record in pack.records}
    assert flags == {("hall-air", (Flag.SIMULATED,)), ("vip-air", ())}


def test_it_goes_as_an_agent_of_its_own(config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path) -> None:
    """Under `{agent}-replay`, with health and what it holds, without presence; the room is the configuration's."""
    with GatewayDouble(broker.port, region, receipting=lambda _: False) as gateway:
        job = Replay(
            config,
            ReplayOptions(file=write(tmp_path, minutes(3)), point="hall-air"),
            clock=SystemClock(),
            rng=random.Random(1),
        )
        thread = threading.Thread(target=job.run)
        thread.start()
        wait_until(lambda: len(gateway.packs) >= 3 and bool(gateway.healths))
        gateway.receipting = lambda _: True
        thread.join(20)
        assert not thread.is_alive()
        assert gateway.presences == []
        (topic,) = {topic for topic, _ in gateway.packs}
        assert topic == f"openhall/v1/{region}/east-001/hall-agent-replay/readings"
        assert {pack.room for _, pack in gateway.packs} == {"hall"}
        journal = gateway.packs[0][1].journal
        assert set(gateway.healths[-1]["held"]) <= {journal}
    assert job.summary.complete


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("hall", "hall-replay"),
        ("a" * 25, "a" * 25 + "-replay"),
        ("a" * 30, "a" * 30 + "-r"),
        ("a" * 32, "a" * 25 + "-replay"),
    ],
)
def test_its_id_fits_the_wire(agent: str, expected: str) -> None:
    """Cut to 32, and never the agent's own."""
    assert replay_id(agent) == expected


def test_the_room_is_given_or_found(config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path) -> None:
    """`--room`, else the configuration's for that point, else the point's name."""
    with GatewayDouble(broker.port, region) as gateway:
        for number, (point, room) in enumerate([("hall-air", "vault"), ("hall-air", None), ("attic", None)]):
            file = write(tmp_path, [f"{START_S + number},400,20"])
            options = ReplayOptions(file=file, point=point, room=room, journal=tmp_path / f"{number}.journal")
            assert Replay(config, options, clock=SystemClock(), rng=random.Random(number)).run().complete
        assert [(pack.point, pack.room) for _, pack in gateway.packs] == [
            ("hall-air", "vault"),
            ("hall-air", "hall"),
            ("attic", "attic"),
        ]


def test_a_repeated_minute_is_one_and_a_second_value_is_refused(
    config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path
) -> None:
    """The first value stands; both are counted; what else a refused row holds is taken."""
    rows = [
        f"{START_S},400,20",
        f"{START_S},400,20",
        f"{START_S},401,20",
        f"{START_S + 60},500,",
        f"{START_S + 60},501,21",
    ]
    with GatewayDouble(broker.port, region) as gateway:
        summary = run(config, write(tmp_path, rows))
        values = gateway.values("hall-air")
    assert values == {
        ("co2_ppm", START_S * 1000): 400.0,
        ("temperature_c", START_S * 1000): 20.0,
        ("co2_ppm", (START_S + 60) * 1000): 500.0,
        ("temperature_c", (START_S + 60) * 1000): 21.0,
    }
    assert (summary.rows, summary.packs, summary.repeated, summary.refused) == (5, 3, 1, 2)
    assert summary.complete


def test_bad_cells_never_take_good_rows_with_them(
    config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path
) -> None:
    """They are counted; the rest arrives."""
    rows = [f"{START_S},abc,20", "never,400,20", f"{START_S + 60},nan,21", f"{START_S + 120},500,22"]
    with GatewayDouble(broker.port, region) as gateway:
        summary = run(config, write(tmp_path, rows))
        assert len(gateway.values("hall-air")) == 4
    assert summary.bad == 3
    assert summary.complete


def test_a_second_run_sends_nothing_twice(config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path) -> None:
    """With the same journal every row is a repeat; a longer file goes on where it ended."""
    with GatewayDouble(broker.port, region) as gateway:
        run(config, write(tmp_path, minutes(50)))
        heard = len(gateway.packs)
        again = run(config, write(tmp_path, minutes(60)))
        assert (again.packs, again.repeated, again.receipted, again.complete) == (10, 50, 10, True)
        assert len(gateway.packs) == heard + 10


def test_it_gives_up_without_receipts_and_goes_on_later(
    config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path
) -> None:
    """The journal keeps what nobody receipted; the next run sends it."""
    file = write(tmp_path, minutes(20))
    with GatewayDouble(broker.port, region, receipting=lambda _: False):
        summary = run(config, file, patience_s=0.5)
    assert summary.gave_up
    assert not summary.complete
    assert summary.unreceipted == 20
    with GatewayDouble(broker.port, region) as gateway:
        summary = run(config, file)
        assert len(gateway.values("hall-air")) == 40
    assert (summary.packs, summary.repeated, summary.receipted, summary.complete) == (0, 20, 20, True)


def test_it_obeys_resend(config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path) -> None:
    """What a gateway asks for again comes again, and the command only ends once it is receipted again."""
    with GatewayDouble(broker.port, region, receipting=lambda pack: pack.sequence % 2 == 0) as gateway:
        job = Replay(
            config,
            ReplayOptions(file=write(tmp_path, minutes(10)), point="hall-air"),
            clock=SystemClock(),
            rng=random.Random(1),
        )
        thread = threading.Thread(target=job.run)
        thread.start()
        wait_until(lambda: len({pack.sequence for _, pack in gateway.packs}) == 10)
        pack = gateway.packs[0][1]
        first = min(pack.sequence for _, pack in gateway.packs)
        gateway.publish(
            f"openhall/v1/{region}/east-001/hall-agent-replay/command/resend",
            {"id": "c1", "expires": SystemClock().now() + 60, "journal": pack.journal, "ranges": [[first, first + 99]]},
        )
        wait_until(lambda: bool(gateway.replies))
        assert gateway.replies[0]["result"] == {"sent": 10, "missing": [[first + 10, first + 99]]}
        gateway.receipting = lambda _: True
        thread.join(20)
        assert not thread.is_alive()
    assert job.summary.complete


def test_the_last_receipt_is_not_the_end(config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path) -> None:
    """A gateway comes back with an empty store: it is told at once what there is, and what it asks for comes."""
    clock = SystemClock()
    status = {"online": True, "regions": [region], "storing": True}
    with GatewayDouble(broker.port, region) as gateway:
        topic = f"openhall/v1/gateway/{region}"
        gateway.publish(topic, status | {"boot": "b1"}, retain=True)
        options = ReplayOptions(file=write(tmp_path, minutes(10)), point="hall-air", settle_s=2.0)
        job = Replay(config, options, clock=clock, rng=random.Random(1))
        thread = threading.Thread(target=job.run)
        thread.start()
        wait_until(lambda: any(sum(1 + b - a for a, b in held) == 10 for held in helds(gateway)))
        gateway.publish(topic, {"online": False, "boot": "b1"}, retain=True)
        gateway.readings.clear()
        before = len(gateway.healths)
        gateway.publish(topic, status | {"boot": "b2"}, retain=True)
        wait_until(lambda: len(gateway.healths) > before)
        ((journal, ranges),) = gateway.healths[-1]["held"].items()
        command = {"id": "c1", "expires": clock.now() + 60, "journal": journal, "ranges": ranges}
        gateway.publish(f"openhall/v1/{region}/east-001/hall-agent-replay/command/resend", command)
        thread.join(20)
        gateway.publish(topic, b"", retain=True)
        assert not thread.is_alive()
        assert len(gateway.values("hall-air")) == 20
    assert job.summary.complete


def test_a_gateway_that_is_gone_is_waited_for(
    config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path
) -> None:
    """All has a receipt, but nobody says that it is still there: that is no good end."""
    with GatewayDouble(broker.port, region) as gateway:
        topic = f"openhall/v1/gateway/{region}"
        gateway.publish(topic, {"online": True, "boot": "b1", "regions": [region], "storing": False}, retain=True)
        summary = run(config, write(tmp_path, minutes(3)), patience_s=1.0)
        gateway.publish(topic, b"", retain=True)
    assert (summary.receipted, summary.complete, summary.gave_up) == (3, False, True)


def helds(gateway: GatewayDouble) -> list[list[list[int]]]:
    """What was said to be held, journal by journal."""
    return [spans for health in gateway.healths for spans in health["held"].values()]


def test_speed_keeps_the_recorded_spacing(config: AgentConfig, broker: NatsServer, region: str, tmp_path: Path) -> None:
    """At so many times the speed a row is not sent before its turn."""
    clock = SystemClock()
    with GatewayDouble(broker.port, region) as gateway:
        began_s = clock.monotonic()
        assert run(config, write(tmp_path, minutes(4)), speed=600.0).complete
        assert clock.monotonic() - began_s >= 0.3
        assert len(gateway.values("hall-air")) == 8


def test_the_broker_may_die_on_the_way(region: str, tmp_path: Path) -> None:
    """Killed and thrown away three times during a replay: nothing is lost."""
    with NatsServer(tmp_path / "nats") as server, GatewayDouble(server.port, region) as gateway:
        config = parse(config_text(server.port, region, tmp_path))
        job = Replay(
            config,
            ReplayOptions(file=write(tmp_path, minutes(3_000)), point="hall-air"),
            clock=SystemClock(),
            rng=random.Random(1),
        )
        thread = threading.Thread(target=job.run)
        thread.start()
        for _ in range(3):
            before = len(gateway.readings)
            wait_until(lambda before=before: len(gateway.readings) > before + 300)  # type: ignore[misc]
            server.kill()
            server.wipe()
            server.start()
        thread.join(60)
        assert not thread.is_alive()
        assert job.summary.complete
        assert len(gateway.values("hall-air")) == 6_000


def command(config: Path, file: Path, *words: str) -> list[str]:
    program = Path(sys.executable).with_name("openhall-agent")
    return [str(program), "replay", str(file), "--config", str(config), "--point", "hall-air", *words]


def test_killed_again_and_again_it_still_arrives_once(broker: NatsServer, region: str, tmp_path: Path) -> None:
    """SIGKILL at random moments; each start goes on with the journal of the last."""
    config, file = tmp_path / "agent.toml", write(tmp_path, minutes(2_000))
    config.write_text(config_text(broker.port, region, tmp_path), encoding="utf-8")
    chance = random.Random(7)
    with GatewayDouble(broker.port, region) as gateway:
        for _ in range(6):
            before = len(gateway.packs)
            process = subprocess.Popen(command(config, file), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            more = chance.randrange(1, 250)
            wait_until(lambda before=before, more=more: len(gateway.packs) > before + more, within_s=20)  # type: ignore[misc]
            process.kill()
            process.wait()
        done = subprocess.run(command(config, file, "--json"), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["complete"]
        assert len(gateway.values("hall-air")) == 4_000


def test_sigterm_ends_it_with_a_summary(broker: NatsServer, region: str, tmp_path: Path) -> None:
    """A negative answer, since not all is there; the summary says what is left."""
    config, file = tmp_path / "agent.toml", write(tmp_path, minutes(20))
    config.write_text(config_text(broker.port, region, tmp_path), encoding="utf-8")
    with GatewayDouble(broker.port, region, receipting=lambda _: False) as gateway:
        process = subprocess.Popen(command(config, file, "--json"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        wait_until(lambda: len(gateway.packs) >= 20, within_s=20)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert json.loads(out)["unreceipted"] == 20


@pytest.mark.parametrize(
    ("header", "rows", "code"),
    [
        ("time,co2_ppm,temperature_c", [f"{START_S},400,20"], 0),
        ("time,co2_ppm,temperature_c", [f"{START_S},400,x"], 1),
        ("time,co2", [f"{START_S},400"], 2),
    ],
)
def test_exit_codes(
    broker: NatsServer,
    region: str,
    tmp_path: Path,
    header: str,
    rows: list[str],
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """0 well, 1 with bad cells, 2 for a file that cannot be used, which it names."""
    config, file = tmp_path / "agent.toml", write(tmp_path, rows, header=header)
    config.write_text(config_text(broker.port, region, tmp_path), encoding="utf-8")
    with GatewayDouble(broker.port, region):
        assert main(["replay", str(file), "--config", str(config), "--point", "hall-air", "--json"]) == code
    out, err = capsys.readouterr()
    if code == 2:
        assert "column 'co2'" in err
        assert not (tmp_path / "agent.journal-replay").exists()
    else:
        assert json.loads(out)["complete"]


def test_nobody_there_is_told(region: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a broker the command gives up after its patience, with the exit code for that."""
    config, file = tmp_path / "agent.toml", write(tmp_path, minutes(2))
    config.write_text(config_text(free_port(), region, tmp_path), encoding="utf-8")
    words = ["replay", str(file), "--config", str(config), "--point", "hall-air", "--patience", "0.3"]
    assert main(words) == 4
    assert "unreceipted: 2" in capsys.readouterr().out


def test_a_journal_in_use_is_told(config: AgentConfig, tmp_path: Path) -> None:
    """Two replays at once would number their packs alike."""
    root = build.root_of(config)
    path = tmp_path / "other.journal"
    journal = build.open_journal(config, path, root, clock=SystemClock(), rng=random.Random(1), trusted=True)
    text = config_text(1, "r", tmp_path)
    (tmp_path / "agent.toml").write_text(text, encoding="utf-8")
    words = command(tmp_path / "agent.toml", write(tmp_path, minutes(2)), "--journal", str(path))
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ))
    journal.close()
    assert done.returncode == 2
    assert "other.journal" in done.stderr


@pytest.mark.skipif(not REAL.exists(), reason="the real recording is not beside this checkout")
def test_a_real_recording_arrives_whole(config: AgentConfig, broker: NatsServer, region: str) -> None:
    """Every value of the file, and nothing else."""
    expected = {}
    with REAL.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            time_ms = round(datetime.fromisoformat(row.pop("time")).timestamp() * 1000)
            expected |= {(name, time_ms): float(cell) for name, cell in row.items() if cell}
    with GatewayDouble(broker.port, region) as gateway:
        summary = run(config, REAL)
        assert gateway.values("hall-air") == expected
    assert summary.complete
    assert (summary.rows, summary.packs, summary.bad, summary.refused) == (2_975, 2_972, 0, 0)
