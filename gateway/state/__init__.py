"""The gateway's relational state: ledger, marks, dead letters, who was seen, what was heard. SQLite or PostgreSQL."""

from gateway.state.state import State, upsert

__all__ = ["State", "upsert"]
