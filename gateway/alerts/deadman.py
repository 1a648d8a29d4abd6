"""The dead-man's ping: as long as the gateway does all of its work, a second place hears so.

When it falls silent, that place tells people by a channel of its own.

Nothing that watches itself can tell of its own death. So the place must be somebody else's: a service such as
healthchecks.io or one's own Uptime Kuma, in another room, on another line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import structlog
import urllib3
from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy import func, select

from gateway.alerts.outbox import Status
from gateway.alerts.settings import DeadmanConfig
from gateway.alerts.words import Severity
from gateway.config_file import read_secret
from gateway.errors import ConfigurationError, StateUnavailable
from gateway.state.state import State
from gateway.state.tables import notice
from telemetry.clock import Clock

log = structlog.get_logger(__name__)

LOOK_S: Final = 5.0
"""How often it is looked whether everything goes round, and whether a ping is due."""

URGENT: Final = (Severity.CRITICAL.value, Severity.EMERGENCY.value)
MOST_URLS: Final = 10


class PingError(Exception):
    """A place did not take the ping; the text says why, without its address, which is a secret."""


@dataclass(kw_only=True)
class _Place:
    url: str
    name: str
    fault: str | None = None


class Deadman:
    """`round` is called every few seconds by a thread of its own, so that no loop that hangs can keep it going."""

    def __init__(
        self,
        config: DeadmanConfig,
        *,
        faults: Callable[[], Sequence[str]],
        ping: Callable[[str], None],
        clock: Clock,
        registry: CollectorRegistry,
    ) -> None:
        """Take the places.

        Args:
            config: Where and how often.
            faults: What does not work now, hanging loops among it; empty: all does. May take some seconds.
            ping: Tells one address; raises PingError.
            clock: The time.
            registry: For the numbers.

        Raises:
            ConfigurationError: If the file of addresses cannot be read or holds something else.
        """
        urls = addresses(config)
        self._places = [_Place(url=url, name=urlsplit(url).netloc.rpartition("@")[2]) for url in urls]
        self._config = config
        self._faults = faults
        self._ping = ping
        self._clock = clock
        self._next_s: float | None = None
        self._withheld = ""
        self._pings = Counter(
            "openhall_deadman_pings",
            "Dead-man's pings sent and failed; looks at which one was withheld",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("sent", "failed", "withheld"):
            # A number that is missing until the first failure cannot be watched.
            self._pings.labels(outcome)
        self._last = Gauge(
            "openhall_deadman_last_ping_seconds", "Unix time of the last ping taken", ["place"], registry=registry
        )

    def round(self) -> int:
        """Where it is time and all works, tell the places. Always 0: nothing is left to do."""
        now_s = self._clock.monotonic()
        if not self._places or (self._next_s is not None and now_s < self._next_s):
            return 0
        # Asked only when it is time: the store is one of those who answer.
        faults = list(self._faults())
        if faults:
            self._withhold(faults)
            return 0
        self._next_s = now_s + self._config.period_s
        if self._withheld:
            log.info("the dead-man's ping goes out again")
            self._withheld = ""
        for place in self._places:
            self._tell(place)
        return 0

    def troubles(self) -> list[str]:
        """Places that did not take the last ping, for `/readyz`."""
        return [f"the dead-man's ping does not reach {one.name}: {one.fault}" for one in self._places if one.fault]

    def _withhold(self, faults: Sequence[str]) -> None:
        self._pings.labels("withheld").inc(len(self._places))
        words = "; ".join(faults)
        say = log.debug if self._withheld else log.error
        say("the dead-man's ping is withheld", why=words)
        self._withheld = words

    def _tell(self, place: _Place) -> None:
        try:
            self._ping(place.url)
        except PingError as error:
            say = log.debug if place.fault else log.warning
            say("a dead-man's ping was not taken, trying on", place=place.name, error=str(error))
            self._pings.labels("failed").inc()
            place.fault = str(error)
            return
        if place.fault:
            log.info("a dead-man's ping is taken again", place=place.name)
        place.fault = None
        self._pings.labels("sent").inc()
        self._last.labels(place.name).set(self._clock.now())


def addresses(config: DeadmanConfig) -> list[str]:
    """All addresses of a configuration.

    Raises:
        ConfigurationError: If the file cannot be read, or a line of it is no address.
    """
    urls = list(config.urls)
    if config.url_file is not None:
        place = "$.alerts.deadman.url_file"
        lines = read_secret(config.url_file, place).splitlines()
        for number, line in enumerate(lines, start=1):
            parts = urlsplit(line.strip())
            if parts.scheme not in ("http", "https") or not parts.netloc:
                raise ConfigurationError(f"{place}: {config.url_file} line {number} is no http or https address")
            urls.append(line.strip())
    if len(urls) > MOST_URLS:
        raise ConfigurationError(f"$.alerts.deadman: {len(urls)} addresses; give at most {MOST_URLS}")
    return urls


def http_ping(timeout_s: float) -> Callable[[str], None]:
    """Pings by GET; any answer of 200 to 299 counts."""
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(total=timeout_s), retries=False)

    def ping(url: str) -> None:
        try:
            answer = pool.request("GET", url, preload_content=False, redirect=False)
            answer.close()
        except urllib3.exceptions.HTTPError as error:
            # urllib3's own words hold the whole address, and with it the secret.
            raise PingError(type(error).__name__) from None
        if not 200 <= answer.status < 300:
            raise PingError(f"it answered {answer.status}")

    return ping


def overdue(state: State, now_ms: int, hang_s: float) -> list[str]:
    """Urgent messages that wait although their time has long come, or are under way for too long: nobody delivers."""
    since_ms = now_ms - round(hang_s * 1000)
    waits = (notice.c.status.in_([Status.WAITING.value, Status.RESTING.value, Status.SENDING.value])) & (
        notice.c.not_before_ms < since_ms
    )
    try:
        with state.read() as connection:
            oldest_ms = connection.execute(
                select(func.min(notice.c.not_before_ms)).where(waits, notice.c.severity.in_(URGENT))
            ).scalar()
    except StateUnavailable:
        # `/readyz` says so already.
        return []
    if oldest_ms is None:
        return []
    return [f"an urgent message has not been sent for {(now_ms - oldest_ms) / 1000:.0f} s; restart the gateway"]
