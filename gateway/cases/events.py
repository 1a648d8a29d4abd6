"""What can happen to a case: the events that it is made of, written down once and never changed.

Who did it and when stands beside each event (`Stamp`). What corrects another event repeats what it corrects.
"""

from typing import Any, Final

import msgspec

from gateway.acceptance import trail
from gateway.acceptance.laboratory import LaboratoryResult
from telemetry.messages import Calibration

CHAIN_START: Final = trail.CHAIN_START


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """One event's place in its case.

    Attributes:
        number: From 1, without a gap.
        time_ms: When, Unix milliseconds.
        who: A person, a program, or `gateway` for what the gateway saw itself.
    """

    number: int
    time_ms: int
    who: str


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="what"):
    """Base of all events."""


class Opened(_Event, frozen=True, kw_only=True, tag="opened"):
    """A case began.

    Attributes:
        region: The branch's region.
        site: The branch.
        title: What people call the renovation.
        profile: The profile's file as it is, so that a newer program judges by the same words.
        plan: The plan file.
        materials: What was built in: words of the bank's own, for comparing how fast it gives off.
        types: The type of each room, by name, rooms that are not sampled included.
        contacts: By room, the facility points that watch it; left out: those whose room has the same name.
        serials: By point, the instrument's serial, where its agent does not say it.
    """

    region: str
    site: str
    title: str
    profile: str
    plan: str
    materials: tuple[str, ...] = ()
    types: dict[str, str] = {}
    contacts: dict[str, tuple[str, ...]] = {}
    serials: dict[str, str] = {}


class Replanned(_Event, frozen=True, kw_only=True, tag="replanned"):
    """The plan of the running round was changed; the old one is repeated."""

    old: str
    new: str
    why: str


class Assigned(_Event, frozen=True, kw_only=True, tag="assigned"):
    """Somebody said which instrument stands at a point; `old` is what was said before, "" if nothing."""

    point: str
    old: str
    new: str


class Seen(_Event, frozen=True, kw_only=True, tag="seen"):
    """An agent told which instrument stands at a point from now on, and what it corrects its readings by.

    `correction`: None if it corrects nothing, or did not say so.
    """

    point: str
    part: str
    serial: str
    simulated: bool = False
    correction: Calibration | None = None


class Endangered(_Event, frozen=True, kw_only=True, tag="endangered"):
    """A sampling came to be at risk.

    Attributes:
        risk: A word of `Risk`.
        room: Where; `outdoor` outdoors.
        point: The point it is about; "" for the whole room.
        since_ms: Since when, to the minute or better.
        detail: The state, the share, the serial, in the words of machines.
    """

    risk: str
    room: str
    point: str
    since_ms: int
    detail: str = ""


class Eased(_Event, frozen=True, kw_only=True, tag="eased"):
    """A risk is over; what it spoilt stays spoilt."""

    risk: str
    room: str
    point: str


class Entered(_Event, frozen=True, kw_only=True, tag="entered"):
    """Laboratory results came in.

    Attributes:
        results: In the order of the file or form.
        file: Name of the file; "" if they were typed in.
        sha256: Of that file, which is kept.
    """

    results: tuple[LaboratoryResult, ...]
    file: str = ""
    sha256: str = ""


class Corrected(_Event, frozen=True, kw_only=True, tag="corrected"):
    """A laboratory result was corrected; both stay readable."""

    result: int
    old: LaboratoryResult
    new: LaboratoryResult
    why: str


class Judged(_Event, frozen=True, kw_only=True, tag="judged"):
    """A verdict was given.

    Attributes:
        verdict: Its outcome.
        basis: Whose values decide.
        answer: The whole answer as JSON.
        software: Name and version of the program.
        seal: The seal of the bundle of evidence.
        packs_upto: The highest id of the packs in it.
        files: By member of the bundle, the SHA-256 under which it is kept.
        barred: Entries of the plan whose instrument could not decide.
        allow_simulated: True if simulated readings counted.
        packs: How many packs are in the bundle.
    """

    verdict: str
    basis: str
    answer: dict[str, Any]
    software: str
    seal: str
    packs_upto: int
    files: dict[str, str]
    barred: tuple[str, ...] = ()
    allow_simulated: bool = False
    packs: int = 0


class Resampled(_Event, frozen=True, kw_only=True, tag="resampled"):
    """After a failure a new round began; the first result stays."""

    plan: str
    why: str


class Held(_Event, frozen=True, kw_only=True, tag="held"):
    """The case came under legal hold: nothing of it is deleted."""

    why: str


class Released(_Event, frozen=True, kw_only=True, tag="released"):
    """The legal hold ended."""

    why: str


class Closed(_Event, frozen=True, kw_only=True, tag="closed"):
    """The case ended."""

    why: str


Event = (
    Opened
    | Replanned
    | Assigned
    | Seen
    | Endangered
    | Eased
    | Entered
    | Corrected
    | Judged
    | Resampled
    | Held
    | Released
    | Closed
)

_DECODER: Final = msgspec.json.Decoder(Event)
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


def encode(event: Event) -> str:
    """An event as it is kept."""
    return _ENCODER.encode(event).decode()


def decode(body: str) -> Event:
    """An event as it was kept."""
    found: Event = _DECODER.decode(body)
    return found


def tag_of(event: Event) -> str:
    """The word for its kind."""
    return str(event.__struct_config__.tag)


def link_of(before: str, case: int, stamp: Stamp, body: str) -> str:
    """The chain one event on."""
    return trail.link_of(before, case=case, number=stamp.number, time_ms=stamp.time_ms, who=stamp.who, body=body)
