"""The word `quality` of `openhall-gateway`: what the quality rules say of a recording, with no server running."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.alerts.history_file import load_recording
from gateway.errors import ConfigurationError
from gateway.quality.reasons import ADVICE
from gateway.quality.recording import Finding, findings
from telemetry.ids import is_id
from telemetry.parts import PARTS

WELL: Final = 0
NEGATIVE: Final = 1


def add_commands(verbs: Any) -> None:
    """Add the word to a parser's subparsers."""
    text = "Say what is wrong with the readings in a file: range, steps, standing still, silence, drift."
    parser = verbs.add_parser("quality", help=text, description=text)
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="columns time and names of quantities")
    parser.add_argument("--point", required=True, metavar="SITE/POINT", help="whose readings they are")
    parser.add_argument("--part", metavar="PART", help="the sensor, such as scd41; its stated error decides on drift")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")
    parser.set_defaults(verb=run_quality)


def run_quality(options: argparse.Namespace) -> int:
    """The handler of `quality`; 1 if something was found.

    Raises:
        ConfigurationError: If the file or the words cannot be used.
    """
    site, slash, point = options.point.partition("/")
    if not slash or not is_id(site) or not is_id(point):
        raise ConfigurationError(f"--point {options.point!r} is none; give SITE/POINT, such as east-001/hall-air")
    if options.part is not None and options.part not in PARTS:
        raise ConfigurationError(f"--part {options.part!r} is not known; known: {', '.join(PARTS)}")
    recording = load_recording(options.file)
    for fault in recording.faults:
        sys.stderr.write(f"{options.file}: {fault}; left out\n")
    if recording.skipped > len(recording.faults):
        sys.stderr.write(f"{options.file}: {recording.skipped - len(recording.faults)} more lines left out\n")
    found = findings(recording.rows, options.part)
    sys.stdout.write(_as_json(found) if options.json else _as_text(found, options.point))
    return NEGATIVE if found else WELL


def _as_json(found: Sequence[Finding]) -> str:
    rows = [
        {"quantity": one.quantity, "from": one.from_ms / 1000, "to": one.to_ms / 1000, "reason": one.reason.value}
        for one in found
    ]
    return msgspec.json.encode({"findings": rows}).decode() + "\n"


def _as_text(found: Sequence[Finding], point: str) -> str:
    if not found:
        return f"{point}: nothing found\n"
    lines = [f"{_time(one.from_ms)}  {_time(one.to_ms)}  {one.reason.value:13}  {one.quantity}" for one in found]
    lines += [f"{reason.value}: {ADVICE[reason].en}" for reason in dict.fromkeys(one.reason for one in found)]
    return "\n".join(lines) + "\n"


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
