"""Chips of Bosch, each held against its data sheet."""
