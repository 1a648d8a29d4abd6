"""Why an order is not taken."""

from gateway.errors import GatewayError


class OrderError(GatewayError):
    """An order that cannot be given.

    Attributes:
        status: The HTTP status that says what kind of refusal it is.
        detail: What is wrong, and what to do.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
