"""Grafana dashboards as code, and their publishing."""
