"""Alarms through the whole program: a broker, packs by paho, a file that people are told through, signals."""

import json
import signal
import sqlite3
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

from telemetry.clock import SystemClock, to_ms
from telemetry.topics import Root
from tests.gateway.fake_agent import FakeAgent
from tests.gateway.test_run import Program, ready, region
from tests.servers import Influxd, NatsServer, wait_until

__all__ = ["region"]

PEOPLE = """
[alerts]
city = ["li"]
board = "http://127.0.0.1:1"
[alerts.people.li]
name = "Li"
channels = ["file"]
language = "en"
[alerts.channels.file]
kind = "file"
path = "told.jsonl"
"""


def program(folder: Path, broker: NatsServer, name: str, *, more: str = "") -> Program:
    made = Program(folder, broker_port=broker.port, region=name, more=more)
    made.config.write_text(made.config.read_text(encoding="utf-8") + PEOPLE, encoding="utf-8")
    return made


def told(folder: Path) -> list[dict[str, Any]]:
    file = folder / "told.jsonl"
    if not file.exists():
        return []
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    # A kill between the file's answer and our record of it lets a message go out again, marked as a repeat.
    return [line for line in lines if not line["repeat"]]


def post(program: Program, path: str) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{program.port}{path}", data=b"", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def test_a_call_is_told_without_a_store_acknowledged_by_its_link_and_outlives_a_kill(
    tmp_path: Path, broker: NatsServer, region: str
) -> None:
    """The store cannot be opened all along: a folder stands where its file should be."""
    store = tmp_path / "readings"
    store.mkdir()
    more = f'[store]\nkind = "sqlite"\npath = "{store}"\n'
    now_ms = to_ms(SystemClock().now())
    with program(tmp_path, broker, region, more=more) as gateway:
        wait_until(lambda: "broker" not in " ".join(gateway.ask("/readyz")[1]["reasons"]))
        with FakeAgent(broker.port, Root(region, "hall-1", "pi-1")) as agent:
            call = agent.state("cord", "toilet", "call-toilet", now_ms, working=True, state="called")
            wait_until(lambda: len(told(tmp_path)) == 1)
            wait_until(lambda: call in agent.heard)
            assert call not in agent.receipted
            (line,) = told(tmp_path)
            assert line["title"] == "EMERGENCY: Somebody calls for help · hall-1 · Toilet · cord"
            gateway.kill()
            gateway.start()
            wait_until(lambda: gateway.ask("/api/v1/alerts")[1]["alerts"] != [])
            (alert,) = gateway.ask("/api/v1/alerts")[1]["alerts"]
            assert (alert["state"], alert["rule"]) == ("unacknowledged", "call-for-help")
            assert post(gateway, line["link"].removeprefix("http://127.0.0.1:1")) == 200
            (alert,) = gateway.ask("/api/v1/alerts")[1]["alerts"]
            assert (alert["state"], alert["acknowledged_by"]) == ("acknowledged", "Li")
            wait_until(lambda: "broker" not in " ".join(gateway.ask("/readyz")[1]["reasons"]))
            agent.state("cord", "toilet", "call-toilet", now_ms + 1, working=True, state="cleared")
            wait_until(lambda: gateway.ask("/api/v1/alerts")[1]["alerts"] == [])
            wait_until(lambda: len(told(tmp_path)) == 2)
        assert [one["tell"] for one in told(tmp_path)] == ["rise", "clear"]
        assert gateway.end(signal.SIGTERM) == 0
        assert "Traceback" not in gateway.log


def test_changes_of_alarms_are_points_in_the_store(tmp_path: Path, broker: NatsServer, region: str) -> None:

    with program(tmp_path, broker, region) as gateway:
        wait_until(lambda: ready(gateway))
        with FakeAgent(broker.port, Root(region, "hall-1", "pi-1")) as agent:
            agent.state("cord", "toilet", "call-toilet", to_ms(SystemClock().now()), working=True, state="called")
            wait_until(lambda: len(told(tmp_path)) == 1)

        def alert_fields() -> set[str]:
            connection = sqlite3.connect(tmp_path / "readings.sqlite3")
            try:
                rows = connection.execute("SELECT field FROM series WHERE measurement = 'alert'").fetchall()
            finally:
                connection.close()
            return {row[0] for row in rows}

        wait_until(lambda: alert_fields() == {"id", "state", "message"})
        assert gateway.metric('openhall_alerts_open{severity="emergency",state="unacknowledged"}') == 1


def test_each_change_is_a_point_in_influxdb_with_the_contracts_tags_and_fields(
    tmp_path: Path, broker: NatsServer, influxd: Influxd, region: str
) -> None:
    """Section 4 of the contract: one point a change of state, times strictly rising, read by InfluxQL."""
    prefix = f"{region.replace('-', '_')}_"
    for bucket in ("openhall", "openhall_long", "openhall_evidence"):
        influxd.post("/query", q=f'CREATE DATABASE "{prefix}{bucket}"')
    more = f'[store]\nkind = "influx"\nurl = "{influxd.url}"\nbucket_prefix = "{prefix}"\n'

    def rows() -> list[dict[str, Any]]:
        query = "SELECT * FROM alert"
        answer = json.loads(influxd.get("/query", db=f"{prefix}openhall_long", q=query, epoch="ms"))
        (series,) = answer["results"][0].get("series", [{"columns": [], "values": []}])
        return [dict(zip(series["columns"], row, strict=True)) for row in series["values"]]

    now_ms = to_ms(SystemClock().now())
    with program(tmp_path, broker, region, more=more) as gateway:
        wait_until(lambda: ready(gateway), within_s=30)
        with FakeAgent(broker.port, Root(region, "hall-1", "pi-1")) as agent:
            agent.state("cord", "toilet", "call-toilet", now_ms, working=True, state="called")
            wait_until(lambda: len(told(tmp_path)) == 1)
            assert post(gateway, "/api/v1/alerts/1/acknowledge") == 200
            agent.state("cord", "toilet", "call-toilet", now_ms + 1, working=True, state="cleared")
            wait_until(lambda: len([row for row in rows() if row["state"] == "normal"]) == 1, within_s=30)
    found = rows()
    assert [row["state"] for row in found] == ["unacknowledged", "acknowledged", "normal"]
    assert all(one["time"] < other["time"] for one, other in pairwise(found))
    tags = {"region": region, "site": "hall-1", "room": "toilet", "point": "cord", "rule": "call-for-help"}
    assert all({name: row[name] for name in tags} == tags for row in found)
    assert {(row["severity"], row["id"], row["message"]) for row in found} == {("emergency", "1", found[0]["message"])}
