"""One order, and which arguments each kind of command takes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from gateway.commands.refusals import OrderError
from telemetry.ids import ID_PATTERN
from telemetry.ranges import Span
from telemetry.topics import Root

MAX_ARGUMENT_BYTES: Final = 60_000
"""A configuration is the longest argument; an agent's is some hundred lines at most."""

Id = Annotated[str, Meta(pattern=f"^{ID_PATTERN}$")]


class _Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a command that takes none."""


class _Identify(_Arguments, frozen=True, kw_only=True):
    seconds: Annotated[float, Meta(gt=0, le=600)] = 30.0


class _Read(_Arguments, frozen=True, kw_only=True):
    point: Id | None = None


class _Resend(_Arguments, frozen=True, kw_only=True):
    journal: str | None = None
    ranges: list[Span] | None = None
    from_: Annotated[float, Meta(ge=0)] | None = msgspec.field(default=None, name="from")
    to: Annotated[float, Meta(ge=0)] | None = None


class _Period(_Arguments, frozen=True, kw_only=True):
    point: Id
    period_s: Annotated[float, Meta(ge=0.1, le=86_400)]


class _Config(_Arguments, frozen=True, kw_only=True):
    toml: Annotated[str, Meta(min_length=1)]


class _Logs(_Arguments, frozen=True, kw_only=True):
    lines: Annotated[int, Meta(ge=1, le=500)] = 100


class _Calibrate(_Arguments, frozen=True, kw_only=True):
    point: Id
    reference_ppm: Annotated[float, Meta(ge=400, le=2_000)]
    by: Annotated[str, Meta(min_length=1, max_length=100)]


ARGUMENTS: Final[dict[str, type[_Arguments]]] = {
    "identify": _Identify,
    "read": _Read,
    "resend": _Resend,
    "period": _Period,
    "config": _Config,
    "restart": _Arguments,
    "logs": _Logs,
    "calibrate": _Calibrate,
}
"""The commands of the contract."""


class OrderState(StrEnum):
    """OPEN: not answered yet. DONE and FAILED: answered. EXPIRED: never answered; an agent refuses it from now on."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


class Order(NamedTuple):
    """One order.

    Attributes:
        id: Its id on the wire.
        root: The agent.
        name: The command.
        arguments: As they are sent.
        who: Whose token it was asked with.
        asked_ms: When.
        expires_ms: From then on the agent refuses it.
        state: What became of it.
        answered_ms: When the answer came, None without one.
        result: The answer's result, where it is DONE.
        error: The answer's error, where it is FAILED.
    """

    id: str
    root: Root
    name: str
    arguments: Mapping[str, Any]
    who: str
    asked_ms: int
    expires_ms: int
    state: OrderState = OrderState.OPEN
    answered_ms: int | None = None
    result: Mapping[str, Any] | None = None
    error: str = ""


def checked(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a command, with defaults.

    Raises:
        OrderError: If there is no such command, or it takes no such arguments.
    """
    kind = ARGUMENTS.get(name)
    if kind is None:
        raise OrderError(400, f"name: {name[:64]!r} is no command; there are {', '.join(ARGUMENTS)}")
    try:
        found = msgspec.convert(dict(arguments), kind)
    except msgspec.ValidationError as error:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind)) or "none"
        raise OrderError(400, f"arguments of {name}: {error}; it takes {known}") from error
    words: dict[str, Any] = {key: one for key, one in msgspec.to_builtins(found).items() if one is not None}
    if name == "resend" and not ({"journal", "ranges"} <= words.keys() or {"from", "to"} <= words.keys()):
        raise OrderError(400, "arguments of resend: give journal and ranges, or from and to")
    size = len(msgspec.json.encode(words))
    if size > MAX_ARGUMENT_BYTES:
        raise OrderError(413, f"the arguments take {size} bytes; {MAX_ARGUMENT_BYTES} is the most")
    return words
