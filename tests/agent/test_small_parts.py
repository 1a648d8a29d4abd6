"""Reconnect, inbox, clock trust, health and presence: the small pure parts."""

import itertools
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock_trust import STA_UNSYNC, kernel_status, why_trusted
from agent.health import HostNumbers, health_of, probe_host
from agent.inbox import Inbox
from agent.presence import PresenceCard
from agent.reconnect import STABLE_S, Reconnect
from telemetry.messages import Calibration, Health, PointInfo, Presence, decode
from telemetry.ranges import Span
from telemetry.topics import Root
from tests.certificates import end_by_openssl, make
from tests.fakes import FakeClock

ROOT = Root("east", "east-001", "hall-agent")


# -- reconnect ---------------------------------------------------------------------------------------------------------


def make_reconnect(clock: FakeClock, seed: int = 1) -> Reconnect:
    return Reconnect(min_s=1, max_s=60, clock=clock, rng=random.Random(seed))


@given(st.integers(0, 2**32))
def test_waits_grow_up_to_a_bound(seed: int) -> None:
    """Each lies between half of 1, 2, 4 … 60 s and the whole."""
    reconnect = make_reconnect(FakeClock(), seed)
    for number in range(50):
        full_s = min(2.0**number, 60.0)
        assert full_s / 2 <= reconnect.lost() <= full_s


def test_a_short_connection_does_not_reset_the_wait() -> None:
    """Two agents under one id would else throw each other out without a pause; a lasting one begins anew."""
    clock = FakeClock()
    reconnect = make_reconnect(clock)
    for _ in range(6):
        reconnect.connected()
        clock.advance(1)
        reconnect.lost()
    assert reconnect.lost() > 20
    reconnect.connected()
    clock.advance(STABLE_S)
    assert reconnect.lost() <= 1
    assert reconnect.due_s > clock.monotonic()


# -- inbox -------------------------------------------------------------------------------------------------------------


def test_the_inbox_is_bounded_by_count_and_bytes() -> None:
    """What does not fit is shed and counted; room comes back as events are taken."""
    inbox: Inbox[str] = Inbox(max_count=3, max_bytes=100)
    assert inbox.offer("a", 60)
    assert not inbox.offer("b", 60)
    assert inbox.offer("c", 40)
    assert inbox.get(0) == "a"
    assert inbox.offer("d", 60)
    assert inbox.offer("e", 0)
    assert not inbox.offer("f", 0)
    assert inbox.shed == 2
    inbox.put("stop")
    assert [inbox.get(0) for _ in range(5)] == ["c", "d", "e", "stop", None]


# -- clock trust -------------------------------------------------------------------------------------------------------


