"""What a request asks: parameters that are known, each once, and the problems that may come instead of an answer."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Controller, Request
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from gateway.board.errors import RequestError
from gateway.board.problems import MEDIA_TYPE, Problem

NAME_LETTERS: Final = 64

_PROBLEMS: Final = {
    400: "A parameter is missing, unknown, given twice or out of range; the detail names it",
    401: "No token, or none that is known; only where the gateway has tokens",
    403: "The request comes from a page of another site, is for somebody else than its token, or lacks one",
    404: "There is no such branch, point, alert, person, agent or order",
    405: "This address does not know this method",
    409: "The thing asked for is not in a state for this",
    413: "The body is too long",
    421: "The gateway does not answer under this name",
    429: "Too much of this waits already; ask again later",
    501: "The store is only written and cannot be asked",
    503: "Store or state database give no answer now; Retry-After says when to ask again",
}
_USUAL: Final = (400, 401, 404, 405, 421, 503)
_WRITING: Final = (403, 413)


def only(request: Request[Any, Any, Any], *names: str) -> None:
    """Refuse parameters that nobody knows, or that are given twice: a slip would silently change the answer.

    Raises:
        RequestError: With status 400; the detail names the parameter.
    """
    seen: set[str] = set()
    for name, _value in request.query_params.multi_items():
        if name not in names:
            known = ", ".join(names) or "none"
            raise RequestError(
                400, "Unknown parameter", f"{name[:NAME_LETTERS]!r} is no parameter here; known: {known}"
            )
        if name in seen:
            raise RequestError(400, "Repeated parameter", f"{name!r} is given more than once; give it once")
        seen.add(name)


def described(controllers: Sequence[type[Controller]]) -> list[type[Controller]]:
    """The same, with a description of every address that says which problems may come besides those it names itself."""
    for controller in controllers:
        for handler in vars(controller).values():
            if isinstance(handler, HTTPRouteHandler):
                usual = [*_USUAL, *(_WRITING if handler.http_methods - {HttpMethod.GET} else ())]
                handler.responses = {**problems(*usual), **(handler.responses or {})}
    return list(controllers)


def problems(*more: int) -> dict[int, ResponseSpec]:
    """What the description says of these errors."""
    return {
        status: ResponseSpec(
            data_container=Problem, description=_PROBLEMS[status], media_type=MEDIA_TYPE, generate_examples=False
        )
        for status in sorted(more)
    }
