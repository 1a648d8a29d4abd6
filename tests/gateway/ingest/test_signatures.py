"""What is unsigned or wrongly signed is flagged, and refused where that is asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from gateway.errors import ConfigurationError
from gateway.ingest import keys
from gateway.ingest.dead_letters import dead_letters, retry
from gateway.ingest.keys import SEEN_AN_AGENT, Standing, all_keys, decide
from gateway.ingest.settings import IngestSettings
from telemetry import messages, senml, signing
from telemetry.messages import Presence
from telemetry.topics import Root
from tests.gateway.ingest.hall import POINT, ROOT, Hall, air_pack, state_pack

KEY = SigningKey(b"k" * 32)
OTHER = SigningKey(b"o" * 32)


def text_of(key: SigningKey) -> str:
    return signing.to_text(bytes(key.verify_key))


def signed(body: bytes, key: SigningKey = KEY, root: Root = ROOT) -> bytes:
    return signing.attach(root, body, lambda message: bytes(key.sign(message).signature))


def show(hall: Hall, key: SigningKey) -> None:
    body = Presence(online=True, boot="b1", points=[POINT], key=text_of(key))
    hall.say(ROOT.presence, messages.encode(body))
    hall.pass_time(6)


def enrol(hall: Hall, key: SigningKey = KEY, standing: Standing = Standing.ENROLLED) -> None:
    decide(hall.state, ROOT, text_of(key), standing, who="ann", now_ms=hall.now_ms)
    hall.pass_time(6)


def air(hall: Hall, sequence: int) -> bytes:
    return senml.encode(air_pack(sequence, 600.0, time_ms=hall.now_ms))


def call(hall: Hall, sequence: int, state: str = "called") -> bytes:
    return senml.encode(state_pack(sequence, state, time_ms=hall.now_ms))


def verdicts(hall: Hall) -> dict[str, float]:
    names = ("good", "unsigned", "unenrolled", "revoked", "wrong")
    found = {
        name: hall.metrics.registry.get_sample_value("openhall_signatures_total", {"verdict": name}) for name in names
    }
    return {name: value for name, value in found.items() if value}


def parts(hall: Hall) -> list[str]:
    return [words for part, words in hall.ingest.findings() if part == "signatures"]


@pytest.fixture
def hall() -> Iterator[Hall]:
    one = Hall()
    yield one
    one.state.close()


@pytest.fixture
def strict() -> Iterator[Hall]:
    one = Hall(IngestSettings(signatures="refuse"))
    yield one
    one.state.close()


def test_every_verdict_is_counted_and_stored_all_the_same(hall: Hall) -> None:
    """Flagged is not refused."""
    hall.say(ROOT.readings, signed(air(hall, 1)))
    enrol(hall)
    hall.say(ROOT.readings, signed(air(hall, 2)))
    hall.say(ROOT.readings, air(hall, 3))
    hall.say(ROOT.readings, signed(air(hall, 4), OTHER))
    enrol(hall, OTHER, Standing.ENROLLED)
    enrol(hall, OTHER, Standing.REVOKED)
    hall.say(ROOT.readings, signed(air(hall, 5), OTHER))
    assert verdicts(hall) == {"unenrolled": 1, "good": 1, "unsigned": 1, "wrong": 1, "revoked": 1}
    hall.keep()
    assert sorted(hall.receipted()) == [(1, 1), (2, 4), (5, 5)]
    assert dead_letters(hall.state) == []


def test_nothing_is_said_before_keys_are_in_use(hall: Hall) -> None:
    """A bank that has not begun to enrol is not warned of a thousand branches; one that has is, until all is well."""
    hall.say(ROOT.readings, air(hall, 1))
    assert parts(hall) == []
    enrol(hall)
    (words,) = parts(hall)
    assert "north/b001/pi-1" in words
    assert "no signature" in words
    hall.say(ROOT.readings, signed(air(hall, 2)))
    assert parts(hall) == []


@pytest.mark.parametrize("where", range(0, 400, 7))
def test_a_changed_bit_is_found(hall: Hall, where: int) -> None:
    """In values, labels and signature alike: it is no longer the agent's word."""
    enrol(hall)
    body = bytearray(signed(air(hall, 1)))
    body[where % len(body)] ^= 1
    hall.say(ROOT.readings, bytes(body))
    assert "good" not in verdicts(hall)


def test_a_pack_of_one_agent_is_none_of_another(hall: Hall) -> None:
    """The root is signed too, so that a recording cannot be played back as another branch's."""
    enrol(hall)
    hall.say(Root("north", "b001", "pi-2").readings, signed(air(hall, 1)))
    assert verdicts(hall) == {"unenrolled": 1}
    hall.say(ROOT.readings, signed(air(hall, 2), root=Root("north", "b001", "pi-2")))
    assert verdicts(hall) == {"unenrolled": 1, "wrong": 1}


