"""Rohm's chips, byte by byte."""
