"""What sensors need in the long run: working hours of parts that wear out, another sensor, a calibration that is due.

Hours are kept beside the journal and survive restarts; they are written at most once an hour.
"""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog

from agent.config import CalibrationConfig
from telemetry.clock import Clock
from telemetry.parts import Part

YEAR_H: Final = 8_766.0

LIFE_H: Final[Mapping[str, float]] = {
    # Sensirion SPS30 data sheet v1.0, page 1: a lifetime of more than ten years. The SEN6x have a laser and a fan too;
    # theirs is taken for the same.
    "sps30": 10 * YEAR_H,
    "sen63c": 10 * YEAR_H,
    "sen65": 10 * YEAR_H,
    "sen66": 10 * YEAR_H,
    "sen68": 6 * YEAR_H,
    "sen69c": 6 * YEAR_H,
    # Plantower PMS5003 manual V2.3, table 1: mean time to failure of three years and more.
    "pms5003": 3 * YEAR_H,
    "pmsa003": 3 * YEAR_H,
    # Sensirion SFA30 product page: more than six years; the cell of the SFA40, SEN68 and SEN69C is taken for the same.
    "sfa30": 6 * YEAR_H,
    "sfa40": 6 * YEAR_H,
}
"""Hours that laser, fan or formaldehyde cell are made for."""

SAVE_S: Final = 3_600.0
LOOK_S: Final = 600.0
"""How often it is looked whether something has fallen due."""

GAP_PERIODS: Final = 3
GAP_AT_LEAST_S: Final = 60.0
"""After a longer silence nobody knows whether it was running, and it does not count."""

TRUSTED_FROM_S: Final = 1_700_000_000.0
"""A wall clock before November 2023 was never set."""

MAX_BYTES: Final = 1_000_000

log = structlog.get_logger(__name__)


class Worn(msgspec.Struct, kw_only=True):
    """What is known of the sensor of one point: which it is, and how long it has worked."""

    part: str
    identity: str = ""
    hours: float = 0.0


class CaredFor(Protocol):
    """What is asked of a sensor's plan."""

    @property
    def point(self) -> str:
        """Its id."""

    @property
    def part(self) -> Part:
        """What it is."""

    @property
    def period_s(self) -> float:
        """Seconds between readings."""

    @property
    def calibration(self) -> CalibrationConfig | None:
        """What was found."""

    @property
    def installed(self) -> str:
        """The day it was put there."""


class Care:
    """The care book of an agent's sensors.

    Args:
        file: Where the hours are kept.
        clock: Where time comes from.
    """

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._worn = _load(file)
        self._seen_s: dict[str, float] = {}
        self._notices: dict[str, tuple[float, str]] = {}
        self._saved_s = clock.monotonic()

    def opened(self, plan: CaredFor, serial: str) -> str:
        """A sensor answers: what is to be noted if it is another one than before, else "".

        A sensor that has no serial number is another one if the configuration's `installed` is.
        """
        self._seen_s.pop(plan.point, None)
        identity, part = serial or plan.installed, plan.part.name
        known = self._worn.get(plan.point)
        if known is not None and known.part == part and (not identity or known.identity in ("", identity)):
            known.identity = known.identity or identity
            return ""
        self._worn[plan.point] = Worn(part=part, identity=identity)
        self._notices.pop(plan.point, None)
        if known is None:
            return ""
        self.save()
        old, new = (f"{one.part} {one.identity}".strip() for one in (known, self._worn[plan.point]))
        log.info("sensor was replaced", point=plan.point, old=old, new=new, hours=round(known.hours))
        return f"replaced: {new} in place of {old}, which had worked {known.hours:.0f} h"

    def worked(self, plan: CaredFor) -> None:
        """It has given a reading."""
        now_s = self._clock.monotonic()
        seen_s = self._seen_s.get(plan.point)
        self._seen_s[plan.point] = now_s
        known = self._worn.setdefault(plan.point, Worn(part=plan.part.name, identity=plan.installed))
        if seen_s is not None and now_s - seen_s <= max(GAP_PERIODS * plan.period_s, GAP_AT_LEAST_S):
            known.hours += (now_s - seen_s) / 3_600
        if now_s - self._saved_s >= SAVE_S:
            self.save()

    def hours(self, point: str) -> float:
        """How long the sensor of a point has worked, in hours."""
        known = self._worn.get(point)
        return known.hours if known else 0.0

    def notice(self, plan: CaredFor) -> str:
        """What is due, with advice; "" if nothing is. Looked up at most every ten minutes."""
        now_s = self._clock.monotonic()
        looked_s, text = self._notices.get(plan.point, (-math.inf, ""))
        if now_s - looked_s >= LOOK_S:
            text = "; ".join(filter(None, (self._wear(plan), self._calibration(plan))))
            self._notices[plan.point] = (now_s, text)
        return text

    def save(self) -> None:
        """Write the hours; a disk that refuses costs hours of work, no reading."""
        self._saved_s = self._clock.monotonic()
        draft = self._file.with_name(f"{self._file.name}.new")
        try:
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(self._worn)))
            draft.replace(self._file)
        except OSError as error:
            log.warning("working hours cannot be written", file=str(self._file), error=str(error))

    def _wear(self, plan: CaredFor) -> str:
        life_h, hours = LIFE_H.get(plan.part.name), self.hours(plan.point)
        if life_h is None or hours < life_h:
            return ""
        # Rounded, so that it does not become news every hour.
        years = math.floor(2 * hours / YEAR_H) / 2
        return f"due for replacement: it has worked {years:g} years of {life_h / YEAR_H:g}; order a {plan.part.title}"

    def _calibration(self, plan: CaredFor) -> str:
        calibration = plan.calibration
        now_s = self._clock.now()
        if calibration is None or not calibration.date or now_s < TRUSTED_FROM_S:
            return ""
        due = date.fromisoformat(calibration.date) + timedelta(days=calibration.valid_days)
        if datetime.fromtimestamp(now_s, UTC).date() <= due:
            return ""
        name = f" {calibration.certificate}" if calibration.certificate else ""
        return f"due for calibration: certificate{name} held until {due}; hold it against a reference"


def care_file(journal: Path) -> Path:
    """Where the hours of the agent with that journal are kept."""
    return journal.with_name(f"{journal.name}.care.json")


def _load(file: Path) -> dict[str, Worn]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ValueError("it is far too long")
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Worn])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, msgspec.DecodeError) as error:
        log.warning("working hours cannot be read and begin anew", file=str(file), error=str(error))
        return {}
