"""Tests of `sensors.simulated`."""
