"""Time lines of the whole core on a fake clock: journal, uplink, presence, health and commands as one thing."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core import AgentCore
from agent.health import HostNumbers
from agent.journal import Journal, JournalSettings
from agent.uplink import UplinkSettings
from telemetry import senml
from telemetry.bus import Message
from telemetry.messages import PointInfo
from telemetry.readings import Flag, Pack
from telemetry.topics import Root
from tests.fakes import FakeClock

ROOT = Root("east", "east-001", "hall-agent")
AIR = PointInfo(point="hall-air", room="hall", part="scd41", period_s=60.0, quantities=["co2_ppm"])
CORD = PointInfo(point="cord", room="toilet", kind="call-toilet")


class Bench:
    """A core on a journal on the disk, and what it wanted published."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.chance = random.Random(seed)
        self.sent: list[Message] = []
        self.start()

    def start(self, *, points: tuple[PointInfo, ...] = (AIR, CORD), trusted: bool = True, root: Root = ROOT) -> None:
        self.journal = Journal.open(
            self.folder / "agent.journal",
            root=root,
            clock=self.clock,
            rng=self.chance,
            settings=JournalSettings(),
            trusted=trusted,
        )
        self.core = AgentCore(
            root=root,
            points=points,
            journal=self.journal,
            uplink_settings=UplinkSettings(),
            clock=self.clock,
            rng=self.chance,
            trusted=trusted,
            version="1.2",
            probe=lambda: HostNumbers(memory_mb=30.0),
        )

    def restart(self, **words: Any) -> None:
        self.journal.close()
        self.start(**words)

    def connect(self) -> dict[str, Any]:
        """The will's body."""
        will = self.core.will()
        assert will is not None
        self.core.connected()
        self.tick()
        body = json.loads(will.body)
        assert isinstance(body, dict)
        return body

    def tick(self) -> list[Message]:
        messages = self.core.tick()
        self.sent += messages
        return messages

    def run(self, seconds: float) -> list[Message]:
        """Let time pass as a shell would; what was published meanwhile."""
        end_s = self.clock.monotonic() + seconds
        sent: list[Message] = []
        for _ in range(10_000):
            sent += self.tick()
            due_s = self.core.next_due()
            if due_s > end_s:
                self.clock.advance(end_s - self.clock.monotonic())
                return sent
            self.clock.advance(max(due_s - self.clock.monotonic(), 0.0))
        raise AssertionError("the core spins")

    def on(self, channel: str) -> list[Message]:
        """What was published on one channel, then forget all."""
        found = [message for message in self.sent if message.topic.startswith(f"{ROOT}/{channel}")]
        self.sent.clear()
        return found

    def receipt(self, *packs: Pack) -> None:
        for pack in packs:
            body = {"journal": pack.journal, "ranges": [[pack.sequence] * 2], "heard": [[pack.sequence] * 2]}
            self.core.receive(ROOT.receipt, json.dumps(body).encode(), False)

    def command(self, name: str, *, retained: bool = False, **words: Any) -> list[dict[str, Any]]:
        body = {"id": "c-1", "expires": self.clock.now() + 60} | words
        self.core.receive(ROOT.command(name), json.dumps(body).encode(), retained)
        return [json.loads(message.body) for message in self.tick() if "/reply/" in message.topic]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A core that was just started."""
    bench = Bench(tmp_path)
    yield bench
    bench.journal.close()


def packs_of(messages: list[Message]) -> list[Pack]:
    packs = [senml.decode(message.body, ROOT.site).pack for message in messages if message.body]
    assert all(pack is not None for pack in packs)
    return [pack for pack in packs if pack is not None]


def test_the_first_message_of_a_connection_is_presence(bench: Bench) -> None:
    """Retained, with the will's boot; then health; nothing at all before the connection."""
    bench.core.measure("hall-air", {"co2_ppm": 600.0})
    assert bench.run(300) == []
    will = bench.connect()
    first = bench.sent[0]
    assert first.topic == ROOT.presence
    assert first.retain
    body = json.loads(first.body)
    assert body["online"]
    assert body["boot"] == will["boot"]
    assert body["since"] == bench.clock.now()
    assert body["clock"] == "ok"
    assert [point["point"] for point in body["points"]] == ["hall-air", "cord"]
    assert bench.sent[-1].topic == ROOT.health
    assert bench.sent[-1].qos == 0


def test_every_connect_has_a_new_boot(bench: Bench) -> None:
    """Also after a restart."""
    boots = []
    for _ in range(2):
        for _ in range(2):
            boots.append(bench.connect()["boot"])
            bench.core.disconnected()
        bench.restart()
    assert len(set(boots)) == 4


