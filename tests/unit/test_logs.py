"""Logs tell changes in closed words, one line each, and never what somebody else wrote."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from exporter import logs

CANARY = "john.canary@example.com"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Puts the process's logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(style: str = "json", level: str = "info") -> io.StringIO:
    """Logs into memory from here on."""
    stream = io.StringIO()
    logs.configure(level, style, stream)
    return stream


def test_an_event_is_one_json_line_with_its_time_and_level() -> None:
    """For machines, when nobody is at a terminal."""
    stream = lines("auto")
    structlog.get_logger("test").info("organization_failing", organization_id="org-1", failure="timeout")
    [line] = stream.getvalue().splitlines()
    told = json.loads(line)
    assert told.pop("timestamp").endswith("Z")
    assert told == {"event": "organization_failing", "organization_id": "org-1", "failure": "timeout", "level": "info"}


def test_below_the_level_nothing_is_told() -> None:
    """And at the level it is."""
    stream = lines(level="warning")
    structlog.get_logger("test").info("quiet")
    assert stream.getvalue() == ""
    structlog.get_logger("test").warning("loud")
    assert "loud" in stream.getvalue()


@pytest.mark.parametrize("style", ["json", "console"])
def test_the_text_of_an_exception_is_never_told(style: str) -> None:
    """Its class and place are."""
    stream = lines(style)
    try:
        int(CANARY)
    except ValueError:
        structlog.get_logger("test").exception("tick_broke")
    assert "ValueError" in stream.getvalue()
    assert "test_logs.py" in stream.getvalue()
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_librarys_message_is_told_without_what_was_put_into_it(style: str) -> None:
    """Arguments, ready-made texts and exceptions can quote anybody."""
    stream = lines(style)
    library = logging.getLogger("asyncio")
    library.error("Task of %s failed", CANARY)
    library.error(f"ready-made {CANARY}")
    try:
        Path(f"/nowhere/{CANARY}").read_text()
    except OSError:
        library.exception("it broke for %s", CANARY)
    assert CANARY not in stream.getvalue()
    assert "Task of %s failed" in stream.getvalue()
    assert "FileNotFoundError" in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 3


@pytest.mark.parametrize("style", ["json", "console"])
def test_nothing_in_a_value_can_drive_a_terminal_or_begin_a_line(style: str) -> None:
    """Escape sequences and line ends become a mark."""
    stream = lines(style)
    structlog.get_logger("test").info("event", value="a\x1b[31m\nb\u202e")
    assert "\x1b[31m" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1
