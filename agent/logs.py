"""structlog on stderr: lines for people on a terminal, JSON lines elsewhere; the newest are kept for who asks."""

import json
import logging
import sys
from collections import deque
from typing import Any, Final

import structlog

from agent.config import LogConfig

KEPT_LINES: Final = 500
KEPT_LETTERS: Final = 1_000
"""Of one line. Together half a megabyte at most: what an agent without a terminal can be asked for."""

_newest: Final = deque[str](maxlen=KEPT_LINES)


def newest(count: int) -> list[str]:
    """The newest lines of this process, as JSON, oldest first; at most `KEPT_LINES` of at most `KEPT_LETTERS`."""
    lines = list(_newest)
    return lines[max(0, len(lines) - count) :]


def configure(settings: LogConfig) -> None:
    """Set up logging for the whole program."""
    console = settings.form == "console" or (settings.form == "auto" and sys.stderr.isatty())
    renderer: structlog.types.Processor
    if console:
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    else:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _keep,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def _keep(_logger: object, _method: str, event: Any) -> Any:
    _newest.append(json.dumps(event, ensure_ascii=False, default=str)[:KEPT_LETTERS])
    return event
