"""The bodies of the API's answers; the OpenAPI document is written from them. Times are Unix seconds."""

from typing import Literal

import msgspec

from gateway.board.guides import Guide


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One branch.

    Attributes:
        site: Its id.
        region: Its region's id.
        title: What people call it, in the language of the request.
        online: Whether one of its agents lives.
        last_seen: When a message of one of them last came; null if never.
        points: How many points it has.
        time_zone: Its zone in the IANA table; "" where nobody said.
        registered: Whether the register of branches has it; null while the register is empty.
        address: Where it is, as the register says; "" where it does not.
        longitude: Degrees, WGS 84; null where not known.
        latitude: Degrees, WGS 84; null where not known.
        hours: Opening hours in OpenStreetMap's form; "" where not known.
        area_m2: Its floor; null where not known.
    """

    site: str
    region: str
    title: str
    online: bool
    last_seen: float | None
    points: int
    time_zone: str = ""
    registered: bool | None = None
    address: str = ""
    longitude: float | None = None
    latitude: float | None = None
    hours: str = ""
    area_m2: float | None = None


class Sites(msgspec.Struct, frozen=True, kw_only=True):
    """Branches by their ids."""

    sites: list[Site]
    next: str | None = None


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """How a sensor was calibrated in its branch.

    Attributes:
        time: When, Unix seconds.
        by: Who did it.
        part: The sensor's part.
        serial: Its serial number.
        quantity: What was calibrated; the numbers are in `unit`.
        reference: What the reference showed.
        before: What the sensor showed.
        after: What it showed afterwards; null if that is not known.
        correction: What it corrects by since; null if it refused.
        ok: Whether it is well calibrated.
        reason: Why not.
    """

    point: str
    room: str
    agent: str
    time: float
    by: str
    part: str
    serial: str
    quantity: str
    unit: str
    reference: float
    before: float
    after: float | None
    correction: float | None
    ok: bool
    reason: str


class Calibrations(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first."""

    calibrations: list[Calibration]
    next: str | None = None


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """The newest value of one quantity, in its own unit."""

    value: float
    unit: str
    time: float
    age_s: float
    quality: Literal["good", "suspect"]


class PointCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent corrects the readings of a point by, each value * gain + offset, in the quantity's unit."""

    offset: dict[str, float]
    gain: dict[str, float]
    date: str
    certificate: str


class Point(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One point of a branch.

    Attributes:
        point: Its id.
        room: Where it is.
        kind: `air`, or the facility kind.
        part: The sensor's part, "" where unknown.
        simulated: Whether its newest values, or all of it, come from a simulated sensor.
        values: By quantity; empty for a facility.
        state: The newest state of a facility, else null.
        working: Whether it works, else null.
        reason: Why it is in that state, "" where nobody said.
        serial: The sensor's serial number; left out where unknown.
        calibration: What its agent corrects its readings by: value * gain + offset; left out for nothing.
    """

    point: str
    room: str
    kind: str
    part: str
    simulated: bool
    values: dict[str, Value]
    state: str | None
    working: bool | None
    reason: str | None
    serial: str = ""
    calibration: PointCalibration | None = None


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """Points of one branch by their ids."""

    points: list[Point]
    next: str | None = None


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """Stored readings of one quantity at one point, oldest first; a row is time, value, quality."""

    site: str
    point: str
    quantity: str
    unit: str
    rows: list[tuple[float, float, Literal["good", "suspect"]]]
    next: str | None = None


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """The same summed up by steps.

    Attributes:
        step_s: Seconds of one step; a row begins at a multiple of it.
        rows: Begin of the step; mean, lowest, highest and count of the good values (null, null, null, 0 if there are
            none); mean and count of the suspect ones. Steps without any value are left out.
    """

    site: str
    point: str
    quantity: str
    unit: str
    step_s: int
    rows: list[tuple[float, float | None, float | None, float | None, int, float | None, int]]


class Interval(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A stretch of time of one branch and what the ledger says of it; `reason` is "" but for what is lost."""

    from_: float
    to: float
    status: Literal["there", "owed", "lost"]
    reason: str


class LedgerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Intervals, oldest first. Time of which nothing is known is in none."""

    site: str
    intervals: list[Interval]
    next: str | None = None


class QuantityInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How one quantity is shown; `guide` where there is a guide value."""

    quantity: str
    unit: str
    display_unit: str
    decimals: int
    title_en: str
    title_zh: str
    guide: Guide | None


class QuantityInfos(msgspec.Struct, frozen=True, kw_only=True):
    """All quantities that sensors measure, in the order in which they are shown."""

    quantities: list[QuantityInfo]
    next: str | None = None
