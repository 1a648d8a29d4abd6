"""Errors of live cases.

```
CaseError
├── CaseUnknown     there is none of this number
├── CaseInvalid     what was given cannot be used: correct it
└── CaseRefused     not as the case stands: do something else first
```
"""

from gateway.errors import GatewayError


class CaseError(GatewayError):
    """Base of all errors of this package; the text says what to do."""


class CaseUnknown(CaseError):  # noqa: N818
    """There is no such case, result, judgement or instrument."""


class CaseInvalid(CaseError):  # noqa: N818
    """What was given cannot be used; the text names the place in it."""


class CaseRefused(CaseError):  # noqa: N818
    """The case does not allow it as it stands."""
