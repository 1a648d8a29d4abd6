"""Every error of the sensors stands under the one base and in the drawn tree."""

import inspect

import sensors
from sensors import errors
from sensors.errors import SensorError

CLASSES = [thing for _, thing in inspect.getmembers(errors, inspect.isclass) if thing.__module__ == errors.__name__]


def test_every_error_is_under_the_base() -> None:
    """One `except` catches all of them."""
    assert len(CLASSES) > 5
    assert all(issubclass(thing, SensorError) for thing in CLASSES)
    assert sensors.SensorError is SensorError


def test_every_error_is_drawn_in_the_tree() -> None:
    """With a word on what the caller does."""
    drawn = errors.__doc__ or ""
    for thing in CLASSES:
        assert thing.__name__ in drawn


def test_text_names_the_sensor_and_where_it_sits() -> None:
    """And the attributes hold the same facts."""
    error = SensorError("gone", sensor="scd41", bus="/dev/i2c-1", address=0x62)
    assert str(error) == "scd41 on /dev/i2c-1 at 0x62: gone"
    assert str(SensorError("gone")) == "gone"
    assert (error.sensor, error.bus, error.address) == ("scd41", "/dev/i2c-1", 0x62)
