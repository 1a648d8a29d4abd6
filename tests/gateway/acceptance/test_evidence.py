"""Bundles of evidence: one flipped bit is always found, and what is missing is told from what is broken."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from gateway.acceptance import answer, evidence, pack_keys, plan, profile, readings, verdict
from gateway.acceptance.completeness import Kind
from gateway.acceptance.evidence import Evidence, EvidencePack, Facts, build, packed, zipped
from gateway.acceptance.verify import verify
from gateway.cli import main
from gateway.errors import ConfigurationError
from gateway.ingest.keys import AgentKey, Standing
from telemetry import senml, signing
from telemetry.readings import Pack, Record
from telemetry.topics import Root
from tests.gateway.acceptance.case_files import FOLDER, HEADER, entry, room, steady
from tests.gateway.acceptance.case_files import plan as plan_text

ROOT = Root("north", "b1", "agent-1")
TOPIC = f"{ROOT}/readings"
KEY = SigningKey(bytes(range(32)))
PLAN = plan_text(room("hall", 20, entry("hall-1", "sfa30"))).encode()
ROWS = steady("hall-1", "hcho_ug_m3", 40.5)
READINGS = ("\n".join([HEADER, *ROWS]) + "\n").encode()


def packs_of(rows: list[str]) -> list[EvidencePack]:
    """One pack a row, as the agent sent them."""
    found = []
    for number, row in enumerate(rows, start=1):
        time, _, point, quantity, value, *_ = row.split(",")
        record = Record(name=quantity, time_ms=readings.moment_ms(time), value=float(value))
        pack = Pack(site="b1", point=point, room="hall", journal="j1", sequence=number, records=(record,))
        body = signing.attach(ROOT, senml.encode(pack), lambda message: KEY.sign(message).signature)
        found.append(EvidencePack(topic=TOPIC, body=body.decode()))
    return found


def keys(standing: Standing = Standing.ENROLLED, key: SigningKey | None = None) -> bytes:
    """The list of keys with the agent's in it, as `keys list --json` writes it."""
    text = signing.to_text(bytes((key or KEY).verify_key))
    return pack_keys.write([AgentKey(ROOT, text, standing, 0, 0, "somebody")])


def unsigned(packs: Sequence[EvidencePack]) -> list[EvidencePack]:
    """The same without their signatures."""
    return [EvidencePack(topic=own.topic, body=re.sub(r',"sg":"[^"]*"', "", own.body)) for own in packs]


@cache
def whole() -> Evidence:
    """A case whose every reading is in a pack."""
    planned = plan.parse(PLAN)
    text = profile.text_of("who")
    taken = readings.read(READINGS.decode().splitlines(keepends=True), planned)
    said = verdict.judge(verdict.Case(profile.parse(text), planned, taken))
    return Evidence(
        facts=Facts(case="c-1", software="openhall 0.1.0", created=1_789_100_000.0),
        plan=PLAN,
        profile=text,
        readings=READINGS,
        verdict=json.dumps(answer.as_json(said)).encode(),
        packs=packs_of(ROWS),
        others={"closure.json": b"[]", "instruments.json": b"[]", "keys.json": keys()},
    )


def details(body: bytes, **words: object) -> list[str]:
    """What is found, by kind, member and detail."""
    found = verify(body, **words)  # type: ignore[arg-type]
    return [f"{own.kind} {own.member}: {own.detail}" for own in found.findings]


def flipped(data: st.DataObject, content: bytes) -> bytes:
    """The content with one bit turned over."""
    changed = bytearray(content)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(changed)


