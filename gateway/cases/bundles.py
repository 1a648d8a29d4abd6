"""A case as bundles of evidence: the one that a judgement sealed, and the whole case as it stands."""

import json
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from typing import Any, Final
from zipfile import ZipFile

import msgspec

from gateway.acceptance import answer, evidence, trail, verify
from gateway.acceptance.evidence import Evidence, EvidencePack, Facts
from gateway.acceptance.trail import TrailLine
from gateway.acceptance.verdict import CaseVerdict
from gateway.cases import learned
from gateway.cases.carried_out import Kept
from gateway.cases.dossier import Dossier
from gateway.cases.errors import CaseUnknown
from gateway.cases.life import Life
from gateway.cases.rows import Happened
from telemetry.clock import to_seconds

SOFTWARE: Final = f"openhall {version('openhall')}"
PLAN, PROFILE, READINGS, CASE, VERDICT = "plan.toml", "profile.toml", "readings.csv", "case.json", "verdict.json"
_FIXED: Final = frozenset({PLAN, PROFILE, READINGS, CASE, VERDICT})
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


def evidence_of(
    case: int,
    life: Life,
    dossier: Dossier,
    said: CaseVerdict,
    happened: list[Happened],
    now_ms: int,
    lessons: bytes,
    keys: bytes,
) -> Evidence:
    """What a judgement of now seals."""
    facts = Facts(
        case=str(case),
        software=SOFTWARE,
        created=to_seconds(now_ms),
        barred=tuple(sorted(dossier.barred)),
        allow_simulated=dossier.allow_simulated,
    )
    others = {
        "plan-as-ordered.toml": life.plans[-1].encode(),
        "closure.json": closure_log(dossier.kept),
        verify.KEYS: dossier.keys,
        "instruments.json": _ENCODER.encode(dossier.instruments),
        "laboratory.json": laboratory_log(life),
        trail.MEMBER: events_log(case, happened),
        learned.MEMBER: lessons,
        verify.KEYS: keys,
    }
    return Evidence(
        facts=facts,
        plan=dossier.plan_file,
        profile=life.opened.profile.encode(),
        readings=dossier.file,
        verdict=json.dumps(answer.as_json(said)).encode(),
        packs=[raw.pack for raw in dossier.packs],
        others=others,
    )


def members_of(found: Evidence) -> dict[str, bytes]:
    """What of a bundle is kept as files; the packs are kept already."""
    return {
        PLAN: found.plan,
        PROFILE: found.profile,
        READINGS: found.readings,
        CASE: _ENCODER.encode(found.facts),
        VERDICT: found.verdict,
        **found.others,
    }


def again(members: Mapping[str, bytes], packs: list[EvidencePack], *, more: Mapping[str, bytes] | None = None) -> bytes:
    """The bundle of these members, `more` among them; the same members and packs give the same bytes.

    Raises:
        CaseUnknown: If a member is missing.
    """
    missing = _FIXED - members.keys()
    if missing:
        raise CaseUnknown(f"the evidence lacks {', '.join(sorted(missing))}")
    others = {name: body for name, body in members.items() if name not in _FIXED}
    return evidence.build(
        Evidence(
            facts=msgspec.json.decode(members[CASE], type=Facts),
            plan=members[PLAN],
            profile=members[PROFILE],
            readings=members[READINGS],
            verdict=members[VERDICT],
            packs=packs,
            others={**others, **(more or {})},
        )
    )


def seal_in(bundle: bytes) -> str:
    """The seal of a bundle, 64 hexadecimal digits."""
    with ZipFile(BytesIO(bundle)) as archive:
        return archive.read(evidence.SEAL).decode().strip()


def closure_log(kept: tuple[Kept, ...]) -> bytes:
    """What the contacts said of each room's closure, as JSON; times are Unix seconds."""
    return _ENCODER.encode([_room(one) for one in kept])


def _room(one: Kept) -> dict[str, Any]:
    watch = one.watch
    return {
        "room": one.room,
        "ordered_h": one.ordered_h,
        "wanted": dict(one.wanted),
        "contacts": list(one.points),
        "unsupervised": list(one.unsupervised),
        "kept_since": None if watch is None or watch.kept_since_ms is None else to_seconds(watch.kept_since_ms),
        "kept_from": [] if watch is None else [to_seconds(ms) for ms in watch.kept_from_ms],
        "breaks": []
        if watch is None
        else [{"time": to_seconds(own.time_ms), "point": own.point, "state": own.state} for own in watch.breaks],
    }


def laboratory_log(life: Life) -> bytes:
    """Every laboratory result with who entered and who corrected it, as JSON."""
    return _ENCODER.encode(
        [
            {
                "number": one.number,
                "round": one.round,
                "result": one.result,
                "entered": one.entered,
                "file": one.file,
                "corrections": [{"stamp": own.stamp, "old": own.old, "why": own.why} for own in one.corrections],
            }
            for one in life.results
        ]
    )


def events_log(case: int, happened: list[Happened]) -> bytes:
    """Every event with its place in the chain, one JSON a line."""
    return b"".join(
        _ENCODER.encode(
            TrailLine(
                case=case,
                number=one.stamp.number,
                time=to_seconds(one.stamp.time_ms),
                who=one.stamp.who,
                event=msgspec.Raw(one.body.encode()),
                link=one.link,
            )
        )
        + b"\n"
        for one in happened
    )


def file_name(number: int, name: str, body: bytes) -> str:
    """A name that may stand in a bundle for a file that somebody sent."""
    ending = next((ending for ending in (".csv", ".xlsx", ".pdf") if name.lower().endswith(ending)), ".bin")
    return f"laboratory-file-{number}-{sha256(body).hexdigest()[:8]}{ending}"
