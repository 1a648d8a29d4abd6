"""Whether an output is on: a plain function of the calls, of the gateways' silence, and of the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

BLINK_S: Final = 0.5
"""Half a period of blinking: 1 Hz, far below the 3 flashes a second that WCAG 2.2, criterion 2.3.1, warns of."""

UNHEARD_AFTER_S: Final = 30.0
"""How long a call may go unheard before a buzzer sounds, where the configuration does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPlan:
    """What an output is for.

    Attributes:
        calls: The points of its calls.
        when: `called`, or `unheard`: only while no gateway has heard it.
        after_s: So long after the call at the earliest.
        no_gateway_s: Blinks once no gateway was heard for so long; None: never.
    """

    calls: tuple[str, ...]
    when: Literal["called", "unheard"]
    after_s: float
    no_gateway_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A call that stands.

    Attributes:
        since_s: When it was called, or when the agent started if it stood then; monotonic.
        is_heard: True once a gateway has told somebody.
        is_test: True for a drill: it is shown, not sounded.
    """

    since_s: float
    is_heard: bool
    is_test: bool = False


def blinks_on(begun_s: float, now_s: float) -> bool:
    """Whether an output that blinks since then is on now."""
    return int((now_s - begun_s) / BLINK_S) % 2 == 0


def next_blink(begun_s: float, now_s: float) -> float:
    """When `blinks_on` changes next."""
    return begun_s + (int((now_s - begun_s) / BLINK_S) + 1) * BLINK_S


def is_on(plan: OutputPlan, calls: Sequence[CallView], silent_since_s: float | None, now_s: float) -> bool:
    """Whether the output is on now. A call outweighs the blinking.

    Args:
        plan: What it is for.
        calls: Those of its calls that stand.
        silent_since_s: Since when no gateway was heard, monotonic; None: one is there.
        now_s: Monotonic.
    """
    if any(_counts(plan, call) and now_s >= call.since_s + plan.after_s for call in calls):
        return True
    if silent_since_s is None or plan.no_gateway_s is None:
        return False
    silent_s = now_s - silent_since_s - plan.no_gateway_s
    return silent_s >= 0 and int(silent_s / BLINK_S) % 2 == 0


def next_change(plan: OutputPlan, calls: Sequence[CallView], silent_since_s: float | None, now_s: float) -> float:
    """When `is_on` could change by time alone: monotonic; infinity: not by time."""
    waits = [call.since_s + plan.after_s for call in calls if _counts(plan, call)]
    times = [time_s for time_s in waits if time_s > now_s]
    stands = len(times) < len(waits)
    if silent_since_s is not None and plan.no_gateway_s is not None and not stands:
        begins_s = silent_since_s + plan.no_gateway_s
        halves = int((now_s - begins_s) / BLINK_S) + 1 if now_s >= begins_s else 0
        times.append(begins_s + halves * BLINK_S)
    return min(times, default=float("inf"))


def _counts(plan: OutputPlan, call: CallView) -> bool:
    return plan.when == "called" or not (call.is_heard or call.is_test)
