"""The bodies about acceptance cases that the API takes. Times are RFC 3339 or Unix seconds; days are ISO 8601."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.acceptance.plan import PlanTable

Word = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=500_000)]


class CaseOpening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case to be opened.

    Attributes:
        site: The branch.
        title: What people call the renovation; the branch's id unless given.
        profile: The standard's name; else the plan's, else that in `profile_toml`.
        profile_toml: A bank's own standard, as the text of its file.
        plan: The plan, with the keys of a plan file; either this or
        plan_toml: the text of a plan file.
        materials: What was built in, in words of the bank's own.
        types: The type of each room of the branch, by name, for sampling again.
        contacts: By room, the facility points that watch it; left out: those whose room has the same name.
        serials: By point, the instrument's serial, where its agent does not say it.
        by: Who opens it; the program's own name unless given.
    """

    site: Word
    title: Word = ""
    profile: Word = ""
    profile_toml: Text = ""
    plan: PlanTable | None = None
    plan_toml: Text = ""
    materials: Annotated[list[Word], Meta(max_length=100)] = []
    types: dict[str, Word] = {}
    contacts: dict[str, list[Word]] = {}
    serials: dict[str, Word] = {}
    by: Word = ""


class NewPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another plan: `plan` or `plan_toml`; why; who."""

    plan: PlanTable | None = None
    plan_toml: Text = ""
    why: Word = ""
    by: Word = ""


class WhyAndWho(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reason, and who; the program's own name unless given."""

    why: Word = ""
    by: Word = ""


class Assignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which instrument stands at a point."""

    point: Word
    serial: Word
    by: Word = ""


class LaboratoryValue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value of a laboratory's report.

    Attributes:
        laboratory: Its name.
        accreditation: Its accreditation number.
        method: The method.
        sampled: When the sample was taken: a time, or the day.
        sample: The sample's id.
        room: As in the plan; `outdoor` outdoors.
        point: As in the plan.
        quantity: Its name in the table of quantities, or its title.
        value: In `unit`; `"<10"` where it was below the detection limit.
        unit: Such as `mg/m3`; the quantity's own unless given.
    """

    laboratory: Word
    accreditation: Word
    method: Word
    sampled: str | float
    sample: Word
    room: Word
    point: Word
    quantity: Word
    value: float | str
    unit: Word = ""


class LaboratoryFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A CSV or XLSX file: its name, and its bytes in base64."""

    name: Word
    content: bytes


class LaboratoryEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Laboratory values: either `results` or a `file`; and who enters them."""

    results: Annotated[list[LaboratoryValue], Meta(max_length=10_000)] = []
    file: LaboratoryFile | None = None
    by: Word = ""


class LaboratoryCorrection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a laboratory result should have said; why; who. What stood there before stays readable."""

    result: LaboratoryValue
    why: Word
    by: Word = ""


class CalibrationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One calibration.

    Attributes:
        done: The day it was done.
        due: The last day that it holds.
        certificate: Its number.
        calibrated_by: Who did it.
        offset: By quantity, added to a reading after the gain.
        gain: By quantity, what a reading is multiplied by.
        by: Who enters it; the program's own name unless given.
    """

    done: date
    due: date
    certificate: Annotated[str, Meta(min_length=1, max_length=200)]
    calibrated_by: Annotated[str, Meta(min_length=1, max_length=200)]
    offset: dict[str, float] = {}
    gain: dict[str, float] = {}
    by: Word = ""


class InstrumentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument for the register: serial, part, whose it is, how it was calibrated; and who enters it."""

    serial: Word
    part: Word
    owner: Word
    calibrations: Annotated[list[CalibrationBody], Meta(max_length=100)] = []
    by: Word = ""
