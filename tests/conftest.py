"""What every test may ask for: real servers, one of each for the whole run.

A test uses topics, regions and databases of its own on them. A test that kills its server starts one itself, from
`tests.servers`.
"""

import logging
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.examples import FACTOR, examples
from tests.scheduling import LongestFirst, longest_first
from tests.servers import Influxd, Mosquitto, NatsServer, VictoriaMetrics

# A busy machine makes no test fail, and no draw of today: what is random is drawn in `make soak`, for long.
settings.register_profile(
    "openhall",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=examples(100),
    derandomize=FACTOR == 1,
)
settings.load_profile("openhall")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LongestFirst | None:
    """What `make test` asks for with `--dist loadfile`."""
    return LongestFirst(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only where several workers share the tests; one alone goes through the folders."""
    if config.getoption("dist", "no") != "no" or hasattr(config, "workerinput"):
        longest_first(items, PurePosixPath(config.rootpath))


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """A program run within a test sets logging up for its process; the next test must not write to its closed files."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    structlog.reset_defaults()
    for handler in [one for one in root.handlers if one not in before]:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """The embedded default broker."""
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """The broker of production."""
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as server:
        yield server


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """InfluxDB 1.6.7, without authentication."""
    with Influxd(tmp_path_factory.mktemp("influxd")) as server:
        yield server


@pytest.fixture(scope="session")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    """VictoriaMetrics, a store that is written only."""
    with VictoriaMetrics(tmp_path_factory.mktemp("victoria")) as server:
        yield server
