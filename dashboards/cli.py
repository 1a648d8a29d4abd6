"""`openhall-dashboards build | publish`.

What needs the libraries of the extra is imported where it is used, so that without them the program still says which
extra is missing.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboards.errors import GrafanaRefused, GrafanaUnreachable
from dashboards.places import KEPT, SOURCE_UID


def main(argv: Sequence[str]) -> int:
    """Carry out one command.

    Returns:
        0 well; 1 a file is stale or a dashboard was changed by hand; 2 wrong use, or Grafana refuses; 4 no Grafana.
    """
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "build":
            return _build(arguments)
        return _publish(arguments)
    except GrafanaUnreachable as error:
        print(f"openhall-dashboards: {error}", file=sys.stderr)
        return 4
    except (GrafanaRefused, OSError) as error:
        print(f"openhall-dashboards: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"openhall-dashboards: {error.name} is not installed; install openhall[dashboards]", file=sys.stderr)
        return 2


def entry() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openhall-dashboards", description="Grafana dashboards of OpenHall.")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="write the dashboards' JSON")
    build.add_argument("--out", type=Path, default=KEPT, metavar="DIR", help="where to (default: beside the code)")
    build.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not what is built")
    build.add_argument("--datasource-uid", default=SOURCE_UID, metavar="UID", help="default: %(default)s")
    publish_ = commands.add_parser("publish", help="bring them to a Grafana")
    publish_.add_argument("--url", required=True, help="such as https://grafana.example")
    publish_.add_argument("--token-file", required=True, type=Path, metavar="FILE", help="a service account's token")
    publish_.add_argument("--folder-uid", default="openhall", metavar="UID", help="default: %(default)s")
    publish_.add_argument("--folder-title", default="OpenHall", metavar="TITLE", help="default: %(default)s")
    publish_.add_argument("--datasource-uid", default=SOURCE_UID, metavar="UID", help="default: %(default)s")
    publish_.add_argument("--force", action="store_true", help="overwrite what was changed in Grafana by hand")
    publish_.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    publish_.add_argument("--json", action="store_true", help="answer for a program")
    return parser


def _build(arguments: argparse.Namespace) -> int:
    from dashboards.library import stale, write_all

    if not arguments.check:
        for path in write_all(arguments.out, arguments.datasource_uid):
            print(path)
        return 0
    late = stale(arguments.out, arguments.datasource_uid)
    for path in late:
        print(f"{path} is not what the code builds; run: openhall-dashboards build")
    return 1 if late else 0


def _publish(arguments: argparse.Namespace) -> int:
    from dashboards.grafana import Grafana
    from dashboards.library import build_all
    from dashboards.publish import Outcome, publish

    token = arguments.token_file.read_text(encoding="utf-8").strip()
    if not token:
        raise GrafanaRefused(f"{arguments.token_file} is empty; put a service account's token into it")
    grafana = Grafana(arguments.url, token)
    grafana.check()
    results = publish(
        grafana,
        build_all(arguments.datasource_uid),
        source_uid=arguments.datasource_uid,
        folder_uid=arguments.folder_uid,
        folder_title=arguments.folder_title,
        force=arguments.force,
        dry_run=arguments.dry_run,
    )
    if arguments.json:
        answer = [{"uid": one.uid, "outcome": one.outcome, "differences": one.differences} for one in results]
        print(json.dumps({"dashboards": answer}))
    else:
        for one in results:
            print(one.line())
    return 1 if any(one.outcome is Outcome.EDITED for one in results) else 0
