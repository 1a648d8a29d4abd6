"""Grafana's HTTP API, through `grafana-api`; the one module that knows that library.

The library is unmaintained and has its traps, recorded against a real Grafana: it wraps no connection errors, expects
JSON in every answer, quotes nothing, and lacks most of what is asked here, so its bare `api.GET` and `api.POST` are
used. Its successor can take its place behind these functions.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from grafana_api.grafana_api import GrafanaClientError, GrafanaException
from grafana_api.grafana_face import GrafanaFace

from dashboards.errors import GrafanaRefused, GrafanaUnreachable
from dashboards.library import Dashboard

TIMEOUT_S: Final = 15.0


class Grafana:
    """One Grafana, as one of its users.

    Args:
        url: Such as `https://grafana.bank.example/grafana`.
        token: Of a service account with the role Editor.
    """

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise GrafanaRefused(f"{url!r} is no address of a Grafana; give one such as https://grafana.example")
        prefix = parts.path.strip("/")
        self._url = url
        face = GrafanaFace(
            auth=token,
            host=parts.hostname if ":" not in parts.hostname else f"[{parts.hostname}]",
            port=parts.port,
            url_path_prefix=f"{prefix}/" if prefix else "",
            protocol=parts.scheme,
            timeout=TIMEOUT_S,
        )
        self._api = face.api

    def check(self) -> str:
        """Its version.

        Raises:
            GrafanaUnreachable, GrafanaRefused: If it is not there, or does not know us.
        """
        health = self._ask(lambda: self._api.GET("/health"))
        self._ask(lambda: self._api.GET("/search?limit=1"))
        return str(health.get("version", "unknown"))

    def has_source(self, uid: str) -> bool:
        """True if a data source of that uid is there."""
        return self._found(f"/datasources/uid/{uid}") is not None

    def ensure_folder(self, uid: str, title: str) -> bool:
        """Make the folder if it is missing; True if it was.

        An Editor is told 403 for a folder that does not exist, so making it is the only sure question.
        """
        try:
            self._ask(lambda: self._api.POST("/folders", json={"uid": uid, "title": title}))
        except GrafanaRefused as error:
            if error.status == 412:
                return False
            if error.status == 409:
                text = f"another folder is called {title!r}; give its uid with --folder-uid, or another --folder-title"
                raise GrafanaRefused(text, status=409) from error
            raise
        return True

    def dashboard(self, uid: str) -> tuple[Dashboard, dict[str, Any]] | None:
        """A dashboard and what Grafana says of it (`meta`); None if there is none."""
        answer = self._found(f"/dashboards/uid/{uid}")
        return None if answer is None else (answer["dashboard"], answer["meta"])

    def last_message(self, uid: str) -> str:
        """What was said at the last save of a dashboard; "" if nothing was."""
        answer = self._ask(lambda: self._api.GET(f"/dashboards/uid/{uid}/versions?limit=1"))
        versions = answer.get("versions", []) if isinstance(answer, dict) else answer
        return str(versions[0].get("message") or "") if versions else ""

    def save(self, board: Dashboard, *, version: int | None, folder_uid: str, message: str) -> int:
        """Save a dashboard over the version we saw (None: it is new); its new version.

        Raises:
            GrafanaRefused: If somebody else saved meanwhile, or another dashboard has the title.
        """
        model = {key: value for key, value in board.items() if key not in ("id", "version")}
        if version is not None:
            model["version"] = version
        # The folder is always named: without it an update moves the dashboard to General.
        body = {"dashboard": model, "overwrite": False, "folderUid": folder_uid, "message": message}
        answer = self._ask(lambda: self._api.POST("/dashboards/db", json=body))
        if answer.get("uid") != board["uid"]:
            raise GrafanaRefused(f"Grafana saved {answer.get('uid')!r} in the place of {board['uid']!r}")
        return int(answer["version"])

    def _found(self, path: str) -> Any:
        try:
            return self._ask(lambda: self._api.GET(path))
        except GrafanaRefused as error:
            if error.status == 404:
                return None
            raise

    def _ask(self, request: Callable[[], Any]) -> Any:
        try:
            return request()
        except GrafanaException as error:
            raise self._refused(error) from error
        except requests.exceptions.JSONDecodeError as error:
            raise GrafanaRefused(f"{self._url} answers, but not as Grafana does; is the path right?") from error
        except requests.exceptions.RequestException as error:
            raise GrafanaUnreachable(f"no Grafana answers at {self._url}: {error}; check the address") from error
        except TypeError as error:
            raise GrafanaRefused(f"{self._url} answers, but not as Grafana does; is the path right?") from error

    def _refused(self, error: GrafanaException) -> GrafanaRefused:
        response = error.response if isinstance(error.response, dict) else {}
        said = response.get("message") or str(error.response)[:200]
        advice = {
            401: "give the token of a service account that exists and is not expired",
            403: "the service account needs the role Editor",
        }.get(error.status_code, "")
        text = f"Grafana says {error.status_code}: {said}" + (f"; {advice}" if advice else "")
        code = str(response.get("status", "")) if isinstance(error, GrafanaClientError) else ""
        return GrafanaRefused(text, status=error.status_code, code=code)