def members(body: bytes) -> dict[str, bytes]:
    """What a bundle holds."""
    with ZipFile(BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_whole_bundle_is_intact_and_complete() -> None:
    """The same evidence gives the same bytes; the seal can be compared with the report's."""
    body = build(whole())
    found = verify(body)
    assert found.is_complete
    assert (found.keys, found.signatures) == ("bundle", {"good": 12})
    assert verify(body, keys=keys()).keys == "file"
    assert found.facts == whole().facts
    assert body == build(whole())
    assert verify(body, seal=found.seal).is_complete
    assert not verify(body, seal="0" * 64).is_intact


@given(st.data())
def test_one_flipped_bit_is_always_found(data: st.DataObject) -> None:
    """Anywhere in the file, the members and what holds them together."""
    body = bytearray(build(whole()))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= 1 << data.draw(st.integers(0, 7))
    assert not verify(bytes(body)).is_intact


@given(st.data())
def test_one_flipped_bit_in_any_member_is_found_and_named(data: st.DataObject) -> None:
    """In a ZIP written anew around it, so that its own check sum says nothing."""
    held = members(build(whole()))
    name = data.draw(st.sampled_from(sorted(held)))
    found = verify(zipped({**held, name: flipped(data, held[name])}))
    assert not found.is_intact
    assert name in {own.member for own in found.findings} | {"manifest.json"}


@given(st.data())
def test_one_flipped_bit_is_found_when_the_chain_was_made_anew_around_it(data: st.DataObject) -> None:
    """Of a pack by its signature, of any member by the seal on the report."""
    held = members(build(whole()))
    seal = held.pop(evidence.SEAL).decode()
    del held[evidence.MANIFEST]
    name = data.draw(st.sampled_from(sorted(held)))
    forged = packed({**held, name: flipped(data, held[name])})
    assert not verify(forged, seal=seal).is_intact
    if name == evidence.PACKS:
        assert not verify(forged, keys=keys()).is_complete


@pytest.mark.parametrize("name", [*members(build(whole()))])
def test_a_member_that_is_gone_is_missed(name: str) -> None:
    """Whichever it is."""
    held = members(build(whole()))
    del held[name]
    assert not verify(zipped(held)).is_intact


def test_a_bundle_made_anew_around_other_readings_does_not_bear_the_verdict() -> None:
    """The chain fits, but the verdict does not follow; nor does the report's seal."""
    held = members(build(whole()))
    seal = held[evidence.SEAL].decode()
    forged = {name: content for name, content in held.items() if name not in (evidence.MANIFEST, evidence.SEAL)}
    forged["readings.csv"] = READINGS.replace(b"40.5", b"140.5")
    found = details(packed(forged))
    assert found == ["integrity verdict.json: does not follow from the evidence, which says fail"]
    forged["verdict.json"] = forged["verdict.json"].replace(b"indeterminate", b"pass")
    assert any("does not follow" in own for own in details(packed(forged)))
    assert any("not the seal of the report" in own for own in details(packed(forged), seal=seal))


def test_what_is_missing_is_no_breach() -> None:
    """No packs, unsigned packs, readings in no pack, readings left out: intact and incomplete."""
    case = whole()
    assert details(build(replace(case, packs=()))) == [
        "completeness packs.jsonl: is empty: no reading can be traced to an agent"
    ]
    assert details(build(replace(case, packs=unsigned(case.packs)))) == [
        "completeness packs.jsonl: 12 packs carry no signature"
    ]
    assert details(build(replace(case, packs=case.packs[:10]))) == [
        "completeness readings.csv: 2 readings that entered the verdict are in no pack of the bundle"
    ]
    more = packs_of(steady("hall-1", "hcho_ug_m3", 900.0, start="10 08:01", count=3))
    assert details(build(replace(case, packs=[*case.packs, *more]))) == [
        "completeness readings.csv: 3 readings of the packs lie in the plan's windows and did not enter the verdict"
    ]
    broken = [*case.packs, EvidencePack(topic=TOPIC, body="{")]
    assert details(build(replace(case, packs=broken))) == [
        "completeness packs.jsonl: 1 packs carry no signature",
        "completeness packs.jsonl: 1 packs cannot be read",
    ]
    bare = replace(case, others={"keys.json": keys()}, readings=READINGS)
    assert [own.split(":")[0] for own in details(build(bare))] == [
        "completeness instruments.json",
        "completeness closure.json",
    ]


def test_a_signature_that_does_not_hold_is_a_breach() -> None:
    """One of twelve, changed after it was signed; and all, by a key that is not the agent's."""
    case = whole()
    bad = EvidencePack(topic=TOPIC, body=case.packs[3].body.replace('"v":40.5', '"v":40.4'))
    found = verify(build(replace(case, packs=[*case.packs[:3], bad, *case.packs[4:]])))
    assert [(own.kind, own.detail[:41]) for own in found.findings] == [
        (Kind.INTEGRITY, "1 packs have a signature that does not ho")
    ]
    assert found.signatures == {"good": 11, "wrong": 1}
    other = verify(build(case), keys=keys(key=SigningKey(b"x" * 32)))
    assert (other.is_intact, other.signatures) == (False, {"wrong": 12})


def test_keys_that_are_revoked_or_of_others_prove_nothing() -> None:
    """Intact, not complete; a pack of another agent's topic is not taken for this one's."""
    case = whole()
    assert details(build(case), keys=keys(Standing.REVOKED)) == [
        "completeness packs.jsonl: 12 packs are signed with a key that was revoked"
    ]
    assert details(build(case), keys=b'{"keys":[]}') == [
        "completeness packs.jsonl: 12 packs are of agents of whom no key is at hand (--keys FILE)"
    ]
    moved = [EvidencePack(topic=own.topic.replace("agent-1", "agent-2"), body=own.body) for own in case.packs]
    assert verify(build(replace(case, packs=moved))).signatures == {"unenrolled": 12}
    assert pack_keys.write([AgentKey(ROOT, "x" * 43, Standing.SEEN, 0, 0, "")]) == b'{"keys":[]}'


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{", "keys list --json"),
        (b'{"keys":[{"agent":"a/b/c","key":"short"}]}', "keys"),
        (b'{"keys":[{"agent":"a","key":"' + b"A" * 43 + b'"}]}', "names no agent"),
    ],
)
def test_what_is_no_list_of_keys_is_refused(body: bytes, word: str) -> None:
    """With what to do, or its place; in a bundle it is a breach."""
    with pytest.raises(ConfigurationError, match=word):
        verify(build(whole()), keys=body)
    assert not verify(build(replace(whole(), others={"keys.json": body}))).is_intact


