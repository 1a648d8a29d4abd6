"""What the board's tests may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.board.branches import Branches


@pytest.fixture
def branches(tmp_path: Path) -> Iterator[Branches]:
    """A gateway of which nothing is known yet."""
    parts = Branches(tmp_path)
    yield parts
    parts.close()
