"""The load speaks MQTT as a broker does, and its packs are what our own decoder takes for packs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fleet import QUANTITIES, Fleet
from bench.load import Load
from bench.mqtt_wire import PUBLISH, Frame, Link, heard_of, length_of, publish_head
from bench.percentiles import percentile
from bench.report import BEGINS, ENDS, put_into
from telemetry import messages, senml
from telemetry.messages import Health, Presence
from tests.servers import Mosquitto


def frame_of(packet: bytes) -> Frame:
    """The one frame in a packet, its length read as MQTT 3.1.1 section 2.2.3 says."""
    size = at = 0
    for at, digit in enumerate(packet[1:5]):
        size |= (digit & 0x7F) << (7 * at)
        if not digit & 0x80:
            break
    assert len(packet) == 2 + at + size
    return Frame(packet[0], packet[2 + at :])


@given(st.integers(0, 2**28 - 1))
def test_a_length_has_as_few_digits_as_the_standard_says(size: int) -> None:
    """Up to 127 one, and one more for every further seven bits."""
    digits = length_of(size)
    assert sum((digit & 0x7F) << (7 * at) for at, digit in enumerate(digits)) == size
    assert len(digits) == max(1, -(-size.bit_length() // 7))
    assert [bool(digit & 0x80) for digit in digits] == [True] * (len(digits) - 1) + [False]


def test_packs_are_what_they_say() -> None:
    """Each has its own pair, its own time and twelve readings, and leaves nothing to the dead letters."""
    fleet = Fleet(2)
    branch = fleet.branches[1]
    for number in (1, 2):
        heard = heard_of(frame_of(branch.publish(7, 1_700_000_100_250, fleet.values[number])))
        assert (heard.topic.decode(), heard.number) == (branch.root.readings, 7)
        decoded = senml.decode(heard.body, branch.root.site)
        assert decoded.pack is not None
        assert (decoded.faults, decoded.journal, decoded.sequence) == ([], branch.journal, number)
        assert tuple(record.name for record in decoded.pack.records) == QUANTITIES
        assert {record.time_ms for record in decoded.pack.records} == {1_700_000_100_249 + number}
    assert fleet.sent() == 2
    assert not fleet.is_whole()
    branch.receipted.add(1, 2)
    assert fleet.is_whole()
    assert 450 < fleet.pack_bytes() < 600


def test_a_fleet_lives_as_agents_do() -> None:
    """Presence and health are read by the messages' own decoder."""
    branch = Fleet(1).branches[0]
    presence = heard_of(frame_of(branch.presence(1, "boot-1")))
    assert messages.decode(presence.body, Presence).points[0].point == "hall-air"
    branch.sent = 5
    health = heard_of(frame_of(branch.health(1)))
    assert messages.decode(health.body, Health).held == {branch.journal: [(1, 5)]}


def test_frames_come_whole_whatever_the_network_does(mosquitto: Mosquitto) -> None:
    """A long message comes in many reads, short ones many in one."""
    sizes = (0, 1, 127, 128, 20_000, 300_000, 5)
    with Link(mosquitto.port, "bench-wire", ["bench/wire"]) as link:
        for size in sizes:
            link.send(publish_head("bench/wire", size) + b"\x00\x01" + b"x" * size)
        came: list[int] = []
        for _ in range(2_000):
            came += [len(heard_of(one).body) for one in link.turn(0.01) if one.kind == PUBLISH]
            if len(came) == len(sizes):
                break
    assert came == list(sizes)


def test_a_load_without_answers_fails_by_name(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sends receipts here: after the bound the run ends and says what is missing."""
    monkeypatch.setattr("bench.load.STALL_S", 0.3)
    with (
        Load(Fleet(1), mosquitto.port) as load,
        pytest.raises(RuntimeError, match="3 packs without receipt"),
    ):
        load.flood(3)


def test_results_stand_between_their_markers(tmp_path: Path) -> None:
    """What a person wrote around them stays; a file without markers is named."""
    file = tmp_path / "RESULTS.md"
    file.write_text(f"before\n{BEGINS}\nold\n{ENDS}\nafter\n", encoding="utf-8")
    put_into(file, "new")
    put_into(file, "newer")
    assert file.read_text(encoding="utf-8") == f"before\n{BEGINS}\n\nnewer\n{ENDS}\nafter\n"
    file.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match=r"RESULTS\.md lacks"):
        put_into(file, "new")


def test_percentiles() -> None:
    """Of a hundred values the 99th share is the last."""
    assert percentile(range(100), 0.99) == 99
    assert percentile([3.0], 0.5) == 3.0
