"""Sensors of Maxim, each held against its manual."""
