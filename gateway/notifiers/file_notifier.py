"""A channel into a file, one JSON a line: for demonstrations, tests, and programs that tell people themselves."""

import os
import threading
from pathlib import Path

import msgspec

from gateway.notifiers.errors import ChannelUnavailable
from gateway.notifiers.message import Address, Message
from telemetry.clock import to_seconds


class FileNotifier:
    """Appends to one file; a line is written whole or not at all, and is on the disk when `send` returns."""

    in_group = False

    def __init__(self, path: Path, *, channel: str) -> None:
        self._path = path
        self._channel = channel
        self._lock = threading.Lock()

    def send(self, message: Message, to: Address, now_ms: int) -> bool:
        """Append a line; True, since a line on the disk is where its reader looks.

        Raises:
            ChannelUnavailable: If the file cannot be written now.
        """
        line = msgspec.json.encode(
            {
                "time": to_seconds(now_ms),
                "channel": self._channel,
                "to": to.person,
                "name": to.name,
                "key": message.key,
                "repeat": message.repeat,
                "drill": message.drill,
                "tell": message.tell,
                "severity": message.severity,
                "title": message.title,
                "text": message.text,
                "link": message.link or None,
                "alerts": list(message.alarms),
            }
        )
        try:
            with self._lock:
                # Opened anew for each line: the file may be moved away by whoever reads it.
                file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
                try:
                    written = os.write(file, line + b"\n")
                    os.fsync(file)
                finally:
                    os.close(file)
        except OSError as error:
            raise ChannelUnavailable(f"{self._path} cannot be written: {error.strerror}") from error
        if written != len(line) + 1:
            raise ChannelUnavailable(f"{self._path} took only a part of the line; is the disk full?", in_doubt=True)
        return True
