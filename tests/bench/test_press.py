"""The benchmark of a pressed button runs; how fast is nobody's business here."""

import pytest

from bench.press import main


def test_a_press_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Twice, without sensors beside it."""
    assert main(["--presses", "2", "--sensors", "0"]) == 0
    assert capsys.readouterr().out.startswith("2 presses: median ")
