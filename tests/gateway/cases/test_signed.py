"""From the key on the Pi to the report: signed packs of a case are held against its agents' keys, with no server."""

import msgspec
import pytest
from nacl.signing import SigningKey

from gateway.acceptance.verify import verify
from gateway.ingest import keys
from telemetry import senml, signing
from telemetry.readings import Pack, Record
from tests.gateway.board.branches import XIDAN
from tests.gateway.cases.renovation import Renovation


def say_signed(renovation: Renovation, key: SigningKey, point: str, room: str, value: float, sequence: int) -> None:
    """An hour of values in one signed pack."""
    start = round(renovation.begin * 1000)
    records = tuple(Record(name="hcho_ug_m3", time_ms=start + 60_000 * minute, value=value) for minute in range(60))
    pack = Pack(site="xidan", point=point, room=room, journal="signed", sequence=sequence, records=records)
    body = signing.attach(XIDAN, senml.encode(pack), lambda message: key.sign(message).signature)
    renovation.branches._say(XIDAN.readings, body)


@pytest.mark.parametrize("forged", [False, True])
def test_a_signed_case_is_whole_and_complete_and_a_forged_pack_is_found(renovation: Renovation, forged: bool) -> None:
    key, stranger = SigningKey.generate(), SigningKey.generate()
    text = signing.to_text(bytes(key.verify_key))
    keys.decide(renovation.branches.state, XIDAN, text, keys.Standing.ENROLLED, who="Li", now_ms=1)
    case = renovation.open()
    renovation.until(renovation.begin + 3600)
    say_signed(renovation, key, "hall-hcho", "hall", 43.0, 1)
    say_signed(renovation, stranger if forged else key, "out-hcho", "yard", 5.0, 2)
    renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    body = renovation.client.get(f"/api/v1/cases/{case}/evidence.zip").content
    said = verify(body)
    assert said.keys == "bundle"
    assert said.is_complete is not forged
    assert said.is_intact is not forged
    assert said.signatures == ({"good": 1, "wrong": 1} if forged else {"good": 2})
    listed = msgspec.json.encode({"keys": [{"agent": keys.name_of(XIDAN), "key": text}]})
    assert verify(body, keys=listed).is_complete is not forged
