"""The web side of the gateway: API, health, metrics, and the board's page. `make_app` builds it from its sources."""

from gateway.board.app import make_app
from gateway.board.sources import Finding, Readiness, Sources
from gateway.board.tokens import Tokens

__all__ = ["Finding", "Readiness", "Sources", "Tokens", "make_app"]
