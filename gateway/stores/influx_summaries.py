"""What InfluxDB answers to the questions of the rollups, as our own records."""

from collections.abc import Iterable
from typing import Final

from gateway.ports import Summary
from gateway.stores.influx_http import Series
from gateway.stores.points import Tags
from telemetry.quantities import WIRE_QUANTITIES

_TAGS: Final = ("region", "site", "room", "point")
_COUNT: Final = "_n"


def summaries_of(answer: Iterable[Series]) -> list[Summary]:
    """Of columns such as `mean_co2_ppm`; those of suspect values, and of what is no quantity, are left out."""
    found = []
    for series in answer:
        for row in series.values:
            cells = dict(zip(series.columns, row, strict=True))
            for quantity in WIRE_QUANTITIES:
                count = cells.get(f"count_{quantity}")
                if count:
                    mean, least, most = (float(cells[f"{word}_{quantity}"]) for word in ("mean", "min", "max"))
                    found.append(Summary(_tags(series), quantity, mean, least, most, int(count)))
    return found


def counted_in(answer: Iterable[Series]) -> set[tuple[Tags, str]]:
    """Tags and quantity of every `{quantity}_n` above 0."""
    return {
        (_tags(series), name.removesuffix(_COUNT))
        for series in answer
        for row in series.values
        for name, value in zip(series.columns, row, strict=True)
        if name.endswith(_COUNT) and value
    }


def _tags(series: Series) -> Tags:
    return tuple((name, series.tags[name]) for name in _TAGS if series.tags.get(name))
