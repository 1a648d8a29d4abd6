"""The verbs of `openhall-agent` for whoever stands in the branch: scan, calibrate, adopt-journal, enrol, doctor."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import msgspec

from agent.config import AgentConfig
from agent.errors import ConfigurationError
from telemetry.ids import is_id

WELL: Final = 0
NEGATIVE: Final = 1
UNREACHABLE: Final = 4
BAUDS: Final = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)

AddVerb = Callable[[Any, str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
Load = Callable[[argparse.Namespace], AgentConfig]


def add_verbs(verbs: Any, add_verb: AddVerb, load: Load) -> None:
    """Add them to the parser.

    Args:
        verbs: The parser's subparsers.
        add_verb: Adds one that takes `--config`.
        load: The configuration that `--config` names, checked.
    """
    _add_scan(verbs)
    _add_calibrate(verbs, add_verb, load)
    _add_adopt(verbs, add_verb, load)
    _add_enrol(verbs, add_verb, load)
    _add_doctor(verbs, add_verb, load)


def _add_scan(verbs: Any) -> None:
    text = "Find what is on the buses and write a first configuration; stop the agent first."
    parser = verbs.add_parser("scan", help=text, description=text)
    parser.set_defaults(verb=_scan)
    parser.add_argument("--out", type=Path, metavar="AGENT.toml", help="write the configuration there, if it is new")
    parser.add_argument("--region", type=_id, default="region-1", help="for the configuration (%(default)s)")
    parser.add_argument("--site", type=_id, default="site-1", help="likewise (%(default)s)")
    parser.add_argument("--agent", type=_id, default="pi-1", help="likewise (%(default)s)")
    parser.add_argument("--room", type=_id, default="hall", help="where the sensors hang (%(default)s)")
    parser.add_argument(
        "--modbus", action="append", default=[], metavar="LINK", help="ask units 1 to 16 of tcp://host:port or a port"
    )
    parser.add_argument("--baud", type=int, default=9_600, choices=BAUDS, help="of Modbus on a port (%(default)s)")
    parser.add_argument("--simulate", action="store_true", help="simulated buses, to see what it does")
    parser.add_argument("--json", action="store_true", help="what was found as JSON")


def _id(text: str) -> str:
    if not is_id(text):
        raise argparse.ArgumentTypeError(f"{text!r}: lower-case letters, digits and hyphens, at most 32")
    return text


def _scan(options: argparse.Namespace) -> int:
    from agent import scan_report
    from agent.modbus.link import LinkPlan
    from agent.scan import RealWorld, World, scan

    if options.out is not None and options.out.exists():
        raise ConfigurationError([f"{options.out}: is there already; scan writes no file over, give another --out"])
    world: World = RealWorld()
    if options.simulate:
        from agent.scan_simulated import LINK, SimulatedWorld

        world = SimulatedWorld()
        options.modbus = options.modbus or [LINK]
    plans = [LinkPlan(link=link, baud_rate=options.baud) for link in options.modbus]
    found = scan(world, modbus=plans)
    text = scan_report.agent_toml(
        found, region=options.region, site=options.site, agent=options.agent, room=options.room
    )
    if options.out is not None:
        try:
            options.out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigurationError([f"{options.out}: cannot be written: {error.strerror}"]) from error
    if options.json:
        _answer(json.dumps(scan_report.as_json(found), ensure_ascii=False))
    else:
        for line in scan_report.lines(found):
            _answer(line)
        _answer(f"written: {options.out}" if options.out else f"\n{text}")
    return WELL if found.sensors or found.units else NEGATIVE


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


def _add_adopt(verbs: Any, add_verb: AddVerb, load: Load) -> None:
    text = "Take over what the journal of a dead Pi's card still owes; stop the agent first."
    parser = add_verb(verbs, "adopt-journal", lambda options: _adopt(options, load), text)
    parser.add_argument("file", type=Path, metavar="FILE", help="the old card's journal, with its -wal beside it")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")


def _adopt(options: argparse.Namespace, load: Load) -> int:
    from agent.adopting import adopt_journal

    done = adopt_journal(load(options), options.file)
    if options.json:
        _answer(json.dumps(asdict(done)))
    else:
        known = f", {done.known} were here already" if done.known else ""
        lost = f", {done.unreadable} cannot be read and are declared as lost" if done.unreadable else ""
        _answer(f"{done.packs} packs taken over{known}{lost}; they go out when the agent runs")
    return NEGATIVE if done.unreadable else WELL


def _add_enrol(verbs: Any, add_verb: AddVerb, load: Load) -> None:
    text = "Show the public key of the signatures, made now if there is none, and what head office does with it."
    parser = add_verb(verbs, "enrol", lambda options: _enrol(options, load), text)
    parser.add_argument("--json", action="store_true", help="the answer as JSON")


def _enrol(options: argparse.Namespace, load: Load) -> int:
    from agent import build

    config = load(options)
    signer = build.signer_of(config)
    if signer is None:
        why = "there is no key, the log says why" if config.signing.enabled else "$.signing.enabled is false"
        sys.stderr.write(f"openhall-agent: packs go unsigned: {why}\n")
        return NEGATIVE
    agent = str(build.root_of(config)).partition("/v1/")[2].strip("/")
    # With `=`: one key in 64 begins with a hyphen, and would be taken for an option.
    order = f"openhall-gateway keys enrol --config gateway.toml {agent} --key={signer.key}"
    if options.json:
        _answer(json.dumps({"agent": agent, "key": signer.key, "order": order}))
    else:
        _answer(
            f"{agent} signs with {signer.key}\nTell head office by a way of your own (telephone); there:\n  {order}"
        )
    return WELL


def _add_doctor(verbs: Any, add_verb: AddVerb, load: Load) -> None:
    text = "Say what stands in the way of readings reaching head office; the agent may run."
    parser = add_verb(verbs, "doctor", lambda options: _doctor(options, load), text)
    parser.add_argument("--json", action="store_true", help="the answer as JSON")
    parser.add_argument("--simulate", action="store_true", help="the agent runs with simulated parts: look at no bus")


def _doctor(options: argparse.Namespace, load: Load) -> int:
    from agent.doctor import examine

    found = examine(load(options), simulate=options.simulate)
    if options.json:
        _answer(json.dumps({"findings": [asdict(one) for one in found]}, ensure_ascii=False))
    else:
        for one in found:
            _answer(f"{'ok  ' if one.ok else 'BAD '} {one.about:8} {one.text}")
    if any(one.is_unreachable for one in found):
        return UNREACHABLE
    return WELL if all(one.ok for one in found) else NEGATIVE


def _answer(text: str) -> None:
    sys.stdout.write(text + "\n")


def _tell(text: str) -> None:
    """What goes on, beside the answer."""
    sys.stderr.write(text + "\n")
