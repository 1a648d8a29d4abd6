"""Which bytes a signature is over, whatever the body; and that nothing but the signature is taken out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry import senml, signing
from telemetry.errors import MalformedError, Reason
from telemetry.messages import MAX_BODY_BYTES
from telemetry.readings import Pack, Record
from telemetry.topics import Root

ROOT = Root("east", "b001", "pi-1")
SIGNATURE = bytes(range(64))

words = st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace").decode())
states = st.builds(
    lambda reason, state: Pack(
        site=ROOT.site,
        point="door",
        room="hall",
        journal="j1",
        sequence=7,
        kind="door",
        records=tuple(
            Record(name=name, time_ms=1_800_000_000_000, value=value)
            for name, value in (("working", True), ("state", state), ("reason", reason))
        ),
    ),
    words,
    st.sampled_from(["open", '},"sg":"', '\\"}', "{}"]),
)


@given(states)
def test_what_was_attached_is_detached(pack: Pack) -> None:
    """Whatever quotes, braces and backslashes stand in its words; and foreign readers read the pack as before."""
    body = senml.encode(pack)
    messages: list[bytes] = []

    def sign(message: bytes) -> bytes:
        messages.append(message)
        return SIGNATURE

    whole = signing.attach(ROOT, body, sign)
    assert messages == [b"openhall/v1/east/b001/pi-1/\n" + body]
    assert signing.detach(ROOT, whole) == (messages[0], SIGNATURE)
    first = json.loads(whole)[0]
    assert list(first)[-1] == "sg"
    assert [json.loads(body)[0] | {"sg": first["sg"]}, *json.loads(body)[1:]] == json.loads(whole)
    assert senml.decode(whole, ROOT.site) == senml.decode(body, ROOT.site)


@given(st.binary(max_size=300))
def test_no_body_breaks_it(body: bytes) -> None:
    """Anybody may send anything."""
    assert signing.detach(ROOT, body) is None
    signing.detach(ROOT, b'[{"n":"co2_ppm","sg":"' + body + b'"}]')


def test_long_hostile_bodies_are_refused_in_a_straight_line() -> None:
    """Quotes and backslashes without end do not make the search begin again and again."""
    for filler in (b'"\\', b'","sg":"', b"{", b'"a",', b"\\\\"):
        body = b'[{"a":"' + filler * (MAX_BODY_BYTES // len(filler) // 2)
        assert signing.detach(ROOT, body + b',"sg":"') is None


@pytest.mark.parametrize(
    "body",
    [
        b'[{"sg":"%s","n":"co2_ppm"}]',
        b'[{"n":"co2_ppm"},{"n":"x","sg":"%s"}]',
        b'[{"n":"co2_ppm", "sg":"%s"}]',
        b'[{"n":"co2_ppm","vs":",\\"sg\\":\\"%s\\""}]',
    ],
)
def test_a_signature_elsewhere_than_at_the_end_of_the_first_record_is_none(body: bytes) -> None:
    """One place only, so that what was signed is never in doubt."""
    assert signing.detach(ROOT, body % signing.to_text(SIGNATURE).encode()) is None


def test_padding_is_let_pass() -> None:
    """RFC 4648 asks for it where nothing else is said."""
    text = signing.to_text(SIGNATURE).encode()
    padded = signing.detach(ROOT, b'[{"n":"a","sg":"' + text + b'=="}]')
    assert padded == signing.detach(ROOT, b'[{"n":"a","sg":"' + text + b'"}]')
    assert padded is not None
    assert padded.signature == SIGNATURE


def test_a_body_that_becomes_too_long_is_refused() -> None:
    """And one that is no pack."""
    body = b'[{"vs":"' + b"a" * (MAX_BODY_BYTES - 50) + b'"}]'
    with pytest.raises(MalformedError) as caught:
        signing.attach(ROOT, body, lambda _message: SIGNATURE)
    assert caught.value.reason is Reason.OVERSIZE
    with pytest.raises(MalformedError):
        signing.attach(ROOT, b"{}", lambda _message: SIGNATURE)


@given(st.binary(min_size=32, max_size=32))
def test_keys_are_read_back(raw: bytes) -> None:
    assert signing.key_of(signing.to_text(raw)) == raw
    assert signing.key_of(signing.to_text(raw) + "=") == raw


@given(st.text(max_size=60))
def test_what_is_no_key_is_none(text: str) -> None:
    """Also where the last character has bits that belong to nothing."""
    raw = signing.key_of(text)
    assert raw is None or signing.to_text(raw) == text.rstrip("=")
    assert signing.key_of("A" * 42 + "B") is None
