"""Chips of Rohm, each held against its data sheet."""
