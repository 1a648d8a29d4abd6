"""What systemd hears of the agent: ready, alive while samples flow, stopping (sd_notify(3), sd_watchdog_enabled(3)).

It is fed from the loop that does everything, and only while samples flow: a driver that hangs for good in every thread
it is given cannot be mended from inside, a fresh process can.
"""

import os
import socket
from collections.abc import Mapping
from typing import Final

import structlog

from telemetry.clock import Clock

FEEDS: Final = 2.0
"""sd_watchdog_enabled(3): feed it in half of its time."""

MAX_SEND_FAILURES_LOGGED: Final = 1

log = structlog.get_logger(__name__)


class Notifier:
    """systemd's notification socket; where there is none, nothing happens.

    Attributes:
        failures: Notifications that could not be sent.
    """

    def __init__(self, address: str | None) -> None:
        self.failures = 0
        # A name that begins with @ is one in Linux' abstract namespace.
        self._address = "\0" + address[1:] if address and address.startswith("@") else address

    def send(self, *words: str) -> None:
        """Send assignments such as `READY=1`; never blocks, never raises."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as link:
                link.sendto("\n".join(words).encode(), self._address)
        except OSError as error:
            self.failures += 1
            tell = log.warning if self.failures <= MAX_SEND_FAILURES_LOGGED else log.debug
            tell("systemd is not told", words=words, error=str(error))


class Watchdog:
    """Tells systemd how the agent is. Not thread-safe: one thread calls.

    Attributes:
        is_fed: Whether samples flowed at the last turn.
    """

    def __init__(self, notifier: Notifier, interval_s: float | None, clock: Clock) -> None:
        """Make it.

        Args:
            notifier: Where to say it.
            interval_s: systemd's patience; None: it keeps no watch.
            clock: The time.
        """
        self.is_fed = True
        self._notifier = notifier
        self._every_s = None if interval_s is None else interval_s / FEEDS
        self._clock = clock
        self._due_s = clock.monotonic()

    def ready(self) -> None:
        """The agent works."""
        self._notifier.send("READY=1", "STATUS=measuring")

    def turn(self, is_flowing: bool) -> None:
        """To be called at every turn of the loop; feeds when it is time, if samples flow."""
        if is_flowing != self.is_fed:
            self.is_fed = is_flowing
            if is_flowing:
                log.info("samples flow again")
                self._notifier.send("STATUS=measuring")
            else:
                log.error("no samples flow, every sensor's driver hangs; systemd's watchdog is not fed")
                self._notifier.send("STATUS=no samples flow: every sensor's driver hangs")
        if self._every_s is None or not is_flowing or self._clock.monotonic() < self._due_s:
            return
        self._due_s = self._clock.monotonic() + self._every_s
        self._notifier.send("WATCHDOG=1")

    def next_due(self) -> float:
        """Monotonic time of the next feeding."""
        return float("inf") if self._every_s is None or not self.is_fed else self._due_s

    def stopping(self) -> None:
        """The agent ends on purpose."""
        self._notifier.send("STOPPING=1")


def watchdog_of(environment: Mapping[str, str], clock: Clock) -> Watchdog:
    """The watchdog that systemd's environment asks for, if it does."""
    return Watchdog(Notifier(environment.get("NOTIFY_SOCKET")), interval_of(environment, os.getpid()), clock)


def interval_of(environment: Mapping[str, str], pid: int) -> float | None:
    """How long systemd waits for a sign of life, in seconds; None if it does not wait for this process."""
    try:
        interval_s = int(environment.get("WATCHDOG_USEC", "")) / 1_000_000
        is_ours = int(environment.get("WATCHDOG_PID", pid)) == pid
    except ValueError:
        return None
    return interval_s if is_ours and interval_s > 0 else None
