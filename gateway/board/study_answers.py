"""The bodies about instruments, air changes and the day of reopening that the API gives. Times are Unix seconds."""

import msgspec


class CalibrationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One calibration, who entered it and when."""

    done: str
    due: str
    certificate: str
    calibrated_by: str
    offset: dict[str, float]
    gain: dict[str, float]
    noted_by: str
    noted: float


class BiasAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an instrument reads too much of one quantity, learned from laboratory values.

    Attributes:
        quantity: The quantity.
        mean: Sensor less laboratory, in the quantity's unit.
        half_width: Half of its 95 % interval; null with a single pair.
        pairs: How many pairs it is learned from.
        known: True if the interval leaves out zero.
    """

    quantity: str
    mean: float
    half_width: float | None
    pairs: int
    known: bool


class InstrumentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument.

    Attributes:
        serial: Its serial.
        part: The part.
        owner: Whose it is.
        valid: Whether it may decide today.
        due: The last day of the calibration in force; null where there is none.
        calibrations: In the order they were entered.
        bias: What it reads too much, by quantity, learned from laboratory values.
    """

    serial: str
    part: str
    owner: str
    valid: bool
    due: str | None
    calibrations: list[CalibrationAnswer]
    bias: list[BiasAnswer]


class InstrumentList(msgspec.Struct, frozen=True, kw_only=True):
    """The register by serial."""

    instruments: list[InstrumentAnswer]
    next: str | None = None


class ReopeningAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """When one quantity of one room should meet its limit.

    Attributes:
        room: The room.
        quantity: The quantity.
        limit: Its limit, in the quantity's unit.
        met: True if the last day's fitted value lies within the limit already, its interval included.
        day: The moment that the limit should be met; null where none can be stated.
        low: The earliest, with 95 %; null likewise.
        high: The latest; null where it lies more than two years ahead, too.
        half_life_days: In how many days the air gets half as bad.
        half_life_low: The lower end of its 95 % interval.
        half_life_high: The upper end.
        temperature_c: The temperature that the forecast is for.
        humidity_pct: The humidity likewise.
        days_used: How many days entered.
        days_gained_twofold: By how many days twice the ventilation brings it forward.
        reason: Why no day is stated: `too-few-days`, `span-too-short`, `not-falling`, `too-far-ahead`, `limit-is-zero`.
    """

    room: str
    quantity: str
    limit: float
    met: bool = False
    day: float | None = None
    low: float | None = None
    high: float | None = None
    half_life_days: float | None = None
    half_life_low: float | None = None
    half_life_high: float | None = None
    temperature_c: float | None = None
    humidity_pct: float | None = None
    days_used: int | None = None
    days_gained_twofold: float | None = None
    reason: str | None = None


class AirChangeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Air changes an hour of a closed room, with its 95 % interval, or why none is stated."""

    room: str
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    hours: float | None = None
    readings: int | None = None
    reason: str | None = None


class AirAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is worked out beside the verdict."""

    reopening: list[ReopeningAnswer]
    air_changes: list[AirChangeAnswer]


class ComparedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Half-lives under one name: how many, their median, lowest and highest, in days."""

    name: str
    decays: int
    half_life_days: float
    lowest_days: float
    highest_days: float


class ComparisonAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a quantity falls, by branch and by material, the slowest first."""

    quantity: str
    branches: list[ComparedAnswer]
    materials: list[ComparedAnswer]