def machine(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return folder


PI = {"proc__device-tree__model": "Raspberry Pi 4 Model B Rev 1.4\0"}


def test_a_pi_without_a_time_source_is_not_trusted(tmp_path: Path) -> None:
    """Its clock stands at the last shutdown."""
    root = machine(tmp_path, **PI)
    assert why_trusted(root=root, status=lambda: STA_UNSYNC) is None
    assert why_trusted(root=root, status=lambda: None) is None


@pytest.mark.parametrize(
    ("files", "bits", "words"),
    [
        ({}, 0x2001, "kernel"),
        ({"run__systemd__timesync__synchronized": ""}, STA_UNSYNC, "timesyncd"),
        ({"sys__class__rtc__rtc0__hctosys": "1\n"}, STA_UNSYNC, "battery"),
    ],
)
def test_a_pi_is_trusted_once_something_set_its_clock(
    tmp_path: Path, files: dict[str, str], bits: int, words: str
) -> None:
    """The kernel, timesyncd or a battery clock."""
    why = why_trusted(root=machine(tmp_path, **PI, **files), status=lambda: bits)
    assert why is not None
    assert words in why


def test_a_battery_clock_that_did_not_set_the_time_does_not_count(tmp_path: Path) -> None:
    """It may have lost its battery."""
    root = machine(tmp_path, **PI, **{"sys__class__rtc__rtc0__hctosys": "0\n"})
    assert why_trusted(root=root, status=lambda: STA_UNSYNC) is None


def test_servers_keep_time(tmp_path: Path) -> None:
    """Without a device tree it is no single-board computer."""
    assert why_trusted(root=tmp_path, status=lambda: STA_UNSYNC) == "this is no single-board computer"


def test_the_kernel_is_really_asked() -> None:
    """On Linux the status bits come back; STA_UNSYNC and its neighbours fit in 16 bits."""
    bits = kernel_status()
    assert bits is None or 0 <= bits < 2**16


# -- health ------------------------------------------------------------------------------------------------------------


class FakeJournal:
    unreceipted_count = 3
    oldest_unreceipted_ms: int | None = 1_790_000_000_123

    def held(self) -> dict[str, list[Span]]:
        return {"j1": [(1, 5)]}


def test_health_says_what_the_contract_says() -> None:
    """By name; the oldest is absent if there is none."""
    journal = FakeJournal()
    host = HostNumbers(cpu_c=48.2, memory_mb=31.0, disk_free_mb=12_345.0, certificate_until=1_800_000_000.0)
    health = health_of(host, journal, clock_ok=True, reconnects=2)
    assert json.loads(msgspec_json(health)) == {
        "cpu_c": 48.2,
        "memory_mb": 31.0,
        "disk_free_mb": 12345.0,
        "journal_packs": 3,
        "journal_oldest": 1790000000.123,
        "clock_ok": 1,
        "reconnects": 2,
        "certificate_until": 1800000000.0,
        "held": {"j1": [[1, 5]]},
    }
    journal.oldest_unreceipted_ms = None
    body = json.loads(msgspec_json(health_of(HostNumbers(), journal, clock_ok=False, reconnects=0)))
    assert body == {"journal_packs": 3, "clock_ok": 0, "reconnects": 0, "held": {"j1": [[1, 5]]}}


def msgspec_json(health: Health) -> bytes:
    from telemetry.messages import encode

    return encode(health)


def test_the_machine_s_numbers_are_read(tmp_path: Path) -> None:
    """From /proc, /sys and the file system; what is not there is left out."""
    root = machine(
        tmp_path, sys__class__thermal__thermal_zone0__temp="48312\n", proc__self__statm="9000 2500 1 1 0 1 0"
    )
    numbers = probe_host(tmp_path, root=root)
    assert numbers.cpu_c == 48.3
    assert numbers.memory_mb is not None
    assert numbers.memory_mb % 2.5 == pytest.approx(0, abs=0.3)
    assert numbers.disk_free_mb is not None
    assert probe_host(tmp_path / "nowhere", root=tmp_path / "nowhere") == HostNumbers()
    certificate = make(tmp_path, 30)
    until = probe_host(tmp_path, certificate=str(certificate)).certificate_until
    assert until == end_by_openssl(certificate)
    certificate.write_text("none any more", encoding="ascii")
    for gone in (certificate, tmp_path / "nowhere"):
        assert probe_host(tmp_path, certificate=str(gone)).certificate_until is None
    here = probe_host(tmp_path)
    assert here.memory_mb is not None
    assert 5 < here.memory_mb < 5_000


# -- presence ----------------------------------------------------------------------------------------------------------


def test_will_and_presence_carry_one_boot() -> None:
    """New at every CONNECT, the same in will, presence and farewell of one connection."""
    card = PresenceCard(ROOT, [], version="1.2", rng=random.Random(1))
    boots = []
    for _ in range(3):
        will = card.will()
        assert will.retain
        assert will.qos == 1
        assert will.topic == f"{ROOT}/presence"
        online = decode(card.online(since_ms=1_790_000_000_000, clock_ok=True).body, Presence)
        assert json.loads(will.body) == {"online": False, "boot": online.boot}
        assert card.offline().body == will.body
        boots.append(online.boot)
    assert all(before != after for before, after in itertools.pairwise(boots))


def test_presence_lists_the_points() -> None:
    """As in the contract, a calibration where there is one."""
    point = PointInfo(
        point="hall-air",
        room="hall",
        part="scd41",
        serial="73b3",
        period_s=60.0,
        quantities=["co2_ppm"],
        calibration=Calibration(offset={"co2_ppm": -15.0}, date="2026-03-01", certificate="C1"),
    )
    card = PresenceCard(ROOT, [point], version="1.2", rng=random.Random(1))
    card.will()
    body = json.loads(card.online(since_ms=1_790_000_000_500, clock_ok=True).body)
    assert body["version"] == "1.2"
    assert body["since"] == 1790000000.5
    assert body["clock"] == "ok"
    assert set(body["points"][0]) == {
        "point", "room", "kind", "part", "serial", "period_s", "quantities", "simulated", "calibration",
    }  # fmt: skip
    assert (body["points"][0]["kind"], body["points"][0]["simulated"]) == ("air", False)
    assert body["points"][0]["calibration"] == {
        "offset": {"co2_ppm": -15.0},
        "date": "2026-03-01",
        "certificate": "C1",
    }


def test_before_trust_presence_says_held() -> None:
    """And no time, which would be a wrong one."""
    card = PresenceCard(ROOT, [], version="1.2", rng=random.Random(1))
    card.will()
    body = json.loads(card.online(since_ms=5, clock_ok=False).body)
    assert body["clock"] == "held"
    assert "since" not in body
