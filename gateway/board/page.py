"""The board's page and what it loads; all of it is ours and served from here."""

import hashlib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from litestar import Controller, Request, Response, get
from litestar.datastructures import State as AppState
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from gateway.board.languages import preferred
from gateway.board.sources import Parts

TYPES: Final = MappingProxyType(
    {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
)

Ask = Request[None, None, AppState]


class Page(Controller):
    """The board."""

    path = "/"
    include_in_schema = False

    @get("/", sync_to_thread=False)
    def index(self, request: Ask) -> Response[bytes]:
        """The page in the reader's language; its words and values come by script."""
        return _page(request, "index.html")

    @get("/alerts", sync_to_thread=False)
    def alerts(self, request: Ask, sources: Parts) -> Response[bytes]:
        """The page of alerts; there is none where nothing answers for them."""
        if sources.alerts is None:
            raise NotFoundException
        return _page(request, "alerts.html")

    @get("/cases", sync_to_thread=False)
    def cases(self, request: Ask, sources: Parts) -> Response[bytes]:
        """The page of acceptance cases; which one is shown stands behind the `?` and is the script's affair."""
        if sources.cases is None:
            raise NotFoundException
        return _page(request, "cases.html")

    @get("/board/{name:str}", sync_to_thread=False)
    def part(self, request: Ask, name: FromPath[str]) -> Response[bytes]:
        """A script, the style, or the icon."""
        kind = next((kind for ending, kind in TYPES.items() if name.endswith(ending)), None)
        if kind is None or name not in _names():
            raise NotFoundException
        return _answer(request, _read(name), {"Content-Type": kind})


def _page(request: Ask, name: str) -> Response[bytes]:
    language = preferred(request.headers.get("accept-language", ""))
    body = _read(name).replace(b'lang="en"', f'lang="{language}"'.encode("ascii"), 1)
    headers = {"Content-Type": "text/html; charset=utf-8", "Vary": "Accept-Language", "Content-Language": language}
    return _answer(request, body, headers)


def _answer(request: Ask, body: bytes, headers: dict[str, str]) -> Response[bytes]:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**headers, "ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, headers=headers)


@cache
def _names() -> frozenset[str]:
    return frozenset(entry.name for entry in (files("gateway.board") / "static").iterdir())


@cache
def _read(name: str) -> bytes:
    return (files("gateway.board") / "static" / name).read_bytes()
