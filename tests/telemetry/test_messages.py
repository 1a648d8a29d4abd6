"""Presence, health, receipts, commands, answers, gateway status."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.errors import MalformedError, Reason
from telemetry.messages import (
    MAX_BODY_BYTES,
    Command,
    GatewayStatus,
    Health,
    PointInfo,
    Presence,
    Receipt,
    Reply,
    decode,
    encode,
)
from tests.telemetry.strategies import MESSAGES

KINDS = list(MESSAGES)


@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_what_is_encoded_is_decoded(data: st.DataObject, kind: type[Presence]) -> None:
    """Every message of every kind."""
    message = data.draw(MESSAGES[kind])
    assert decode(encode(message), kind) == message  # type: ignore[arg-type]


@given(kind=st.sampled_from(KINDS), body=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_read(kind: type[Presence], body: bytes) -> None:
    """Nothing but `MalformedError` is ever raised."""
    _decode_or_refuse(body, kind)


@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_one_turned_bit_is_refused_or_read(data: st.DataObject, kind: type[Presence]) -> None:
    """Likewise."""
    body = bytearray(encode(data.draw(MESSAGES[kind])))  # type: ignore[arg-type]
    at = data.draw(st.integers(0, len(body) * 8 - 1))
    body[at // 8] ^= 1 << (at % 8)
    _decode_or_refuse(bytes(body), kind)


def _decode_or_refuse(body: bytes, kind: type[Presence]) -> None:
    try:
        message = decode(body, kind)
    except MalformedError as error:
        assert error.reason in (Reason.JSON, Reason.OVERSIZE)
        error.detail.encode()
    else:
        # It can be sent on, texts included.
        msgspec.json.encode(message)


def test_bodies_are_the_contracts() -> None:
    """To the letter; defaults are left out."""
    presence = Presence(
        online=True,
        boot="x1",
        version="0.1.0",
        since=1_700_000_000.5,
        points=[PointInfo(point="p1", room="hall", part="scd41", serial="f8", period_s=30, quantities=["co2_ppm"])],
    )
    assert json.loads(encode(presence)) == {
        "online": True,
        "boot": "x1",
        "version": "0.1.0",
        "since": 1_700_000_000.5,
        "points": [
            {
                "point": "p1",
                "room": "hall",
                "part": "scd41",
                "serial": "f8",
                "period_s": 30.0,
                "quantities": ["co2_ppm"],
            }
        ],
    }
    assert encode(Presence(online=False, boot="x1")) == b'{"online":false,"boot":"x1"}'
    assert encode(GatewayStatus(online=False, boot="x1")) == b'{"online":false,"boot":"x1"}'
    assert encode(Receipt(journal="a", ranges=[(1, 5)])) == b'{"journal":"a","ranges":[[1,5]]}'
    assert json.loads(encode(Command(id="c1", expires=5, from_=1, to=2))) == {
        "id": "c1",
        "expires": 5.0,
        "from": 1.0,
        "to": 2.0,
    }
    assert encode(Reply(id="c1", ok=True, result={"sent": 1, "missing": []})) == (
        b'{"id":"c1","ok":true,"result":{"sent":1,"missing":[]}}'
    )


def test_unknown_fields_pass() -> None:
    """An older program hears a newer one."""
    assert decode(b'{"online":true,"boot":"x","mood":"fine"}', Presence) == Presence(online=True, boot="x")
    assert decode(b'{"cpu_c":51.5,"fan_rpm":900}', Health) == Health(cpu_c=51.5)


@pytest.mark.parametrize(
    ("body", "kind", "place"),
    [
        (b'{"boot":"x"}', Presence, "online"),
        (b'{"online":1,"boot":"x"}', Presence, "$.online"),
        (b'{"online":true,"boot":"x","points":[{"point":"p1"}]}', Presence, "$.points[0]"),
        (b'{"journal":"a","ranges":[[5,4]]}', Receipt, "upwards"),
        (b'{"journal":"a","ranges":[[0,4]]}', Receipt, "upwards"),
        (b'{"journal":"a","ranges":[[1,9007199254740992]]}', Receipt, "upwards"),
        (b'{"journal":"a","ranges":[[1.5,2]]}', Receipt, "$.ranges[0][0]"),
        (b'{"journal":"a","ranges":[[1,2,3]]}', Receipt, "$.ranges[0]"),
        (b'{"journal":"a","heard":[[2,1]]}', Receipt, "upwards"),
        (b'{"journal":"a b","ranges":[]}', Receipt, "journal id"),
        (b'{"held":{"a":[[2,1]]}}', Health, "upwards"),
        (b'{"cpu_c":"hot"}', Health, "$.cpu_c"),
        (b'{"cpu_c":1e999}', Health, "$.cpu_c"),
        (b'{"cpu_c":NaN}', Health, "malformed"),
        (b'{"id":"c1"}', Command, "expires"),
        (b'{"id":"a/b","expires":5}', Command, "does not match"),
        (b'{"id":"#","expires":5}', Command, "does not match"),
        (b'{"id":"c1","expires":5,"ranges":[[2,1]]}', Command, "upwards"),
        (b'{"id":"","ok":true}', Reply, "does not match"),
        (b'{"online":true,"boot":"\\ud800"}', GatewayStatus, ""),
        (b'{"online":true,"boot":"\xff"}', GatewayStatus, ""),
        (b"", Receipt, ""),
        (b"[]", Receipt, "array"),
        (b"[" * 50_000, Reply, ""),
        (b'{"id":"c1","ok":true,"result":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001, Reply, ""),
    ],
)
def test_malformed_bodies_name_the_place(body: bytes, kind: type[Presence], place: str) -> None:
    """With the reason `json`."""
    with pytest.raises(MalformedError) as error:
        decode(body, kind)
    assert error.value.reason is Reason.JSON
    assert place in error.value.detail


def test_oversize() -> None:
    """Not even looked at."""
    with pytest.raises(MalformedError) as error:
        decode(b" " * (MAX_BODY_BYTES + 1), Presence)
    assert error.value.reason is Reason.OVERSIZE
