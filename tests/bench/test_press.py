"""The benchmarks of a pressed button run; how fast is nobody's business here."""

import pytest

from bench import call
from bench.press import main


def test_a_press_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Twice, without sensors beside it."""
    assert main(["--presses", "2", "--sensors", "0"]) == 0
    assert capsys.readouterr().out.startswith("2 presses: median ")


def test_a_call_is_measured_with_the_database_off(capsys: pytest.CaptureFixture[str]) -> None:
    """Each of two calls is at the notification service."""
    assert call.main(["--calls", "2"]) in (0, 1)
    assert capsys.readouterr().out.startswith("2 calls with the database off: median ")
