"""Whatever comes on whatever topic: nothing raises, nothing of ours fails, and the good message behind it is kept."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.ingest.dead_letters import dead_letters
from telemetry.messages import PointInfo
from tests.examples import examples
from tests.gateway.ingest.hall import ROOT, Hall

TOPICS = st.sampled_from(
    [
        ROOT.readings,
        ROOT.facility("cord"),
        ROOT.presence,
        ROOT.health,
        ROOT.reply("c1"),
        ROOT.receipt,
        "openhall/v1/gateway/gateway-2",
        "openhall/v1/north",
        "",
        "\0",
        "openhall/v1/north/b001/pi-1/facility/",
    ]
)
NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.just(1.79e308), st.booleans(), st.none())
WORDS = st.sampled_from(
    [
        "co2_ppm",
        "ppm",
        "working",
        "state",
        "reason",
        "called",
        "b001/hall-air/",
        "b001/pi-1/",
        "dropped_first",
        "\ud800",
    ]
)
PACK_KEYS = [
    "bver",
    "bn",
    "bt",
    "bu",
    "bv",
    "bs",
    "jr",
    "sq",
    "rm",
    "kd",
    "n",
    "u",
    "v",
    "vb",
    "vs",
    "t",
    "ut",
    "qf",
    "sg",
]
KEYS = st.sampled_from([*PACK_KEYS, "online", "boot", "points", "held", "journal_oldest", "id", "ok", "result"])
VALUES = st.recursive(st.one_of(NUMBERS, WORDS), lambda inner: st.lists(inner, max_size=3), max_leaves=4)
RECORDS = st.dictionaries(KEYS, VALUES, max_size=10)
HEADS: list[dict[str, Any]] = [
    {},
    {"bver": 26, "bn": "b001/hall-air/", "bt": 1_790_000_000, "jr": "j1", "sq": 3, "rm": "hall"},
    {"bver": 26, "bn": "b001/cord/", "bt": 1_790_000_000, "jr": "j1", "sq": 4, "rm": "hall", "kd": "call-toilet"},
    {"bver": 26, "bn": "b001/pi-1/", "bt": 1_790_000_000, "jr": "j1", "sq": 5, "rm": "hall", "n": "dropped_first"},
]


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    if draw(st.booleans()):
        return draw(st.binary(max_size=60))
    records = draw(st.lists(RECORDS, max_size=4))
    if records:
        records[0] = {**records[0], **draw(st.sampled_from(HEADS))}
    thing: object = records if draw(st.booleans()) or not records else records[0]
    return json.dumps(thing).encode()


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(TOPICS, bodies(), st.booleans()), max_size=8))
def test_nothing_stops_the_good_message_behind(messages: list[tuple[str, bytes, bool]]) -> None:
    """No fault of ours, no exception; the reading behind them is stored and receipted, the questions still work."""
    hall = Hall()
    for topic, body, retained in messages:
        hall.say(topic, body, retained=retained)
    hall.air(1_000, 612.5, journal="good")
    hall.keep()
    hall.pass_time(2)
    assert "openhall_faults_total{" not in hall.metrics.expose().decode()
    assert (1_000, 1_000) in hall.receipted("good")
    hall.ingest.ledger.totals("b001")
    hall.ingest.directory.points("b001")
    assert len(dead_letters(hall.state)) <= 20 * len(messages)
    hall.start()
    hall.ingest.ledger.totals("b001")


def test_a_fault_of_ours_in_one_message_is_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted; the next message is heard."""
    hall = Hall()

    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(hall.ingest.directory, "air", fail)
        with capture_logs() as logs:
            hall.air(1)
        assert [one["log_level"] for one in logs] == ["error"]
    hall.air(2)
    hall.keep()
    assert hall.metric("openhall_faults_total", where="hear") == 1
    assert hall.receipted() == [(2, 2)]


def test_a_presence_without_sense_does_no_harm() -> None:
    """Ids of any form, the same point twice, ten thousand points."""
    hall = Hall()
    strange = [
        PointInfo(point="Ünknown / point", room=""),
        PointInfo(point="x", room="r"),
        PointInfo(point="x", room="s"),
    ]
    hall.presence("b", points=strange + [PointInfo(point=f"p{number}", room="r") for number in range(3_000)])
    hall.pass_time(60)
    hall.start()
    assert len(hall.ingest.directory.points("b001")) == 3_001
