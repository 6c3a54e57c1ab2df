"""The language of the pattern tables, and the search for one pattern.

A pattern is written as the text reads::

    The contact name {name} is already (assigned|given) to another contact

=================  ==================================================================================================
``word``           this word, in normal form
``(a|b c|)``       one of these; an empty one makes the others optional
``{name}``         a variable part: any words, or none; the braces name what it is (`REACH` has the kinds)
``...``            words that do not matter, or none: at most a few
=================  ==================================================================================================

Searched for from left to right, each run of fixed words at its first place after the one before, with a few fresh
starts when the next is out of reach: never more than a fixed number of passes over the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

from exporter.observe.reasons.normal import words_of

REACH: Final[Mapping[str, int]] = {
    "name": 400,
    "text": 400,
    "email": 160,
    "code": 80,
    "id": 80,
    "number": 80,
    "amount": 80,
    "date": 80,
    "status": 80,
    "currency": 40,
}
"""Kind of variable part -> the most bytes of normal form that it may take. A name of Xero has up to 255 characters."""

_FILL: Final = 48
"""The most bytes of normal form that ``...`` may take."""

_ANYWHERE: Final = 1 << 30
"""The reach of what a pattern begins with."""

_STARTS: Final = 4
"""How often a search begins anew when the fixed words stand too far apart."""

BARRIER: Final = b"|"
"""Stands between the parts of a text (normal form has no such byte); no match goes across."""

_ITEM: Final = re.compile(r"\{(?P<kind>\w+)\}|\((?P<choice>[^)]*)\)|(?P<fill>\.\.\.)|(?P<word>[^\s(){}]+)")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a pattern was found.

    Attributes:
        start: first byte of the match in the normal form.
        end: the byte after it.
        shown: the pattern's own words, with ``[redacted:KIND]`` for each variable part.
    """

    start: int
    end: int
    shown: str


@dataclass(frozen=True, slots=True)
class _Run:
    """Fixed words between two variable parts.

    Attributes:
        gap: kind of the variable part before it; empty at the beginning, ``...`` for words that do not matter.
        reach: most bytes of that part.
        phrases: each way to say it, in normal form with a space on both sides -> as it is shown.
        regex: finds any of `phrases`, where there are several.
        longest: bytes of the longest phrase.
        needed: sets of words; each match has at least one word of each set.
    """

    gap: str
    reach: int
    phrases: Mapping[bytes, str]
    regex: re.Pattern[bytes] | None
    longest: int
    needed: tuple[frozenset[bytes], ...]

    def find(self, text: bytes, start: int, stop: int) -> tuple[int, bytes] | None:
        """Its first place from `start` on, begun within `reach`, and which phrase stands there."""
        stop = min(stop, start + self.reach + self.longest)
        if self.regex is None:
            (phrase,) = self.phrases
            at = text.find(phrase, start, stop)
            return None if at < 0 else (at, phrase)
        match = self.regex.search(text, start, stop)
        return None if match is None else (match.start(), match.group())


class Pattern:
    """One pattern, ready to be searched for.

    Attributes:
        source: as it is written in the table.
        words: words that a text must have for a match, each a set of which one is enough.
    """

    __slots__ = ("_runs", "_tail", "source", "words")

    def __init__(self, source: str) -> None:
        self.source = source
        self._runs, self._tail = _parsed(source)
        self.words = tuple(needed for run in self._runs for needed in run.needed)

    def find(self, text: bytes) -> Found | None:
        """The first match in `text`: normal form, a space between words and at both ends."""
        first, *rest = self._runs
        at = 0
        for _ in range(_STARTS):
            place = first.find(text, at, len(text))
            if place is None:
                return None
            found = self._from(text, place, rest)
            if found is not None:
                return found
            at = place[0] + 1
        return None

    def _from(self, text: bytes, place: tuple[int, bytes], rest: list[_Run]) -> Found | None:
        start, phrase = place
        first = self._runs[0]
        shown = [f"[redacted:{first.gap}]"] if first.gap in REACH else []
        shown.append(first.phrases[phrase])
        end = start + len(phrase)
        if rest:
            barrier = text.find(BARRIER, end)
            stop = len(text) if barrier < 0 else barrier
        for run in rest:
            following = run.find(text, end - 1, stop)
            if following is None:
                return None
            at, phrase = following
            if run.gap in REACH:
                shown.append(f"[redacted:{run.gap}]")
            elif at > end - 1:
                shown.append("[redacted:text]")
            shown.append(run.phrases[phrase])
            end = at + len(phrase)
        if self._tail:
            shown.append(f"[redacted:{self._tail}]")
        return Found(start, end, " ".join(shown))


def _parsed(source: str) -> tuple[list[_Run], str]:
    """The runs of `source`, and the kind of the variable part at its end, if there is one.

    Raises:
        ValueError: a kind that `REACH` does not have, or no fixed words.
    """
    runs: list[_Run] = []
    items: list[tuple[str, ...]] = []
    gap = ""
    for match in _ITEM.finditer(source):
        kind, choice, fill, word = match.group("kind", "choice", "fill", "word")
        if kind is None and fill is None:
            items.append((word,) if word is not None else tuple(choice.split("|")))
            continue
        if kind is not None and kind not in REACH:
            raise ValueError(f"{source!r}: no such kind of variable part: {kind}")
        if items:
            runs.append(_run(gap, items))
            items = []
        gap = kind or "..."
    if items:
        runs.append(_run(gap, items))
        gap = ""
    if not runs:
        raise ValueError(f"{source!r}: a pattern needs fixed words")
    return runs, gap if gap in REACH else ""


def _run(gap: str, items: list[tuple[str, ...]]) -> _Run:
    phrases: dict[bytes, str] = {}
    for choice in product(*items):
        shown = " ".join(part for part in choice if part)
        phrases.setdefault(_phrase(shown), shown)
    if b" " in phrases:
        raise ValueError(f"{items!r}: one way to say it must have words")
    regex = re.compile(b" " + b"".join(map(_either, items))) if len(phrases) > 1 else None
    return _Run(
        gap, REACH.get(gap, _FILL) if gap else _ANYWHERE, phrases, regex, max(map(len, phrases)), tuple(_needed(items))
    )


def _phrase(text: str) -> bytes:
    words = words_of(text)
    return b" " + b" ".join(words) + b" " if words else b" "


def _either(item: tuple[str, ...]) -> bytes:
    return b"(?:" + b"|".join(_phrase(one)[1:] for one in item) + b")"


def _needed(items: list[tuple[str, ...]]) -> Iterator[frozenset[bytes]]:
    """Sets of words; each match has at least one word of each set."""
    for item in items:
        ways = [words_of(one) for one in item]
        if all(ways):
            common = frozenset.intersection(*map(frozenset, ways))
            yield from (frozenset((word,)) for word in common)
            if not common:
                yield frozenset(max(words, key=len) for words in ways)
