"""What every request passes before the application: names, tokens, and the headers of every answer."""

import ipaddress
from collections.abc import Sequence
from typing import Final, cast

from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.board.foreign import is_foreign
from gateway.board.problems import MEDIA_TYPE, problem_body
from gateway.board.sessions import Sessions, word_in
from gateway.board.tokens import Tokens

SECURITY_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

OPEN_PATHS: Final = ("/healthz", "/readyz")
"""What a load balancer asks without a token; it tells nothing of any branch."""

PROGRAM: Final = "openhall.program"
"""Where a request's scope says which program's token came with it."""

LOCKED_PATHS: Final = ("/api/", "/metrics")
LOGIN: Final = (("POST", "/api/v1/session"), ("POST", "/api/v1/session/end"))
READING: Final = ("GET", "HEAD")

SESSIONS: Final = "openhall.sessions"
"""Where a request's scope has the sessions; None where there are no tokens."""


class Guard:
    """An ASGI layer around the whole application.

    A web page of a stranger can make a browser talk to 127.0.0.1 under the stranger's own name (DNS rebinding), so a
    server without tokens answers only to the names of this machine and those it was told.
    """

    def __init__(
        self, app: ASGIApp, *, names: Sequence[str] | None, tokens: Tokens | None, sessions: Sessions | None = None
    ) -> None:
        """Wrap `app`.

        Args:
            app: What answers the requests that pass.
            names: Names under which we are asked, besides loopback's; None: any.
            tokens: Who may read the API; None: everyone who reaches us.
            sessions: Of people who gave their token once; None: there are none.
        """
        self._sessions = sessions
        self._app = app
        self._names = None if names is None else frozenset(name.lower().rstrip(".") for name in names)
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        path = scope["path"]
        # RFC 9110, section 9.3.2: HEAD is GET without the content; load balancers ask so.
        is_head = scope["method"] == HttpMethod.HEAD
        program = None
        inner = cast("Scope", {**scope, "method": HttpMethod.GET.value}) if is_head else scope

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message["headers"])
                present = {name.lower() for name, _ in given}
                if b"cache-control" not in present:
                    given.append((b"cache-control", b"no-store"))
                message["headers"] = [*given, *(one for one in SECURITY_HEADERS if one[0] not in present)]
            elif is_head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        if self._names is not None and not self._is_ours(headers.get(b"host", b"").decode("latin-1")):
            advice = "ask under 127.0.0.1 or localhost, or add the name to [http] names"
            detail = f"this server does not answer to {headers.get(b'host', b'').decode('latin-1')[:100]!r}; {advice}"
            await _refuse(send_guarded, 421, "Misdirected Request", detail)
        elif (
            self._tokens is not None
            and path.startswith(LOCKED_PATHS)
            and (program := self._program(headers) or self._person(scope["method"], headers)) is None
            and (scope["method"], path.rstrip("/")) not in LOGIN
        ):
            detail = (
                "send the header `Authorization: Bearer TOKEN` with a token of [http] token_file, or begin a session"
            )
            await _refuse(
                send_guarded, 401, "Unauthorized", detail, ((b"www-authenticate", b'Bearer realm="openhall"'),)
            )
        else:
            await self._app(cast("Scope", {**inner, PROGRAM: program, SESSIONS: self._sessions}), receive, send_guarded)

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        if name is None:
            return False
        if name == "localhost" or (self._names is not None and name in self._names):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    def _person(self, method: str, headers: dict[bytes, bytes]) -> str | None:
        """The name that goes with the session of a request; None if it has none, or a stranger's page uses it."""
        word = word_in(headers.get(b"cookie", b"").decode("latin-1"))
        if word is None or self._sessions is None:
            return None
        text = {name: headers[name].decode("latin-1") for name in (b"sec-fetch-site", b"origin") if name in headers}
        host = headers.get(b"host", b"").decode("latin-1")
        # A browser adds the cookie by itself, whoever made it ask.
        if method not in READING and is_foreign(text.get(b"sec-fetch-site"), text.get(b"origin"), host):
            return None
        return self._sessions.name_of(word)

    def _program(self, headers: dict[bytes, bytes]) -> str | None:
        """The name that goes with the token of a request; None if it has none of ours."""
        scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or self._tokens is None:
            return None
        return self._tokens.name_of(token.strip())


def host_name(host: str) -> str | None:
    """The name in a Host header, lower case, without port; None if it is no such header."""
    if host.startswith("["):
        name, bracket, port = host[1:].partition("]")
        port = port.removeprefix(":") if bracket else "?"
    else:
        name, _, port = host.partition(":")
    if not name or (port and not port.isdecimal()):
        return None
    return name.lower().rstrip(".")


async def _refuse(
    send: Send, status: int, title: str, detail: str, extra: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    body = problem_body(status, title, detail)
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", MEDIA_TYPE.encode("ascii")),
                (b"content-length", str(len(body)).encode("ascii")),
                *extra,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
