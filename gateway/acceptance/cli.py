"""`openhall-gateway plan`, `judge` and `verify`: files in, an answer on stdout, an exit code; no server runs.

Exit codes: 0 pass, a plan, or evidence whole and complete; 1 fail, or broken evidence; 2 wrong use, or a file that
cannot be used; 3 indeterminate, not due, or evidence that is whole but incomplete.
"""

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.acceptance import (
    answer,
    evidence,
    plan,
    profile,
    readings,
    report_text,
    sheet,
    toml_file,
    verdict,
    verify,
)
from gateway.acceptance.words import Language, Outcome
from gateway.errors import ConfigurationError
from telemetry.clock import SystemClock

if TYPE_CHECKING:
    # argparse has no public name for what add_subparsers returns.
    from argparse import _SubParsersAction

_EXIT: Final = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INDETERMINATE: 3, Outcome.NOT_DUE: 3}


def add_commands(verbs: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Mount `plan`, `judge` and `verify`; each sets `verb`, a handler from arguments to exit code."""
    text = "Say when, in how many rooms and at how many points a standard has air sampled."
    planner = verbs.add_parser("plan", help=text, description=text)
    _add_common(planner)
    planner.set_defaults(verb=run_plan)
    text = "Judge the air of renovated rooms from a plan and a file of readings; no server is needed."
    judge = verbs.add_parser("judge", help=text, description=text)
    _add_common(judge)
    judge.add_argument(
        "--readings", required=True, type=Path, metavar="FILE.csv", help="time,room,point,quantity,value"
    )
    judge.add_argument("--allow-simulated", action="store_true", help="let simulated readings count; for the demo only")
    judge.add_argument("--evidence", type=Path, metavar="BUNDLE.zip", help="write the evidence of this verdict, too")
    judge.set_defaults(verb=run_judge)
    text = "Check a bundle of evidence offline: is it whole, and does it hold all that its verdict rests on."
    checker = verbs.add_parser("verify", help=text, description=text)
    checker.add_argument("bundle", type=Path, metavar="BUNDLE.zip")
    checker.add_argument("--seal", metavar="HEX", help="the seal that the report prints")
    checker.add_argument("--json", action="store_true", help="answer in JSON")
    checker.set_defaults(verb=run_verify)


def run_plan(args: argparse.Namespace) -> int:
    """The handler of `plan`.

    Raises:
        ConfigurationError: If a file cannot be used, or the plan samples before it is due.
    """
    planned, standard = _plan_and_profile(args)
    ordered = sheet.order(standard, planned)
    if ordered.early:
        raise ConfigurationError("\n".join(f"{args.plan}: {fault}" for fault in ordered.early))
    if args.json:
        _write_json(sheet.as_json(standard, ordered))
    else:
        sys.stdout.write(report_text.sheet_text(standard, planned, ordered, Language(args.lang)))
    return 0


def run_judge(args: argparse.Namespace) -> int:
    """The handler of `judge`.

    Raises:
        ConfigurationError: If a file cannot be used.
    """
    planned, standard = _plan_and_profile(args)
    taken = readings.load(args.readings, planned)
    _tell_ignored(args.readings, taken)
    said = verdict.judge(verdict.Case(standard, planned, taken, allow_simulated=args.allow_simulated))
    if args.evidence is not None:
        _write_evidence(args, planned, said)
    if args.json:
        _write_json(answer.as_json(said))
    else:
        sys.stdout.write(report_text.verdict_text(standard, planned, said, Language(args.lang)))
    return _EXIT[said.verdict]


def run_verify(args: argparse.Namespace) -> int:
    """The handler of `verify`.

    Raises:
        ConfigurationError: If the file cannot be read.
    """
    said = verify.verify(toml_file.read(args.bundle), seal=args.seal)
    if args.json:
        _write_json(verify.as_json(said))
    else:
        sys.stdout.write(report_text.verification_text(said))
    if said.is_complete:
        return 0
    return 3 if said.is_intact else 1


def _write_evidence(args: argparse.Namespace, planned: plan.Plan, said: verdict.CaseVerdict) -> None:
    word: str = args.profile or planned.profile or ""
    beside = None if args.profile else planned.folder
    bundle = evidence.build(
        evidence.Evidence(
            facts=evidence.Facts(
                case=args.plan.stem,
                software=f"openhall {version('openhall')}",
                created=SystemClock().now(),
                allow_simulated=args.allow_simulated,
            ),
            plan=toml_file.read(args.plan),
            profile=profile.text_of(word, beside=beside),
            readings=toml_file.read(args.readings),
            verdict=json.dumps(answer.as_json(said)).encode(),
        )
    )
    try:
        args.evidence.write_bytes(bundle)
    except OSError as error:
        raise ConfigurationError(f"cannot write {args.evidence}: {error.strerror}; choose another place") from error


def _add_common(parser: argparse.ArgumentParser) -> None:
    known = ", ".join(profile.names())
    parser.add_argument("--profile", metavar="PROFILE", help=f"{known}, or the path of your own; else the plan's")
    parser.add_argument("--plan", required=True, type=Path, metavar="PLAN.toml", help="rooms, points and windows")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--lang", choices=[str(word) for word in Language], default=str(Language.ENGLISH))


def _plan_and_profile(args: argparse.Namespace) -> tuple[plan.Plan, profile.Profile]:
    planned = plan.load(args.plan)
    if args.profile is not None:
        if planned.profile not in (None, args.profile):
            sys.stderr.write(f"--profile {args.profile} counts, not the plan's {planned.profile!r}\n")
        return planned, profile.load(args.profile)
    if planned.profile is None:
        raise ConfigurationError(f"{args.plan}: $.profile: is missing; give it there or with --profile")
    return planned, profile.load(planned.profile, beside=planned.folder)


def _tell_ignored(path: Path, taken: readings.Readings) -> None:
    for column in taken.unknown_columns:
        sys.stderr.write(f"{path}: column {column!r} is not read\n")
    for why, rows in sorted(taken.ignored.items()):
        sys.stderr.write(f"{path}: {rows} rows ignored: {why}\n")
    if taken.simulated:
        sys.stderr.write(f"{path}: {taken.simulated} rows are simulated and count only with --allow-simulated\n")


def _write_json(content: object) -> None:
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
