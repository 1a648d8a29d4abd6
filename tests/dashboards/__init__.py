"""Tests of the dashboards and their publishing."""
