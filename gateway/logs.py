"""structlog on stderr: lines for people on a terminal, JSON lines elsewhere."""

import logging
import sys

import structlog

from gateway.config import LogConfig


def configure(settings: LogConfig) -> None:
    """Set up logging for the whole program."""
    console = settings.form == "console" or (settings.form == "auto" and sys.stderr.isatty())
    renderer: structlog.types.Processor
    if console:
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        last: list[structlog.types.Processor] = [renderer]
    else:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
        last = [structlog.processors.format_exc_info, renderer]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    # What libraries say through the standard library is kept down to what an operator must see.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
