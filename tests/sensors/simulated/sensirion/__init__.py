"""Chips of Sensirion, each held against its data sheet."""
