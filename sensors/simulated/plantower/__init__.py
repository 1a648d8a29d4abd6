"""Plantower's sensors, byte by byte."""
