"""From messages on the bus to committed readings, receipts, the ledger and the directory. See the README beside it."""
