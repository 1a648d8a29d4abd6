"""Who listens for alarms; as yet, what was heard is written down."""

from gateway.alerts.recorder import AlertRecorder, Heard

__all__ = ["AlertRecorder", "Heard"]
