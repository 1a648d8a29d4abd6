"""The verbs of `openhall-agent` for whoever stands in the branch: calibrate."""

import argparse
import getpass
import sys
from collections.abc import Callable
from typing import Any, Final

import msgspec

from agent.config import AgentConfig

WELL: Final = 0
NEGATIVE: Final = 1

AddVerb = Callable[[Any, str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
Load = Callable[[argparse.Namespace], AgentConfig]


def add_verbs(verbs: Any, add_verb: AddVerb, load: Load) -> None:
    """Add them to the parser.

    Args:
        verbs: The parser's subparsers.
        add_verb: Adds one that takes `--config`.
        load: The configuration that `--config` names, checked.
    """
    _add_calibrate(verbs, add_verb, load)


def _add_calibrate(verbs: Any, add_verb: AddVerb, load: Load) -> None:
    text = "Tell a CO2 sensor what the air around it holds, and write down that it was done."
    parser = add_verb(verbs, "calibrate", lambda options: _calibrate(options, load), text)
    parser.add_argument("point", help="the sensor's point")
    parser.add_argument(
        "--reference-ppm", type=_reference, required=True, metavar="N", help="what the reference shows, 400 to 2000"
    )
    parser.add_argument("--by", metavar="NAME", help="who does it (the user of this shell)")
    parser.add_argument(
        "--patience", type=_seconds, metavar="S", help="give up when the air is not steady after so many seconds (900)"
    )
    parser.add_argument("--simulate", action="store_true", help="a simulated sensor")
    parser.add_argument("--json", action="store_true", help="the record as JSON")


def _reference(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 400 <= number <= 2_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 400 to 2000")
    return number


def _seconds(text: str) -> float:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds from 1 to 86400")
    return float(number)


def _calibrate(options: argparse.Namespace, load: Load) -> int:
    from agent.calibrate import Wish, calibrate
    from agent.calibrating import PATIENCE_S

    wish = Wish(
        point=options.point,
        reference_ppm=options.reference_ppm,
        by=(options.by or getpass.getuser())[:100],
        patience_s=options.patience or PATIENCE_S,
    )
    record = calibrate(load(options), wish, simulate=options.simulate, say=_tell)
    if options.json:
        _answer(msgspec.json.encode(record).decode())
    else:
        for name, value in record.values().items():
            _answer(f"{name.removeprefix('calibration_')}: {value}")
    return WELL if record.ok else NEGATIVE


def _answer(text: str) -> None:
    sys.stdout.write(text + "\n")


def _tell(text: str) -> None:
    """What goes on, beside the answer."""
    sys.stderr.write(text + "\n")
