"""From the text of a sync error to its reason. Pure, cheap for repeated texts, linear in the text.

The rules are the tables of `observe.reasons`. All patterns that a text matches are gathered; one that lies within
another says nothing of its own (the longer is the more specific), loose ones count after the others, and of several
reasons the first of `RANKING` wins. A text that no rule knows is unknown: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final

from exporter.model.words import Reason, SyncType
from exporter.observe.envelope import parts_of
from exporter.observe.reasons import RANKING, REASONS
from exporter.observe.reasons.foreign import FILLERS, OTHER_SYSTEMS
from exporter.observe.reasons.normal import words_of
from exporter.observe.reasons.pattern import BARRIER, Found, Pattern

MAX_TEXT: Final = 4096
"""Characters of a message that are looked at."""

MAX_KIND: Final = 128
"""Characters of an error's type that are looked at."""

_CACHED: Final = 4096
"""Texts remembered: fleets fail in few words, but with names and numbers in them."""

_LOOSE_REST: Final = 10
"""The most words that a text may have beside a loose pattern."""

_BARE_WORDS: Final = 24
"""The most words that a text may have to be taken as a bare one."""

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
    rank: int
    reason: Reason
    loose: bool
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    rank: int
    reason: Reason
    shown: str


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
    parts = parts_of(message)
    found = _of_parts([words_of(part) for part in parts])
    if found is not None or not kind:
        return found or _UNKNOWN
    before = words_of(kind)
    return _of_parts([before + words_of(part) for part in parts]) or _of_kind(kind) or _UNKNOWN


def _of_kind(kind: str) -> Recognition | None:
    words = words_of(kind)
    reason = _NAMES.get(b" ".join(words))
    return Recognition(reason) if reason is not None else _of_parts([words])


def _of_parts(parts: Sequence[list[bytes]]) -> Recognition | None:
    parts = [words for words in parts if words]
    present = frozenset(chain.from_iterable(parts))
    rules = _candidates(present)
    if rules:
        text = b"".join(chain.from_iterable((b" ", b" ".join(words), b" ", BARRIER) for words in parts))
        hits = _outermost(_hits(text, rules, present))
        if hits:
            return Recognition(min(hits, key=lambda hit: hit.rank).reason, _shown(text, hits))
    return _bare(parts, present)


def _candidates(present: frozenset[bytes]) -> list[_Rule]:
    """The rules of which a text with these words may match the pattern."""
    return [
        rule
        for word in present & _ANCHORED.keys()
        for rule in _ANCHORED[word]
        if not any(needed.isdisjoint(present) for needed in rule.pattern.words)
    ]


def _hits(text: bytes, rules: Sequence[_Rule], present: frozenset[bytes]) -> Iterator[_Hit]:
    foreign = b"xero" not in present and not OTHER_SYSTEMS.isdisjoint(present)
    for rule in rules:
        if rule.loose and foreign:
            continue
        found = rule.pattern.find(text)
        if found is not None and not (rule.loose and _rest(text, found) > _LOOSE_REST and b"xero" not in present):
            yield _Hit(found.start, found.end, rule.rank, rule.reason, found.shown)


def _rest(text: bytes, found: Found) -> int:
    """The number of words in the part of `found`, beside it."""
    start = text.rfind(BARRIER, 0, found.start) + 1
    end = text.find(BARRIER, found.end - 1)
    return len(text[start : found.start].split()) + len(text[found.end : end].split())


def _outermost(hits: Iterator[_Hit]) -> list[_Hit]:
    """Those that do not lie within another, in the order of the text."""
    kept: list[_Hit] = []
    reached = -1
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.rank)):
        if hit.end > reached:
            kept.append(hit)
            reached = hit.end
    return kept


def _shown(text: bytes, hits: Sequence[_Hit]) -> str:
    shown: list[str] = []
    at = 0
    for hit in hits:
        if hit.start + 1 < at:
            continue
        before = text[at : hit.start]
        if before.strip(b" |") and not (shown and shown[-1].endswith("]")):
            shown.append("[redacted:text]")
        shown.append(hit.shown)
        at = hit.end
    if text[at:].strip(b" |") and not shown[-1].endswith("]"):
        shown.append("[redacted:text]")
    return " ".join(shown)


def _bare(parts: Sequence[list[bytes]], present: frozenset[bytes]) -> Recognition | None:
    return _BARE.get(present - FILLERS) if sum(map(len, parts)) <= _BARE_WORDS else None


def _rules() -> Iterator[_Rule]:
    for row in REASONS.values():
        rank = RANKING.index(row.reason)
        for source in row.patterns:
            yield _Rule(rank, row.reason, False, Pattern(source))
        for source in row.loose:
            yield _Rule(rank + len(RANKING), row.reason, True, Pattern(source))


def _anchored() -> dict[bytes, tuple[_Rule, ...]]:
    """Each rule under the rarest words that its pattern cannot do without."""
    rules = list(_rules())
    uses: dict[bytes, int] = {}
    for rule in rules:
        for word in frozenset(chain.from_iterable(rule.pattern.words)):
            uses[word] = uses.get(word, 0) + 1
    anchored: dict[bytes, tuple[_Rule, ...]] = {}
    for rule in rules:
        for word in min(rule.pattern.words, key=lambda words: sum(uses[word] for word in words)):
            anchored[word] = (*anchored.get(word, ()), rule)
    return anchored


_ANCHORED: Final = _anchored()
_BARE: Final = {
    frozenset(words_of(text)): Recognition(row.reason, text) for row in REASONS.values() for text in row.bare
}
_NAMES: Final = {
    b" ".join(words_of(reason)): reason for reason in Reason if reason not in {Reason.UNKNOWN, Reason.UNSPECIFIED}
}