def test_a_reading_goes_out_at_once_and_again_until_it_is_receipted(bench: Bench) -> None:
    """The same body every time: pair, time and labels are the pack's for ever."""
    bench.connect()
    bench.sent.clear()
    assert bench.core.measure("hall-air", {"co2_ppm": 600.0}, {"co2_ppm": (Flag.WARMUP,)}) is not None
    bench.tick()
    (message,) = bench.on("readings")
    (pack,) = packs_of([message])
    assert (pack.point, pack.room, pack.records[0].value) == ("hall-air", "hall", 600.0)
    assert pack.records[0].flags == (Flag.WARMUP,)
    assert pack.records[0].time_ms == round(bench.clock.now() * 1000)
    bench.run(61)
    assert [again.body for again in bench.on("readings")] == [message.body]
    bench.receipt(pack)
    bench.run(3_600)
    assert bench.on("readings") == []
    assert bench.journal.unreceipted_count == 0


def test_health_comes_every_minute_while_connected(bench: Bench) -> None:
    """With what the journal holds; not while there is nobody to hear it."""
    bench.connect()
    row = bench.core.measure("hall-air", {"co2_ppm": 600.0})
    assert row is not None
    bench.sent.clear()
    bench.run(600)
    healths = bench.on("health")
    assert len(healths) == 10
    body = json.loads(healths[-1].body)
    assert body["journal_packs"] == 1
    assert body["held"] == {row.journal: [[row.sequence, row.sequence]]}
    assert body["clock_ok"] == 1
    assert body["memory_mb"] == 30.0
    assert body["reconnects"] == 0
    bench.core.disconnected()
    assert bench.run(600) == []
    bench.connect()
    assert json.loads(bench.on("health")[0].body)["reconnects"] == 1


def status(bench: Bench, boot: str, *, storing: bool = True, region: str = "east") -> None:
    body = {"online": True, "boot": boot, "regions": [region], "storing": storing}
    bench.core.receive("openhall/v1/gateway/g1", json.dumps(body).encode(), True)


def test_a_gateway_that_comes_or_stores_again_is_told_within_the_spread(bench: Bench) -> None:
    """What is held, once for each time; a status that is no news and another region's change nothing."""
    bench.connect()
    bench.run(10)
    bench.sent.clear()
    status(bench, "b1")
    came_s = bench.clock.monotonic()
    assert bench.core.held_said_s is None
    bench.run(30.1)
    assert len(bench.on("health")) == 1
    said_s = bench.core.held_said_s
    assert said_s is not None
    assert came_s < said_s <= came_s + 30
    bench.run(200)
    assert bench.core.held_said_s == said_s, "the health of every minute begins no wait anew"
    bench.sent.clear()
    status(bench, "b1", storing=False)
    status(bench, "b2", region="west")
    assert bench.core.held_said_s == said_s
    bench.run(2)
    assert bench.on("health") == []
    status(bench, "b2")
    assert bench.core.held_said_s is None
    bench.run(30.1)
    assert bench.core.held_said_s is not None


def test_ten_thousand_branches_do_not_tell_a_gateway_at_one_moment(tmp_path: Path) -> None:
    """When a gateway comes, each says what it holds at a moment of its own within thirty seconds."""
    said = []
    for number in range(40):
        folder = tmp_path / str(number)
        folder.mkdir()
        bench = Bench(folder, seed=number)
        bench.connect()
        bench.run(10)
        bench.sent.clear()
        status(bench, "b1")
        came_s = bench.clock.monotonic()
        bench.run(30.1)
        assert bench.core.held_said_s is not None
        said.append(bench.core.held_said_s - came_s)
        bench.journal.close()
    assert max(sum(low <= one < low + 3 for one in said) for low in range(0, 30, 3)) < 12


def test_gateways_that_come_again_and_again_are_told_once_a_second_at_most(bench: Bench) -> None:
    """However many boots: the next minute's health is not put off either."""
    bench.connect()
    bench.sent.clear()
    for number in range(500):
        status(bench, f"b{number}")
        bench.run(0.1)
    assert 10 <= len(bench.on("health")) <= 50
    assert bench.core.next_due() <= bench.clock.monotonic() + 60


def test_a_gateway_is_missing_until_it_speaks_in_this_connection(bench: Bench) -> None:
    """Nobody is missed who was never heard of; one that does not store is."""
    bench.connect()
    assert not bench.core.is_gateway_missing
    status(bench, "b1")
    assert not bench.core.is_gateway_missing
    status(bench, "b1", storing=False)
    assert bench.core.is_gateway_missing
    status(bench, "b1")
    bench.core.disconnected()
    assert bench.core.held_said_s is None
    bench.connect()
    assert bench.core.is_gateway_missing
    status(bench, "b2")
    assert not bench.core.is_gateway_missing


