"""From the text of a sync error to its reason. Pure, cheap for repeated texts, linear in the text.

The rules are the tables of `observe.reasons`. All patterns that a text matches are gathered; one that lies within
another says nothing of its own (the longer is the more specific), loose ones count after the others, and of several
reasons the first of `RANKING` wins. A text that no rule knows is unknown: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

from exporter.model.words import Reason, SyncType
from exporter.observe.envelope import parts_of
from exporter.observe.reasons import RANKING, REASONS
from exporter.observe.reasons.foreign import FILLERS, OTHER_SYSTEMS
from exporter.observe.reasons.normal import words_of
from exporter.observe.reasons.pattern import Found, Pattern, PhraseTree

MAX_TEXT: Final = 4096
"""Characters of a message that are looked at."""

MAX_KIND: Final = 128
"""Characters of an error's type that are looked at."""

_CACHED: Final = 4096
"""Texts remembered: fleets fail in few words, but with names and numbers in them."""

_LOOSE_REST: Final = 10
"""The most words that a text may have beside a loose pattern."""

_SHORT: Final = 32
"""The most words that a text may have to be taken as a bare one, or read together with its type."""

_MOST_RULES: Final = 64
"""The most rules that are tried on a text. Real ones have their words for 20; more is made up to cost time."""

_MOST_WORDS: Final = 800
"""The most words of a message that are looked at. `MAX_TEXT` characters of English are 700."""

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word begins within a name such as ``InvalidAccountCode``."""

_CORRELATION: Final = re.compile(
    r"correlation[-_ ]?id\W{1,8}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-f-])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a text was recognised as.

    Attributes:
        reason: why the sync failed.
        shown: the fixed words of the recognised patterns, each variable part as ``[redacted:KIND]``; None when
            nothing was recognised, and the text is to be withheld whole.
    """

    reason: Reason
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    """One pattern of a row.

    Attributes:
        rank: of several rules that a text matches, the one with the least tells the reason.
        reason: what it tells.
        loose: whether the pattern is one of `Row.loose`.
        pattern: what to look for.
    """

    rank: int
    reason: Reason
    loose: bool
    pattern: Pattern


class _Hit(NamedTuple):
    found: Found
    rule: _Rule


_UNSPECIFIED: Final = Recognition(Reason.UNSPECIFIED)
_UNKNOWN: Final = Recognition(Reason.UNKNOWN)


def recognise(kind: str | None, message: str | None) -> Recognition:
    """The reason of the error with this `type` and `message`. Never raises.

    A blank message leaves it to the type; where that says nothing either, the reason is unspecified. A message that no
    rule knows is read once more behind its type ("contact_sync", "already exists").
    """
    return _recognised(
        None if kind is None else kind[:MAX_KIND],
        None if message is None else message[:MAX_TEXT],
    )


def sync_type_of(kind: str | None, reason: Reason) -> SyncType:
    """What was being synchronised, by the error's `type`; else the reason's own sync type, if it has exactly one."""
    if kind is not None:
        lowered = kind[:MAX_KIND].strip().lower()
        for prefixes, sync_type in _PREFIXES:
            if lowered.startswith(prefixes):
                return sync_type
    own = REASONS[reason].sync_types
    return own[0] if len(own) == 1 else SyncType.OTHER


_PREFIXES: Final = (
    (("contact",), SyncType.CONTACTS),
    (("invoice", "credit", "item"), SyncType.INVOICES),
    (("reconcil", "bank", "payment"), SyncType.RECONCILIATION),
)


def redacted(kind: str | None, message: str | None) -> str | None:
    """What may be shown of a text: the words of our own tables only; None when all of it is to be withheld."""
    return recognise(kind, message).shown


def correlation_id(message: str | None) -> str | None:
    """The Xero-Correlation-Id that the text carries, if one is labelled as such; Xero's support asks for it."""
    if message is None:
        return None
    match = _CORRELATION.search(message[:MAX_TEXT])
    return None if match is None else match[1].lower()


@lru_cache(maxsize=_CACHED)
def _recognised(kind: str | None, message: str | None) -> Recognition:
    if message is None or not message.strip():
        return (_of_kind(kind) if kind else None) or _UNSPECIFIED
    parts = list(_bounded(filter(None, map(words_of, parts_of(message)))))
    found = _of_parts(parts)
    if found is not None or sum(map(len, parts)) > _SHORT:
        return found or _UNKNOWN
    return _spelled_out(message) or (_behind(kind, parts) if kind else None) or _UNKNOWN


def _spelled_out(message: str) -> Recognition | None:
    """What a text like ``InvalidAccountCode`` says; ``GitHubError`` is about GitHub, split or not."""
    apart = _CAMEL.sub(" ", message)
    return None if apart == message else _of_parts([words_of(apart)], words_of(message))


def _behind(kind: str, parts: Sequence[list[bytes]]) -> Recognition | None:
    """What a text says behind its type, or the type alone."""
    before = words_of(kind)
    return _of_parts([before + words for words in parts]) or _of_kind(kind)


