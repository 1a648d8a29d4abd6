"""The words of `openhall-agent`. Answers on stdout, logs on stderr.

Exit 0 well, 1 a negative answer, 2 wrong use or configuration, 4 an outside service cannot be reached, 70 our fault.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog

from agent import config as configuration
from agent import field_cli, logs
from agent.config import AgentConfig, LogConfig
from agent.errors import AgentError, CalibrationError, ConfigurationError, PressError, RecordingError

WELL: Final = 0
NEGATIVE: Final = 1
WRONG_USE: Final = 2
UNREACHABLE: Final = 4
OUR_FAULT: Final = 70

READ_ONCE_TIMEOUT_S: Final = 30.0

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
    except ConfigurationError as error:
        for problem in error.problems:
            _complain(problem)
        return WRONG_USE
    except RecordingError as error:
        _complain(str(error))
        return WRONG_USE
    except CalibrationError as error:
        _complain(str(error))
        return NEGATIVE
    except AgentError as error:
        _complain(str(error))
        return OUR_FAULT
    except KeyboardInterrupt:
        return NEGATIVE
    except Exception:
        log.exception("the agent failed, this is a fault of ours")
        return OUR_FAULT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openhall-agent", description="The OpenHall agent of one branch.")
    parser.add_argument("--version", action="version", version=f"openhall-agent {version('openhall')}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _add_run(verbs)
    _add_check(verbs)
    _add_read_once(verbs)
    _add_replay(verbs)
    _add_press(verbs)
    _add_key(verbs)
    field_cli.add_verbs(verbs, _add_verb, _load)
    return parser


def _add_verb(verbs: Any, name: str, verb: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=Path, required=True, metavar="AGENT.toml", help="the agent's configuration")
    parser.set_defaults(verb=verb)
    return parser


def _add_run(verbs: Any) -> None:
    parser = _add_verb(verbs, "run", _run, "Measure, journal and publish until SIGTERM or SIGINT.")
    parser.add_argument("--simulate", action="store_true", help="simulated sensors; readings are flagged simulated")


def _add_check(verbs: Any) -> None:
    parser = _add_verb(verbs, "check-config", _check_config, "Say what is wrong with the configuration, if anything.")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")


def _add_read_once(verbs: Any) -> None:
    parser = _add_verb(verbs, "read-once", _read_once, "Read every sensor and device once, without journal and broker.")
    parser.add_argument("--simulate", action="store_true", help="simulated sensors")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")
    parser.add_argument(
        "--timeout",
        type=_positive,
        default=READ_ONCE_TIMEOUT_S,
        metavar="S",
        help="seconds to wait beyond what a part takes for its first reading (%(default)g)",
    )


def _add_replay(verbs: Any) -> None:
    parser = _add_verb(verbs, "replay", _replay, "Send recorded readings, with their own times, until all are stored.")
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="columns time, then quantity names")
    parser.add_argument("--point", required=True, help="the air point whose readings these are")
    parser.add_argument("--room", help="its room (the configuration's for that point, else the point's name)")
    parser.add_argument("--speed", type=_speed, metavar="N|max", help="so many times the recorded speed (max)")
    parser.add_argument("--journal", type=Path, metavar="PATH", help="its journal (beside the configured one)")
    parser.add_argument("--simulated", action="store_true", help="the recording was made up: flag every value so")
    parser.add_argument("--json", action="store_true", help="the summary as JSON")
    parser.add_argument(
        "--patience",
        type=_not_negative,
        metavar="S",
        help="give up after so many seconds without a receipt; 0: never (300)",
    )
    parser.add_argument(
        "--settle",
        type=_not_negative,
        metavar="S",
        help="after the last receipt, end once a gateway has asked for nothing again for so many seconds; "
        "more than the second between two looks of a gateway; 0: end at the last receipt (3)",
    )


def _add_press(verbs: Any) -> None:
    parser = _add_verb(verbs, "press", _press, "Bring an input of a running simulated agent to a state.")
    parser.add_argument("point", help="the input's point")
    parser.add_argument("state", help="called, cleared, open, wet, off, …; on a supervised line also cut and short")


def _add_key(verbs: Any) -> None:
    parser = _add_verb(verbs, "key", _key, "Show the public key of the signatures, made now if there is none.")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")


def _positive(text: str) -> float:
    number = _not_negative(text)
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def _not_negative(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more")
    return number


def _speed(text: str) -> float | None:
    return None if text == "max" else _positive(text)


# -- the verbs ---------------------------------------------------------------------------------------------------------


def _load(options: argparse.Namespace) -> AgentConfig:
    """The configuration, checked as far as files can tell; no bus and no connection is opened."""
    from agent.mqtt_bus import tls_context
    from agent.sensing import check_sensors

    config = configuration.load(options.config)
    logs.configure(config.log)
    try:
        check_sensors(config)
        tls_context(config.broker)
    except ConfigurationError as error:
        raise ConfigurationError([f"{options.config}: {problem}" for problem in error.problems]) from error
    return config


def _run(options: argparse.Namespace) -> int:
    from agent.run import run
    from agent.staging import Staging

    _load(options)
    staging = Staging(options.config)
    logs.configure(staging.config.log)
    return run(staging, simulate=options.simulate)


def _check_config(options: argparse.Namespace) -> int:
    problems: Sequence[str] = ()
    sensors = facility = 0
    try:
        config = _load(options)
        sensors = len(config.sensors)
        facility = len(config.inputs) + len(config.outputs) + len(config.probes) + len(config.modbus)
    except ConfigurationError as error:
        problems = error.problems
    if options.json:
        _answer(json.dumps({"ok": not problems, "problems": problems}, ensure_ascii=False))
    elif not problems:
        _answer(f"{options.config}: good, {sensors} sensors, {facility} other points")
    for problem in () if options.json else problems:
        _complain(problem)
    return WRONG_USE if problems else WELL


def _read_once(options: argparse.Namespace) -> int:
    from agent.read_once import read_once

    findings = read_once(_load(options), simulate=options.simulate, timeout_s=options.timeout)
    if options.json:
        _answer(json.dumps(findings.as_json(), ensure_ascii=False))
    else:
        for line in findings.lines():
            _answer(line)
    return WELL if findings.is_well else NEGATIVE


def _replay(options: argparse.Namespace) -> int:
    from agent.replay import PATIENCE_S, ReplayOptions, replay
    from agent.settling import SETTLE_S

    wishes = ReplayOptions(
        file=options.file,
        point=options.point,
        room=options.room,
        speed=options.speed,
        journal=options.journal,
        simulated=options.simulated,
        patience_s=PATIENCE_S if options.patience is None else options.patience,
        settle_s=SETTLE_S if options.settle is None else options.settle,
    )
    summary = replay(_load(options), wishes)
    words = summary.as_json()
    _answer(json.dumps(words) if options.json else "\n".join(f"{name}: {value}" for name, value in words.items()))
    if summary.complete:
        return NEGATIVE if summary.bad else WELL
    return UNREACHABLE if summary.gave_up else NEGATIVE


def _press(options: argparse.Namespace) -> int:
    from agent.press import press, socket_path

    config = configuration.load(options.config)
    try:
        press(socket_path(Path(config.journal.path)), options.point, options.state)
    except ConnectionError as error:
        _complain(str(error))
        return UNREACHABLE
    except PressError as error:
        _complain(str(error))
        return WRONG_USE
    _answer(f"{options.point}: {options.state}")
    return WELL


def _key(options: argparse.Namespace) -> int:
    from agent import build

    config = _load(options)
    signer = build.signer_of(config)
    if signer is None:
        _complain(
            "packs go unsigned: " + ("there is no key" if config.signing.enabled else "$.signing.enabled is false")
        )
        return NEGATIVE
    words = {"agent": f"{config.region}/{config.site}/{config.agent}", "key": signer.key}
    _answer(json.dumps(words) if options.json else f"{words['agent']} {words['key']}")
    return WELL


def _answer(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"openhall-agent: {text}\n")
