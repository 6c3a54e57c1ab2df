"""The language of the pattern tables, and the search for all of them at once.

A pattern is written as the text reads::

    The contact name {name} is already (assigned|given) to another contact

=================  ==================================================================================================
``word``           this word, in normal form
``(a|b c|)``       one of these; an empty one makes the others optional
``<GONE>``         one of the ways to say it that `vocabulary.CHOICES` has
``{name}``         a variable part: any words, or none; the braces name what it is (`REACH` has the kinds)
``...``            words that do not matter, or none: at most a few
=================  ==================================================================================================

The fixed phrases of all patterns make one tree of words. A text is walked through it once, which tells all phrases in
it and where; a pattern is looked at only when it has a phrase for each of its elements there. So the cost of a text
goes with its length, not with the number of patterns, and nothing is ever tried twice over.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple, TypeAlias

from exporter.observe.reasons.normal import words_of
from exporter.observe.reasons.vocabulary import CHOICES

REACH: Final[Mapping[str, int]] = {
    "name": 60,
    "text": 60,
    "email": 20,
    "code": 12,
    "id": 12,
    "number": 12,
    "amount": 12,
    "date": 12,
    "status": 12,
    "currency": 6,
}
"""Kind of variable part -> the most words that it may take. A name of Xero has up to 255 characters, a GUID 5 words."""

_FILL: Final = 8
"""The most words that ``...`` may take."""

_STARTS: Final = 8
"""How many places of its first phrase a pattern is tried at."""

_ITEM: Final = re.compile(
    r"\{(?P<kind>\w+)\}|\((?P<choice>[^)]*)\)|<(?P<named>\w+)>|(?P<fill>\.\.\.)|(?P<word>[^\s(){}<>]+)"
)

Phrase: TypeAlias = tuple[bytes, ...]
"""Words in normal form."""

Phrases: TypeAlias = dict[int, list[tuple[int, int]]]
"""Number of a phrase -> where it stands in a text: first word, the word after its last; in the order of the text."""


class Found(NamedTuple):
    """Where a pattern was found.

    Attributes:
        start: number of the first word.
        end: number of the word after the last.
        fixed: how many of the words between are the pattern's own.
        shown: the pattern's own words, with ``[redacted:KIND]`` for each variable part.
    """

    start: int
    end: int
    fixed: int
    shown: str


@dataclass(frozen=True, slots=True)
class _Element:
    """One phrase, or a choice of several.

    Attributes:
        gap: kind of the variable part before it; ``...`` for words that do not matter; empty for none.
        reach: most words of that part.
        ways: the number of each phrase -> as it is written in the table.
        only: the number of the only phrase; -1 where there are several.
    """

    gap: str
    reach: int
    ways: Mapping[int, str]
    only: int

    def places(self, phrases: Phrases) -> list[tuple[int, int, int]]:
        """Where it stands: first word, minus the word after its last, the phrase; the longest first at each place."""
        places = [(start, -end, way) for way in self._said(phrases) for start, end in phrases[way][:_STARTS]]
        if len(places) > 1:
            places.sort()
        return places

    def after(self, phrases: Phrases, end: int) -> tuple[int, int, int] | None:
        """Its nearest place in reach of the word `end`, the longest there: first word, word after its last, phrase."""
        nearest: tuple[int, int, int] | None = None
        for way in self._said(phrases):
            spots = phrases[way]
            at = 0 if spots[0][0] >= end else bisect_left(spots, (end,))
            if at == len(spots):
                continue
            start, stop = spots[at]
            if nearest is None or start < nearest[0] or (start == nearest[0] and stop > nearest[1]):
                nearest = (start, stop, way)
        return nearest if nearest is not None and nearest[0] <= end + self.reach else None

    def _said(self, phrases: Phrases) -> Collection[int]:
        """Which of its ways are among `phrases`."""
        if self.only in phrases:
            return (self.only,)
        return self.ways.keys() & phrases.keys() if self.only < 0 else ()


class Pattern:
    """One pattern.

    Attributes:
        source: as it is written in the table.
        elements: numbers of phrases; a text must have one of each set for a match.
    """

    __slots__ = ("_elements", "_tail", "elements", "source")

    def __init__(self, source: str, tree: PhraseTree) -> None:
        """The pattern that is written as `source`; its phrases become part of `tree`.

        Raises:
            ValueError: `source` has a kind of variable part or a choice that is not known, or no fixed words.
        """
        self.source = source
        self._elements, self._tail = _parsed(source, tree)
        self.elements = tuple(frozenset(element.ways) for element in self._elements)

    def find(self, phrases: Phrases) -> Iterator[Found]:
        """The matches in a text that has these phrases, one of each of `elements` at least; none overlaps another."""
        first = self._elements[0]
        reached = 0
        for start, negative_end, way in first.places(phrases):
            if start < reached:
                continue
            shown = [f"[redacted:{first.gap}]", first.ways[way]] if first.gap in REACH else [first.ways[way]]
            found = self._matched(phrases, start, -negative_end, shown)
            if found is not None:
                yield found
                reached = found.end

    def _matched(self, phrases: Phrases, begin: int, end: int, shown: list[str]) -> Found | None:
        """The match that begins so, each element in reach of the one before; `shown` gets what they say."""
        fixed = end - begin
        for element in self._elements[1:]:
            place = element.after(phrases, end)
            if place is None:
                return None
            start, stop, way = place
            if element.gap in REACH:
                shown.append(f"[redacted:{element.gap}]")
            elif start > end:
                shown.append("[redacted:text]")
            shown.append(element.ways[way])
            fixed += stop - start
            end = stop
        if self._tail:
            shown.append(f"[redacted:{self._tail}]")
        return Found(begin, end, fixed, " ".join(shown))


class PhraseTree:
    """Finds all phrases of a set in a text, in one walk."""

    __slots__ = ("_numbers", "_root")

    def __init__(self) -> None:
        self._numbers: dict[Phrase, int] = {}
        self._root: dict[bytes, _Node] = {}

    def number(self, phrase: Phrase) -> int:
        """The number of `phrase`, which is part of the tree from now on."""
        number = self._numbers.setdefault(phrase, len(self._numbers))
        level = self._root
        for word in phrase:
            node = level.setdefault(word, _Node())
            level = node.following
        node.number = number
        return number

    def phrases(self) -> Mapping[int, Phrase]:
        """All phrases by number."""
        return {number: phrase for phrase, number in self._numbers.items()}

    def walk(self, words: Sequence[bytes]) -> Phrases:
        """The phrases in a text of these words."""
        found: Phrases = {}
        root = self._root
        count = len(words)
        for start, word in enumerate(words):
            node = root.get(word)
            end = start + 1
            while node is not None:
                number = node.number
                if number >= 0:
                    if number in found:
                        found[number].append((start, end))
                    else:
                        found[number] = [(start, end)]
                if end == count:
                    break
                node = node.following.get(words[end])
                end += 1
        return found


class _Node:
    """A place in the tree: the number of the phrase that ends here, or -1, and the words that may follow."""

    __slots__ = ("following", "number")

    def __init__(self) -> None:
        self.number = -1
        self.following: dict[bytes, _Node] = {}


def _parsed(source: str, tree: PhraseTree) -> tuple[list[_Element], str]:
    """The elements of `source`, and the kind of the variable part at its end, if there is one.

    Raises:
        ValueError: a kind that `REACH` does not have, a choice that `CHOICES` does not have, or no fixed words.
    """
    elements: list[_Element] = []
    items: list[Sequence[str]] = []
    gap = ""
    for match in _ITEM.finditer(source):
        item = _item(source, match)
        if item:
            items.append(item)
            continue
        elements += _run(gap, items, tree)
        items = []
        gap = match["kind"] or "..."
    elements += _run(gap, items, tree)
    if not elements:
        raise ValueError(f"{source!r}: a pattern needs fixed words")
    return elements, "" if items or gap not in REACH else gap


def _item(source: str, match: re.Match[str]) -> Sequence[str]:
    """The ways to say one item; none for a variable part."""
    kind, choice, named, fill, word = match.group("kind", "choice", "named", "fill", "word")
    if kind is not None and kind not in REACH:
        raise ValueError(f"{source!r}: no such kind of variable part: {kind}")
    if named is not None and named not in CHOICES:
        raise ValueError(f"{source!r}: no such choice: {named}")
    if kind is not None or fill is not None:
        return ()
    if choice is not None:
        return tuple(choice.split("|"))
    return CHOICES[named] if named is not None else (word,)


def _run(gap: str, items: Sequence[Sequence[str]], tree: PhraseTree) -> list[_Element]:
    """The elements of items without a variable part between: what has one way, or none, joins its neighbour."""
    joined: list[list[str]] = []
    for item in items:
        before = joined[-1] if joined else None
        if before is not None and (len(before) == len(item) == 1 or not all(map(words_of, (*before, *item)))):
            joined[-1] = [" ".join(filter(None, pair)) for pair in product(before, item)]
        else:
            joined.append(list(item))
    elements: list[_Element] = []
    for ways in joined:
        phrases = {tuple(words_of(way)): way for way in ways}
        if () in phrases:
            raise ValueError(f"{ways!r}: one way to say it must have words")
        numbered = {tree.number(phrase): way for phrase, way in phrases.items()}
        reach = 0 if elements else REACH.get(gap, _FILL)
        only = next(iter(numbered)) if len(numbered) == 1 else -1
        elements.append(_Element("" if elements else gap, reach, numbered, only))
    return elements
