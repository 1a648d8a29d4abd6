"""What only memory can see in one quantity of one sensor: impossible steps, standing still, stuck at zero.

A plain state machine: the same readings in the same order give the same answers. It knows no clock and no store; the
readings carry their times.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.quality.limits import LIMITS, READINGS_FLAT, READINGS_ZERO, SETTLED_S
from gateway.quality.reasons import Reason
from telemetry.quantities import WIRE_QUANTITIES

NO_CHANGE: Final[tuple["Change", ...]] = ()


class Change(NamedTuple):
    """A doubt that opens or closes.

    Attributes:
        reason: Which.
        open: True: this reading and those after it are in doubt; False: this one is well again.
        since_ms: When that began which brought the doubt about: for a flat line its first reading.
    """

    reason: Reason
    open: bool
    since_ms: int


class Watch:
    """Watches one quantity of one point; give it the readings in the order of their times.

    Attributes:
        open: The reasons for which the newest reading is in doubt.
    """

    __slots__ = (
        "_accepted",
        "_accepted_ms",
        "_flat_ms",
        "_high",
        "_last_ms",
        "_low",
        "_per_ms",
        "_run",
        "_run_ms",
        "_run_n",
        "_settling",
        "_settling_ms",
        "_settling_n",
        "_step",
        "_zero_ms",
        "open",
    )

    def __init__(self, quantity: str) -> None:
        limits, row = LIMITS[quantity], WIRE_QUANTITIES[quantity]
        self.open: frozenset[Reason] = frozenset()
        self._low, self._high = row.low, row.high
        self._step = limits.step
        self._per_ms = limits.step_per_min / 60_000
        self._flat_ms = None if limits.flat_s is None else round(limits.flat_s * 1000)
        self._zero_ms = None if limits.zero_s is None else round(limits.zero_s * 1000)
        self._last_ms: int | None = None
        self._run: float | None = None
        self._run_ms = self._run_n = 0
        self._accepted: float | None = None
        self._accepted_ms = 0
        self._settling = 0.0
        self._settling_ms = self._settling_n = 0

    def resume(self, reason: Reason, value: float, time_ms: int) -> None:
        """Take up a doubt that was open when the program ended: nothing but a new reading closes it.

        Args:
            reason: `step`, `flatline` or `stuck-at-zero`.
            value: The value that was last believed, or the one that does not move.
            time_ms: When it was measured.
        """
        self.open |= {reason}
        self._last_ms = time_ms
        if reason is Reason.STEP:
            self._accepted, self._accepted_ms = value, time_ms
        else:
            self._run, self._run_ms, self._run_n = value, time_ms, 1

    def evidence(self, reason: Reason) -> float:
        """The value that `resume` needs for a doubt that is open."""
        value = self._accepted if reason is Reason.STEP else self._run
        return 0.0 if value is None else value

    def see(self, time_ms: int, value: float, silent_ms: int) -> tuple[Change, ...]:
        """Take in the next reading; what it changes, mostly nothing.

        Args:
            time_ms: Later than every reading before; another is ignored.
            value: Finite.
            silent_ms: The longest pause that is no silence; a longer one proves nothing about standing still.
        """
        last_ms = self._last_ms
        if last_ms is not None and time_ms <= last_ms:
            return NO_CHANGE
        if self._passes(time_ms, value):
            return NO_CHANGE
        fresh = last_ms is not None and time_ms - last_ms <= silent_ms
        changes = self._see_run(time_ms, value, fresh)
        if self._step is not None and self._low <= value <= self._high:
            changes += self._see_step(time_ms, value, fresh)
        self._last_ms = time_ms
        return changes

    @staticmethod
    def stirred(watches: "Sequence[Watch | None]", time_ms: int, values: Sequence[float]) -> list[int]:
        """Show each watch its reading of one time, and tell which of them must look at it closely with `see`.

        For the others it is done: it is the short way of `see`, for all quantities of a point at once.

        Args:
            watches: One for each value, None where nothing is watched.
            time_ms: Later than every reading before.
            values: Finite and plausible.
        """
        return [
            at
            for at, (watch, value) in enumerate(zip(watches, values, strict=True))
            if watch is not None and not watch._passes(time_ms, value)
        ]

    def _passes(self, time_ms: int, value: float) -> bool:
        """Nearly every reading: another value than the last, in reach of it; the long way would come to the same."""
        step, accepted = self._step, self._accepted
        if value == self._run or self.open:
            return False
        if step is not None and (
            accepted is None
            or not self._low <= value <= self._high
            or abs(value - accepted) > step + self._per_ms * (time_ms - self._accepted_ms)
        ):
            return False
        self._run = self._accepted = value
        self._run_ms = self._accepted_ms = self._last_ms = time_ms
        self._run_n = 1
        return True

    # -- standing still ------------------------------------------------------------------------------------------------

    def _see_run(self, time_ms: int, value: float, fresh: bool) -> tuple[Change, ...]:
        if value != self._run:
            self._run, self._run_ms, self._run_n = value, time_ms, 1
            return self._close(Reason.FLATLINE, time_ms) + self._close(Reason.STUCK_AT_ZERO, time_ms)
        if not fresh:
            self._run_ms, self._run_n = time_ms, 1
            return NO_CHANGE
        self._run_n += 1
        if value == 0:
            return self._still(Reason.STUCK_AT_ZERO, time_ms, self._zero_ms, READINGS_ZERO)
        return self._still(Reason.FLATLINE, time_ms, self._flat_ms, READINGS_FLAT)

    def _still(self, reason: Reason, time_ms: int, longest_ms: int | None, readings: int) -> tuple[Change, ...]:
        if longest_ms is None or time_ms - self._run_ms < longest_ms or self._run_n < readings or reason in self.open:
            return NO_CHANGE
        self.open |= {reason}
        return (Change(reason, True, self._run_ms),)

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _see_step(self, time_ms: int, value: float, fresh: bool) -> tuple[Change, ...]:
        if self._accepted is None or self._reaches(self._accepted, value, time_ms - self._accepted_ms):
            self._accept(time_ms, value)
            return self._close(Reason.STEP, time_ms)
        if Reason.STEP not in self.open:
            self.open |= {Reason.STEP}
            self._settling_ms, self._settling_n, self._settling = time_ms, 1, value
            return (Change(Reason.STEP, True, time_ms),)
        return self._settle(time_ms, value, fresh)

    def _settle(self, time_ms: int, value: float, fresh: bool) -> tuple[Change, ...]:
        """The room may have changed while nobody looked: what stays where it jumped to is believed in the end."""
        last_ms = time_ms if self._last_ms is None else self._last_ms
        if fresh and self._reaches(self._settling, value, time_ms - last_ms):
            self._settling_n += 1
        else:
            self._settling_ms, self._settling_n = time_ms, 1
        self._settling = value
        if self._settling_n < READINGS_ZERO or time_ms - self._settling_ms < SETTLED_S * 1000:
            return NO_CHANGE
        self._accept(time_ms, value)
        return self._close(Reason.STEP, time_ms)

    def _reaches(self, start: float, end: float, after_ms: int) -> bool:
        assert self._step is not None
        return abs(end - start) <= self._step + self._per_ms * after_ms

    def _accept(self, time_ms: int, value: float) -> None:
        self._accepted, self._accepted_ms = value, time_ms

    def _close(self, reason: Reason, time_ms: int) -> tuple[Change, ...]:
        if reason not in self.open:
            return NO_CHANGE
        self.open -= {reason}
        return (Change(reason, False, time_ms),)
