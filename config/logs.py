"""One line an event: JSON for machines, plain text on a laptop."""

import logging

import structlog
from structlog.typing import Processor

# Run on every record, ours or a library's, before it is written out.
_ENRICH: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def formatter(*, json: bool) -> logging.Formatter:
    """The formatter that settings.LOGGING names. What is passed as `extra=` becomes fields of the line."""
    if json:
        render: list[Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        render = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_ENRICH,
        processors=[_without_request, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )


def _without_request(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Django hands its request object to the log as an extra; its repr says nothing that the line does not."""
    event.pop("request", None)
    return event
