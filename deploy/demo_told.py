"""Shows on the terminal what the demo's people are told, as it happens, with the link that acknowledges."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

AT_ONCE: Final = 64_000
"""Bytes read at one look; the rest at the next."""


class Told:
    """Follows the file of notifications from its end on."""

    def __init__(self, path: Path, *, say: Callable[[str], None]) -> None:
        self._path = path
        self._say = say
        self._at = path.stat().st_size

    def look(self) -> None:
        """Say what has come since the last look. Half a line waits for its end; a file that is gone says nothing."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                new = file.read(AT_ONCE)
        except OSError:
            return
        end = new.rfind(b"\n") + 1
        self._at += end
        for line in new[:end].splitlines():
            self._tell(line)

    def _tell(self, line: bytes) -> None:
        try:
            told = json.loads(line)
            text = f"told {told['name']}: {told['title']}"
            link = told["link"] if told["tell"] in ("rise", "missed-call") else None
        except (ValueError, KeyError, TypeError):
            # Somebody else wrote into the file.
            return
        self._say(f"{text}\n    acknowledge: {link}" if link else text)
