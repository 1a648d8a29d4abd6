"""Sensirion's chips, byte by byte."""
