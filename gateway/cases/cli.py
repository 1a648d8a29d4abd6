"""The words `instruments import | list | export` of `openhall-gateway`; they work beside a running gateway."""

import argparse
import json
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gateway import config_file, logs
from gateway.errors import ConfigurationError
from telemetry.clock import SystemClock, to_ms

if TYPE_CHECKING:
    from gateway.acceptance.register import Instrument
    from gateway.cases.instrument_file import Bad
    from gateway.state.state import State

WELL: Final = 0
NEGATIVE: Final = 1


def add_commands(verbs: Any) -> None:
    """Add the words to a parser's subparsers."""
    orders = verbs.add_parser("instruments", help="the register of instruments").add_subparsers(
        required=True, metavar="ORDER"
    )
    text = "Take the instruments and calibrations of a CSV file or an XLSX workbook into the register."
    taking = _add(orders, "import", run_import, text)
    taking.add_argument("file", type=Path, metavar="FILE", help=".csv or .xlsx")
    taking.add_argument("--by", required=True, metavar="WHO", help="who enters them, for the record")
    taking.add_argument("--json", action="store_true", help="the answer as JSON")
    listing = _add(orders, "list", run_list, "List the instruments, and which of them may decide today.")
    listing.add_argument("--json", action="store_true", help="the answer as JSON")
    _add(orders, "export", run_export, "Write the register as CSV to stdout.")


def run_import(options: argparse.Namespace) -> int:
    """The handler of `instruments import`; 1 if a line could not be used.

    Raises:
        ConfigurationError: If the file cannot be read at all.
        StateUnavailable: If the register cannot be written; nothing was changed.
    """
    from gateway.cases import instrument_file, instruments
    from gateway.cases.errors import CaseError
    from gateway.cases.instrument_file import Bad
    from gateway.spreadsheet import UnreadableError

    now_s = SystemClock().now()
    try:
        good, bad = instrument_file.read(
            options.file.read_bytes(), by=options.by, now=datetime.fromtimestamp(round(now_s), UTC)
        )
    except (OSError, UnreadableError) as error:
        raise ConfigurationError(f"{options.file}: {error}") from error
    taken = 0
    with closing(_open(options)) as state, state.write() as connection:
        for row in good:
            try:
                instruments.add(connection, row.instrument, by=options.by, now_ms=to_ms(now_s))
                taken += 1
            except CaseError as error:
                bad.append(Bad(row.line, str(error)))
    _tell(options, taken, sorted(bad))
    return NEGATIVE if bad else WELL


def run_list(options: argparse.Namespace) -> int:
    """The handler of `instruments list`.

    Raises:
        StateUnavailable: If the register cannot be read.
    """
    today = datetime.fromtimestamp(SystemClock().now(), UTC).date()
    lines = [_line(one, today) for one in _registered(options)]
    if options.json:
        sys.stdout.write(json.dumps({"instruments": lines}, ensure_ascii=False, indent=2) + "\n")
    else:
        for line in lines:
            due = line["due"] or "never calibrated"
            word = "may decide" if line["valid"] else "MAY NOT DECIDE"
            sys.stdout.write(f"{line['serial']}  {line['part']}  {line['owner']}  due {due}  {word}\n")
    return WELL


def run_export(options: argparse.Namespace) -> int:
    """The handler of `instruments export`.

    Raises:
        StateUnavailable: If the register cannot be read.
    """
    from gateway.cases import instrument_file

    sys.stdout.write(instrument_file.csv_text(_registered(options)))
    return WELL


def _add(orders: Any, name: str, verb: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = orders.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=Path, required=True, metavar="GATEWAY.toml", help="the configuration file")
    parser.set_defaults(verb=verb)
    return parser


def _open(options: argparse.Namespace) -> "State":
    from gateway.state.state import State

    config = config_file.load(options.config)
    logs.configure(config.log)
    return State.open(config.state.url)


def _registered(options: argparse.Namespace) -> "list[Instrument]":
    from gateway.cases import instruments

    found: list[Instrument] = []
    with closing(_open(options)) as state, state.read() as connection:
        while page := instruments.all_instruments(connection, after=found[-1].serial if found else ""):
            found += page
    return found


def _line(one: "Instrument", today: date) -> dict[str, Any]:
    in_force = one.on(today)
    return {
        "serial": one.serial,
        "part": one.part,
        "owner": one.owner,
        "valid": one.is_valid_on(today),
        "due": None if in_force is None else in_force.due.isoformat(),
        "certificate": None if in_force is None else in_force.certificate,
        "calibrations": len(one.calibrations),
    }


def _tell(options: argparse.Namespace, taken: int, bad: "list[Bad]") -> None:
    if options.json:
        lines = [{"line": one.line, "detail": one.detail} for one in bad]
        sys.stdout.write(json.dumps({"taken": taken, "bad": lines}, ensure_ascii=False, indent=2) + "\n")
        return
    sys.stdout.write(f"{taken} rows taken\n")
    for one in bad:
        sys.stdout.write(f"{options.file} line {one.line}: {one.detail}\n")
