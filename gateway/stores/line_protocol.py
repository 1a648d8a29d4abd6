"""Points as lines of InfluxDB's line protocol, in milliseconds."""

from functools import lru_cache

from gateway.ports import AnyPoint, FieldValue, PlainPoint
from gateway.stores.points import Tags, UnstorableError, check_time, own_field_name, own_tags, own_value

# InfluxDB 1.8 documentation, "Line protocol reference", special characters: in a measurement comma and space are
# escaped, in tag and field names and tag values also the equals sign; in a string value the quote and the backslash.
_MEASUREMENT = str.maketrans({",": "\\,", " ": "\\ "})
_WORD = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\="})
_STRING = str.maketrans({'"': '\\"', "\\": "\\\\"})


def encode(point: AnyPoint) -> bytes:
    """The line of one point, without a line break.

    Floats are written with `repr`, the shortest text that reads back as the same number.

    Raises:
        UnstorableError: If the line protocol or InfluxDB cannot hold it.
    """
    if isinstance(point, PlainPoint) and point.coloured is None:
        return encode_plain(point)
    measurement, tags, time_ms, fields = point.measurement, point.tags, point.time_ms, point.fields
    check_time(time_ms)
    if not fields:
        raise UnstorableError("the point has no fields")
    parts = []
    for name, value in fields.items():
        # The short way of what nearly every field is; `value - value` is 0.0 only for finite numbers.
        if type(value) is float and value - value == 0.0:
            parts.append(_field_head(name) + repr(value))
        else:
            parts.append(_field_head(name) + _text_of(own_value(name, value)))
    return f"{_line_head(measurement, tags)} {','.join(parts)} {time_ms}".encode()


def encode_plain(point: PlainPoint) -> bytes:
    """The same line, of a point none of whose values needs a second look.

    Raises:
        UnstorableError: If the line protocol or InfluxDB cannot hold its tags or names.
    """
    series = point.series
    form = series.form
    if form is None:
        names = ",".join(f"{_field_head(name)}%r" for name in series.quantities)
        form = series.form = f"{_line_head(point.measurement, series.tags).replace('%', '%%')} {names} %d"
    return (form % (*point.values, point.time_ms)).encode()


def _text_of(value: FieldValue) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return f'"{value.translate(_STRING)}"'
    return repr(value)


@lru_cache(maxsize=100_000)
def _line_head(measurement: str, tags: Tags) -> str:
    words = [f",{name.translate(_WORD)}={value.translate(_WORD)}" for name, value in own_tags(measurement, tags)]
    return measurement.translate(_MEASUREMENT) + "".join(words)


@lru_cache(maxsize=10_000)
def _field_head(name: str) -> str:
    return own_field_name(name).translate(_WORD) + "="
