"""The words `keys list`, `keys enrol` and `keys revoke` of `openhall-gateway`; they work beside a running gateway."""

import argparse
import getpass
import json
import sys
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gateway import config_file, logs
from gateway.errors import ConfigurationError
from telemetry.clock import SystemClock, to_ms
from telemetry.topics import Root

if TYPE_CHECKING:
    from gateway.ingest.keys import AgentKey, Standing
    from gateway.state.state import State

WELL: Final = 0
NEGATIVE: Final = 1


def add_commands(verbs: Any) -> None:
    """Add the words to a parser's subparsers."""
    orders = verbs.add_parser("keys", help="public keys of agents").add_subparsers(required=True, metavar="ORDER")
    listing = _add(orders, "list", run_list, "List the keys that agents have shown, and what was decided about them.")
    listing.add_argument("--seen", action="store_true", help="only those that wait for enrolment")
    enrol = _add(orders, "enrol", run_enrol, "Trust a key: packs that it signs are their agent's own.")
    revoke = _add(orders, "revoke", run_revoke, "Trust a key no longer: the Pi is lost, or replaced and emptied.")
    enrol.add_argument("--all", action="store_true", help="of every agent without a decision that has shown one key")
    for parser in (enrol, revoke):
        parser.add_argument("agents", nargs="*", metavar="REGION/SITE/AGENT", help="whose")
        parser.add_argument(
            "--key", help="which, as --key=KEY (it may begin with a hyphen); needed unless it has shown one"
        )
        parser.add_argument("--by", metavar="WHO", help="who decides, for the record (your user name)")


def _add(orders: Any, name: str, verb: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = orders.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=Path, required=True, metavar="GATEWAY.toml", help="the configuration file")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")
    parser.set_defaults(verb=verb)
    return parser


def run_list(options: argparse.Namespace) -> int:
    """The handler of `keys list`."""
    from gateway.ingest.keys import Standing, all_keys

    with closing(_open(options)) as state:
        found = all_keys(state)
    if options.seen:
        found = [one for one in found if one.standing is Standing.SEEN]
    _answer(found, options.json)
    return WELL


def run_enrol(options: argparse.Namespace) -> int:
    """The handler of `keys enrol`: 1 if `--all` found nobody.

    Raises:
        ConfigurationError: If it is not clear which key is meant; those named before are enrolled.
    """
    from gateway.ingest.keys import Standing, all_keys

    if bool(options.agents) == options.all:
        raise ConfigurationError("say whose key: either REGION/SITE/AGENT or --all")
    with closing(_open(options)) as state:
        roots = _undecided(all_keys(state)) if options.all else _roots(options)
        done = _decide(state, roots, options, Standing.ENROLLED)
    _answer(done, options.json)
    return WELL if done else NEGATIVE


def run_revoke(options: argparse.Namespace) -> int:
    """The handler of `keys revoke`.

    Raises:
        ConfigurationError: If it is not clear which key is meant; those named before are revoked.
    """
    from gateway.ingest.keys import Standing

    if not options.agents:
        raise ConfigurationError("say whose key: REGION/SITE/AGENT")
    with closing(_open(options)) as state:
        done = _decide(state, _roots(options), options, Standing.REVOKED)
    _answer(done, options.json)
    return WELL


def _roots(options: argparse.Namespace) -> list[Root]:
    from gateway.ingest.keys import root_named

    if options.key is not None and len(options.agents) != 1:
        raise ConfigurationError("--key is one agent's key; name that one")
    return [root_named(text) for text in options.agents]


def _undecided(known: "list[AgentKey]") -> list[Root]:
    """Agents that have shown exactly one key, about which, and about no other of theirs, anybody decided."""
    from gateway.ingest.keys import Standing

    by_root: dict[Root, list[Standing]] = defaultdict(list)
    for one in known:
        by_root[one.root].append(one.standing)
    return [root for root, standings in by_root.items() if standings == [Standing.SEEN]]


def _decide(state: "State", roots: list[Root], options: argparse.Namespace, standing: "Standing") -> "list[AgentKey]":
    from gateway.ingest.keys import decide

    who = options.by or getpass.getuser()
    now_ms = to_ms(SystemClock().now())
    return [decide(state, root, options.key, standing, who=who, now_ms=now_ms) for root in roots]


def _open(options: argparse.Namespace) -> "State":
    from gateway.state.state import State

    config = config_file.load(options.config)
    logs.configure(config.log)
    return State.open(config.state.url)


def _answer(found: "list[AgentKey]", as_json: bool) -> None:
    from gateway.ingest.keys import name_of

    if as_json:
        rows = [
            {
                "agent": name_of(one.root),
                "key": one.key,
                "standing": one.standing.value,
                "seen": one.seen_ms / 1000,
                "changed": one.changed_ms / 1000,
                "who": one.who,
            }
            for one in found
        ]
        sys.stdout.write(json.dumps({"keys": rows}, ensure_ascii=False) + "\n")
        return
    for one in found:
        since = datetime.fromtimestamp(one.changed_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        by = f" by {one.who}" if one.who else ""
        sys.stdout.write(f"{name_of(one.root)}  {one.key}  {one.standing.value} {since}{by}\n")
    if not found:
        sys.stdout.write("no keys\n")
