"""The one error of this package.

```
ValueError
└── MalformedError    a message that breaks the contract; `reason` says how
```
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message, or one record of it, cannot be taken in (the dead-letter reasons)."""

    JSON = "json"
    SENML = "senml"
    BVER = "bver"
    TOPIC = "topic"
    SITE_MISMATCH = "site-mismatch"
    NO_PAIR = "no-pair"
    UNKNOWN_QUANTITY = "unknown-quantity"
    UNIT = "unit"
    NOT_FINITE = "not-finite"
    FUTURE = "future"
    RELATIVE_TIME = "relative-time"
    OVERSIZE = "oversize"
    STORE_REFUSED = "store-refused"
    SIGNATURE = "signature"


class MalformedError(ValueError):
    """A message that breaks the contract.

    Attributes:
        reason: Which rule it breaks.
        detail: What was wrong and where, in words.
        journal: The journal id of the message where it could be read; with `sequence` it makes the pair.
        sequence: The sequence number, as above.
    """

    def __init__(self, reason: Reason, detail: str, *, journal: str | None = None, sequence: int | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.journal = journal
        self.sequence = sequence
