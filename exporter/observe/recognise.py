"""From the text of a sync error to its reason. Pure, cheap for repeated texts, linear in the text.

The rules are the tables of `observe.reasons`. All patterns that a text matches are gathered; of those that overlap the
one with most words of its own speaks, loose ones count after the others, and of several reasons the first of `RANKING`
is told. A text that no rule knows is unknown: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

from exporter.model.words import WORDLESS, Reason, SyncType
from exporter.observe.envelope import parts_of
from exporter.observe.reasons import REASONS
from exporter.observe.reasons.foreign import FILLERS, OTHER_SYSTEMS
from exporter.observe.reasons.normal import words_of
from exporter.observe.reasons.pattern import Found
from exporter.observe.reasons.rules import TREE, Rule, candidates

MAX_TEXT: Final = 4096
"""Characters of a message that are looked at."""

MAX_KIND: Final = 128
"""Characters of an error's type that are looked at."""

_CACHED: Final = 2048
"""Texts remembered: fleets fail in few words, but with names and numbers in them."""

_LOOSE_REST: Final = 10
"""The most words that a part of a text may have beside what is recognised in it, for a loose pattern to count."""

_SHORT: Final = 32
"""The most words that a text may have to be taken as a bare one, or read together with its type."""

_MOST_RULES: Final = 32
"""The most rules that are tried on a part of a text. Real ones have the words for 15; more is made up to cost time."""

_MOST_WORDS: Final = 800
"""The most words of a message that are looked at. `MAX_TEXT` characters of English are 700."""

_LONGEST_NAME: Final = 256
"""The most characters of a text in which names such as ``InvalidAccountCode`` are spelled out."""

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word begins within a name such as ``InvalidAccountCode``."""

_CORRELATION: Final = re.compile(
    r"correlation[-_ ]?id\W{1,8}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-f-])",
    re.IGNORECASE,
)


_PREFIXES: Final = (
    (("contact",), SyncType.CONTACTS),
    (("invoice", "credit", "item"), SyncType.INVOICES),
    (("reconcil", "bank", "payment"), SyncType.RECONCILIATION),
)
"""What the error's type begins with, in lower case -> what was being synchronised."""


_SYNCHRONISED: Final = {
    SyncType.CONTACTS: b"contactsync",
    SyncType.INVOICES: b"invoicesync",
    SyncType.RECONCILIATION: b"paymentsync",
}
"""What was being synchronised -> the word before a text that says only what went wrong.

Not two words: patterns that look for a contact in the text itself shall not find it in the type.
"""


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


class _Hit(NamedTuple):
    found: Found
    rule: Rule


_UNSPECIFIED: Final = Recognition(Reason.UNSPECIFIED)
_UNKNOWN: Final = Recognition(Reason.UNKNOWN)


def recognise(kind: str | None, message: str | None) -> Recognition:
    """The reason of the error with this `type` and `message`. Never raises.

    A blank message leaves it to the type; where that says nothing either, the reason is unspecified. A short message
    that no rule knows is read once more behind what was being synchronised ("contact sync", "already exists").
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
    parts = list(_bounded(filter(None, map(words_of, dict.fromkeys(parts_of(message))))))
    found = _of_parts(parts)
    if found is not None or sum(map(len, parts)) > _SHORT:
        return found or _UNKNOWN
    return _spelled_out(message) or (_behind(kind, parts) if kind else None) or _UNKNOWN


def _spelled_out(message: str) -> Recognition | None:
    """What a text like ``InvalidAccountCode`` says; ``GitHubError`` is about GitHub, split or not."""
    if len(message) > _LONGEST_NAME:
        return None
    apart = _CAMEL.sub(" ", message)
    return None if apart == message else _of_parts([words_of(apart)], words_of(message))


def _behind(kind: str, parts: Sequence[list[bytes]]) -> Recognition | None:
    """What a text says behind what was being synchronised, or the type alone; that it failed is no news."""
    before = _SYNCHRONISED.get(sync_type_of(kind, Reason.UNKNOWN))
    found = (_of_parts([[before, *words] for words in parts]) if before else None) or _of_kind(kind)
    if found is None or found.reason is Reason.UNSPECIFIED:
        return None
    shown = found.shown.removeprefix(f"{before.decode()} ") if before and found.shown else found.shown
    return Recognition(found.reason, shown)


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
    foreign = b"xero" not in present and not OTHER_SYSTEMS.isdisjoint(present.union(about))
    hits = [_told(words, foreign=foreign) for words in parts]
    best = min((hit.rule for of_part in hits for hit in of_part), key=_rank, default=None)
    if best is None or best.reason is Reason.UNSPECIFIED:
        short = not foreign and sum(map(len, parts)) <= _SHORT
        bare = (_BARE.get(present - FILLERS) or _BARE.get(present)) if short else None
        if best is None or bare is not None:
            return bare
    return Recognition(best.reason, _shown(parts, hits))


def _told(words: list[bytes], *, foreign: bool) -> list[_Hit]:
    """The hits in one part that count; none overlaps another, in the order of the text."""
    hits = _apart(list(_hits(words, foreign=foreign)))
    rest = len(words) - sum(found.end - found.start for found, _ in hits)
    if rest > _LOOSE_REST and b"xero" not in words:
        return [hit for hit in hits if not hit.rule.loose]
    return hits


def _hits(words: list[bytes], *, foreign: bool) -> Iterator[_Hit]:
    """Every pattern that is in `words`; of a text that could be anything, the most serious."""
    phrases = TREE.walk(words)
    rules = candidates(frozenset(phrases))
    if len(rules) > _MOST_RULES:
        rules = sorted(rules, key=_rank)[:_MOST_RULES]
    for rule in rules:
        if not (foreign and rule.common):
            for found in rule.pattern.find(phrases):
                yield _Hit(found, rule)


def _rank(rule: Rule) -> tuple[int, int]:
    return rule.rank, rule.place


def _specific_first(hit: _Hit) -> tuple[bool, int, int, int, int]:
    found, rule = hit
    return rule.loose or rule.reason is Reason.UNSPECIFIED, -found.fixed, found.end - found.start, rule.rank, rule.place


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


def _bare() -> Iterator[tuple[frozenset[bytes], Recognition]]:
    """The words of each bare text, with those that say nothing and without."""
    for row in REASONS.values():
        for text in row.bare:
            words = frozenset(words_of(text))
            yield words, Recognition(row.reason, text)
            yield words - FILLERS or words, Recognition(row.reason, text)


_BARE: Final = dict(_bare())
_NAMES: Final = {b" ".join(words_of(reason)): reason for reason in Reason if reason not in WORDLESS}
