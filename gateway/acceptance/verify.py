"""Checking a bundle of evidence offline: is it whole (integrity), and does it hold all that the verdict rests on.

The two are told apart: a broken bundle is no evidence; an incomplete one is evidence of less than it says.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final
from zipfile import BadZipFile, ZipFile

import msgspec

from gateway.acceptance import answer, completeness, evidence, pack_keys, plan, profile, readings, trail, verdict
from gateway.acceptance.completeness import Finding, Kind
from gateway.acceptance.evidence import Facts, Manifest
from gateway.acceptance.pack_keys import PackKeys
from gateway.errors import ConfigurationError
from gateway.ingest.signatures import Verdict as Signed

MAX_BYTES: Final = 2_000_000_000
_NEEDED: Final = (evidence.PACKS, "plan.toml", "profile.toml", "readings.csv", "case.json", "verdict.json")
KEYS: Final = "keys.json"
_TOLD: Final = {
    Signed.UNSIGNED: "carry no signature",
    Signed.UNENROLLED: "are of agents of whom no key is at hand (--keys FILE)",
    Signed.REVOKED: "are signed with a key that was revoked",
}
"""What a signature that does not hold up says against a bundle's completeness; one that is wrong breaks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is to be said of a bundle.

    Attributes:
        findings: All of them; none: whole and complete.
        seal: The seal as it stands in the bundle; None if it has none. To be compared with the report's.
        facts: What the verdict was made with; None if that cannot be read.
        keys: Where the keys came from that signatures were held against: `file`, `bundle` or `none`.
        signatures: How many packs, by what their signature says; empty where packs could not be looked at.
    """

    findings: tuple[Finding, ...]
    seal: str | None
    facts: Facts | None
    keys: str = "none"
    signatures: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_intact(self) -> bool:
        """True if nothing speaks against its integrity."""
        return not any(finding.kind is Kind.INTEGRITY for finding in self.findings)

    @property
    def is_complete(self) -> bool:
        """True if it is intact and nothing is missing from it."""
        return not self.findings


def verify(body: bytes, *, seal: str | None = None, keys: bytes | None = None) -> Verification:
    """What is to be said of a bundle.

    Args:
        body: The bytes of the ZIP file.
        seal: The seal that the report prints; None: it is not at hand.
        keys: The agents' public keys, as `keys list --json` writes them; None: those in the bundle.

    Raises:
        ConfigurationError: If `keys` is no such list.
    """
    own_keys = None if keys is None else pack_keys.read(keys, "keys")
    findings: list[Finding] = []
    members = _members(body, findings)
    if members is None:
        return Verification(findings=tuple(findings), seal=None, facts=None)
    found_seal = members.get(evidence.SEAL, b"").decode("ascii", "replace").strip() or None
    findings += _integrity(body, members)
    if seal is not None and seal.strip().lower() != found_seal:
        detail = f"{found_seal} is not the seal of the report, {seal}"
        findings.append(Finding(Kind.INTEGRITY, evidence.SEAL, detail))
    if findings:
        return Verification(findings=tuple(findings), seal=found_seal, facts=None)
    return _verified(members, found_seal, own_keys)


def _verified(members: Mapping[str, bytes], seal: str | None, own_keys: PackKeys | None) -> Verification:
    """What is to be said of a bundle whose members are as they were sealed."""
    facts: Facts | None = None
    try:
        facts = msgspec.json.decode(members["case.json"], type=Facts)
        packs = evidence.packs_in(members[evidence.PACKS])
        in_bundle = pack_keys.read(members[KEYS], KEYS) if KEYS in members else None
    except (msgspec.DecodeError, UnicodeDecodeError, ConfigurationError) as error:
        broken = Finding(Kind.INTEGRITY, "case.json", f"or packs.jsonl or keys.json cannot be read: {error}")
        return Verification(findings=(broken,), seal=seal, facts=facts)
    keys = own_keys or in_bundle or PackKeys(())
    signatures = Counter(keys.check(pack) for pack in packs)
    findings = [*_judged_again(members, facts), *_signatures(signatures)]
    fault = trail.fault_in(members.get(trail.MEMBER, b""), facts.case)
    if fault is not None:
        findings.append(Finding(Kind.INTEGRITY, trail.MEMBER, fault))
    if not any(finding.kind is Kind.INTEGRITY for finding in findings):
        case = _case(members, facts)
        findings += completeness.missing(case, packs, members)
    return Verification(
        findings=tuple(findings),
        seal=seal,
        facts=facts,
        keys="file" if own_keys else "bundle" if in_bundle else "none",
        signatures={str(word): count for word, count in sorted(signatures.items())},
    )


def as_json(said: Verification) -> dict[str, object]:
    """The answer of `openhall-gateway verify --json`."""
    return {
        "integrity": "intact" if said.is_intact else "broken",
        # Of a broken bundle nobody can say what is missing.
        "completeness": ("complete" if said.is_complete else "incomplete") if said.is_intact else "unknown",
        "seal": said.seal,
        "case": said.facts.case if said.facts else None,
        "software": said.facts.software if said.facts else None,
        "keys": said.keys,
        "signatures": dict(said.signatures),
        "findings": [
            {"kind": str(finding.kind), "member": finding.member, "detail": finding.detail} for finding in said.findings
        ],
    }


def _members(body: bytes, findings: list[Finding]) -> dict[str, bytes] | None:
    if len(body) > MAX_BYTES:
        findings.append(Finding(Kind.INTEGRITY, "", f"the file has more than {MAX_BYTES} bytes"))
        return None
    try:
        with ZipFile(BytesIO(body)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > len(body):
                # Members are stored as they are; one that unpacks to more is none of ours.
                findings.append(Finding(Kind.INTEGRITY, "", "a member is compressed; a bundle stores them as they are"))
                return None
            twice = [name for name, times in Counter(info.filename for info in infos).items() if times > 1]
            if twice:
                findings.append(Finding(Kind.INTEGRITY, twice[0], "stands twice"))
                return None
            return {info.filename: archive.read(info) for info in infos}
    except (BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
        findings.append(Finding(Kind.INTEGRITY, "", f"the file cannot be read as ZIP: {error}"))
        return None


def _integrity(body: bytes, members: Mapping[str, bytes]) -> Iterator[Finding]:
    for name in (*_NEEDED, evidence.MANIFEST, evidence.SEAL):
        if name not in members:
            yield Finding(Kind.INTEGRITY, name, "is missing")
    if not {evidence.MANIFEST, evidence.SEAL} <= set(members):
        return
    if evidence.seal_of(members[evidence.MANIFEST]) != members[evidence.SEAL]:
        yield Finding(Kind.INTEGRITY, evidence.SEAL, "is not the SHA-256 of manifest.json")
    try:
        manifest = msgspec.json.decode(members[evidence.MANIFEST], type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        yield Finding(Kind.INTEGRITY, evidence.MANIFEST, f"cannot be read: {error}")
        return
    if manifest.format != evidence.FORMAT:
        detail = f"format {manifest.format} is not known here; take a newer program"
        yield Finding(Kind.INTEGRITY, evidence.MANIFEST, detail)
        return
    rest = {name: content for name, content in members.items() if name not in (evidence.MANIFEST, evidence.SEAL)}
    yield from _differences(manifest, evidence.manifest_of(rest))
    if evidence.zipped(members) != body:
        yield Finding(Kind.INTEGRITY, "", "the ZIP file around the members was changed")


def _differences(stated: Manifest, found: Manifest) -> Iterator[Finding]:
    known = {link.name: link for link in stated.members}
    there = {link.name: link for link in found.members}
    for name, link in known.items():
        if name not in there:
            yield Finding(Kind.INTEGRITY, name, "is in the manifest and not in the bundle")
        elif there[name].sha256 != link.sha256 or there[name].bytes != link.bytes:
            yield Finding(Kind.INTEGRITY, name, "was changed: its SHA-256 is not the manifest's")
    for name in there:
        if name not in known:
            yield Finding(Kind.INTEGRITY, name, "is in the bundle and not in the manifest")
    if stated != found:
        yield Finding(Kind.INTEGRITY, evidence.MANIFEST, "the chain does not lead from the packs to the verdict")


def _judged_again(members: Mapping[str, bytes], facts: Facts) -> Iterator[Finding]:
    """The verdict made anew from the evidence must be the one in the bundle."""
    try:
        case = _case(members, facts)
        again = answer.as_json(verdict.judge(case))
        stated = json.loads(members["verdict.json"])
    except (ConfigurationError, ValueError) as error:
        yield Finding(Kind.INTEGRITY, "verdict.json", f"cannot be judged again: {error}")
        return
    if stated != json.loads(json.dumps(again)):
        yield Finding(
            Kind.INTEGRITY, "verdict.json", f"does not follow from the evidence, which says {again['verdict']}"
        )


def _case(members: Mapping[str, bytes], facts: Facts) -> verdict.Case:
    planned = plan.parse(members["plan.toml"], name="plan.toml")
    return verdict.Case(
        profile.parse(members["profile.toml"], "profile.toml"),
        planned,
        readings.parse(members["readings.csv"], planned, name="readings.csv"),
        allow_simulated=facts.allow_simulated,
        barred=frozenset(facts.barred),
    )


def _signatures(said: Mapping[Signed, int]) -> Iterator[Finding]:
    if count := said.get(Signed.WRONG, 0):
        detail = f"{count} packs have a signature that does not hold: they were changed, or another agent made them"
        yield Finding(Kind.INTEGRITY, evidence.PACKS, detail)
    for word, told in _TOLD.items():
        if count := said.get(word, 0):
            yield Finding(Kind.COMPLETENESS, evidence.PACKS, f"{count} packs {told}")
