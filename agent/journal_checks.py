"""What may go into the journal: nothing that the wire would refuse later, when nobody can say it again."""

from collections.abc import Mapping
from math import isfinite

import structlog

from agent.journal_rows import RowClass, Value, class_of
from telemetry.ids import require_id
from telemetry.quantities import WIRE_QUANTITIES
from telemetry.readings import Flag
from telemetry.senml_resolver import CALL_STATES, MAX_REASON_CHARACTERS

log = structlog.get_logger(__name__)


def checked_air(values: Mapping[str, float], flags: Mapping[str, tuple[Flag, ...]]) -> list[Value]:
    """The values that the wire knows and that are finite, with their flags in the order of `Flag`."""
    good = []
    for name, number in values.items():
        if name not in WIRE_QUANTITIES or not isfinite(number):
            log.debug("value refused", quantity=name[:64], value=number)
            continue
        given = flags.get(name, ())
        good.append(Value(name, float(number), tuple(flag for flag in Flag if flag in given)))
    return good


def checked_state(kind: str, working: bool, state: str, reason: str) -> tuple[Value, ...]:
    """The values of a facility pack; the reason, where there is one, cut to what the wire carries.

    Raises:
        ValueError: If kind or state has not the contract's form.
    """
    require_id(kind, "kind")
    if class_of(kind) is RowClass.CALL and state not in CALL_STATES:
        raise ValueError(f"state of a call is called, cleared or test, got {state[:40]!r}")
    require_id(state.replace("_", "-"), "state")
    values = (Value("working", working), Value("state", state))
    return (*values, Value("reason", reason[:MAX_REASON_CHARACTERS])) if reason else values
