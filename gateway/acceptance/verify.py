"""Checking a bundle of evidence offline: is it whole (integrity), and does it hold all that the verdict rests on.

The two are told apart: a broken bundle is no evidence; an incomplete one is evidence of less than it says.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Final, NamedTuple
from zipfile import BadZipFile, ZipFile

import msgspec

from gateway.acceptance import answer, evidence, plan, profile, readings, verdict
from gateway.acceptance.evidence import EvidencePack, Facts, Manifest
from gateway.errors import ConfigurationError
from telemetry import senml
from telemetry.errors import MalformedError
from telemetry.quantities import QUANTITIES
from telemetry.topics import parse as parse_topic

MAX_BYTES: Final = 2_000_000_000
_NEEDED: Final = (evidence.PACKS, "plan.toml", "profile.toml", "readings.csv", "case.json", "verdict.json")
CheckSignature = Callable[[EvidencePack], bool | None]
"""True: signed, and the signature holds; False: it does not; None: there is none, or no key to check it with."""


class Kind(StrEnum):
    """What a finding speaks against."""

    INTEGRITY = "integrity"
    COMPLETENESS = "completeness"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, in which member."""

    kind: Kind
    member: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is to be said of a bundle.

    Attributes:
        findings: All of them; none: whole and complete.
        seal: The seal as it stands in the bundle; None if it has none. To be compared with the report's.
        facts: What the verdict was made with; None if that cannot be read.
    """

    findings: tuple[Finding, ...]
    seal: str | None
    facts: Facts | None

    @property
    def is_intact(self) -> bool:
        """True if nothing speaks against its integrity."""
        return not any(finding.kind is Kind.INTEGRITY for finding in self.findings)

    @property
    def is_complete(self) -> bool:
        """True if it is intact and nothing is missing from it."""
        return not self.findings


def verify(body: bytes, *, seal: str | None = None, check_signature: CheckSignature | None = None) -> Verification:
    """What is to be said of a bundle.

    Args:
        body: The bytes of the ZIP file.
        seal: The seal that the report prints; None: it is not at hand.
        check_signature: Checks a pack's signature; None: no key is at hand.
    """
    findings: list[Finding] = []
    members = _members(body, findings)
    if members is None:
        return Verification(findings=tuple(findings), seal=None, facts=None)
    found_seal = members.get(evidence.SEAL, b"").decode("ascii", "replace").strip() or None
    findings += _integrity(body, members)
    if seal is not None and seal.strip().lower() != found_seal:
        detail = f"{found_seal} is not the seal of the report, {seal}"
        findings.append(Finding(Kind.INTEGRITY, evidence.SEAL, detail))
    facts = None
    if not findings:
        try:
            facts = msgspec.json.decode(members["case.json"], type=Facts)
            packs = evidence.packs_in(members[evidence.PACKS])
        except msgspec.DecodeError as error:
            findings.append(Finding(Kind.INTEGRITY, "case.json", f"or packs.jsonl cannot be read: {error}"))
            return Verification(findings=tuple(findings), seal=found_seal, facts=facts)
        broken = list(_judged_again(members, facts))
        findings += broken or _completeness(_case(members, facts), packs, check_signature)
    return Verification(findings=tuple(findings), seal=found_seal, facts=facts)


def as_json(said: Verification) -> dict[str, object]:
    """The answer of `openhall-gateway verify --json`."""
    return {
        "integrity": "intact" if said.is_intact else "broken",
        # Of a broken bundle nobody can say what is missing.
        "completeness": ("complete" if said.is_complete else "incomplete") if said.is_intact else "unknown",
        "seal": said.seal,
        "case": said.facts.case if said.facts else None,
        "software": said.facts.software if said.facts else None,
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
    except msgspec.DecodeError as error:
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


def _completeness(
    case: verdict.Case, packs: Sequence[EvidencePack], check_signature: CheckSignature | None
) -> Iterator[Finding]:
    if not packs:
        yield Finding(Kind.COMPLETENESS, evidence.PACKS, "is empty: no reading can be traced to an agent")
        return
    yield from _signatures(packs, check_signature)
    carried: set[_Carried] = set()
    unread = 0
    for pack in packs:
        try:
            carried |= _readings_in(pack)
        except MalformedError:
            unread += 1
    if unread:
        yield Finding(Kind.COMPLETENESS, evidence.PACKS, f"{unread} packs cannot be read")
    judged = {
        _Carried(entry.point, quantity, reading.time_ms, reading.value)
        for entry in case.plan.entries()
        if not entry.is_laboratory
        for quantity in QUANTITIES
        for reading in case.readings.of(entry, quantity)
    }
    if untraced := len(judged - carried):
        detail = f"{untraced} readings that entered the verdict are in no pack of the bundle"
        yield Finding(Kind.COMPLETENESS, "readings.csv", detail)
    if left_out := sum(_is_planned(case.plan, own) for own in carried - judged):
        detail = f"{left_out} readings of the packs lie in the plan's windows and did not enter the verdict"
        yield Finding(Kind.COMPLETENESS, "readings.csv", detail)


class _Carried(NamedTuple):
    """One reading, whoever tells of it."""

    point: str
    quantity: str
    time_ms: int
    value: float


def _readings_in(pack: EvidencePack) -> set[_Carried]:
    decoded = senml.decode(pack.body.encode(), parse_topic(pack.topic).root.site).pack
    if decoded is None or decoded.kind is not None:
        return set()
    return {
        _Carried(decoded.point, record.name, record.time_ms, record.value)
        for record in decoded.records
        if isinstance(record.value, float)
    }


def _is_planned(planned: plan.Plan, own: _Carried) -> bool:
    return any(
        entry.point == own.point
        and not entry.is_laboratory
        and entry.measures(own.quantity)
        and entry.sampled.from_ms <= own.time_ms < entry.sampled.to_ms
        for entry in planned.entries()
    )


def _signatures(packs: Sequence[EvidencePack], check_signature: CheckSignature | None) -> Iterator[Finding]:
    said = Counter(check_signature(pack) if check_signature else None for pack in packs)
    if said[False]:
        yield Finding(Kind.INTEGRITY, evidence.PACKS, f"{said[False]} packs have a signature that does not hold")
    if said[None]:
        yield Finding(Kind.COMPLETENESS, evidence.PACKS, f"{said[None]} packs carry no signature that could be checked")
