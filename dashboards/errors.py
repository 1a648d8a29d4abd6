"""Errors of the dashboards; each says what to do next.

```
DashboardsError
├── GrafanaUnreachable    nothing answered: exit 4
└── GrafanaRefused        it answered, and will not: exit 2
```
"""


class DashboardsError(Exception):
    """Base of all errors of this package."""


class GrafanaUnreachable(DashboardsError):  # noqa: N818
    """No Grafana answered at the address."""


class GrafanaRefused(DashboardsError):  # noqa: N818
    """Grafana answered that it will not.

    Attributes:
        status: The HTTP status, None where the answer itself was wrong.
        code: Grafana's own word for it (`version-mismatch`, `name-exists`, …), "" if it gave none.
    """

    def __init__(self, text: str, *, status: int | None = None, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code
