"""The one place that makes foreign text safe to show."""

from __future__ import annotations

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str, limit: int = 200) -> str:
    """`text` on one line, without anything that could drive a terminal, cut to `limit` characters.

    Control characters, escape sequences, bidirectional overrides and lone surrogates become U+FFFD: whatever
    `str.isprintable` refuses.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(character if character.isprintable() else _REPLACEMENT for character in cut)
