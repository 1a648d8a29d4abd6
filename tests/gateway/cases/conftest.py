"""What the tests of live cases may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.board.branches import Branches
from tests.gateway.cases.renovation import Renovation


@pytest.fixture
def renovation(tmp_path: Path) -> Iterator[Renovation]:
    """A branch of which its agent has told what it measures, with registered instruments and no case."""
    parts = Branches(tmp_path)
    found = Renovation(parts)
    with found.client:
        found.present()
        found.register()
        yield found
    parts.close()
