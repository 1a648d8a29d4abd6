"""A calibration that head office orders: the running agent watches the air, tells the sensor, and writes it down. Pure.

The same rule as `openhall-agent calibrate`, over readings that the sampler takes anyway; they are held back meanwhile,
since the sensor breathes a reference and not its room.
"""

from typing import Any, Final

from agent.calibrate import QUANTITY
from agent.calibrating import MEAN_S, Reading, Verdict, Watch, judged, mean_of
from agent.core import AgentCore
from agent.sampler import Outcome, Sampler
from telemetry.calibrations import CalibrationRecord
from telemetry.clock import Clock

LOOK_S: Final = 1.0
"""How often the sensor is asked; an SCD4x measures every five seconds."""

TELL_WITHIN_S: Final = 60.0
"""A driver's call that hangs is given up before; whatever becomes of it, the order ends."""

Ending = dict[str, Any] | str


class CalibrationOrder:
    """One calibration under way. `turn` until it gives an ending."""

    def __init__(
        self, *, point: str, reference_ppm: int, by: str, core: AgentCore, sampler: Sampler, clock: Clock
    ) -> None:
        """Begin it; readings of the point are held back until the end."""
        self.point = point
        self._reference_ppm = reference_ppm
        self._by = by
        self._core = core
        self._sampler = sampler
        self._clock = clock
        self._watch = Watch(clock.monotonic())
        self._seen_s = clock.monotonic()
        self._told_s: float | None = None
        self._outcome: Outcome | None = None
        self._after: list[Reading] = []
        self._due_s = clock.monotonic()
        sampler.hold(point, True)

    def next_due(self) -> float:
        """Monotonic time of the next look."""
        return self._due_s

    def turn(self) -> Ending | None:
        """Look once: the record as the answer has it, or why nothing was done; None: it goes on."""
        now_s = self._clock.monotonic()
        if now_s < self._due_s:
            return None
        self._due_s = now_s + LOOK_S
        ending = self._look(now_s)
        if ending is not None:
            self._sampler.hold(self.point, False)
        return ending

    def _look(self, now_s: float) -> Ending | None:
        reading = self._new_reading()
        if self._told_s is None:
            self._sampler.hurry(self.point)
            return self._before(reading, now_s)
        if self._outcome is None:
            self._outcome = self._sampler.calibration_of(self.point)
            if self._outcome is None:
                return "the sensor does not answer to the calibration" if now_s > self._told_s + TELL_WITHIN_S else None
            self._told_s = now_s
        if self._outcome.error is not None:
            return self._record(None)
        self._sampler.hurry(self.point)
        if reading is not None:
            self._after.append(reading)
        return self._record(mean_of(self._after) if self._after else None) if now_s >= self._told_s + MEAN_S else None

    def _before(self, reading: Reading | None, now_s: float) -> Ending | None:
        if reading is not None:
            self._watch.add(reading.at_s, reading.ppm)
        verdict = self._watch.verdict(now_s)
        if verdict is Verdict.CALIBRATE:
            self._sampler.calibrate(self.point, self._reference_ppm)
            self._told_s = now_s
        elif verdict is Verdict.UNSTEADY:
            return f"nothing was done: the air is not steady: {self._watch.unrest}"
        elif verdict is Verdict.SILENT:
            return "nothing was done: the sensor gave too few readings; ask it with `read`"
        return None

    def _new_reading(self) -> Reading | None:
        last = self._sampler.last_read(self.point)
        if last is None or last.at_s <= self._seen_s:
            return None
        self._seen_s = last.at_s
        ppm = last.raw.get(QUANTITY)
        return None if ppm is None else Reading(last.at_s, ppm)

    def _record(self, after: float | None) -> Ending:
        assert self._outcome is not None
        correction = self._outcome.correction
        reason = self._outcome.error or judged(self._reference_ppm, after)
        info = self._core.points[self.point]
        record = CalibrationRecord(
            by=self._by,
            part=info.part,
            serial=info.serial,
            quantity=QUANTITY,
            reference=float(self._reference_ppm),
            before=round(self._watch.mean_ppm, 1),
            after=None if after is None else round(after, 1),
            correction=None if correction is None else float(correction),
            ok=not reason,
            reason=reason[:200],
        )
        self._core.add_calibration(self.point, record)
        return record.values() if record.ok else f"not well calibrated: {reason}"
