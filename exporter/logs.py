"""Structured logs: what changed, in closed words; never a secret, never foreign text.

One event is one line on standard error. Exceptions are told by the names of their classes and the places they
passed, never by their text: an exception's text can quote what somebody sent.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

from exporter.redact import printable

_FRAMES: Final = 5
"""Innermost places of an exception that are told: enough to find it, and still one line."""


def configure(level: str, style: str, stream: TextIO | None = None) -> None:
    """Sends all logs of this process, those of libraries from warning upwards, to `stream` (standard error).

    Args:
        level: the least that is told: ``debug``, ``info``, ``warning`` or ``error``.
        style: ``json`` or ``console``; ``auto`` is console on a terminal.
        stream: where to.
    """
    target = sys.stderr if stream is None else stream
    as_console = style == "console" or (style == "auto" and target.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_in_closed_words,
        _one_line,
    ]
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=target.isatty()) if as_console else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_library_message, *shared],
            pass_foreign_args=True,
            use_get_message=False,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for library in ("apscheduler", "asyncio", "tzlocal", "urllib3"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # It logs each batch that was not sent, with texts of whoever refused it; `telemetry.exporting` tells the first.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    # It warns of each request that is not HTTP: a port scan would fill the log with what concerns nobody.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def _library_message(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's signature
    """A library's log record: only which library, and the fixed words of its message.

    The arguments of the message are left out: they can hold anything.
    """
    record: logging.LogRecord = event["_record"]
    event["event"] = "library_message"
    event["library"] = record.name
    # Without arguments the message is ready-made, and then nobody knows what is in it.
    arguments = event.pop("positional_args", None)
    event["template"] = record.msg if arguments and isinstance(record.msg, str) else "ready-made"
    event.pop("exc_info", None)
    if record.exc_info:
        event["exc_info"] = record.exc_info
        # The formatter would append the exception's own text.
        record.exc_info = None
        record.exc_text = None
    return event


def closed_words(error: BaseException) -> tuple[str, list[str]]:
    """An exception as its class and the innermost places that it passed, without its text."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return type(error).__name__, [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}:{frame.name}" for frame in frames
    ]


def _exception_in_closed_words(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's signature
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"], event["at"] = closed_words(error)
    return event


def _one_line(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's signature
    """Texts made safe to show, and first what is looked for first: when, how bad, what."""
    ordered = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event} | dict(event)
    return {
        key: printable(value) if isinstance(value, str) and not key.startswith("_") else value
        for key, value in ordered.items()
    }
