"""The events in a bundle: who made a bundle anew must not have changed what was noted of a case."""

from io import BytesIO
from zipfile import ZipFile

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.acceptance import trail
from gateway.acceptance.evidence import PACKS, packs_in
from gateway.acceptance.verify import verify
from gateway.cases import bundles
from tests.gateway.cases.renovation import Renovation


def judged(renovation: Renovation) -> dict[str, bytes]:
    """The members of the evidence of a case that was judged."""
    case = renovation.open()
    renovation.sample(indoor=43.0)
    renovation.post(f"cases/{case}/laboratory", {"results": renovation.whole_report(), "by": "Li"})
    renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    body = renovation.client.get(f"/api/v1/cases/{case}/evidence.zip").content
    assert verify(body).is_intact
    with ZipFile(BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name not in ("manifest.json", "seal.txt")}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"who":"Li"', b'"who":"Xu"', "was changed after it was noted"),
        (b'"value":60.0', b'"value":59.0', "was changed after it was noted"),
        (b'"case":1', b'"case":2', "not event 1 of case 1"),
    ],
)
def test_a_bundle_made_anew_around_a_changed_event_is_broken(
    renovation: Renovation, old: bytes, new: bytes, words: str
) -> None:
    """All hashes and the seal are right then; the chain of the events is not."""
    members = judged(renovation)
    log = members[trail.MEMBER]
    assert old in log
    packs = list(packs_in(members.pop(PACKS)))
    said = verify(bundles.again({**members, trail.MEMBER: log.replace(old, new)}, packs))
    assert not said.is_intact
    assert [one.member for one in said.findings if words in one.detail] == [trail.MEMBER]


def test_an_event_that_was_taken_out_is_found(renovation: Renovation) -> None:
    lines = judged(renovation)[trail.MEMBER].splitlines(keepends=True)
    assert trail.fault_in(b"".join(lines), "1") is None
    for gone in range(len(lines) - 1):
        assert trail.fault_in(b"".join(lines[:gone] + lines[gone + 1 :]), "1") is not None


def test_a_line_that_cannot_be_read_is_named() -> None:
    assert "line 1 cannot be read" in str(trail.fault_in(b"{]\n", "1"))


@given(st.integers(0, 10**15), st.text(max_size=20))
def test_a_time_in_seconds_gives_the_link_of_its_milliseconds(time_ms: int, who: str) -> None:
    body = '{"what":"closed","why":"é"}'
    link = trail.link_of(trail.CHAIN_START, case=7, number=1, time_ms=time_ms, who=who, body=body)
    line = trail.TrailLine(
        case=7, number=1, time=round(time_ms / 1000, 3), who=who, event=msgspec.Raw(body.encode()), link=link
    )
    assert trail.fault_in(msgspec.json.encode(line), "7") is None
