"""How many examples a property is tried on: always the same few, or many drawn anew where somebody asks for them."""

import os
from typing import Final

FACTOR: Final = int(os.environ.get("OPENHALL_EXAMPLES", "1"))
"""1: the same examples in every run; above: that many times as many, drawn anew in each run."""


def examples(usual: int) -> int:
    """How many examples to try where `usual` are enough for a run of all tests."""
    return usual * FACTOR
