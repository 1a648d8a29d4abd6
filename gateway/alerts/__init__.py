"""Alarms: rules, their life, who is told and when.

`parts.AlertParts` puts it together, `engine.AlertEngine` fulfils the port. Nothing is imported here but what was heard:
the configuration reads this package's settings and must stay light.
"""

from gateway.alerts.recorder import AlertRecorder, Heard

__all__ = ["AlertRecorder", "Heard"]
