"""The tree of phrases: finds all of them in a text, in one walk through its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Phrase: TypeAlias = tuple[bytes, ...]
"""Words in normal form."""

Phrases: TypeAlias = dict[int, list[tuple[int, int]]]
"""Number of a phrase -> where it stands in a text: first word, the word after its last; in the order of the text."""


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
