"""A number of things in words."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """``1 record``, ``1,234 records``: how many there are of what English makes many of with an s."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