def test_of_an_agent_without_a_key_what_is_refused_can_be_taken_in_later(strict: Hall) -> None:
    """It is a dead letter with a pair and a receipt; enrolled, it goes into the store."""
    strict.say(ROOT.readings, signed(air(strict, 1)))
    strict.keep()
    (one,) = dead_letters(strict.state)
    assert (one.reason, one.journal, one.sequence) == ("signature", "j1", 1)
    assert strict.receipted() == [(1, 1)]
    (again,) = retry(strict.state, strict.store, [one], clock=strict.clock, settings=strict.settings)
    assert not again.stored
    enrol(strict)
    (again,) = retry(strict.state, strict.store, [one], clock=strict.clock, settings=strict.settings)
    assert again.stored
    assert dead_letters(strict.state) == []


def test_somebody_elses_word_frees_no_agent_of_its_own(strict: Hall) -> None:
    """A forged pack with a true pair gets no receipt; the true one is stored and gets it."""
    enrol(strict)
    for forged in (air(strict, 1), signed(air(strict, 1), OTHER)):
        strict.say(ROOT.readings, forged)
    strict.keep()
    assert {(one.reason, one.journal) for one in dead_letters(strict.state)} == {("signature", None)}
    assert strict.receipted() == []
    strict.say(ROOT.readings, signed(air(strict, 1)))
    strict.keep()
    assert strict.receipted() == [(1, 1)]
    assert strict.metric("openhall_dead_letters_total", reason="signature") == 2


def test_a_call_for_help_is_heard_whoever_sends_it_and_never_cleared_so(strict: Hall) -> None:
    """A false alarm costs a walk; a forged reset would cost more."""
    enrol(strict)
    strict.say(ROOT.facility("cord"), call(strict, 5))
    assert [span for one in strict.receipts() for span in one.heard] == [(5, 5)]
    strict.say(ROOT.facility("cord"), call(strict, 6, "cleared"))
    assert [span for one in strict.receipts() for span in one.heard] == [(5, 5)]
    strict.keep()
    assert strict.receipted() == []
    strict.say(ROOT.facility("cord"), signed(call(strict, 7, "cleared")))
    strict.keep()
    assert strict.receipted() == [(7, 7)]


def test_keys_that_agents_show_wait_for_enrolment(hall: Hall) -> None:
    """A flood of them pushes out its own only; a decision stays whatever is shown."""
    show(hall, KEY)
    assert [(one.key, one.standing) for one in all_keys(hall.state)] == [(text_of(KEY), Standing.SEEN)]
    decide(hall.state, ROOT, None, Standing.ENROLLED, who="ann", now_ms=hall.now_ms)
    for number in range(SEEN_AN_AGENT + 5):
        show(hall, SigningKey(number.to_bytes(32, "big")))
    show(hall, KEY)
    found = all_keys(hall.state)
    assert [(one.key, one.who) for one in found if one.standing is Standing.ENROLLED] == [(text_of(KEY), "ann")]
    assert sum(one.standing is Standing.SEEN for one in found) == SEEN_AN_AGENT
    newest = text_of(SigningKey((SEEN_AN_AGENT + 4).to_bytes(32, "big")))
    assert newest in {one.key for one in found}
    assert hall.metric("openhall_agent_keys", standing="enrolled") == 1


@pytest.mark.parametrize("key", ["", "x", "A" * 43 + "A", "A" * 42 + "B", "é" * 43, "A" * 100_000])
def test_what_is_no_key_is_not_kept(hall: Hall, key: str) -> None:
    """Presence is anybody's text."""
    hall.say(ROOT.presence, messages.encode(Presence(online=True, boot="b1", key=key)))
    hall.pass_time(6)
    assert all_keys(hall.state) == []


def test_a_decision_needs_one_key(hall: Hall) -> None:
    """Which one is never guessed."""
    with pytest.raises(ConfigurationError, match="shown no key"):
        decide(hall.state, ROOT, None, Standing.ENROLLED, who="", now_ms=1)
    with pytest.raises(ConfigurationError, match="no public key"):
        decide(hall.state, ROOT, "short", Standing.ENROLLED, who="", now_ms=1)
    show(hall, KEY)
    show(hall, OTHER)
    with pytest.raises(ConfigurationError, match="2 keys"):
        decide(hall.state, ROOT, None, Standing.ENROLLED, who="", now_ms=1)
    with pytest.raises(ConfigurationError, match="has no key"):
        decide(hall.state, ROOT, text_of(SigningKey(b"z" * 32)), Standing.REVOKED, who="", now_ms=1)


def test_keys_outlive_the_gateway(tmp_path: Path) -> None:
    """Enrolled once, enrolled for good."""
    hall = Hall(IngestSettings(signatures="refuse"), state_url=f"sqlite:///{tmp_path / 'state.sqlite3'}")
    enrol(hall)
    hall.start()
    hall.say(ROOT.readings, signed(air(hall, 1)))
    assert verdicts(hall) == {"good": 1}
    hall.state.close()


def test_names_of_agents_are_read_back() -> None:
    assert keys.root_named(keys.name_of(ROOT)) == ROOT
    for wrong in ("b001/pi-1", "north/b001/pi-1/x", "gateway/b001/pi-1", "North/b001/pi-1"):
        with pytest.raises(ConfigurationError):
            keys.root_named(wrong)
