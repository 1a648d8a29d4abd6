"""The table of parts as it stands in README.md; `python -m sensors.parts_table` prints it."""

import sys
from collections.abc import Iterable

from sensors.opening import DRIVERS, driver_of
from telemetry.parts import PARTS, Band, Channel, Part
from telemetry.quantities import QUANTITIES

HEAD = (
    "| part | bus | address | driver | quantities | accuracy | range | warm-up | source |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def parts_table() -> str:
    """All parts as a Markdown table, gases in the unit of the data sheet."""
    return HEAD + "".join(_row(part) for part in PARTS.values())


def _row(part: Part) -> str:
    driver = driver_of(part.name) if part.name in DRIVERS else None
    cells = (
        f"`{part.name}` {part.title}",
        part.bus,
        "" if part.address is None else f"0x{part.address:02x}",
        f"`{driver.__name__}`" if driver else "",
        _lines(f"`{channel.quantity}`" for channel in part.channels),
        _lines(_accuracy(channel) for channel in part.channels),
        _lines(f"{channel.low:g} to {channel.high:g} {_unit(channel)}".rstrip() for channel in part.channels),
        f"{part.warmup_s:g} s" if part.warmup_s else "none",
        part.source,
    )
    return f"| {' | '.join(cells)} |\n"


def _lines(cells: Iterable[str]) -> str:
    return "<br>".join(cells)


def _unit(channel: Channel) -> str:
    # A factor means that the data sheet speaks in ppb where the quantity is a mass.
    if channel.unit_factor != 1.0:
        return "ppb"
    # A plain % would read as a share of the value.
    return "%RH" if channel.quantity == "humidity_pct" else QUANTITIES[channel.quantity].display_unit


def _accuracy(channel: Channel) -> str:
    if not channel.bands:
        return "none stated"
    texts = []
    low = channel.stated_from
    for band in channel.bands:
        end = f" to {band.upto:g}" if len(channel.bands) > 1 or band.upto < channel.high or low is not None else ""
        begin = "" if low is None else f" from {low:g}"
        texts.append(f"{_error(band, _unit(channel))}{begin}{end}")
        low = None
    return ", ".join(texts)


def _error(band: Band, unit: str) -> str:
    absolute, relative = f"{band.absolute:g} {unit}", f"{band.relative * 100:g} %"
    if not band.relative:
        return f"±{absolute}"
    if not band.absolute:
        return f"±{relative}"
    return f"±{absolute} or ±{relative}, the larger" if band.larger else f"±({absolute} + {relative})"


if __name__ == "__main__":
    sys.stdout.write(parts_table())
