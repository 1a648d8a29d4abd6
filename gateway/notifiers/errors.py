"""Errors of the channels; the branch says what the caller does.

```
NotifierError
├── ChannelUnavailable    try again, or the next channel: time-out, refused connection, rate limit, 5xx
└── ChannelRefused        this channel will not take it as things are: wrong key, wrong signature, no address
```

No text of an error holds a secret: addresses are named by their host alone.
"""

from gateway.errors import GatewayError


class NotifierError(GatewayError):
    """Base of all errors of this package."""


class ChannelUnavailable(NotifierError):  # noqa: N818
    """The channel did not take the message now.

    Attributes:
        wait_s: How long it asked us to wait, 0 if it did not.
        in_doubt: It may have taken the message all the same: no answer came after it was sent.
    """

    def __init__(self, text: str, *, wait_s: float = 0.0, in_doubt: bool = False) -> None:
        super().__init__(text)
        self.wait_s = wait_s
        self.in_doubt = in_doubt


class ChannelRefused(NotifierError):  # noqa: N818
    """The channel refuses the message; only a person can help."""
