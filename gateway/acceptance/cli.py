"""`openhall-gateway plan`, `judge` and `verify`: files in, an answer on stdout, an exit code; no server runs.

Exit codes: 0 pass, a plan, or evidence whole and complete; 1 fail, or broken evidence; 2 wrong use, or a file that
cannot be used; 3 indeterminate, not due, or evidence that is whole but incomplete.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.acceptance import (
    about,
    answer,
    case_report,
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
from gateway.acceptance.report_words import ReportLanguage
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
    _add_common(judge, ReportLanguage)
    judge.add_argument(
        "--readings", required=True, type=Path, metavar="FILE.csv", help="time,room,point,quantity,value"
    )
    judge.add_argument("--allow-simulated", action="store_true", help="let simulated readings count; for the demo only")
    judge.add_argument("--evidence", type=Path, metavar="BUNDLE.zip", help="write the evidence of this verdict, too")
    judge.add_argument(
        "--pdf", type=Path, metavar="REPORT.pdf", help="write the report to sign, too; --lang may be both"
    )
    judge.add_argument("--about", type=Path, metavar="ABOUT.toml", help="branch, works and instruments, for the report")
    judge.add_argument(
        "--laboratory", type=Path, action="append", default=[], metavar="FILE", help="laboratory results, CSV or XLSX"
    )
    judge.set_defaults(verb=run_judge)
    text = "Check a bundle of evidence offline: is it whole, and does it hold all that its verdict rests on."
    checker = verbs.add_parser("verify", help=text, description=text)
    checker.add_argument("bundle", type=Path, metavar="BUNDLE.zip")
    sealed = checker.add_mutually_exclusive_group()
    sealed.add_argument("--seal", metavar="HEX", help="the seal that the report prints")
    sealed.add_argument("--report", type=Path, metavar="REPORT.pdf", help="the report itself, whose seal is taken")
    checker.add_argument(
        "--keys", type=Path, metavar="KEYS.json", help="the agents' public keys, as `keys list --json` writes them"
    )
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
    known = about.load(args.about, planned) if args.about is not None else about.About()
    given = about.load_laboratory(args.laboratory, planned)
    body = about.with_rows(toml_file.read(args.readings), given.rows, str(args.readings))
    taken = readings.parse(body, planned, name=str(args.readings))
    _tell_ignored(args.readings, taken)
    _tell_laboratory(given)
    case = verdict.Case(standard, planned, taken, allow_simulated=args.allow_simulated, barred=known.barred)
    said = verdict.judge(case)
    now = SystemClock().now()
    seal = _write_evidence(args, case, said, body, given, now) if args.evidence is not None else ""
    if args.pdf is not None:
        made = case_report.from_case(
            case, said, number=args.plan.stem, created_ms=round(now * 1000), software=_software()
        )
        _write_report(args, replace(about.complete(made, known, given), seal=seal))
    if args.json:
        _write_json(answer.as_json(said))
    else:
        languages = [Language.CHINESE, Language.ENGLISH] if args.lang == ReportLanguage.BOTH else [Language(args.lang)]
        sys.stdout.write("\n".join(report_text.verdict_text(standard, planned, said, own) for own in languages))
    return _EXIT[said.verdict]


def run_verify(args: argparse.Namespace) -> int:
    """The handler of `verify`.

    Raises:
        ConfigurationError: If the file cannot be read.
    """
    keys = None if args.keys is None else toml_file.read(args.keys)
    said = verify.verify(toml_file.read(args.bundle), seal=_seal(args), keys=keys)
    if args.json:
        _write_json(verify.as_json(said))
    else:
        sys.stdout.write(report_text.verification_text(said))
    if said.is_complete:
        return 0
    return 3 if said.is_intact else 1


def _seal(args: argparse.Namespace) -> str | None:
    if args.report is None:
        return str(args.seal) if args.seal else None
    found = evidence.seal_of_report(toml_file.read(args.report))
    if found is None:
        raise ConfigurationError(f"{args.report} is no report with a seal; give the seal that is printed with --seal")
    return found


def _write_evidence(
    args: argparse.Namespace,
    case: verdict.Case,
    said: verdict.CaseVerdict,
    body: bytes,
    given: about.Laboratory,
    now: float,
) -> str:
    """Write the bundle; its seal."""
    word: str = args.profile or case.plan.profile or ""
    beside = None if args.profile else case.plan.folder
    bundle = evidence.build(
        evidence.Evidence(
            facts=evidence.Facts(
                case=args.plan.stem,
                software=_software(),
                created=now,
                barred=tuple(sorted(case.barred)),
                allow_simulated=args.allow_simulated,
            ),
            plan=toml_file.read(args.plan),
            profile=profile.text_of(word, beside=beside),
            readings=body,
            verdict=json.dumps(answer.as_json(said)).encode(),
            others=given.files | ({} if args.about is None else {"about.toml": toml_file.read(args.about)}),
        )
    )
    _write(args.evidence, bundle)
    return verify.verify(bundle).seal or ""


def _write_report(args: argparse.Namespace, report: case_report.CaseReport) -> None:
    # Loaded here, so that a verdict alone needs neither fonts nor drawing.
    from gateway.acceptance.report_pdf import render

    _write(args.pdf, render(report, args.lang))


def _write(path: Path, body: bytes) -> None:
    try:
        path.write_bytes(body)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}; choose another place") from error


def _software() -> str:
    return f"openhall {version('openhall')}"


def _add_common(parser: argparse.ArgumentParser, languages: Iterable[str] = Language) -> None:
    known = ", ".join(profile.names())
    parser.add_argument("--profile", metavar="PROFILE", help=f"{known}, or the path of your own; else the plan's")
    parser.add_argument("--plan", required=True, type=Path, metavar="PLAN.toml", help="rooms, points and windows")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--lang", choices=[str(word) for word in languages], default=str(Language.ENGLISH))


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


def _tell_laboratory(given: about.Laboratory) -> None:
    for path, line in given.refused:
        sys.stderr.write(f"{path} line {line.line}: not taken: {line.detail}\n")
    for why in given.unplaced:
        sys.stderr.write(f"laboratory result not taken: {why}\n")


def _write_json(content: object) -> None:
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
