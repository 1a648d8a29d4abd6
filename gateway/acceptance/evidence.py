"""The evidence of a case as one file: what was measured, ordered and said, chained from the packs to the report.

A bundle is a ZIP of stored (not compressed) members in a fixed form, so that any program can open it and the same
evidence always gives the same bytes. `manifest.json` names each member with its size, its SHA-256 and its link of the
chain; `seal.txt` is the manifest's own SHA-256, which a report prints: who has the seal can tell a bundle that was made
anew from the one that the report speaks of.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from typing import Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import msgspec

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SEAL: Final = "seal.txt"
PACKS: Final = "packs.jsonl"
CHAIN_START: Final = sha256(b"openhall evidence 1").digest()
_IN_REPORT: Final = re.compile(rb"/Keywords \(seal ([0-9a-f]{64})\)")
NAME_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


class EvidencePack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One raw pack, as it travelled.

    Attributes:
        topic: Its topic.
        body: Its body, JSON as text, the signature in it where there is one.
    """

    topic: str
    body: str


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the verdict was made with, beside the files (`case.json`).

    Attributes:
        case: The case's id.
        software: Name and version of the program that judged.
        created: When the bundle was made, Unix seconds.
        barred: Entries of the plan whose instrument could not decide.
        allow_simulated: True if simulated readings counted.
    """

    case: str
    software: str
    created: float
    barred: tuple[str, ...] = ()
    allow_simulated: bool = False


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One member in the manifest; `link` is SHA-256 of the link before it and of its own hash, in hexadecimal."""

    name: str
    bytes: int
    sha256: str
    link: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is in a bundle, in the order of the chain.

    Attributes:
        format: The form of the bundle; this program writes 1.
        packs: How many packs there are.
        packs_link: The chain after the last pack: each adds SHA-256 of the link before it and of its line's hash.
        members: All others, in order.
    """

    format: int
    packs: int
    packs_link: str
    members: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What goes into a bundle; files as they are.

    Attributes:
        facts: What the verdict was made with.
        plan: The plan file.
        profile: The profile's file.
        readings: The file of readings.
        verdict: The answer as JSON.
        packs: The raw packs of the case, in the order of arrival.
        others: More members by name: the closure log, instruments, laboratory files, reports.
    """

    facts: Facts
    plan: bytes
    profile: bytes
    readings: bytes
    verdict: bytes
    packs: Sequence[EvidencePack] = ()
    others: Mapping[str, bytes] = field(default_factory=dict)


def seal_of_report(pdf: bytes) -> str | None:
    """The seal that a report of ours carries for programs, as it prints it for people; None if it has none."""
    found = set(_IN_REPORT.findall(pdf))
    return found.pop().decode() if len(found) == 1 else None


def build(evidence: Evidence) -> bytes:
    """The bundle, as bytes of a ZIP file.

    Raises:
        ValueError: If another member's name is taken, or not of `a-z 0-9 . _ -`.
    """
    fixed = {
        PACKS: b"".join(map(line_of, evidence.packs)),
        "plan.toml": evidence.plan,
        "profile.toml": evidence.profile,
        "readings.csv": evidence.readings,
        "case.json": _ENCODER.encode(evidence.facts),
    }
    for name in evidence.others:
        if not NAME_PATTERN.fullmatch(name) or name in {*fixed, "verdict.json", MANIFEST, SEAL}:
            raise ValueError(f"{name!r} cannot name a member of a bundle")
    return packed({**fixed, **dict(sorted(evidence.others.items())), "verdict.json": evidence.verdict})


def packed(members: Mapping[str, bytes]) -> bytes:
    """A bundle of these members, with their manifest and its seal; packs first, the others in their order."""
    manifest = _ENCODER.encode(manifest_of(members))
    return zipped({**members, MANIFEST: manifest, SEAL: seal_of(manifest)})


def zipped(members: Mapping[str, bytes]) -> bytes:
    """The members as a ZIP file in the one form that a bundle has."""
    body = BytesIO()
    with ZipFile(body, "w", ZIP_STORED) as archive:
        for name, content in members.items():
            # A fixed date and Unix file mode: the same evidence gives the same bytes on every machine.
            info = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return body.getvalue()


def manifest_of(members: Mapping[str, bytes]) -> Manifest:
    """The manifest that fits these members, packs among them."""
    lines = members.get(PACKS, b"").splitlines(keepends=True)
    link = CHAIN_START
    for line in lines:
        link = next_link(link, line)
    packs_link = link.hex()
    found: list[Link] = []
    for name, content in members.items():
        link = next_link(link, content)
        digest = sha256(content).hexdigest()
        found.append(Link(name=name, bytes=len(content), sha256=digest, link=link.hex()))
    return Manifest(format=FORMAT, packs=len(lines), packs_link=packs_link, members=tuple(found))


def next_link(link: bytes, content: bytes) -> bytes:
    """The chain one link on."""
    return sha256(link + sha256(content).digest()).digest()


def line_of(pack: EvidencePack) -> bytes:
    """A pack as a line of `packs.jsonl`."""
    return _ENCODER.encode(pack) + b"\n"


def seal_of(manifest: bytes) -> bytes:
    """What stands in `seal.txt`: 64 hexadecimal digits and a newline."""
    return (sha256(manifest).hexdigest() + "\n").encode()


def packs_in(body: bytes) -> list[EvidencePack]:
    """The packs in `packs.jsonl`.

    Raises:
        msgspec.DecodeError: If a line is none.
    """
    decoder = msgspec.json.Decoder(EvidencePack)
    return [decoder.decode(line) for line in body.splitlines()]
