"""Whether the demo is up: the gateway is ready, and every branch shows a reading of this run."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any, Final

LOOK_EVERY_S: Final = 0.5
SAY_EVERY_S: Final = 15.0
ANSWER_WITHIN_S: Final = 1.0
"""Short, since a wish to stop is seen only between two questions."""


# A proxy of the environment is no way to this machine.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Readiness:
    """Asks the gateway, and tells each step once.

    Args:
        board: Its address.
        sites: The branches to wait for.
        say: Told of each step.

    Attributes:
        missing: What is still waited for, in words.
    """

    def __init__(self, board: str, sites: Sequence[str], *, say: Callable[[str], None]) -> None:
        self.missing = "the gateway does not answer"
        self._board = board
        self._waiting = list(sites)
        self._say = say
        self._is_ready = False
        self._began_at = self._looked_at = self._said_at = time.monotonic()

    def look(self) -> bool:
        """True once all is up. Asks twice a second at most, and tells every 15 s what is missing."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return False
        self._looked_at = now
        try:
            is_up = self._ask()
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.missing = f"the gateway does not answer ({error})"
            is_up = False
        if is_up:
            return True
        if now - self._said_at >= SAY_EVERY_S:
            self._said_at = now
            self._say(f"still waiting: {self.missing}")
        return False

    def _ask(self) -> bool:
        if not self._is_ready:
            status, body = _get(f"{self._board}/readyz")
            if status != 200:
                self.missing = f"the gateway is not ready: {body.strip()[:300]}"
                return False
            self._is_ready = True
            self._say("gateway: ready")
        for site in list(self._waiting):
            reading = self._first_reading(site)
            if reading:
                self._waiting.remove(site)
                self._say(f"{site}: first reading, {reading}")
        self.missing = f"first readings of {', '.join(self._waiting)}"
        return not self._waiting

    def _first_reading(self, site: str) -> str:
        """A reading of this run in words, "" if there is none yet; older ones may be there from the run before."""
        status, body = _get(f"{self._board}/api/v1/sites/{site}/points")
        if status != 200:
            return ""
        age_limit_s = time.monotonic() - self._began_at
        for point in json.loads(body)["points"]:
            values: dict[str, Any] = point["values"]
            for name, value in values.items():
                if value["age_s"] is not None and value["age_s"] <= age_limit_s:
                    return f"{point['point']} {name} {value['value']:g}"
        return ""


def _get(url: str) -> tuple[int, str]:
    try:
        with _OPENER.open(url, timeout=ANSWER_WITHIN_S) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")
