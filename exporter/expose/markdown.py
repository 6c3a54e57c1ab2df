"""Markdown (CommonMark) in which foreign text is only text: no markup, no HTML, nothing that drives a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_RUNS: Final = re.compile("`+")
_MARKUP: Final = re.compile(r"[\\`*_{}\[\]<>()#+!|~&]")


def neutral(text: str) -> str:
    """`text` with its lines, and without what could drive a terminal or turn the direction of what stands beside it.

    Line breaks of every kind become the same one, and tabs a space; other control characters, escape sequences,
    separators, bidirectional overrides and lone surrogates become U+FFFD: whatever `str.isprintable` refuses.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(one if one == "\n" or one.isprintable() else REPLACEMENT for one in lines)


def fenced(text: str) -> str:
    """`text` in a fenced code block, whose fence is longer than any run of backticks in it."""
    inert = neutral(text)
    fence = "`" * max(3, 1 + max(map(len, _RUNS.findall(inert)), default=0))
    return f"{fence}text\n{inert}\n{fence}\n"


def plain(text: str) -> str:
    """`text` as running text on one line: what could be markup is escaped."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}", neutral(text).replace("\n", " "))


def address(url: str) -> str:
    """A URL as a link to itself; any other text as `plain`."""
    return f"<{url}>" if re.fullmatch(r"[!-;=?-~]+", url) else plain(url)


def bullets(items: Iterable[str]) -> str:
    """A list; the items are Markdown already."""
    return "".join(f"- {item}\n" for item in items)


def numbered(items: Iterable[str]) -> str:
    """A numbered list; the items are Markdown already."""
    return "".join(f"{number}. {item}\n" for number, item in enumerate(items, 1))


def table(head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """A table (GitHub's extension); each cell is any text, None for nothing."""
    lines = [head, ["---"] * len(head), *([plain(cell or "") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
