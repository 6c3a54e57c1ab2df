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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from exporter.observe.reasons.normal import words_of
from exporter.observe.reasons.tree import Phrases, PhraseTree
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
"""How many places of a phrase a pattern is tried at first."""

_ITEM: Final = re.compile(
    r"\{(?P<kind>\w+)\}|\((?P<choice>[^)]*)\)|<(?P<named>\w+)>|(?P<fill>\.\.\.)|(?P<word>[^\s(){}<>]+)"
)


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
        placeholder: what is shown of the variable part before it, if that has words.
    """

    gap: str
    reach: int
    ways: Mapping[int, str]
    only: int
    placeholder: str

    def places(self, phrases: Phrases) -> Sequence[tuple[int, int, int]]:
        """Where it stands: first word, minus the word after its last, the phrase; the longest first at each place."""
        only = self.only
        if only >= 0:
            return [(start, -end, only) for start, end in phrases[only][:_STARTS]]
        ways = self.ways.keys() & phrases.keys()
        return sorted([(start, -end, way) for way in ways for start, end in phrases[way][:_STARTS]])

    def after(self, phrases: Phrases, end: int) -> tuple[int, int, int] | None:
        """Its nearest place in reach of the word `end`, the longest there: first word, word after its last, phrase."""
        ways = (self.only,) if self.only >= 0 else self.ways.keys() & phrases.keys()
        nearest: tuple[int, int, int] | None = None
        for way in ways:
            spots = phrases[way]
            at = 0 if spots[0][0] >= end else bisect_left(spots, (end,))
            if at == len(spots):
                continue
            start, stop = spots[at]
            if nearest is None or start < nearest[0] or (start == nearest[0] and stop > nearest[1]):
                nearest = (start, stop, way)
        return nearest if nearest is not None and nearest[0] <= end + self.reach else None


class Pattern:
    """One pattern.

    Attributes:
        source: as it is written in the table.
        elements: numbers of phrases; a text must have one of each set for a match.
    """

    __slots__ = ("_elements", "_only", "_shown", "_tail", "elements", "source")

    def __init__(self, source: str, tree: PhraseTree) -> None:
        """The pattern that is written as `source`; its phrases become part of `tree`.

        Raises:
            ValueError: `source` has a kind of variable part or a choice that is not known, or no fixed words.
        """
        self.source = source
        self._elements, self._tail = _parsed(source, tree)
        self.elements = tuple(frozenset(element.ways) for element in self._elements)
        first = self._elements[0]
        self._only = first.only if len(self._elements) == 1 else -1
        before, after = first.gap in REACH, bool(self._tail)
        shown = [first.placeholder] if before else []
        shown.append(next(iter(first.ways.values())))
        self._shown = " ".join([*shown, f"[redacted:{self._tail}]"] if after else shown)

    def find(self, phrases: Phrases) -> Sequence[Found]:
        """The matches in a text that has these phrases, one of each of `elements` at least; none overlaps another."""
        if self._only >= 0:  # most patterns are one phrase
            return [Found(start, end, end - start, self._shown) for start, end in phrases[self._only][:_STARTS]]
        first = self._elements[0]
        matches: list[Found] = []
        for start, negative_end, way in first.places(phrases):
            if matches and start < matches[-1].end:
                continue
            shown = [first.placeholder, first.ways[way]] if first.gap in REACH else [first.ways[way]]
            found = self._matched(phrases, start, -negative_end, shown)
            if found is not None:
                matches.append(found)
        return matches

    def _matched(self, phrases: Phrases, begin: int, end: int, shown: list[str]) -> Found | None:
        """The match that begins so, each element in reach of the one before; `shown` gets what they say."""
        fixed = end - begin
        for element in self._elements[1:]:
            place = element.after(phrases, end)
            if place is None:
                return None
            start, stop, way = place
            if start > end:
                shown.append(element.placeholder)
            shown.append(element.ways[way])
            fixed += stop - start
            end = stop
        if self._tail:
            shown.append(f"[redacted:{self._tail}]")
        return Found(begin, end, fixed, " ".join(shown))


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
        placeholder = f"[redacted:{gap if gap in REACH else 'text'}]"
        elements.append(_Element("" if elements else gap, reach, numbered, only, placeholder))
    return elements
