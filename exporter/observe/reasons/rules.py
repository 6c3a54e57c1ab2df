"""The patterns of all rows, ready to be searched for in one walk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model.words import Reason
from exporter.observe.reasons import RANKING, REASONS
from exporter.observe.reasons.pattern import Pattern
from exporter.observe.reasons.tree import PhraseTree

_EVERYWHERE: Final = frozenset(
    {
        Reason.PERMISSION,
        Reason.TOKEN_EXPIRED,
        Reason.REAUTHORISE,
        Reason.SCOPE_MISSING,
        Reason.DISCONNECTED,
        Reason.APP_CREDENTIALS,
        Reason.RATE_LIMITED,
        Reason.DAILY_LIMIT,
        Reason.XERO_UNAVAILABLE,
        Reason.NETWORK,
        Reason.UNSPECIFIED,
    }
)
"""Reasons that any system with tokens and limits has."""


_BESIDE: Final = {Reason.XERO_UNAVAILABLE: 1, Reason.UNSPECIFIED: 2}
"""Reasons that stand beside causes in one answer, and count only where there is none, not even a loose one; how far."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of a row.

    Attributes:
        rank: of several rules that a text matches, the one with the least tells the reason.
        place: which pattern of its row it is.
        reason: what it tells.
        loose: whether the pattern is one of `Row.loose`.
        common: whether other systems speak so too: it is loose, or about a reason that they have as well.
        pattern: what to look for.
    """

    rank: int
    place: int
    reason: Reason
    loose: bool
    common: bool
    pattern: Pattern


def candidates(present: frozenset[int]) -> list[Rule]:
    """The rules that find all their phrases among these."""
    rules = []
    for phrase in present & _ANCHORED.keys():
        for rule, others in _ANCHORED[phrase]:
            for other in others:
                if other.isdisjoint(present):
                    break
            else:
                rules.append(rule)
    return rules


def _rules(tree: PhraseTree) -> Iterator[Rule]:
    for row in REASONS.values():
        rank, later = RANKING.index(row.reason), len(RANKING)
        behind = 2 * later * _BESIDE.get(row.reason, 0)
        common = row.reason in _EVERYWHERE
        for place, source in enumerate(row.patterns):
            yield Rule(rank + behind, place, row.reason, loose=False, common=common, pattern=Pattern(source, tree))
        for place, source in enumerate(row.loose):
            yield Rule(rank + later + behind, place, row.reason, loose=True, common=True, pattern=Pattern(source, tree))


def _anchored(rules: Iterable[Rule], tree: PhraseTree) -> dict[int, tuple[tuple[Rule, Sequence[frozenset[int]]], ...]]:
    """Each rule under the phrases of one of its elements, the one that fewest texts have; with the other elements."""
    phrases = tree.phrases()

    def commonness(element: frozenset[int]) -> float:
        """How common one of these is in texts, roughly: each further word makes a phrase five times as rare."""
        return sum(5.0 ** -len(phrases[number]) for number in element)

    anchored: dict[int, list[tuple[Rule, Sequence[frozenset[int]]]]] = {}
    for rule in rules:
        rarest, *others = sorted(rule.pattern.elements, key=commonness)
        for number in rarest:
            anchored.setdefault(number, []).append((rule, others))
    return {number: tuple(of_phrase) for number, of_phrase in anchored.items()}


TREE: Final = PhraseTree()
_ANCHORED: Final = _anchored(tuple(_rules(TREE)), TREE)
