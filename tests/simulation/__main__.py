"""Run seeds by hand: `python -m tests.simulation 17`, or `0-99999` for a soak; `-v` prints a schedule's faults."""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.run import run_seed


def main() -> int:
    """Print every seed that fails and why; exit 1 if one does."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("seeds", help="one seed, or FIRST-LAST")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the faults of each failing seed")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    failed = 0
    started = time.monotonic()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for count, outcome in enumerate(pool.map(run_seed, seeds, chunksize=4), start=1):
            if outcome.problems:
                failed += 1
                print(f"seed {outcome.seed}: {len(outcome.problems)} problems")
                print("\n".join(f"    {text}" for text in outcome.problems[:8]), flush=True)
                if arguments.verbose:
                    print("\n".join(f"  | {text}" for text in outcome.log))
            if count % 500 == 0:
                print(
                    f"{count} seeds, {failed} failed, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True
                )
    print(f"{len(seeds)} seeds, {failed} failed, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
