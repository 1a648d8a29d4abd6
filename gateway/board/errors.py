"""Errors of the HTTP side.

```
BoardError
└── RequestError    the request cannot be answered: status, title and what to do
```
"""

from gateway.errors import GatewayError


class BoardError(GatewayError):
    """Base of all errors of this package."""


class RequestError(BoardError):
    """A request that cannot be answered as it stands.

    Attributes:
        status: The HTTP status.
        title: The same words for every request that fails like this.
        detail: What is wrong with this one, and what to do.
    """

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
