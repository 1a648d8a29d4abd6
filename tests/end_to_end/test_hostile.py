"""Whatever is thrown at the broker, the good message behind it is stored, and each bad one is on record."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from telemetry.messages import MAX_BODY_BYTES
from telemetry.readings import Pack, Record
from telemetry.senml import encode
from telemetry.topics import Root
from tests.end_to_end.programs import GatewayProgram
from tests.end_to_end.stores import in_sqlite
from tests.servers import HOST, NatsServer, wait_until

ROOT = Root("hostile", "site-1", "agent-1")
NOW_MS = round(time.time() * 1000) - 10_000  # noqa: TID251  (the gateway under test runs on the machine's own clock)


def _pack(sequence: int, value: float, **changes: Any) -> bytes:
    record = Record(name="co2_ppm", time_ms=NOW_MS + sequence, value=value)
    pack = Pack(site="site-1", point="hall-air", room="hall", journal="good", sequence=sequence, records=(record,))
    objects = json.loads(encode(pack))
    objects[0] |= changes
    return json.dumps(objects).encode()


BAD: dict[str, tuple[str, bytes]] = {
    "json": (ROOT.readings, b'[{"bver":26,'),
    "senml": (ROOT.readings, _pack(101, 500.0, vb=True)),
    "bver": (ROOT.readings, _pack(102, 500.0, bver=99)),
    "topic": (f"{ROOT}/readings-of-mine/reply/x", b"[]"),
    "site-mismatch": (ROOT.readings, _pack(104, 500.0, bn="site-2/hall-air/")),
    "no-pair": (ROOT.readings, _pack(105, 500.0, sq=0)),
    "unknown-quantity": (ROOT.readings, _pack(106, 500.0, n="mana_ppm")),
    "unit": (ROOT.readings, _pack(107, 500.0, u="Cel")),
    "not-finite": (ROOT.readings, _pack(108, 500.0, v=float("nan"))),
    "future": (ROOT.readings, _pack(109, 500.0, bt=NOW_MS / 1000 + 3_600)),
    "relative-time": (ROOT.readings, _pack(110, 500.0, bt=-7_200.0)),
    "oversize": (ROOT.readings, b"[" + b" " * MAX_BODY_BYTES + b"]"),
}
"""A message for each reason that a message alone can give."""


@pytest.fixture
def gateway(tmp_path: Path, broker: NatsServer) -> Iterator[GatewayProgram]:
    """A gateway of its own region on an SQLite store."""
    store = f'kind = "sqlite"\npath = "{tmp_path}/readings.sqlite3"'
    with GatewayProgram(tmp_path / "gateway", store=store, broker_port=broker.port, region="hostile") as program:
        wait_until(lambda: program.metric("openhall_bus_connected") == 1, what="the gateway's connection")
        yield program


@pytest.fixture
def client(broker: NatsServer) -> Iterator[mqtt.Client]:
    """Somebody who may publish."""
    one = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    one.max_inflight_messages_set(200)
    one.connect(HOST, broker.port)
    one.loop_start()
    yield one
    one.disconnect()
    one.loop_stop()


def _dead_letters(gateway: GatewayProgram) -> list[dict[str, Any]]:
    program = Path(sys.executable).parent / "openhall-gateway"
    command = [str(program), "dead-letters", "list", "--config", str(gateway.config), "--json"]
    answer = subprocess.run(command, capture_output=True, check=True, timeout=30)
    letters: list[dict[str, Any]] = json.loads(answer.stdout)["dead_letters"]
    return letters


def test_every_kind_of_bad_message_is_parked_with_its_reason(
    tmp_path: Path, gateway: GatewayProgram, client: mqtt.Client
) -> None:
    """Reason, pair where it could be read, length and hash; the good one behind them is stored."""
    for topic, body in BAD.values():
        client.publish(topic, body, qos=1).wait_for_publish(10)
    client.publish(ROOT.readings, _pack(1, 612.5), qos=1).wait_for_publish(10)
    file = tmp_path / "readings.sqlite3"
    wait_until(lambda: in_sqlite(file).get("co2_ppm") == {NOW_MS + 1: 612.5}, what="the good reading in the store")
    expected = set(BAD)
    wait_until(lambda: {one["reason"] for one in _dead_letters(gateway)} == expected, what="every reason on record")
    letters = {one["reason"]: one for one in _dead_letters(gateway)}
    assert letters["oversize"]["length"] == len(BAD["oversize"][1])
    assert len(letters["oversize"]["sha256"]) == 64
    assert (letters["not-finite"]["journal"], letters["not-finite"]["sequence"]) == ("good", 108)
    assert letters["no-pair"]["journal"] is None
    assert gateway.metric("openhall_dead_letters_total") == len(expected)


def test_ten_thousand_bad_messages_in_a_row_do_not_stop_the_good_one(
    tmp_path: Path, gateway: GatewayProgram, client: mqtt.Client
) -> None:
    """A flood of rubbish and of half-right packs; each is counted, the good message comes through."""
    chance = random.Random(1)
    rubbish = [
        b"",
        b"{}",
        b"\xff\xfe",
        b"[[[[",
        b"null",
        chance.randbytes(300),
        *(body for _topic, body in BAD.values()),
    ]
    rubbish = [body for body in rubbish if body and len(body) < 10_000]
    infos = [client.publish(ROOT.readings, rubbish[number % len(rubbish)], qos=1) for number in range(10_000)]
    for info in infos:
        info.wait_for_publish(30)
    client.publish(ROOT.readings, _pack(2, 613.5), qos=1).wait_for_publish(10)
    file = tmp_path / "readings.sqlite3"
    wait_until(
        lambda: (NOW_MS + 2) in in_sqlite(file).get("co2_ppm", {}), within_s=60, what="the good reading in the store"
    )
    wait_until(
        lambda: gateway.metric("openhall_dead_letters_total") >= 10_000, within_s=60, what="every bad message counted"
    )


def test_a_value_that_no_room_has_is_stored_apart(tmp_path: Path, gateway: GatewayProgram, client: mqtt.Client) -> None:
    """Outside the plausible range: suspect, and no plain query sees it."""
    client.publish(ROOT.readings, _pack(3, 90_000.0), qos=1).wait_for_publish(10)
    wait_until(lambda: bool(gateway.ask("/api/v1/sites")["sites"]), what="a branch")
    path = f"/api/v1/readings?site=site-1&point=hall-air&quantity=co2_ppm&from={NOW_MS / 1000 - 60}"
    wait_until(
        lambda: [row[1:] for row in gateway.ask(path)["rows"]] == [[90_000.0, "suspect"]], what="a suspect reading"
    )
