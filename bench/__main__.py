"""`python -m bench`: measure, and write the tables into `bench/RESULTS.md`."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import machine, plan
from bench.environment import InstallError
from bench.plan import PARTS, Size
from bench.report import Findings, markdown, put_into
from telemetry.clock import SystemClock

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "bench" / "RESULTS.md"
UNREACHABLE: Final = 4


def main(argv: Sequence[str]) -> int:
    """Measure what the words say; the exit code."""
    options = _parser().parse_args(argv)
    size = Size(
        packs=options.packs,
        rounds=options.rounds,
        sustained_packs=options.sustained_packs,
        paced_packs=options.paced_packs,
        agent_s=options.agent_s,
        calls=options.calls,
    )
    found = Findings(
        when=datetime.fromtimestamp(SystemClock().now(), UTC).strftime("%Y-%m-%d %H:%M UTC"),
        command=" ".join(["python -m bench", *argv]),
        version=_version(),
        facts=machine.facts(Path(tempfile.gettempdir())),
    )
    parts = options.only or PARTS
    try:
        plan.carry_out(size, parts, found)
    except InstallError as error:
        sys.stderr.write(f"{error}\nWithout a network: --only through longer call\n")
        return UNREACHABLE
    text = markdown(found)
    if set(parts) == set(PARTS):
        put_into(options.out, text)
        sys.stderr.write(f"written into {options.out}\n")
    else:
        sys.stdout.write(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    size = Size()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="only these parts, on stdout instead of in the file")
    parser.add_argument("--packs", type=int, default=size.packs, help="packs in a run (%(default)s)")
    parser.add_argument("--rounds", type=int, default=size.rounds, help="runs of each case (%(default)s)")
    parser.add_argument(
        "--sustained-packs", type=int, default=size.sustained_packs, help="in the long run (%(default)s)"
    )
    parser.add_argument("--paced-packs", type=int, default=size.paced_packs, help="at a steady pace (%(default)s)")
    parser.add_argument("--agent-s", type=float, default=size.agent_s, help="seconds an agent is watched (%(default)g)")
    parser.add_argument("--calls", type=int, default=size.calls, help="times a button is pressed (%(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the file with the markers (%(default)s)")
    return parser


def _version() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
