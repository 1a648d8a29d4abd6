"""The web application, built from its sources; it opens nothing itself."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from litestar import Litestar, MediaType
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp

from gateway.board import plans_api
from gateway.board.acknowledge_page import AcknowledgePage
from gateway.board.alerts_api import AlertsApi
from gateway.board.api import Api
from gateway.board.asked import described
from gateway.board.case_files_api import CaseFilesApi
from gateway.board.cases_api import CasesApi, ProfilesApi
from gateway.board.commands_api import CommandsApi
from gateway.board.completeness_api import CompletenessApi
from gateway.board.guard import Guard
from gateway.board.health import Health
from gateway.board.instruments_api import InstrumentsApi
from gateway.board.page import Page
from gateway.board.people_api import PeopleApi
from gateway.board.problems import HANDLERS
from gateway.board.session_api import SessionApi
from gateway.board.sessions import Sessions
from gateway.board.sources import Sources
from gateway.board.tokens import Tokens


def make_app(
    sources: Sources,
    *,
    names: Sequence[str] | None = (),
    tokens: Tokens | None = None,
    sessions: Sessions | None = None,
) -> ASGIApp:
    """The board, the API, health and metrics behind their guard.

    Args:
        sources: What answers are made of.
        names: Names under which it may be asked, besides loopback's own; None: any.
        tokens: Who may read the API; None: everyone who reaches it.
        sessions: Of people who gave their token once; None: there are none.
    """

    def provide() -> Any:
        return sources

    app = Litestar(
        route_handlers=described(
            [
                Api,
                Health,
                Page,
                SessionApi,
                *([AlertsApi, PeopleApi, AcknowledgePage, *plans_api.ROUTES] if sources.alerts is not None else []),
                *([CasesApi, CaseFilesApi, ProfilesApi, InstrumentsApi] if sources.cases is not None else []),
                *([CommandsApi] if sources.commands is not None else []),
                *([CompletenessApi] if sources.survey is not None else []),
            ]
        ),
        dependencies={"sources": Provide(provide, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        openapi_config=OpenAPIConfig(
            title="OpenHall gateway",
            version=version("openhall"),
            description="What the gateway knows of branches and their air. Times are Unix seconds.",
            path="/api/v1/openapi.json",
            render_plugins=[JsonRenderPlugin(path="/", media_type=MediaType.JSON)],
        ),
        logging_config=None,
        request_max_body_size=64_000,
    )
    return Guard(app, names=names, tokens=tokens, sessions=sessions)
