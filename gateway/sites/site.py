"""One branch as the register has it, from the cells of a row and back. Pure."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from gateway.alerts.hours import BadHoursError, parse_hours
from telemetry.ids import ID_PATTERN, RESERVED_REGION, is_id

COLUMNS: Final = (
    "region",
    "site",
    "title_zh",
    "title_en",
    "address",
    "longitude",
    "latitude",
    "hours",
    "responsible",
    "deputy",
    "area_m2",
)
"""The first line of a file, in this order."""

MUST_BE_GIVEN: Final = ("region", "site")
LENGTHS: Final = {"title_zh": 100, "title_en": 100, "address": 300, "hours": 300, "responsible": 100, "deputy": 100}
"""At most so many characters; ours, so that no cell breaks a page."""

AREA_AT_MOST_M2: Final = Decimal(1_000_000)
DIGITS: Final = 18


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A branch.

    Attributes:
        region: Its region's id.
        site: Its id, unique over all regions.
        title_zh: What people call it, in Chinese.
        title_en: The same in English.
        address: Where it is.
        longitude: Degrees, WGS 84, east is positive; None where not given. Decimal: a file comes back as it was.
        latitude: Degrees, WGS 84, north is positive; None where not given.
        hours: Opening hours in OpenStreetMap's form; "" where not given.
        responsible: Who answers for it: ids of `[alerts.people]`, several with spaces between; "" where not given.
        deputy: Who stands in, likewise.
        area_m2: Its floor, None where not given.
    """

    region: str
    site: str
    title_zh: str = ""
    title_en: str = ""
    address: str = ""
    longitude: Decimal | None = None
    latitude: Decimal | None = None
    hours: str = ""
    responsible: str = ""
    deputy: str = ""
    area_m2: Decimal | None = None


def site_of(cells: Mapping[str, str]) -> Site:
    """The branch of a row; cells that are left out are empty.

    Raises:
        ValueError: Naming every column that cannot be used, and why.
    """
    faults: list[str] = []
    words = {name: cells.get(name, "").strip() for name in COLUMNS}
    for name in MUST_BE_GIVEN:
        if not words[name]:
            faults.append(f"{name} is empty")
        elif not is_id(words[name]):
            faults.append(f"{name} {words[name][:64]!r} does not match {ID_PATTERN}")
    if words["region"] == RESERVED_REGION:
        faults.append(f"region {RESERVED_REGION!r} is taken for the gateways themselves")
    for name, most in LENGTHS.items():
        if len(words[name]) > most:
            faults.append(f"{name} has {len(words[name])} characters, more than {most}")
        elif not words[name].isprintable():
            faults.append(f"{name} holds a line break or another character that cannot be shown")
    numbers = {
        "longitude": _number(words, "longitude", Decimal(-180), Decimal(180), faults),
        "latitude": _number(words, "latitude", Decimal(-90), Decimal(90), faults),
        "area_m2": _number(words, "area_m2", Decimal(1), AREA_AT_MOST_M2, faults),
    }
    if (numbers["longitude"] is None) != (numbers["latitude"] is None) and not faults:
        faults.append("longitude and latitude go together")
    try:
        parse_hours(words["hours"])
    except BadHoursError as error:
        faults.append(f"hours: {error}")
    if faults:
        raise ValueError("; ".join(faults))
    return msgspec.convert({**words, **numbers}, Site)


def cells_of(site: Site) -> dict[str, str]:
    """The row of a branch; `site_of` gives the branch back."""
    values = {name: getattr(site, name) for name in COLUMNS}
    return {name: "" if value is None else str(value) for name, value in values.items()}


def changes(before: Site, after: Site) -> dict[str, tuple[str, str]]:
    """By column, what was there and what comes; empty if the two are alike."""
    old, new = cells_of(before), cells_of(after)
    return {name: (old[name], new[name]) for name in COLUMNS if old[name] != new[name]}


def _number(words: Mapping[str, str], name: str, least: Decimal, most: Decimal, faults: list[str]) -> Decimal | None:
    text = words[name]
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if len(text) > DIGITS or not number.is_finite() or not set(text) <= set("+-.0123456789"):
        faults.append(f"{name} {text[:32]!r} is no number such as 116.397")
    elif not least <= number <= most:
        faults.append(f"{name} {text} lies outside {least} to {most}")
    else:
        return number
    return None
