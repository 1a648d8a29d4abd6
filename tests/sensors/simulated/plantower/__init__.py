"""Sensors of Plantower, each held against its manual."""
