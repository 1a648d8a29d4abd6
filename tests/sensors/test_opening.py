"""From a line of the configuration to a sensor."""

import subprocess
import sys

import pytest

from sensors import SensorSpec, open_sensor
from sensors.errors import SensorMisconfigured
from sensors.opening import DRIVERS, driver_of
from sensors.simulated.hanging import CHIPS, shared_rooms
from telemetry.parts import PARTS


def test_unknown_part_is_refused_with_the_known_ones() -> None:
    """A typo is seen at once."""
    with pytest.raises(SensorMisconfigured, match="scd40, scd41") as refused:
        open_sensor(SensorSpec(part="scd44"))
    assert (refused.value.setting, refused.value.got) == ("part", "scd44")


def test_every_part_has_a_driver_and_a_simulated_twin() -> None:
    """What the table of parts names can be read, and run without hardware."""
    assert DRIVERS.keys() == CHIPS.keys() == PARTS.keys()


def test_part_without_driver_is_refused_with_those_that_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new row of the table may come before its driver."""
    monkeypatch.delitem(DRIVERS, "sps30")
    with pytest.raises(SensorMisconfigured, match=r"no driver yet; these have: .*scd41") as refused:
        open_sensor(SensorSpec(part="sps30"))
    assert refused.value.setting == "part"


@pytest.mark.parametrize("part", sorted(DRIVERS))
def test_every_driver_has_wiring_address_warm_up_accuracy_and_example(part: str) -> None:
    """In its docstring, as an installer needs it."""
    text = driver_of(part).__doc__ or ""
    for word in ("Wiring", "Address", "Warm-up", "Accuracy", "Example:", f'"{part}"'):
        assert word in text, word
    assert driver_of(part).__name__.lower() == part


def test_nothing_is_opened_before_start() -> None:
    """A bus that does not exist is no error yet."""
    assert open_sensor(SensorSpec(part="scd41", bus="i2c-99")).serial == ""


def test_rooms_of_a_program_run_are_shared() -> None:
    """Two sensors opened apart hang in one room."""
    assert shared_rooms() is shared_rooms()


def test_real_sensor_needs_no_simulation_and_no_board_library() -> None:
    """A Pi's agent has 40 MB: it loads neither rooms nor Blinka's pins, and nothing of the driver before a start."""
    code = (
        "import sys; from sensors import SensorSpec, open_sensor; open_sensor(SensorSpec(part='scd41'));"
        "print(*[m for m in sys.modules if m in ('board', 'digitalio', 'busio', 'adafruit_scd4x', 'asyncio')"
        " or m.startswith('sensors.simulated')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
