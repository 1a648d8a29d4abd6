"""The words `sites import | export | unregistered` of `openhall-gateway`."""

import argparse
import sys
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.errors import ConfigurationError
from gateway.sites import register, site_file
from gateway.sites.register import Difference
from gateway.sites.site import Site
from gateway.sites.site_file import Bad
from gateway.spreadsheet import UnreadableError

WELL: Final = 0
NEGATIVE: Final = 1
SHOWN: Final = 50
"""So many differences of a kind are told in words; with `--json` all of them."""


def add_commands(verbs: Any) -> None:
    """Add the words to a parser's subparsers."""
    orders = verbs.add_parser("sites", help="the register of branches").add_subparsers(required=True, metavar="ORDER")
    text = (
        "Take the branches of a CSV file or an XLSX workbook into the register; bad rows are named, the good ones kept."
    )
    taking = _add(orders, "import", run_import, text)
    taking.add_argument("file", type=Path, metavar="FILE", help=".csv or .xlsx")
    taking.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    taking.add_argument("--remove-missing", action="store_true", help="remove branches that the file does not name")
    text = "Write the register as CSV to stdout, or into a file."
    giving = _add(orders, "export", run_export, text)
    giving.add_argument("file", type=Path, nargs="?", metavar="FILE", help=".csv or .xlsx; stdout if left out")
    text = "List branches that were heard and are not in the register, as rows to fill in and import."
    _add(orders, "unregistered", run_unregistered, text)


def _add(orders: Any, name: str, verb: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = orders.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=Path, required=True, metavar="GATEWAY.toml", help="the configuration file")
    if name == "import":
        parser.add_argument("--json", action="store_true", help="the answer as JSON")
    parser.set_defaults(verb=verb)
    return parser


def run_import(options: argparse.Namespace) -> int:
    """The handler of `sites import`; 1 if a row was bad.

    Raises:
        ConfigurationError: If the file cannot be used at all.
        StateUnavailable: If the register cannot be read or written; nothing was changed.
    """
    from gateway.state.state import State
    from telemetry.clock import SystemClock, to_ms

    try:
        found = site_file.read(options.file.read_bytes())
    except (OSError, UnreadableError) as error:
        raise ConfigurationError(f"{options.file}: {error}") from error
    config = _load(options)
    state = State.open(config.state.url)
    try:
        if options.dry_run:
            changes = register.difference(register.load(state), found.sites)
        else:
            now_ms = to_ms(SystemClock().now())
            changes = register.take(state, found.sites, remove_missing=options.remove_missing, now_ms=now_ms)
    finally:
        state.close()
    others = _of_other_regions(found.sites, config.regions)
    strangers = _nobody_knows(found.sites, config.alerts.people)
    shape = _as_json if options.json else _as_text
    sys.stdout.write(shape(changes, found.bad, others, strangers, options))
    return NEGATIVE if found.bad else WELL


def run_export(options: argparse.Namespace) -> int:
    """The handler of `sites export`.

    Raises:
        ConfigurationError: If the file cannot be written, or is neither CSV nor a workbook.
        StateUnavailable: If the register cannot be read.
    """
    sites = _registered(options)
    if options.file is None:
        sys.stdout.write(site_file.csv_text(sites))
        return WELL
    writers = {".csv": lambda: site_file.csv_text(sites).encode(), ".xlsx": lambda: site_file.xlsx_body(sites)}
    writer = writers.get(options.file.suffix.lower())
    if writer is None:
        raise ConfigurationError(f"{options.file}: give a name that ends in .csv or .xlsx")
    try:
        options.file.write_bytes(writer())
    except OSError as error:
        raise ConfigurationError(f"{options.file}: {error}") from error
    return WELL


def run_unregistered(options: argparse.Namespace) -> int:
    """The handler of `sites unregistered`; 1 if there are any.

    Raises:
        StateUnavailable: If the state database cannot be read.
    """
    from sqlalchemy import select

    from gateway.state.state import State
    from gateway.state.tables import agent

    state = State.open(_load(options).state.url)
    try:
        known = {site.site for site in register.load(state)}
        with state.read() as connection:
            heard = connection.execute(select(agent.c.region, agent.c.site).distinct().order_by(agent.c.site)).all()
    finally:
        state.close()
    found = {site: Site(region=region, site=site) for region, site in heard if site not in known}
    sys.stdout.write(site_file.csv_text(found.values()))
    return NEGATIVE if found else WELL


def _load(options: argparse.Namespace) -> Any:
    from gateway import config_file

    return config_file.load(options.config)


def _registered(options: argparse.Namespace) -> list[Site]:
    from gateway.state.state import State

    state = State.open(_load(options).state.url)
    try:
        return register.load(state)
    finally:
        state.close()


def _of_other_regions(sites: Iterable[Site], ours: Iterable[str]) -> dict[str, int]:
    """A region that no gateway owns may be a slip of the pen; one of another gateway is none."""
    found: dict[str, int] = {}
    for site in sites:
        if site.region not in ours:
            found[site.region] = found.get(site.region, 0) + 1
    return found


def _nobody_knows(sites: Iterable[Site], people: Container[str]) -> list[str]:
    named = {word for site in sites for word in f"{site.responsible} {site.deputy}".replace(",", " ").split()}
    return sorted(word for word in named if word not in people)


def _as_json(
    changes: Difference,
    bad: list[Bad],
    others: dict[str, int],
    strangers: list[str],
    options: argparse.Namespace,
) -> str:
    return (
        msgspec.json.encode(
            {
                "dry_run": options.dry_run,
                "added": [site.site for site in changes.added],
                "changed": [{"site": one.after.site, "columns": one.columns} for one in changes.changed],
                "same": changes.same,
                "missing": [site.site for site in changes.missing],
                "removed": options.remove_missing and not options.dry_run,
                "bad": [one._asdict() for one in bad],
                "other_regions": others,
                "unknown_people": strangers,
            }
        ).decode()
        + "\n"
    )


def _as_text(
    changes: Difference,
    bad: list[Bad],
    others: dict[str, int],
    strangers: list[str],
    options: argparse.Namespace,
) -> str:
    gone = "removed" if options.remove_missing else "only in the register, kept"
    lines = [
        *_some(f"+ {site.site} ({site.region}) {site.title_en or site.title_zh}".rstrip() for site in changes.added),
        *_some(
            f"~ {one.after.site}: "
            + ", ".join(f"{name} {old!r} -> {new!r}" for name, (old, new) in one.columns.items())
            for one in changes.changed
        ),
        *_some(f"- {site.site}: {gone}" for site in changes.missing),
        *_some(f"! line {one.line}: {one.detail}" for one in bad),
        *(f"? region {name!r}, {count} branches, is none of this gateway's" for name, count in sorted(others.items())),
        *_some(f"? {name!r} is nobody of [alerts.people] and will not be told" for name in strangers),
        f"{len(changes.added)} new, {len(changes.changed)} changed, {changes.same} as they were, "
        f"{len(changes.missing)} {gone}, {len(bad)} bad rows left out"
        + (" (nothing was changed: dry run)" if options.dry_run else ""),
    ]
    return "\n".join(lines) + "\n"


def _some(lines: Iterable[str]) -> list[str]:
    shown = list(lines)
    more = len(shown) - SHOWN
    return [*shown[:SHOWN], f"  … and {more} more; --json has all of them"] if more > 0 else shown
