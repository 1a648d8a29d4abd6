"""What every test of the agent gets."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """A test that runs a command line sets up logging; the next one must not write to its closed stderr."""
    yield
    structlog.reset_defaults()
