"""Requests that come from a page of another site."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from gateway.board.errors import RequestError


def is_foreign(fetch_site: str | None, origin: str | None, host: str) -> bool:
    """True if a browser says that a page of another site asks.

    Args:
        fetch_site: The header Sec-Fetch-Site; None if it is not there.
        origin: The header Origin; None if it is not there.
        host: The header Host.
    """
    foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    return fetch_site in ("cross-site", "same-site") or foreign


def require_same_site(request: Request[Any, Any, Any]) -> None:
    """Let no stranger's web page do something through its visitor's browser.

    Raises:
        RequestError: With status 403.
    """
    headers = request.headers
    if is_foreign(headers.get("sec-fetch-site"), headers.get("origin"), headers.get("host", "")):
        raise RequestError(403, "Forbidden", "this request comes from a page of another site; use the board's own")
