"""What a contact may be, and what its two positions mean."""

from dataclasses import dataclass
from typing import Final, Literal

from telemetry.readings import CALL_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of contact that is no call.

    Attributes:
        usual: Its state while all is as usual.
        other: Its state else.
        works_in_other: Whether the thing still does what it is there for then.
        normally: How the contact is while all is as usual, where the configuration does not say.
    """

    usual: str
    other: str
    works_in_other: bool
    normally: Literal["open", "closed"] = "open"


_CLOSURE: Final = Kind(usual="closed", other="open", works_in_other=True, normally="closed")
"""A reed contact is closed while its magnet is near, so that a cut wire looks like an open door."""

_FAULT: Final = Kind(usual="ok", other="fault", works_in_other=False)

INPUT_KINDS: Final = {
    "door": _CLOSURE,
    "window": _CLOSURE,
    "cabinet": _CLOSURE,
    "shutter": Kind(usual="open", other="closed", works_in_other=True),
    "leak": Kind(usual="dry", other="wet", works_in_other=True),
    "mains": Kind(usual="on", other="off", works_in_other=False, normally="closed"),
    "lift": _FAULT,
    "stair-lift": _FAULT,
    "escalator": _FAULT,
    "automatic-door": _FAULT,
    "hearing-loop": _FAULT,
    "fresh-air": _FAULT,
    "queue-machine": _FAULT,
    "display": _FAULT,
    "kiosk": _FAULT,
    "atm": _FAULT,
}
"""By name; calls are not in it, their kinds are all words that begin with `call-`."""


def is_call(kind: str) -> bool:
    """True if the kind is that of a call for help."""
    return kind.startswith(CALL_PREFIX) and len(kind) > len(CALL_PREFIX)
