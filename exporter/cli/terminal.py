"""What is written to a terminal: lines of our own making, whatever stands in them.

Texts that come from elsewhere pass `printable`, and markup is never interpreted: nothing that is shown can drive the
terminal. Colour is there only on a terminal, and not where NO_COLOR is set.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.text import Text

from exporter.redact import printable

WIDEST: Final = 100
"""Columns that are used at most: longer lines are hard to read."""

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class Page:
    """A page in the making, line by line."""

    def __init__(self, console: Console | None = None) -> None:
        """A page on standard output, or on `console`."""
        self._console = console or Console(highlight=False, markup=False, emoji=False)
        self._width = min(self._console.width, WIDEST)
        self._begun = False

    def title(self, text: str, style: str) -> None:
        """The line that says it all."""
        self._line(text, style)

    def heading(self, text: str) -> None:
        """A line that begins a part."""
        self._line("")
        self._line(text, "bold")

    def say(self, text: str, *, indent: int = 2, first: str = "", style: str = "") -> None:
        """A sentence, wrapped.

        Args:
            text: any text.
            indent: columns before each line.
            first: stands in those columns in the first line, such as a number.
            style: of the text.
        """
        begin = f"{first:<{indent}}"
        lines = textwrap.wrap(
            printable(text, limit=2000),
            self._width,
            initial_indent=begin,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines:
            self._line(line, style)

    def fact(self, name: str, value: str, style: str = "") -> None:
        """A name and its value, side by side."""
        self.say(value, indent=18, first=f"  {name:<15} ", style=style)

    def facts(self, name: str, values: Iterable[str]) -> None:
        """A name and its values, below each other."""
        for place, value in enumerate(values):
            self.fact("" if place else name, value)

    def address(self, url: str, *, indent: int) -> None:
        """A URL on a line of its own, never broken by us: whoever reads it wants to follow it."""
        self._line(" " * indent + printable(url, limit=3000), "underline")

    def _line(self, text: str, style: str = "") -> None:
        indent = len(text) - len(text.lstrip())
        line = Text(printable(text, limit=4000))
        if style:
            line.stylize(style, indent)
        self._console.print(line, soft_wrap=True)


def since(instant: str | None, now: float) -> str:
    """An instant of a document for people: ``2025-01-15 10:30:12 UTC, 5 min ago``; ``never`` for null."""
    seconds = seconds_of(instant)
    if instant is None or seconds is None:
        return "never"
    return f"{printable(instant)[:19].replace('T', ' ')} UTC, {ago(now - seconds)}"


def page_says(page: str, status: str, read: str | None, now: float) -> str:
    """What a status page says, and when it was read last, where that is told: an older exporter tells no instant."""
    seconds = seconds_of(read)
    return f"{page}: {status}" + ("" if seconds is None else f", last read {ago(now - seconds)}")


def seconds_of(instant: str | None) -> float | None:
    """An instant of a document as seconds since 1970 UTC; None for null, and for what is none."""
    if instant is None:
        return None
    try:
        at = datetime.fromisoformat(instant)
    except ValueError:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()


def ago(seconds: float) -> str:
    """How long ago, or in how long, in the two largest units that matter."""
    if abs(seconds) < 1:
        return "just now"
    return f"{length(seconds)} ago" if seconds > 0 else f"in {length(-seconds)}"


def length(seconds: float) -> str:
    """A length of time: ``45 s``, ``5 min``, ``2 h 5 min``, ``3 d 4 h``."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < DAY:
        return _two(seconds, HOUR, "h", MINUTE, "min")
    return _two(seconds, DAY, "d", HOUR, "h")


def _two(seconds: float, large: int, large_unit: str, small: int, small_unit: str) -> str:
    count, rest = divmod(int(seconds), large)
    return f"{count} {large_unit} {rest // small} {small_unit}" if rest >= small else f"{count} {large_unit}"
