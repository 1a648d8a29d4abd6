"""All dashboards there are, and their JSON as it is kept beside the code."""

import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import alerts, branch_air
from dashboards.places import SOURCE_UID
from dashboards.words import LANGUAGES

Dashboard = dict[str, Any]
"""A dashboard's JSON model, parsed."""


def build_all(source_uid: str = SOURCE_UID) -> dict[str, Dashboard]:
    """Every dashboard in every language, by its uid."""
    built = [module.build(language, source_uid) for module in (branch_air, alerts) for language in LANGUAGES]
    parsed = [json.loads(JSONEncoder().encode(one)) for one in built]
    return {str(one["uid"]): one for one in parsed}


def text_of(board: Dashboard) -> str:
    """A dashboard's JSON as it is kept: sorted, so that a change is a readable difference."""
    return json.dumps(board, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def write_all(folder: Path, source_uid: str = SOURCE_UID) -> list[Path]:
    """Write every dashboard to a folder and name the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for uid, board in build_all(source_uid).items():
        path = folder / f"{uid.removeprefix('openhall-')}.json"
        path.write_text(text_of(board), encoding="utf-8")
        paths.append(path)
    return paths


def stale(folder: Path, source_uid: str = SOURCE_UID) -> list[Path]:
    """The files of a folder that are missing or are not what the code builds."""
    wanted = {
        folder / f"{uid.removeprefix('openhall-')}.json": text_of(board) for uid, board in build_all(source_uid).items()
    }
    return [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
