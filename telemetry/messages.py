"""The JSON bodies that are no packs: presence, health, receipts, commands and their answers, gateway status.

Unknown fields pass, so that an older program hears a newer one. Times are Unix seconds with at most three decimals.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from telemetry.errors import MalformedError, Reason
from telemetry.ids import ID_PATTERN, is_id, is_journal_id
from telemetry.ranges import Span

MAX_BODY_BYTES: Final = 900_000
"""The longest body of any message; nats-server disconnects a client at 1 MB."""

MAX_RANGES: Final = 32
"""A journal in `held` lists at most that many ranges; beyond, one from lowest to highest (rule 9)."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found when a sensor was held against a reference.

    Attributes:
        offset: Added to each value, by quantity, in its unit.
        gain: Each value is multiplied by it before the offset is added, by quantity.
        date: The day of the certificate, ISO 8601.
        certificate: Its number.
    """

    offset: dict[str, float] = {}
    gain: dict[str, float] = {}
    date: str = ""
    certificate: str = ""


class PointInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One point as its agent declares it. `kind` is `air` for air points; `period_s` is the planned spacing."""

    point: str
    room: str
    kind: str = "air"
    part: str = ""
    serial: str = ""
    period_s: float | None = None
    quantities: list[str] = []
    simulated: bool = False
    calibration: Calibration | None = None


class Presence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who an agent is; its will is the same with `online` false and nothing but `boot`.

    Attributes:
        online: Whether it lives.
        boot: New at every CONNECT.
        version: Of the agent program.
        since: When this connection began.
        clock: `ok`, or `held` while the clock is not yet trusted (rule 6).
        key: The public key of its signatures, Ed25519, base64url without padding; empty if it does not sign.
        points: All that it measures.
    """

    online: bool
    boot: str
    version: str = ""
    since: float | None = None
    clock: str = "ok"
    key: str = ""
    points: list[PointInfo] = []


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An agent's own numbers.

    Attributes:
        cpu_c: Temperature of the processor in °C, where it has a sensor.
        memory_mb: Resident memory of the agent.
        disk_free_mb: Free on the journal's file system.
        journal_packs: Unreceipted packs.
        journal_oldest: Unix time of the oldest of them, None if there are none.
        clock_ok: 1 once the clock is trusted.
        reconnects: Connections made since start, less the first.
        certificate_until: Unix time of the end of its own certificate, None if it has none.
        held: By journal id, the ranges of all packs it has, receipted or not.
    """

    cpu_c: float | None = None
    memory_mb: float | None = None
    disk_free_mb: float | None = None
    journal_packs: int | None = None
    journal_oldest: float | None = None
    clock_ok: int | None = None
    reconnects: int | None = None
    certificate_until: float | None = None
    held: dict[str, list[Span]] | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a gateway has committed (`ranges`) and heard (`heard`), inclusive ranges of one journal's numbers."""

    journal: str
    ranges: list[Span] = []
    heard: list[Span] = []


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order to an agent; which of the arguments count depends on the command's name, which is in the topic.

    Attributes:
        id: Each id is carried out once; a repeat gets the first answer.
        expires: Unix seconds; after it the command is refused.
        journal: Of `resend`: whose packs; with `ranges`, their numbers.
        ranges: As above.
        from_: Of `resend`: packs measured from this Unix time on, `to` that one.
        to: As above.
        point: Of `read`, `period` and `calibrate`: which point; None: all.
        seconds: Of `identify`: how long.
        period_s: Of `period`: seconds between two readings.
        toml: Of `config`: the whole configuration.
        lines: Of `logs`: how many.
        reference_ppm: Of `calibrate`: what the air around the sensor has.
        by: Of `calibrate`: who says so.
    """

    id: str
    expires: float
    journal: str | None = None
    ranges: list[Span] | None = None
    from_: float | None = msgspec.field(default=None, name="from")
    to: float | None = None
    point: str | None = None
    seconds: float | None = None
    period_s: float | None = None
    toml: str | None = None
    lines: int | None = None
    reference_ppm: float | None = None
    by: str | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a command: `result` where `ok`, `error` where not."""

    id: str
    ok: bool
    result: dict[str, Any] | None = None
    error: str | None = None


class ResendResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a `resend` brought: packs that will be sent again, and what the journal no longer has."""

    sent: int
    missing: list[Span]


class GatewayStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A gateway's retained status; its will is the same with `online` false and nothing but `boot`."""

    online: bool
    boot: str
    since: float | None = None
    regions: list[str] = []
    storing: bool | None = None


_Message = TypeVar("_Message", Presence, Health, Receipt, Command, Reply, GatewayStatus)

_ENCODER: Final = msgspec.json.Encoder()
_DECODERS: Final[dict[type[Any], msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Presence, Health, Receipt, Command, Reply, GatewayStatus)
}


def encode(message: msgspec.Struct) -> bytes:
    """`message` as JSON; defaults are left out."""
    return _ENCODER.encode(message)


def convert_command(words: Mapping[str, Any]) -> Command:
    """A command of its id, its end and its arguments, by their names on the wire.

    Raises:
        msgspec.ValidationError: If one of them has another type.
    """
    return msgspec.convert(dict(words), Command)


def decode(body: bytes, kind: type[_Message]) -> _Message:
    """A message of the kind asked for.

    Raises:
        MalformedError: With reason `oversize` or `json`; the detail names the place.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MalformedError(Reason.OVERSIZE, f"{len(body)} bytes; a body has at most {MAX_BODY_BYTES}")
    try:
        message: _Message = _DECODERS[kind].decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(Reason.JSON, f"{kind.__name__.lower()}: {error}") from error
    _check_ids(message)
    _check_spans(message)
    return message


def _check_ids(message: object) -> None:
    """A command's id becomes a topic level of its answer."""
    if isinstance(message, Command | Reply) and not is_id(message.id):
        raise MalformedError(Reason.JSON, f"id {message.id[:64]!r} does not match {ID_PATTERN}")
    if isinstance(message, Receipt) and not is_journal_id(message.journal):
        raise MalformedError(Reason.JSON, f"journal {message.journal[:64]!r} is no journal id")


def _check_spans(message: object) -> None:
    if isinstance(message, Receipt):
        lists = [message.ranges, message.heard]
    elif isinstance(message, Health) and message.held is not None:
        lists = list(message.held.values())
    elif isinstance(message, Command) and message.ranges is not None:
        lists = [message.ranges]
    else:
        return
    for spans in lists:
        for first, last in spans:
            if not 0 < first <= last < 2**53:
                raise MalformedError(Reason.JSON, f"range [{first}, {last}] does not run upwards within 1 to 2^53-1")