def test_other_files_are_no_bundles() -> None:
    """Each is told by what it is; a compressed one is not unpacked."""
    assert "cannot be read as ZIP" in details(b"hello")[0]
    assert "is missing" in details(zipped({}))[0]
    bomb = BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        archive.writestr("readings.csv", b"0" * 10_000_000)
    assert "compressed" in details(bomb.getvalue())[0]
    odd = {
        name: content
        for name, content in members(build(whole())).items()
        if name not in (evidence.MANIFEST, "seal.txt")
    }
    assert "cannot be read" in details(packed({**odd, "case.json": b"{}"}))[0]
    assert "cannot be judged again" in details(packed({**odd, "plan.toml": b"x"}))[0]
    newer = members(build(whole()))
    newer[evidence.MANIFEST] = newer[evidence.MANIFEST].replace(b'"format":1', b'"format":2')
    newer[evidence.SEAL] = evidence.seal_of(newer[evidence.MANIFEST])
    assert any("take a newer program" in own for own in details(zipped(newer)))


@pytest.mark.parametrize("name", ["manifest.json", "plan.toml", "../x", "A.pdf", ""])
def test_names_of_members_are_plain(name: str) -> None:
    """Nothing that is taken, nothing that leaves a folder."""
    with pytest.raises(ValueError, match="cannot name a member"):
        build(replace(whole(), others={name: b""}))


def test_judge_writes_and_verify_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From files alone it is intact and incomplete (3); broken it is 1; a file that is not there is 2."""
    monkeypatch.chdir(FOLDER / "gb50325-complete-laboratory")
    bundle = tmp_path / "case.zip"
    words = ["--profile", "gb50325-2020-class2", "--plan", "plan.toml", "--readings", "readings.csv"]
    assert main(["judge", *words, "--evidence", str(bundle)]) == 0
    capsys.readouterr()
    assert main(["verify", str(bundle), "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["integrity"], found["completeness"], found["case"]) == ("intact", "incomplete", "plan")
    (tmp_path / "keys.json").write_bytes(keys())
    assert main(["verify", str(bundle), "--seal", found["seal"], "--keys", str(tmp_path / "keys.json")]) == 3
    assert "Integrity: intact" in capsys.readouterr().out
    body = bytearray(bundle.read_bytes())
    body[200] ^= 4
    bundle.write_bytes(body)
    assert main(["verify", str(bundle)]) == 1
    assert "Integrity: broken" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "none.zip")]) == 2
