"""Malformed and hostile messages: parked with the reason, never in the way of the good one behind them."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import delete
from structlog.testing import capture_logs

from gateway.ingest.dead_letters import dead_letters, retry
from gateway.ingest.ingest import IngestSettings
from gateway.ports import Point
from gateway.state.tables import dead_letter
from telemetry import senml
from telemetry.errors import Reason
from tests.gateway.ingest.hall import ROOT, Hall, air_pack, state_pack

NOW_S = 1_790_000_000


def pack_body(*records: dict[str, Any], **first: Any) -> bytes:
    """A pack as JSON; the first record has all that is required unless told otherwise."""
    base = {"bver": 26, "bn": "b001/hall-air/", "bt": NOW_S, "jr": "j1", "sq": 1, "rm": "hall"}
    whole = [{**base, **(records[0] if records else {}), **first}, *records[1:]]
    return json.dumps([{key: value for key, value in one.items() if value is not None} for one in whole]).encode()


GOOD = {"n": "co2_ppm", "u": "ppm", "v": 600.0}
TEMPERATURE = {"n": "temperature_c", "u": "Cel", "v": 21.0}

WHOLE_MESSAGES = [
    ("json", b"{"),
    ("json", b"\xff\xfe"),
    ("senml", b"{}"),
    ("senml", b"[]"),
    ("no-pair", pack_body(GOOD, jr=None)),
    ("no-pair", pack_body(GOOD, sq=None)),
    ("no-pair", pack_body(GOOD, jr="not allowed!")),
]
"""No pair can be read: a dead letter and no receipt."""

WITH_A_PAIR = [
    ("bver", pack_body(GOOD, bver=27)),
    ("senml", pack_body(GOOD, rm="No Room")),
    ("site-mismatch", pack_body(GOOD, bn="b002/hall-air/")),
    ("unknown-quantity", pack_body({**GOOD, "n": "co3_ppm"})),
    ("unit", pack_body({**GOOD, "u": "Cel"})),
    ("senml", pack_body({**GOOD, "v": None})),
    ("future", pack_body(GOOD, bt=NOW_S + 301)),
]
"""The pair can be read, no record is good: parked and receipted."""


@pytest.mark.parametrize(("reason", "body"), WHOLE_MESSAGES)
def test_without_a_pair_there_is_no_receipt(reason: str, body: bytes) -> None:
    """The whole message is kept with its hash, and nobody is told that it is safe."""
    hall = Hall()
    hall.say(ROOT.readings, body)
    hall.keep()
    [letter] = dead_letters(hall.state)
    assert letter.reason == reason
    assert (letter.body, letter.length, letter.sha256) == (body, len(body), hashlib.sha256(body).hexdigest())
    assert letter.site == "b001"
    assert hall.sent == []
    assert hall.metric("openhall_dead_letters_total", reason=reason) == 1


@pytest.mark.parametrize(("reason", "body"), WITH_A_PAIR)
def test_with_a_pair_what_is_parked_is_receipted(reason: str, body: bytes) -> None:
    """The agent may forget what nobody will ever take."""
    hall = Hall()
    hall.say(ROOT.readings, body)
    hall.keep()
    [letter] = dead_letters(hall.state)
    assert (letter.reason, letter.journal, letter.sequence) == (reason, "j1", 1)
    assert hall.receipted() == [(1, 1)]
    assert hall.store.fields("air") == {}


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("unknown-quantity", {"n": "co3_ppm", "u": "ppm", "v": 1.0}),
        ("unit", {**GOOD, "u": "/"}),
        ("not-finite", {**GOOD, "v": 1e308, "bv": 1e308}),
        ("future", {**GOOD, "t": 400}),
        ("senml", {**GOOD, "v": "600"}),
    ],
)
def test_a_bad_record_never_takes_the_good_one_with_it(reason: str, bad: dict[str, Any]) -> None:
    """The good record is stored, the bad one parked with the whole pack, the pack receipted."""
    hall = Hall()
    hall.say(ROOT.readings, pack_body(TEMPERATURE, bad))
    hall.keep()
    assert hall.store.fields("air") == {NOW_S * 1000: {"temperature_c": 21.0}}
    assert [one.reason for one in dead_letters(hall.state)] == [reason]
    assert hall.receipted() == [(1, 1)]


def test_a_wrong_topic_is_parked() -> None:
    """Topics that nobody of ours publishes, of another region, misspelt, or about another point."""
    hall = Hall()
    good = senml.encode(air_pack(1, time_ms=hall.now_ms))
    for topic in ("openhall/v1/north/b001", "elsewhere", "openhall/v1/south/b001/pi-1/readings", f"{ROOT}/redings"):
        hall.say(topic, good)
    state = senml.encode(state_pack(2, "called", time_ms=hall.now_ms))
    hall.say(ROOT.facility("other-cord"), state)
    hall.say(ROOT.facility("hall-air"), good)
    hall.keep()
    assert [one.reason for one in dead_letters(hall.state)] == ["topic"] * 6
    assert hall.alerts.heard() == []
    assert hall.receipted() == [(1, 2)]
    assert hall.store.fields("air") == hall.store.fields("facility") == {}


def test_an_oversized_body_is_kept_by_its_beginning() -> None:
    """The first 64 kB, the whole length, the hash of the whole; no receipt."""
    hall = Hall()
    body = b"[" + b" " * 900_000 + b"]"
    hall.say(ROOT.readings, body)
    hall.keep()
    [letter] = dead_letters(hall.state)
    assert letter.reason == Reason.OVERSIZE
    assert (len(letter.body), letter.length) == (65_536, 900_002)
    assert letter.sha256 == hashlib.sha256(body).hexdigest()
    assert not letter.is_whole
    assert letter.site == "b001"
    assert hall.sent == []


def test_ten_thousand_bad_messages_and_a_good_one() -> None:
    """None of them stops the good one behind; the table stays within its bound, what it gave up is counted."""
    hall = Hall(IngestSettings(dead_letters=500))
    bad = [b"{", pack_body(GOOD, sq=0), pack_body({**GOOD, "u": "/"}, sq=7), pack_body(GOOD, bt=NOW_S + 10**6, sq=8)]
    for count in range(10_000):
        hall.say(ROOT.readings if count % 3 else ROOT.facility("cord"), bad[count % 4] + b" " * (count % 997))
        if count % 1000 == 999:
            hall.keep()
    hall.air(9)
    hall.keep()
    assert len(hall.store.fields("air")) == 1
    assert (9, 9) in hall.receipted()
    letters = dead_letters(hall.state, limit=20_000)
    assert len([one for one in letters if one.journal is None]) <= 500
    assert len([one for one in letters if one.journal == "j1"]) == hall.metric(
        "openhall_dead_letters_kept", pair="true"
    )
    assert hall.metric("openhall_dead_letters_deleted_total") > 0
    counted = sum(hall.metric("openhall_dead_letters_total", reason=reason.value) for reason in Reason)
    assert counted == 10_000


def test_the_same_message_again_is_counted_in_its_row() -> None:
    """A repeat of what is parked makes no second row."""
    hall = Hall()
    for _ in range(3):
        hall.say(ROOT.readings, pack_body({**GOOD, "u": "/"}))
        hall.keep()
    assert [(one.times, one.reason) for one in dead_letters(hall.state)] == [(3, "unit")]
    assert hall.receipted() == [(1, 1)] * 3


def test_letters_are_listed_in_pages() -> None:
    """`after` and `limit` walk through all of them."""
    hall = Hall()
    for count in range(5):
        hall.say(ROOT.readings, b"{" + b" " * count)
    hall.keep()
    first = dead_letters(hall.state, limit=3)
    rest = dead_letters(hall.state, after=first[-1].id, limit=3)
    assert [one.length for one in (*first, *rest)] == [1, 2, 3, 4, 5]


def test_bytes_are_bounded_too() -> None:
    """Large bodies go before many small ones would have to."""
    hall = Hall(IngestSettings(dead_letter_bytes=1_000_000))
    for count in range(30):
        hall.say(ROOT.readings, b"{" + b"x" * (100_000 + count))
        hall.keep()
    assert sum(len(one.body) for one in dead_letters(hall.state)) <= 1_000_000


def test_a_letter_is_taken_in_again() -> None:
    """What was too far in the future has come; it is stored, in the ledger, and its letter is gone."""
    hall = Hall()
    hall.say(ROOT.readings, pack_body(GOOD, bt=NOW_S + 3600, sq=5))
    hall.keep()
    letters = dead_letters(hall.state)
    assert [one.stored for one in retry(hall.state, hall.store, letters, clock=hall.clock)] == [False]
    hall.clock.advance(3600)
    assert [one.stored for one in retry(hall.state, hall.store, letters, clock=hall.clock)] == [True]
    assert hall.store.fields("air") == {(NOW_S + 3600) * 1000: {"co2_ppm": 600.0}}
    assert dead_letters(hall.state) == []
    hall.start()
    assert hall.statuses()[0] == "there"


def test_a_running_gateway_sees_what_was_taken_in_beside_it() -> None:
    """Its ledger in memory is read again within seconds, whether or not anything comes."""
    hall = Hall()
    hall.air(1)
    hall.say(ROOT.readings, pack_body(GOOD, bt=NOW_S + 3600, sq=5))
    hall.keep()
    hall.clock.advance(3600)
    assert hall.statuses() == {-60: "there"}
    retry(hall.state, hall.store, dead_letters(hall.state), clock=hall.clock)
    hall.pass_time(6)
    assert hall.statuses() == {-60: "there", 0: "there"}
    assert hall.metric("openhall_state_failures_total") == 0


def test_a_letter_taken_in_during_a_round_is_not_undone_by_it() -> None:
    """The round had the ledger in memory before: nothing of it is written, and it is made again at once."""
    hall = Hall()
    hall.air(1, age_s=60)
    hall.say(ROOT.readings, pack_body(GOOD, bt=NOW_S + 301, sq=2))
    hall.keep()
    assert len(dead_letters(hall.state)) == 1
    hall.clock.advance(60)

    def meanwhile(_point: Point) -> None:
        hall.store.turns_down = lambda _point: None
        (one,) = retry(hall.state, hall.store, dead_letters(hall.state), clock=hall.clock)
        assert one.stored

    hall.store.turns_down = meanwhile
    hall.air(3)
    hall.keep()
    assert hall.receipted() == [(1, 2)]
    assert hall.ingest.storing
    hall.keep()
    assert (3, 3) in hall.receipted()
    hall.start()
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(1, 3)]


def test_a_refused_pack_is_taken_in_again_once_the_store_is_mended() -> None:
    """And a facility state that was never heard is heard then."""
    hall = Hall()
    hall.store.turns_down = lambda point: "conflict" if point.measurement in ("air", "facility") else None
    hall.air(1, 640.0)
    hall.cord(2, "called")
    hall.say(ROOT.facility("other"), senml.encode(state_pack(3, "called", time_ms=hall.now_ms)))
    hall.keep()
    letters = dead_letters(hall.state)
    assert sorted(one.reason for one in letters) == ["store-refused", "store-refused", "topic"]
    again = retry(hall.state, hall.store, letters, clock=hall.clock, alerts=hall.alerts)
    assert [one.stored for one in again] == [False, False, False]
    assert all(one.detail for one in again)
    hall.store.turns_down = lambda _point: None
    again = retry(hall.state, hall.store, letters, clock=hall.clock, alerts=hall.alerts)
    assert sorted(one.stored for one in again) == [False, True, True]
    assert len(hall.store.fields("air")) == len(hall.store.fields("facility")) == 1
    assert [one.reason for one in dead_letters(hall.state)] == ["topic"]


def test_what_cannot_be_taken_in_again_says_why() -> None:
    """Oversized, not for the store, relative, or still bad: the letter stays."""
    hall = Hall()
    hall.say(ROOT.readings, b"[" + b" " * 900_000 + b"]")
    hall.say(ROOT.health, b"{")
    hall.say("nowhere", b"{")
    hall.say(ROOT.readings, senml.encode(air_pack(1, time_ms=-7_200_000, relative=True)))
    hall.say(ROOT.readings, b"{")
    hall.keep()
    letters = dead_letters(hall.state)
    assert len(letters) == 5
    again = retry(hall.state, hall.store, letters, clock=hall.clock)
    assert [one.stored for one in again] == [False] * 5
    assert all(one.detail for one in again)
    assert dead_letters(hall.state) == letters


def test_malformed_words_on_the_other_channels_are_parked() -> None:
    """Presence, health, replies and gateway status that are no JSON, or not what they should be."""
    hall = Hall()
    for topic in (ROOT.presence, ROOT.health, ROOT.reply("c1"), "openhall/v1/gateway/gateway-2"):
        hall.say(topic, b'{"online":3}')
    hall.keep()
    assert [one.reason for one in dead_letters(hall.state)] == ["json"] * len(dead_letters(hall.state))
    assert len(dead_letters(hall.state)) >= 3


def bad_pack(sequence: int) -> bytes:
    """It has a pair and no good record."""
    return pack_body({**GOOD, "u": "/"}, sq=sequence)


def test_what_was_receipted_is_never_deleted() -> None:
    """Its agent has forgotten it; a flood of what was not pushes out its own."""
    hall = Hall(IngestSettings(dead_letters=10, dead_letter_bytes=1_000_000))
    for sequence in range(1, 31):
        hall.say(ROOT.readings, bad_pack(sequence))
    hall.keep()
    for count in range(300):
        hall.say(ROOT.readings, b"{" + b" " * count)
        if count % 20 == 0:
            hall.keep()
    hall.keep()
    letters = dead_letters(hall.state)
    assert sorted(one.sequence for one in letters if one.sequence is not None) == list(range(1, 31))
    assert 0 < len(letters) - 30 <= 10
    assert hall.receipted() == [(1, 30)]
    assert hall.ingest.warnings() == []


def test_without_room_a_bad_pack_stays_with_its_agent_and_good_ones_go_on() -> None:
    """No receipt, no ledger, a count, a warning; once letters are taken away it is receipted when it comes again."""
    hall = Hall(IngestSettings(dead_letters_with_pair=5))
    with capture_logs() as logs:
        for sequence in range(1, 9):
            hall.say(ROOT.readings, bad_pack(sequence))
        hall.air(9)
        hall.keep()
        hall.say(ROOT.readings, bad_pack(8))
        hall.keep()
    assert [one.sequence for one in dead_letters(hall.state)] == [1, 2, 3, 4, 5]
    assert hall.receipted() == [(1, 5), (9, 9)]
    assert len(hall.store.fields("air")) == 1
    assert hall.metric("openhall_dead_letters_refused_total") == 4
    told = [one["log_level"] for one in logs if one["event"].startswith("no room for dead letters")]
    assert told == ["warning", "debug"]
    [warning] = hall.ingest.warnings()
    assert "100%" in warning
    hall.say(ROOT.readings, bad_pack(3))
    hall.keep()
    assert hall.receipted()[-1] == (3, 3), "its letter lies there already"
    with hall.state.write() as connection:
        connection.execute(delete(dead_letter).where(dead_letter.c.sequence <= 2))
    hall.clock.advance(61)
    hall.say(ROOT.readings, bad_pack(8))
    hall.keep()
    assert hall.receipted()[-1] == (8, 8)


def test_a_pack_that_the_store_refuses_needs_room_too() -> None:
    """It is only then known that it needs a letter."""
    hall = Hall(IngestSettings(dead_letters_with_pair=1))
    hall.store.turns_down = lambda point: "conflict" if "co2_ppm" in point.fields else None
    for sequence in (1, 2):
        hall.clock.advance(1)
        hall.air(sequence)
    hall.air(3, 21.0, quantity="temperature_c")
    hall.keep()
    assert [one.sequence for one in dead_letters(hall.state)] == [1]
    assert hall.receipted() == [(1, 1), (3, 3)]
    assert hall.metric("openhall_dead_letters_refused_total") == 1


def test_bytes_of_letters_with_a_pair_are_bounded_too() -> None:
    """Large packs are left to their agents before the number of letters is reached."""
    hall = Hall(IngestSettings(dead_letter_bytes_with_pair=1_000_000))
    for sequence in range(1, 11):
        hall.say(ROOT.readings, bad_pack(sequence) + b" " * 300_000)
        hall.keep()
    assert hall.receipted() == [(1, 1), (2, 2), (3, 3)]
    assert sum(len(one.body) for one in dead_letters(hall.state)) <= 1_000_000


def test_the_operator_is_warned_before_letters_with_a_pair_have_no_room() -> None:
    """From four fifths on, after a restart too."""
    hall = Hall(IngestSettings(dead_letters_with_pair=10))
    for sequence in range(1, 8):
        hall.say(ROOT.readings, bad_pack(sequence))
    hall.keep()
    assert hall.ingest.warnings() == []
    hall.say(ROOT.readings, bad_pack(8))
    hall.keep()
    [warning] = hall.ingest.warnings()
    assert warning.startswith("8 dead letters with a pair")
    assert "80%" in warning
    hall.start()
    assert hall.ingest.warnings() == [warning]


def test_what_goes_down_is_left_out_before_it_waits() -> None:
    """The gateway's own receipts and commands come back from the broker: neither queued nor parked, but counted."""
    hall = Hall()
    for topic in (ROOT.receipt, ROOT.command("resend"), "openhall/v1/north/b001/pi-1/command/Nonsense"):
        assert hall.ingest.offer(topic, b"x" * 2_000_000, False)
    assert hall.ingest.hear() == 0
    hall.keep()
    assert dead_letters(hall.state) == []
    assert hall.metric("openhall_messages_ignored_total", reason="goes-down") == 3


def test_a_topic_longer_than_any_of_ours_is_parked() -> None:
    """With its beginning; it is not remembered, or a flood of them would fill the memory."""
    hall = Hall()
    for count in range(3):
        hall.say(f"{ROOT}/{'x' * 60_000}{count}", b"{}")
    hall.keep()
    assert [(one.reason, len(one.topic), one.times) for one in dead_letters(hall.state)] == [("topic", 500, 3)]
