"""The register of instruments: who owns what, how it was calibrated, and whether it may decide on a day.

Nothing is overwritten: a calibration is added, a correction is a calibration of its own, later in the list.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import msgspec

from gateway.acceptance.plan import Plan
from gateway.acceptance.profile import LABORATORY
from telemetry.parts import PARTS


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One calibration.

    Attributes:
        done: When it was done.
        due: The last day that it holds.
        certificate: Its number.
        by: Who did it.
        offset: By quantity, added to a reading after the gain, in the quantity's unit.
        gain: By quantity, what a reading is multiplied by.
        noted_by: Who entered it.
        noted_at: When it was entered.
    """

    done: date
    due: date
    certificate: str
    by: str
    offset: Mapping[str, float] = {}
    gain: Mapping[str, float] = {}
    noted_by: str
    noted_at: datetime


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instrument; its calibrations in the order they were entered."""

    serial: str
    part: str
    owner: str
    calibrations: tuple[Calibration, ...] = ()

    def on(self, day: date) -> Calibration | None:
        """The calibration in force on a day: of those done by then the latest, of one date the one entered last."""
        done = [calibration for calibration in self.calibrations if calibration.done <= day]
        return max(enumerate(done), key=lambda pair: (pair[1].done, pair[0]))[1] if done else None

    def is_valid_on(self, day: date) -> bool:
        """True if it may decide on that day: calibrated, and not out of date."""
        calibration = self.on(day)
        return calibration is not None and day <= calibration.due

    def corrected(self, quantity: str, value: float, day: date) -> float:
        """A raw reading as the calibration in force corrects it; unchanged if there is none."""
        calibration = self.on(day)
        if calibration is None:
            return value
        return value * calibration.gain.get(quantity, 1.0) + calibration.offset.get(quantity, 0.0)

    def with_calibration(self, calibration: Calibration) -> "Instrument":
        """The instrument with one calibration more.

        Raises:
            ValueError: If it ends before it begins, names a quantity that the part does not measure, or its gain is
                not above 0.
        """
        if calibration.due < calibration.done:
            raise ValueError(f"calibration {calibration.certificate!r} is due {calibration.due}, before it was done")
        part = PARTS.get(self.part)
        for quantity in {*calibration.offset, *calibration.gain}:
            if part is not None and part.channel(quantity) is None:
                raise ValueError(
                    f"calibration {calibration.certificate!r}: a {self.part} does not measure {quantity!r}"
                )
        if any(gain <= 0 for gain in calibration.gain.values()):
            raise ValueError(f"calibration {calibration.certificate!r}: a gain is above 0")
        return msgspec.structs.replace(self, calibrations=(*self.calibrations, calibration))


def barred(plan: Plan, serials: Mapping[str, str], instruments: Iterable[Instrument]) -> frozenset[str]:
    """The entries of a plan (their places) whose instrument may not decide; for `verdict.Case.barred`.

    Barred is a sensor that is not in the register, is registered as another part, or whose calibration does not hold
    from the first to the last day of its window. A laboratory answers for its own instruments.

    Args:
        plan: The plan.
        serials: The serial of each entry's instrument, by the entry's place.
        instruments: The register.
    """
    known = {instrument.serial: instrument for instrument in instruments}
    found: set[str] = set()
    for entry in plan.entries():
        if entry.instrument == LABORATORY:
            continue
        own = known.get(serials.get(entry.place, ""))
        days = (entry.opens_on.date(), _last_day(entry.sampled.to_ms, entry.opens_on))
        if own is None or own.part != entry.instrument or not all(own.is_valid_on(day) for day in days):
            found.add(entry.place)
    return frozenset(found)


def _last_day(to_ms: int, opens_on: datetime) -> date:
    return datetime.fromtimestamp((to_ms - 1) / 1000, opens_on.tzinfo).date()
