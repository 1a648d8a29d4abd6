"""The API of sessions: a token for a cookie, and the end of it."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, post
from litestar.datastructures import State as AppState
from litestar.params import JSONBody

from gateway.board.asked import only, problems
from gateway.board.errors import RequestError
from gateway.board.foreign import require_same_site
from gateway.board.guard import SESSIONS
from gateway.board.people_answers import Me
from gateway.board.sessions import Sessions, cookie
from gateway.board.sources import Parts

Ask = Request[None, None, AppState]


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A token of `[http] token_file`."""

    token: str


class SessionApi(Controller):
    """Begin and end a session."""

    path = "/api/v1/session"

    @post("/", status_code=200, sync_to_thread=False, summary="Begin a session", responses=problems(403, 404, 413))
    def begin(self, request: Ask, sources: Parts, data: JSONBody[Opening]) -> Response[Me]:
        """Give a token, get a cookie that no script can read."""
        require_same_site(request)
        only(request)
        sessions: Sessions | None = request.scope.get(SESSIONS)  # type: ignore[assignment]
        if sessions is None:
            raise RequestError(404, "No sessions", "this gateway has no tokens, so that nobody needs a session")
        found = sessions.begin(data.token.strip())
        if found is None:
            raise RequestError(401, "Unauthorized", "token: is not known here; [http] token_file has those that are")
        name, word = found
        people = sources.alerts.config.people if sources.alerts is not None else {}
        person = name if name in people else None
        me = Me(person=person, name=people[name].name if person else None, program=name)
        return Response(me, headers={"Set-Cookie": _cookie(request, word, sessions.valid_s)})

    @post("/end", status_code=200, sync_to_thread=False, summary="End the session", responses=problems(403))
    def end(self, request: Ask) -> Response[dict[str, bool]]:
        """The browser forgets the cookie."""
        require_same_site(request)
        return Response({"ended": True}, headers={"Set-Cookie": _cookie(request, "", 0.0)})


def _cookie(request: Request[Any, Any, Any], word: str, max_age_s: float) -> str:
    # A proxy with TLS speaks plain HTTP with us and says so.
    schemes = (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
    return cookie(word, max_age_s=max_age_s, is_secure="https" in schemes)
