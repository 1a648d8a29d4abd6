"""The words `scorecard` and `digest` of `openhall-gateway`."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from gateway import config_file
from gateway.config import Config
from gateway.errors import ConfigurationError

WELL: Final = 0
NEGATIVE: Final = 1
UNREACHABLE: Final = 4


def add_commands(verbs: Any) -> None:
    """Add the words to a parser's subparsers."""
    text = "Count a month's incidents by branch: in time, late, missed and false. Exit 1 if one is late or missed."
    card = verbs.add_parser("scorecard", help="a month's incidents by branch", description=text)
    _add_config(card)
    card.add_argument("--month", required=True, metavar="YYYY-MM", help="on the clock of [alerts]")
    form = card.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the answer as JSON")
    form.add_argument("--csv", action="store_true", help="the answer as a table for spreadsheets")
    card.set_defaults(verb=run_scorecard)
    text = "Say how much of some days' alarms was noise, by ISA-18.2. Exit 1 if a limit of [alerts.noise] is broken."
    digest = verbs.add_parser("digest", help="how much of the alarms was noise", description=text)
    _add_config(digest)
    digest.add_argument("--to", metavar="T", help="up to this time: RFC 3339 or Unix seconds; now unless given")
    digest.add_argument("--days", type=_days, default=7, metavar="N", help="so many days before it (%(default)d)")
    digest.add_argument("--send", action="store_true", help="send it to those of [alerts.digest], too")
    digest.add_argument("--json", action="store_true", help="the answer as JSON")
    digest.set_defaults(verb=run_digest)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, metavar="GATEWAY.toml", help="the configuration file")


def _days(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 400:
        raise argparse.ArgumentTypeError("give 1 to 400")
    return number


def run_scorecard(options: argparse.Namespace) -> int:
    """The handler of `scorecard`.

    Raises:
        ConfigurationError: If configuration or month cannot be used.
    """
    from gateway.alerts.records import encode, scorecard_of
    from gateway.alerts.scorecard import as_csv
    from gateway.state.state import State
    from telemetry.clock import SystemClock, to_ms

    config = _load(options)
    state = State.open(config.state.url)
    try:
        card = scorecard_of(state, config.alerts, options.month, to_ms(SystemClock().now()))
    except ValueError as error:
        raise ConfigurationError(f"--month: {error}") from error
    finally:
        state.close()
    if options.json:
        sys.stdout.write(encode(card) + "\n")
    elif options.csv:
        sys.stdout.write(as_csv(card))
    else:
        sys.stdout.write(f"{card.month}: incidents, in time, late, missed, due, false; alarms\n")
        for one in card.branches:
            counts = f"{one.incidents:4} {one.in_time:4} {one.late:4} {one.missed:4} {one.due:4} {one.false:4}"
            sys.stdout.write(f"{one.region:16} {one.site or '':24} {counts}  {one.alarms:6}\n")
    return NEGATIVE if any(one.late or one.missed for one in card.branches) else WELL


def run_digest(options: argparse.Namespace) -> int:
    """The handler of `digest`.

    Raises:
        ConfigurationError: If configuration or time cannot be used, or nobody gets it.
    """
    from gateway.alerts.digest import WeeklyDigest, digest_message
    from gateway.alerts.history_file import time_ms
    from gateway.alerts.kpis import DAY_MS, noise
    from gateway.alerts.records import encode, kpis_of, open_alarms
    from gateway.notifiers.make import make_notifier
    from gateway.state.state import State
    from telemetry.clock import SystemClock, to_ms

    config = _load(options)
    if options.send and not config.alerts.digest.to:
        raise ConfigurationError("--send: nobody gets it; name people in $.alerts.digest.to")
    now_ms = to_ms(SystemClock().now())
    try:
        end_ms = now_ms if options.to is None else time_ms(options.to)
    except ValueError as error:
        raise ConfigurationError(f"--to: {error}") from error
    state = State.open(config.state.url)
    try:
        standing = open_alarms(state) if options.to is None else ()
        kpis = kpis_of(state, from_ms=end_ms - options.days * DAY_MS, to_ms=end_ms, standing=standing)
        if options.json:
            sys.stdout.write(encode(kpis) + "\n")
        else:
            message = digest_message(kpis, config.alerts, person="", language="en", key="digest")
            sys.stdout.write(f"{message.title}\n{message.text}\n")
        if options.send:
            people = config.alerts.digest.to
            notifiers = {name: make_notifier(name, channel) for name, channel in config.alerts.channels.items()}
            if WeeklyDigest(state, config.alerts, notifiers).send(kpis, people, now_ms) < len(people):
                return UNREACHABLE
    finally:
        state.close()
    return NEGATIVE if noise(kpis, config.alerts.noise) else WELL


def _load(options: argparse.Namespace) -> Config:
    config = config_file.load(options.config)
    config_file.require_files(config)
    return config
