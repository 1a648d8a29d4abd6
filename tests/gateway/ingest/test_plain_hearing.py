"""The short way of the usual message gives what the long way gives: stored points, receipts, ledger, board, alarms."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry import senml
from telemetry.messages import PointInfo
from telemetry.readings import Flag, Pack, Record
from tests.gateway.ingest.hall import POINT, ROOT, Hall

QUANTITIES = ("co2_ppm", "temperature_c", "pm2_5_ug_m3")


def pack(sequence: int, time_ms: int, values: tuple[float, ...], **more: Any) -> Pack:
    flags = more.pop("flags", ())
    records = [
        Record(name=name, time_ms=time_ms, value=value, flags=flags)
        for name, value in zip(QUANTITIES, values, strict=True)
    ]
    words = {"site": ROOT.site, "point": "hall-air", "room": "hall", "journal": "j1", **more}
    return Pack(sequence=sequence, records=tuple(records), **words)


def usual(hall: Hall, sequence: int, co2_ppm: float = 600.0, **more: Any) -> None:
    body = senml.encode(pack(sequence, hall.now_ms, (co2_ppm + sequence / 8, 21.0 + sequence / 64, 7.0), **more))
    hall.say(ROOT.readings, body)
    hall.clock.advance(20.0)


def short(hall: Hall) -> int:
    """How many messages went the short way."""
    plain = hall.ingest._hearer._plain
    return plain.heard


def outcome(hall: Hall) -> dict[str, Any]:
    """All that anybody can see of what a gateway took in."""
    hall.keep()
    hall.ingest.tick()
    site = hall.ingest.directory.points(ROOT.site)
    lives = [(view.root, view.online, view.last_seen_ms) for view in hall.ingest.directory.agents()]
    receipts = [(message.topic, message.body) for message in hall.sent]
    return {
        "points": hall.store.series,
        "receipts": receipts,
        "there": hall.ingest.ledger.there(ROOT, "j1").spans(),
        "minutes": hall.ingest.ledger.intervals(ROOT.site, 0, 2**52),
        "values": [(view.info.point, sorted(view.values.items())) for view in site],
        "lives": lives,
        "seen": hall.alerts.seen,
    }


def test_the_second_usual_pack_goes_the_short_way() -> None:
    hall = Hall()
    for sequence in (1, 2, 3):
        usual(hall, sequence)
    assert short(hall) == 2
    assert not hall.store.fields("air")
    hall.keep()
    assert len(hall.store.fields("air")) == 3
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(1, 3)]


@pytest.mark.parametrize(
    "odd",
    [
        {"flags": (Flag.WARMUP,)},
        {"flags": (Flag.SIMULATED,)},
        {"room": "vault"},
        {"co2_ppm": 90_000.0},
        {"point": "other-air"},
    ],
)
def test_whatever_is_not_as_expected_goes_the_long_way(odd: dict[str, Any]) -> None:
    hall = Hall()
    usual(hall, 1)
    usual(hall, 2, **odd)
    assert short(hall) == 0


def test_a_new_room_or_period_in_the_presence_is_learned_anew() -> None:
    hall = Hall()
    usual(hall, 1)
    hall.presence("boot-1", points=[msgspec.structs.replace(POINT, period_s=600.0)])
    usual(hall, 2)
    usual(hall, 3)
    assert short(hall) == 1


def test_a_point_that_was_removed_is_not_told_to_the_card_it_had() -> None:
    hall = Hall()
    usual(hall, 1)
    hall.ingest.directory.remove_point(ROOT.site, "hall-air")
    usual(hall, 2)
    assert [view.info.point for view in hall.ingest.directory.points(ROOT.site)] == ["hall-air"]
    assert short(hall) == 0


def test_air_in_doubt_goes_the_long_way_and_is_stored_as_suspect() -> None:
    """A step of 5,000 ppm within 20 s: what follows is in doubt, on whichever way it came."""
    hall = Hall()
    usual(hall, 1)
    usual(hall, 2)
    usual(hall, 3, co2_ppm=5_600.0)
    hall.keep()
    usual(hall, 4, co2_ppm=5_600.0)
    hall.keep()
    assert [next(name for name in fields if "co2" in name) for fields in hall.store.fields("air").values()] == [
        "co2_ppm",
        "co2_ppm",
        "co2_ppm_suspect",
        "co2_ppm_suspect",
    ]
    assert short(hall) == 2


NUMBERS = st.floats(min_value=395.0, max_value=1_400.0) | st.just(600.0) | st.just(90_000.0) | st.just(0.0)
PACKS = st.lists(
    st.tuples(
        st.integers(1, 9),  # number
        st.sampled_from([0, 20_000, 20_000, 20_000, 90_000, 4_000_000]),  # time since the last, ms
        st.sampled_from([0, 0, 0, 0, 30_000, 200_000, -200_000, -400_000]),  # age on arrival, ms
        NUMBERS,
        st.sampled_from([(), (), (), (Flag.WARMUP,)]),
        st.sampled_from(["hall", "hall", "hall", "vault"]),
        st.booleans(),  # a commit round after it
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=80)
@given(packs=PACKS)
def test_both_ways_come_to_the_same(packs: list[tuple[Any, ...]]) -> None:
    """The same packs through a gateway with and through one without the short way."""
    outcomes = []
    for shortened in (True, False):
        hall = Hall()
        hall.presence("boot-1", points=[POINT, PointInfo(point="other", room="hall", kind="air")])
        if not shortened:
            hall.ingest._hearer._plain.learn = lambda *_args: None  # type: ignore[method-assign]
        for sequence, pause_ms, age_ms, value, flags, room, commit in packs:
            hall.clock.advance(pause_ms / 1000)
            one = pack(sequence, hall.now_ms - age_ms, (value, 21.0, 7.0), flags=flags, room=room)
            hall.say(ROOT.readings, senml.encode(one))
            if commit:
                hall.keep()
        outcomes.append(outcome(hall))
    assert outcomes[0] == outcomes[1]


def test_its_limit_of_points_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    hall = Hall()
    monkeypatch.setattr(hall.ingest._hearer._plain, "_points", 0)
    usual(hall, 1)
    usual(hall, 2)
    assert short(hall) == 0
