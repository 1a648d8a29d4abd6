"""Errors of the alerts.

```
GatewayError
└── AlertsError
    ├── PlanRefused      what is planned cannot mean anything: tell whoever planned it
    └── ReportRefused    what is reported is no incident: tell whoever reported it
```
"""

from gateway.errors import GatewayError


class AlertsError(GatewayError):
    """Base of all errors of this package."""


class PlanRefused(AlertsError):  # noqa: N818
    """A hand-over or a window cannot mean anything; the text names the field and what to do."""


class ReportRefused(AlertsError):  # noqa: N818
    """There is no such incident to report; the text says why."""
