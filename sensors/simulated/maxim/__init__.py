"""Maxim's sensors, byte by byte."""