def _bounded(parts: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
    left = _MOST_WORDS
    for words in parts:
        yield words[:left]
        left -= len(words)
        if left <= 0:
            return


def _of_kind(kind: str) -> Recognition | None:
    words = words_of(kind)
    reason = _NAMES.get(b" ".join(words))
    return Recognition(reason) if reason is not None else _of_parts([words])


def _of_parts(parts: Sequence[list[bytes]], about: Iterable[bytes] = ()) -> Recognition | None:
    """What these parts of a text say together; None when nothing that a rule knows.

    Words of `about`, where the text has them in another shape, can only tell that it is about another system.
    """
    present = frozenset(chain.from_iterable(parts))
    strict_only = b"xero" not in present and not OTHER_SYSTEMS.isdisjoint(present.union(about))
    hits = [_apart(list(_hits(words, strict_only=strict_only))) for words in parts]
    best = min((hit.rule for of_part in hits for hit in of_part), key=_rank, default=None)
    if best is None or best.reason is Reason.UNSPECIFIED:
        short = not strict_only and sum(map(len, parts)) <= _SHORT
        bare = _BARE.get(present - FILLERS) if short else None
        if best is None or bare is not None:
            return bare
    return Recognition(best.reason, _shown(parts, hits))


def _hits(words: list[bytes], *, strict_only: bool) -> Iterator[_Hit]:
    """Every pattern that is in `words`; of a text that could be anything, the most serious."""
    phrases = _TREE.walk(words)
    rules = _candidates(frozenset(phrases))
    if len(rules) > _MOST_RULES:
        rules = sorted(rules, key=_rank)[:_MOST_RULES]
    roomy = len(words) - _LOOSE_REST
    for rule in rules:
        if rule.loose and strict_only:
            continue
        for found in rule.pattern.find(phrases):
            if not (rule.loose and found.end - found.start < roomy and b"xero" not in words):
                yield _Hit(found, rule)


def _candidates(present: frozenset[int]) -> list[_Rule]:
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


def _rank(rule: _Rule) -> int:
    return rule.rank


def _specific_first(hit: _Hit) -> tuple[bool, int, int]:
    return hit.rule.loose or hit.rule.reason is Reason.UNSPECIFIED, -hit.found.fixed, hit.rule.rank


def _apart(hits: list[_Hit]) -> list[_Hit]:
    """Of hits that overlap the one with most words of its own: it is the more specific. In the order of the text.

    A loose hit, or one that tells no cause, gives way to any other.
    """
    if len(hits) < 2:  # noqa: PLR2004 - one overlaps nothing
        return hits
    kept: list[_Hit] = []
    for hit in sorted(hits, key=_specific_first):
        start, end = hit.found.start, hit.found.end
        if all(end <= other.found.start or start >= other.found.end for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.found.start)


def _shown(parts: Sequence[list[bytes]], hits: Sequence[Sequence[_Hit]]) -> str:
    """The fixed words of all hits, in the order of the text; what lies between them is withheld."""
    shown: list[str] = []

    def withhold() -> None:
        if not shown or not shown[-1].endswith("]"):
            shown.append("[redacted:text]")

    for words, of_part in zip(parts, hits, strict=True):
        at = 0
        for found, _ in of_part:
            if found.start > at:
                withhold()
            shown.append(found.shown)
            at = found.end
        if at < len(words):
            withhold()
    return " ".join(shown)


def _rules(tree: PhraseTree) -> Iterator[_Rule]:
    for row in REASONS.values():
        rank = RANKING.index(row.reason)
        for source in row.patterns:
            yield _Rule(rank, row.reason, loose=False, pattern=Pattern(source, tree))
        for source in row.loose:
            yield _Rule(rank + len(RANKING), row.reason, loose=True, pattern=Pattern(source, tree))


def _anchored(
    rules: Iterable[_Rule], tree: PhraseTree
) -> dict[int, tuple[tuple[_Rule, Sequence[frozenset[int]]], ...]]:
    """Each rule under the phrases of one of its elements, the one that fewest texts have; with the other elements."""
    phrases = tree.phrases()

    def commonness(element: frozenset[int]) -> float:
        """How common one of these is in texts, roughly: each further word makes a phrase five times as rare."""
        return sum(5.0 ** -len(phrases[number]) for number in element)

    anchored: dict[int, list[tuple[_Rule, Sequence[frozenset[int]]]]] = {}
    for rule in rules:
        rarest, *others = sorted(rule.pattern.elements, key=commonness)
        for number in rarest:
            anchored.setdefault(number, []).append((rule, others))
    return {number: tuple(of_phrase) for number, of_phrase in anchored.items()}


_TREE: Final = PhraseTree()
_ANCHORED: Final = _anchored(tuple(_rules(_TREE)), _TREE)
_BARE: Final = {
    frozenset(words_of(text)): Recognition(row.reason, text) for row in REASONS.values() for text in row.bare
}
_NAMES: Final = {
    b" ".join(words_of(reason)): reason for reason in Reason if reason not in {Reason.UNKNOWN, Reason.UNSPECIFIED}
}