def test_a_call_is_retained_and_repeated_until_heard(bench: Bench) -> None:
    """On its own topic; a state that is no news is not journalled."""
    bench.connect()
    bench.sent.clear()
    assert bench.core.set_state("cord", "toilet", "call-toilet", True, "called") is not None
    assert bench.core.set_state("cord", "toilet", "call-toilet", True, "called") is None
    bench.tick()
    (message,) = bench.on("facility")
    assert message.topic == ROOT.facility("cord")
    assert message.retain
    bench.run(6)
    assert len(bench.on("facility")) == 1
    bench.receipt(*packs_of([message]))
    bench.run(3_600)
    assert bench.on("facility") == []


def test_a_restart_repeats_no_state(bench: Bench) -> None:
    """A latched cord stays called, and the fault of a sensor stays a fault (rule 7)."""
    bench.core.set_state("cord", "toilet", "call-toilet", True, "called")
    bench.restart()
    assert bench.core.set_state("cord", "toilet", "call-toilet", True, "called") is None


def test_a_point_that_is_gone_is_cleared(bench: Bench) -> None:
    """Its retained topic is emptied at each connect; what it still owes travels unretained."""
    bench.core.set_state("cord", "toilet", "call-toilet", True, "called")
    bench.core.set_state("hall-air", "hall", "sensor", False, "fault", "gone")
    bench.restart(points=(AIR,))
    bench.connect()
    emptied = [message for message in bench.sent if not message.body]
    assert [(message.topic, message.retain) for message in emptied] == [(ROOT.facility("cord"), True)]
    assert [message.topic for message in bench.sent if message.retain and message.body] == [
        ROOT.presence,
        ROOT.facility("hall-air"),
    ]
    unretained = packs_of([message for message in bench.sent if message.topic == ROOT.readings])
    assert [(pack.point, pack.kind) for pack in unretained] == [("cord", "call-toilet")]


def test_resend_brings_packs_back(bench: Bench) -> None:
    """Receipted ones go again until receipted; what is not held is named; a repeat of the order changes nothing."""
    bench.connect()
    rows = []
    for _ in range(3):
        rows.append(bench.core.measure("hall-air", {"co2_ppm": 600.0}))
        bench.clock.advance(60)
    bench.tick()
    packs = packs_of(bench.on("readings"))
    bench.receipt(*packs)
    first = packs[0].sequence
    words = {"journal": packs[0].journal, "ranges": [[first, first + 1], [first + 500, first + 600]]}
    (reply,) = bench.command("resend", **words)
    assert reply == {"id": "c-1", "ok": True, "result": {"sent": 2, "missing": [[first + 500, first + 600]]}}
    bench.run(1)
    again = packs_of(bench.on("readings"))
    assert [pack.sequence for pack in again] == [first, first + 1]
    bench.receipt(*again)
    assert bench.command("resend", **words) == [reply]
    bench.run(100)
    assert bench.on("readings") == []


def test_resend_by_time(bench: Bench) -> None:
    """`from` and `to` in Unix seconds."""
    bench.connect()
    for _ in range(3):
        bench.core.measure("hall-air", {"co2_ppm": 600.0})
        bench.clock.advance(60)
    now_s = bench.clock.now()
    (reply,) = bench.command("resend", **{"from": now_s - 121, "to": now_s})
    assert reply["result"] == {"sent": 2, "missing": []}


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"journal": "j"},
        {"ranges": [[1, 2]]},
        {"from": 1.0},
        {"from": 2.0, "to": 1.0},
        {"journal": "j", "ranges": [[1, 2]], "from": 1.0, "to": 2.0},
        {"journal": "j", "ranges": [[1, 2]], "to": 2.0},
        {"journal": "j", "from": 1.0, "to": 2.0},
    ],
)
def test_a_resend_that_says_nothing_or_two_things_is_answered(bench: Bench, words: dict[str, Any]) -> None:
    """With what it needs; of two forms none is chosen in silence."""
    bench.connect()
    (reply,) = bench.command("resend", **words)
    assert not reply["ok"]
    assert reply["error"]


def test_a_retained_command_is_ignored(bench: Bench) -> None:
    """Each connect would carry it out again."""
    bench.connect()
    assert bench.command("resend", retained=True, journal="j", ranges=[[1, 2]]) == []
    assert bench.core.retained_commands == 1


