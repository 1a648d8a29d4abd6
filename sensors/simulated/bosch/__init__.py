"""Bosch's chips, register by register."""
