"""The record of a calibration as it travels: a pack of kind `calibration` about the point of the sensor.

It is a facility pack with more words, sent on `…/readings` and never retained: it is no state of the point, but a
thing that was done once.
"""

from typing import Final

import msgspec

from telemetry.readings import CALIBRATION_KIND, Pack, Record

PREFIX: Final = "calibration_"
WORDS: Final[dict[str, type]] = {
    f"{PREFIX}by": str,
    f"{PREFIX}part": str,
    f"{PREFIX}serial": str,
    f"{PREFIX}quantity": str,
    f"{PREFIX}reference": float,
    f"{PREFIX}before": float,
    f"{PREFIX}after": float,
    f"{PREFIX}correction": float,
}
"""By name, the type of its value; the numbers are in the unit of the quantity."""

MAX_CHARACTERS: Final = 100
"""Of each text."""


class CalibrationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to a sensor.

    Attributes:
        by: Who did it.
        part: The part, as it is sold.
        serial: The sensor's serial number, "" where it has none.
        quantity: What was calibrated.
        reference: What the reference showed, in the quantity's unit.
        before: What the sensor showed before, the mean of a minute.
        after: What it showed afterwards; None if that could not be read.
        correction: What the sensor says that it corrects by; None if it refused.
        ok: Whether it is well calibrated now.
        reason: Why not.
    """

    by: str
    part: str
    serial: str = ""
    quantity: str = "co2_ppm"
    reference: float
    before: float
    after: float | None = None
    correction: float | None = None
    ok: bool
    reason: str = ""

    def values(self) -> dict[str, float | bool | str]:
        """By name, what stands in the pack; what is not known is left out."""
        values: dict[str, float | bool | str] = {"working": self.ok, "state": "ok" if self.ok else "fault"}
        if self.reason:
            values["reason"] = self.reason
        for name in WORDS:
            value = getattr(self, name.removeprefix(PREFIX))
            if value is not None and value != "":
                values[name] = value
        return values

    def records(self, at_ms: int) -> tuple[Record, ...]:
        """Its records as they stand in a pack dated `at_ms`."""
        return tuple(Record(name=name, time_ms=at_ms, value=value) for name, value in self.values().items())


def calibration_of(pack: Pack) -> CalibrationRecord | None:
    """The calibration that a pack carries; None if it is of another kind or not whole."""
    if pack.kind != CALIBRATION_KIND:
        return None
    values = {record.name: record.value for record in pack.records}
    words = {name.removeprefix(PREFIX): value for name, value in values.items() if name in WORDS}
    words |= {"ok": values.get("working"), "reason": values.get("reason", "")}  # type: ignore[dict-item]
    try:
        return msgspec.convert(words, CalibrationRecord)
    except msgspec.ValidationError:
        return None
