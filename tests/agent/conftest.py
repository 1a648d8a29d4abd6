"""Benches with simulated chips, for the tests of what the agent does with them."""

from tests.sensors.conftest import make_bench

__all__ = ["make_bench"]
