"""The machine's clocks, and seconds against milliseconds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.clock import Clock, SystemClock, to_ms, to_seconds


def test_system_clock_is_a_clock() -> None:
    """Its monotonic time does not run backwards; its boot has one name."""
    clock: Clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)
    assert clock.now() > 1_700_000_000
    assert clock.boot_id == SystemClock().boot_id != ""


def test_boot_without_the_kernels_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere than on Linux the boot's minute is its name."""

    def gone(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", gone)
    assert SystemClock().boot_id.startswith("boot-")


@given(ms=st.integers(-(2**43), 2**43))
def test_milliseconds_survive_the_way_through_seconds(ms: int) -> None:
    """With at most three decimals in between."""
    seconds = to_seconds(ms)
    assert to_ms(seconds) == ms
    assert round(seconds, 3) == seconds
