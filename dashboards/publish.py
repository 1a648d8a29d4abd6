"""What to do with each dashboard: save it, leave it, or leave it because a person changed it."""

import hashlib
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from dashboards.drift import differences
from dashboards.errors import GrafanaRefused
from dashboards.library import Dashboard, text_of
from dashboards.places import long_source

MARK: Final = "openhall-dashboards "
"""Every save of ours says so, with a hash of what was saved: a last save without it is a person's."""


class Outcome(StrEnum):
    """What became of a dashboard."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    EDITED = "edited"
    """A person changed it in Grafana: left as it is, unless forced."""
    PROVISIONED = "provisioned"
    """Grafana reads it from a file and takes no save."""


class Published(NamedTuple):
    """What became of one dashboard, and where it differed from ours before."""

    uid: str
    outcome: Outcome
    differences: list[str]

    def line(self) -> str:
        """It as a sentence for a person."""
        if self.outcome is Outcome.EDITED:
            shown = ", ".join(self.differences[:5]) + (" …" if len(self.differences) > 5 else "")
            return f"{self.uid}: changed by hand in Grafana at {shown}; left as it is, --force overwrites it"
        if self.outcome is Outcome.PROVISIONED:
            return f"{self.uid}: Grafana reads it from a file; change it there"
        return f"{self.uid}: {self.outcome}"


class GrafanaPort(Protocol):
    """What is asked of Grafana."""

    def has_source(self, uid: str) -> bool:
        """True if a data source of that uid is there."""

    def ensure_folder(self, uid: str, title: str) -> bool:
        """Make the folder if it is missing."""

    def dashboard(self, uid: str) -> tuple[Dashboard, dict[str, Any]] | None:
        """A dashboard and its `meta`."""

    def last_message(self, uid: str) -> str:
        """What was said at its last save."""

    def save(self, board: Dashboard, *, version: int | None, folder_uid: str, message: str) -> int:
        """Save over the version we saw."""


def decide(
    wanted: Dashboard, kept: Dashboard | None, *, provisioned: bool, message: str, force: bool
) -> tuple[Outcome, list[str]]:
    """What to do with a dashboard, and where Grafana's differs from ours.

    Args:
        wanted: What the code builds.
        kept: What Grafana has; None if nothing.
        provisioned: Whether Grafana reads it from a file.
        message: What was said at its last save.
        force: Whether a person's changes are to be overwritten.
    """
    if kept is None:
        return Outcome.CREATED, []
    places = differences(kept, wanted)
    if not places:
        return Outcome.UNCHANGED, []
    if provisioned:
        return Outcome.PROVISIONED, places
    if not force and not message.startswith(MARK):
        return Outcome.EDITED, places
    return Outcome.UPDATED, places


def publish(
    grafana: GrafanaPort,
    boards: dict[str, Dashboard],
    *,
    source_uid: str,
    folder_uid: str,
    folder_title: str,
    force: bool,
    dry_run: bool,
) -> list[Published]:
    """Bring the dashboards to Grafana, one after the other (it refuses saves that overlap).

    Raises:
        GrafanaRefused: If the data source is missing, or Grafana will not.
        GrafanaUnreachable: If it does not answer.
    """
    for uid, bucket in ((source_uid, "openhall"), (long_source(source_uid), "openhall_long")):
        if not grafana.has_source(uid):
            text = (
                f"Grafana has no data source with the uid {uid!r}; add an InfluxDB one (InfluxQL, the database or "
                f"bucket {bucket!r}, a user that may only read) with that uid, or name yours with --datasource-uid "
                "(the one of 'openhall_long' has '-long' behind its uid)"
            )
            raise GrafanaRefused(text, status=404)
    if not dry_run:
        grafana.ensure_folder(folder_uid, folder_title)
    return [_publish_one(grafana, board, folder_uid, force=force, dry_run=dry_run) for board in boards.values()]


def _publish_one(grafana: GrafanaPort, board: Dashboard, folder_uid: str, *, force: bool, dry_run: bool) -> Published:
    uid = str(board["uid"])
    found = grafana.dashboard(uid)
    kept, meta = found if found is not None else (None, {})
    message = grafana.last_message(uid) if found is not None else ""
    outcome, places = decide(board, kept, provisioned=bool(meta.get("provisioned")), message=message, force=force)
    if outcome in (Outcome.CREATED, Outcome.UPDATED) and not dry_run:
        digest = hashlib.sha256(text_of(board).encode()).hexdigest()[:16]
        version = None if kept is None else int(kept["version"])
        grafana.save(board, version=version, folder_uid=folder_uid, message=f"{MARK}{digest}")
    return Published(uid, outcome, places)
