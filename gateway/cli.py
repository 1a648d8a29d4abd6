"""The words of `openhall-gateway`. Answers on stdout, logs on stderr.

Exit 0 well, 1 a negative answer, 2 wrong use or configuration, 3 indeterminate, 4 an outside service cannot be
reached, 70 our fault.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog

from gateway import config_file, keys_cli, logs
from gateway.acceptance import cli as acceptance_cli
from gateway.alerts import cli as alerts_cli
from gateway.alerts import figures_cli
from gateway.cases import cli as cases_cli
from gateway.commands import cli as commands_cli
from gateway.config import Config, LogConfig
from gateway.errors import ConfigurationError, GatewayError, StateUnavailable, StoreMisconfigured, StoreUnavailable
from gateway.quality import cli as quality_cli
from gateway.sites import cli as sites_cli

WELL: Final = 0
NEGATIVE: Final = 1
WRONG_USE: Final = 2
UNREACHABLE: Final = 4
OUR_FAULT: Final = 70

RUN_TEXT: Final = (
    "Hear agents, store readings, serve the board, until SIGTERM, SIGINT or SIGHUP. "
    "SIGUSR1 reads the configuration again and begins anew."
)

log = structlog.get_logger(__name__)


def entry() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Do what the words say; the exit code."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as end:
        return WELL if end.code in (None, 0) else WRONG_USE
    logs.configure(LogConfig())
    verb: Callable[[argparse.Namespace], int] = options.verb
    try:
        return verb(options)
    except (ConfigurationError, StoreMisconfigured) as error:
        _complain(str(error))
        return WRONG_USE
    except (StoreUnavailable, StateUnavailable) as error:
        _complain(str(error))
        return UNREACHABLE
    except GatewayError as error:
        _complain(str(error))
        return OUR_FAULT
    except BrokenPipeError:
        # Whoever read our answer has heard enough.
        sys.stderr.close()
        return WELL
    except KeyboardInterrupt:
        return NEGATIVE
    except Exception:
        log.exception("the gateway failed, this is a fault of ours")
        return OUR_FAULT


def _complain(text: str) -> None:
    print(f"openhall-gateway: {text}", file=sys.stderr)


def _answer(text: str) -> None:
    print(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="openhall-gateway", description="The OpenHall gateway of one or more regions."
    )
    parser.add_argument("--version", action="version", version=f"openhall-gateway {version('openhall')}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _add_verb(
        verbs,
        "run",
        _run,
        RUN_TEXT,
    )
    check = _add_verb(verbs, "check-config", _check, "Say what is wrong with the configuration, if anything.")
    check.add_argument("--json", action="store_true", help="the answer as JSON")
    letters = verbs.add_parser("dead-letters", help="messages that could not be taken in")
    orders = letters.add_subparsers(required=True, metavar="ORDER")
    listing = _add_verb(orders, "list", _list_letters, "List them, oldest first.")
    listing.add_argument("--json", action="store_true", help="the answer as JSON")
    listing.add_argument("--limit", type=_limit, default=1_000, metavar="N", help="at most so many (%(default)d)")
    listing.add_argument("--after", type=int, default=0, metavar="ID", help="only those after this one (`next`)")
    retry = _add_verb(orders, "retry", _retry_letters, "Read them again and store what is good now.")
    retry.add_argument("ids", nargs="*", type=int, metavar="ID", help="which ones")
    retry.add_argument("--all", action="store_true", help="all of them")
    retry.add_argument("--json", action="store_true", help="the answer as JSON")
    acceptance_cli.add_commands(verbs)
    alerts_cli.add_commands(verbs)
    cases_cli.add_commands(verbs)
    figures_cli.add_commands(verbs)
    sites_cli.add_commands(verbs)
    quality_cli.add_commands(verbs)
    keys_cli.add_commands(verbs)
    commands_cli.add_commands(verbs)
    return parser


def _add_verb(verbs: Any, name: str, verb: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=Path, required=True, metavar="GATEWAY.toml", help="the configuration file")
    parser.set_defaults(verb=verb)
    return parser


def _limit(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("give 1 to 10000")
    return number


def _load(options: argparse.Namespace) -> Config:
    config = config_file.load(options.config)
    config_file.require_files(config)
    logs.configure(config.log)
    return config


def _run(options: argparse.Namespace) -> int:
    from gateway.run import run

    return WELL if run(_load(options), lambda: _load(options)) else OUR_FAULT


def _check(options: argparse.Namespace) -> int:
    from gateway import answers

    try:
        _load(options)
    except ConfigurationError as error:
        if options.json:
            _answer(answers.check_json(str(error).splitlines()))
            return WRONG_USE
        raise
    _answer(answers.check_json([]) if options.json else f"{options.config}: well")
    return WELL


def _list_letters(options: argparse.Namespace) -> int:
    from gateway import answers
    from gateway.ingest.dead_letters import dead_letters
    from gateway.state.state import State

    state = State.open(_load(options).state.url)
    try:
        found = dead_letters(state, after=options.after, limit=options.limit + 1)
    finally:
        state.close()
    more = len(found) > options.limit
    _answer((answers.letters_json if options.json else answers.letters_text)(found[: options.limit], more))
    return WELL


def _retry_letters(options: argparse.Namespace) -> int:
    from gateway import answers
    from gateway.run import retry_letters

    if bool(options.ids) == options.all:
        raise ConfigurationError("say which letters: either their ids or --all")
    retried = retry_letters(_load(options), None if options.all else options.ids)
    _answer((answers.retried_json if options.json else answers.retried_text)(retried))
    return WELL if all(one.stored for one in retried) else NEGATIVE
