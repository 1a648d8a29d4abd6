"""What `scan` found, for people, for programs, and as a first `agent.toml`."""

from typing import Any, Final

import msgspec

from agent.scan import Findings, Found
from telemetry.parts import PARTS

SHORT: Final = {
    "scd4": "air",
    "sen6": "air",
    "sfa": "hcho",
    "sgp": "voc",
    "pms": "dust",
    "sps": "dust",
    "sht": "climate",
    "bme": "weather",
    "bmp": "weather",
    "bh": "light",
    "ds": "temperature",
}
"""What a point is called after, by how its part's name begins."""


def as_json(found: Findings) -> dict[str, Any]:
    """`{"sensors":[{"bus","address","parts","serial","why"}],"modbus":[{"link","unit"}],"closed":[…],"notes":[…]}`."""
    return {
        "sensors": [msgspec.to_builtins(one) for one in found.sensors],
        "modbus": [{"link": link, "unit": unit} for link, unit in found.units],
        "closed": found.closed,
        "notes": found.notes,
    }


def lines(found: Findings) -> list[str]:
    """The same for people, one thing a line."""
    words = [_line(one) for one in found.sensors]
    words += [f"{link} unit {unit}: a Modbus device; its manual has the registers" for link, unit in found.units]
    words += [f"GPIO {pin}: a closed contact, or a wire to ground" for pin in found.closed]
    return words + [f"note: {note}" for note in found.notes] or ["nothing found"]


def _line(one: Found) -> str:
    place = one.bus if one.address is None else f"{one.bus} 0x{one.address:02x}"
    if not one.parts:
        return f"{place}: answers, and no driver takes it: {one.why}"
    titles = " or ".join(PARTS[part].title for part in one.parts)
    serial = f", serial {one.serial}" if one.serial else ""
    doubt = "; they cannot be told apart from here, look at its label" if len(one.parts) > 1 else ""
    return f"{place}: {titles}{serial}{doubt}"


def agent_toml(found: Findings, *, region: str, site: str, agent: str, room: str) -> str:
    """A first configuration, which `check-config` accepts: every sensor that was identified, the rest as comments."""
    head = f"""\
# Written by `openhall-agent scan`. Give the true region, site and rooms, the broker and the points their names, then:
#   openhall-agent check-config --config agent.toml
#   openhall-agent read-once --config agent.toml
region = "{region}"
site = "{site}"
agent = "{agent}"

[broker]
host = "127.0.0.1"
"""
    taken = {agent}
    tables = "".join(_table(one, room, taken) for one in found.sensors)
    devices = "".join(
        f"""
# A Modbus device answers here; its registers stand in its manual.
# [[modbus]]
# point = "device-{unit}"
# room = "{room}"
# kind = "fresh-air"
# link = "{link}"
# unit = {unit}
# registers = [{{ address = 0, states = {{ 0 = "ok", 1 = "fault" }} }}]
"""
        for link, unit in found.units
    )
    contacts = "".join(
        f"""
# A contact is closed here; as a door:
# [[inputs]]
# point = "door-{pin}"
# room = "{room}"
# kind = "door"
# pin = {pin}
"""
        for pin in found.closed
    )
    return head + tables + devices + contacts


def _table(one: Found, room: str, taken: set[str]) -> str:
    if not one.parts:
        return f"\n# {_line(one)}\n"
    part = one.parts[0]
    doubt = f"# It may be one of {', '.join(one.parts)}: look at its label.\n" if len(one.parts) > 1 else ""
    address = "" if one.address is None else f"address = 0x{one.address:02x}\n"
    point = _point(part, room, taken)
    return f"""
[[sensors]]
{doubt}part = "{part}"
point = "{point}"
room = "{room}"
bus = "{one.bus}"
{address}"""


def _point(part: str, room: str, taken: set[str]) -> str:
    kind = next((short for begin, short in SHORT.items() if part.startswith(begin)), part)
    base, number = f"{room[: 31 - len(kind)]}-{kind}"[:29], 1
    name = base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name
