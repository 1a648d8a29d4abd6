"""Errors of the gateway; the branch says what the caller does.

```
GatewayError
├── ConfigurationError     tell the operator, exit 2
├── StoreUnavailable       try again later: time-out, refused connection, 429, 5xx
├── StoreMisconfigured     401, 403, 404, unknown bucket: tell the operator, try again slowly
├── StoreWriteOnly         it takes readings and gives none back: ask it by its own means
├── StateUnavailable       the state database did not take it: nothing was changed, try again
│   └── LedgerChanged      another program wrote into the ledger: read it again, then try again at once
└── StateRefused           the state database is of another program: tell the operator, exit 2
```

A point that the store refuses is no error: `Store.write` names it, the caller parks it and goes on.
"""


class GatewayError(Exception):
    """Base of all errors of this package."""


class ConfigurationError(GatewayError):
    """The configuration cannot be used; the text names the place (`$.store.url`) and what to do."""


class StoreUnavailable(GatewayError):  # noqa: N818
    """The store did not take the batch; nothing says that it never will.

    Attributes:
        retry_after_s: What the store asked us to wait, None if it did not say.
    """

    def __init__(self, text: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class StoreMisconfigured(StoreUnavailable):
    """The store will not take anything until somebody changes the configuration; the text says what."""


class StateUnavailable(GatewayError):  # noqa: N818
    """The state database did not carry out a transaction; nothing of it was kept, so try again."""


class LedgerChanged(StateUnavailable):
    """Another program changed the ledger since it was read; nothing of the transaction was kept."""


class StateRefused(ConfigurationError):  # noqa: N818
    """The state database cannot be used by this program; the text says why and what to do."""


class StoreWriteOnly(StoreUnavailable):
    """The store takes readings and gives none back: who asks must not take its silence for an empty history."""
