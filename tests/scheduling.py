"""Which worker of `make test` runs what: a file stays together, long tests go out one by one, the longest first.

A file together starts its own fixtures once. A file of many long tests would keep one worker busy long after the others
have gone home; and a long test that begins last makes all others wait for it.
"""

from pathlib import PurePosixPath
from typing import Final

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling

ONE_BY_ONE: Final = (
    "tests/test_packaging.py",
    "tests/end_to_end/test_kills.py",
    "tests/end_to_end/test_refusing_store.py",
    "tests/end_to_end/test_replay.py",
    "tests/deploy/test_demo.py",
    "tests/bench/test_runs.py",
    "tests/bench/test_press.py",
    "tests/simulation/test_seeds.py",
    "tests/agent/test_replay.py",
    "tests/agent/test_journal_space.py",
    "tests/gateway/test_run.py",
    "tests/gateway/test_run_alerts.py",
    "tests/gateway/alerts/test_engine.py",
)
"""Files whose tests go out one by one, in this order and before all others."""


class LongestFirst(LoadFileScheduling):
    """As `--dist loadfile`, but for the files of long tests."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # not by how many tests a file has

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return nodeid if file in ONE_BY_ONE else file


def longest_first(items: list[pytest.Item], root: PurePosixPath) -> None:
    """Put the tests of those files first; the order of the others stays."""
    place = {name: number for number, name in enumerate(ONE_BY_ONE)}
    items.sort(key=lambda item: place.get(PurePosixPath(item.path).relative_to(root).as_posix(), len(place)))
