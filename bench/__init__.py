"""Measures the programs as they run in a bank: real broker, real stores, real processes.

`python -m bench` (or `make bench`) writes what it finds into `bench/RESULTS.md`.
"""
