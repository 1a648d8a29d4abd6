"""Every error as `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from gateway.board.errors import RequestError
from gateway.cases.errors import CaseError, CaseInvalid, CaseUnknown
from gateway.errors import StateUnavailable, StoreMisconfigured, StoreUnavailable, StoreWriteOnly

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an error (RFC 9457, section 3.1).

    Attributes:
        type: Always `about:blank`: the status says which kind it is.
        title: The kind in words, the same for every occurrence.
        status: The HTTP status again.
        detail: What is wrong with this request, and what to do.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def problem_body(status: int, title: str, detail: str) -> bytes:
    """A problem as it travels, for those who answer below Litestar."""
    return msgspec.json.encode(Problem(title=title, status=status, detail=detail))


def _answer(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response[Problem]:
    problem = Problem(title=title, status=status, detail=detail)
    return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def on_request_error(_request: Request[Any, Any, Any], error: RequestError) -> Response[Problem]:
    """A request we refuse ourselves."""
    return _answer(error.status, error.title, error.detail)


def on_http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """A request that Litestar refuses: each parameter that does not fit is named."""
    extra = error.extra if isinstance(error.extra, list) else []
    words = [f"{fault['key']}: {fault['message']}" for fault in extra if isinstance(fault, dict) and "key" in fault]
    status = error.status_code
    detail = "; ".join(words) or error.detail
    if status == HTTPStatus.NOT_FOUND:
        detail = "there is nothing at this address; /api/v1/openapi.json lists what there is"
    return _answer(status, HTTPStatus(status).phrase, detail, error.headers)


def on_store_error(_request: Request[Any, Any, Any], error: StoreUnavailable) -> Response[Problem]:
    """A store that gives no answer now."""
    if isinstance(error, StoreWriteOnly):
        return _answer(501, "Store is write-only", str(error))
    if isinstance(error, StoreMisconfigured):
        return _answer(503, "Store misconfigured", str(error))
    return _answer(503, "Store unavailable", str(error), {"Retry-After": str(round(error.retry_after_s or 5))})


def on_state_error(_request: Request[Any, Any, Any], error: StateUnavailable) -> Response[Problem]:
    """A state database that gives no answer now."""
    return _answer(503, "State database unavailable", str(error), {"Retry-After": "5"})


def on_case_error(_request: Request[Any, Any, Any], error: CaseError) -> Response[Problem]:
    """What an acceptance case does not allow."""
    if isinstance(error, CaseUnknown):
        return _answer(404, "Not Found", str(error))
    if isinstance(error, CaseInvalid):
        return _answer(400, "Cannot be used", str(error))
    return _answer(409, "Not as the case stands", str(error))


def on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """A fault of ours: its words go to the log, not to the caller."""
    log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    return _answer(500, "Internal Server Error", "a fault of the gateway; its log has the reason")


HANDLERS: Final[dict[Any, Any]] = {
    RequestError: on_request_error,
    CaseError: on_case_error,
    HTTPException: on_http_error,
    StoreUnavailable: on_store_error,
    StateUnavailable: on_state_error,
    Exception: on_fault,
}
"""What Litestar does with which exception."""
