"""The line that both decays rest on."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.acceptance import line


@given(st.floats(-100, 100), st.floats(-10, 10))
def test_points_on_a_line_give_it_back(level: float, slope: float) -> None:
    """With no residual."""
    xs = [0.0, 1.0, 2.5, 4.0, 7.0]
    found = line.fit(xs, [level + slope * x for x in xs])
    assert found.slope == pytest.approx(slope, abs=1e-9)
    assert found.at(10) == pytest.approx(level + slope * 10, abs=1e-7)
    assert found.residual == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (2, 4.303), (4, 2.776), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)]
)
def test_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    """Two-sided 95 %, as any table of Student's t has them."""
    assert line.t_95(freedom) == pytest.approx(quantile, rel=2e-3)


def test_neighbours_that_resemble_each_other_widen_the_interval() -> None:
    """The same residuals sorted into waves are worth fewer points."""
    rng = random.Random(3)
    noise = [rng.gauss(0, 1) for _ in range(60)]
    wave = [sum(noise[max(0, place - 5) : place + 1]) for place in range(60)]
    xs = [float(x) for x in range(60)]
    assert line.fit(xs, wave).freedom < line.fit(xs, noise).freedom / 2


def test_too_little_is_no_line() -> None:
    """Two points, or one x."""
    with pytest.raises(ValueError, match="at least 3"):
        line.fit([0, 1], [0, 1])
    with pytest.raises(ValueError, match="one x"):
        line.fit([1, 1, 1], [0, 1, 2])