def test_the_serial_number_is_declared_once_known(bench: Bench) -> None:
    """Presence is sent again with it, and not again when it is no news."""
    bench.connect()
    bench.sent.clear()
    bench.core.identify("hall-air", "73b3f6")
    bench.tick()
    (message,) = bench.on("presence")
    assert json.loads(message.body)["points"][0]["serial"] == "73b3f6"
    bench.core.identify("hall-air", "73b3f6")
    bench.tick()
    assert bench.on("presence") == []


def test_before_the_clock_is_trusted(bench: Bench) -> None:
    """A live reading goes in relative time; once trusted, presence says so and the pair comes with its own time."""
    bench.restart(trusted=False)
    bench.clock.wall_s = 1_000.0
    bench.connect()
    presence = json.loads(bench.on("presence")[0].body)
    assert presence["clock"] == "held"
    assert "since" not in presence
    bench.core.measure("hall-air", {"co2_ppm": 600.0})
    bench.tick()
    (relative,) = packs_of(bench.on("readings"))
    assert relative.relative
    bench.run(30)
    bench.sent.clear()
    bench.clock.wall_s = 1_790_000_030.0
    bench.core.trust_clock()
    bench.run(1)
    presence = json.loads(next(message.body for message in bench.sent if message.topic == ROOT.presence))
    assert presence["clock"] == "ok"
    assert presence["since"] == pytest.approx(1_790_000_000, abs=2)
    (absolute,) = packs_of(bench.on("readings"))
    assert (absolute.journal, absolute.sequence) == (relative.journal, relative.sequence)
    assert absolute.records[0].time_ms == pytest.approx(1_790_000_000_000, abs=1_000)
    bench.core.trust_clock()
    assert bench.on("presence") == []


def test_receipts_for_an_older_root_are_asked_for(bench: Bench) -> None:
    """An agent that moved to another site still owes what it measured there (rule 1)."""
    bench.core.measure("hall-air", {"co2_ppm": 600.0})
    moved = Root("west", "west-001", "hall-agent")
    bench.restart(root=moved)
    assert {ROOT.receipt, moved.receipt, moved.command("+")} <= set(bench.core.subscriptions)
    bench.connect()
    (pack,) = packs_of(bench.on("readings"))
    bench.receipt(pack)
    assert bench.journal.unreceipted_count == 0


def test_a_clean_end_says_good_bye(bench: Bench) -> None:
    """Presence offline under the connection's boot, retained; nothing where there is no connection."""
    assert bench.core.farewell() == []
    will = bench.connect()
    (message,) = bench.core.farewell()
    assert message.retain
    assert json.loads(message.body) == will


def test_without_presence_there_is_no_will(bench: Bench) -> None:
    """A replay lives and dies unseen."""
    core = AgentCore(
        root=ROOT,
        points=[AIR],
        journal=bench.journal,
        uplink_settings=UplinkSettings(),
        clock=bench.clock,
        rng=bench.chance,
        trusted=True,
        version="1.2",
        probe=HostNumbers,
        with_presence=False,
    )
    assert core.will() is None
    core.connected()
    assert [message.topic for message in core.tick()] == [ROOT.health]
    assert core.farewell() == []


TOPICS = [
    ROOT.receipt,
    ROOT.command("resend"),
    ROOT.readings,
    "openhall/v1/gateway/g1",
    "openhall/v1/east/other/a/receipt",
    "openhall/v1/east/other/a/command/resend",
    "x",
    "",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(TOPICS), st.binary(max_size=100) | st.just(b"[" * 5_000), st.booleans())
def test_nothing_heard_raises(bench: Bench, topic: str, body: bytes, retained: bool) -> None:
    """Any bytes on any topic; the next good message is taken in all the same."""
    bench.core.receive(topic, body, retained)
    bench.connect()
    (reply,) = bench.command("resend", id=f"c-{bench.chance.getrandbits(40)}", journal="j", ranges=[[1, 2]])
    assert reply["ok"]


def test_counters_name_what_happened(bench: Bench) -> None:
    """Own numbers always, those of uplink and journal once they are not zero."""
    bench.connect()
    bench.core.receive("nonsense", b"", False)
    bench.core.receive(ROOT.command("resend"), b"{", False)
    bench.core.measure("hall-air", {"co2_ppm": 600.0}, time_ms=1_790_000_000_000)
    bench.core.measure("hall-air", {"co2_ppm": 601.0}, time_ms=1_790_000_000_000)
    bench.tick()
    counters = bench.core.counters()
    assert (counters["connects"], counters["malformed"], counters["journal_packs"]) == (1, 2, 1)
    assert (counters["journal_refused"], counters["uplink_sent"]) == (1, 1)
    assert "journal_repeated" not in counters
