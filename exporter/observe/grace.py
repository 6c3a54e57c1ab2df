"""What an answer of discovery changes: who comes, who is kept for a while, and which answer is held. Pure.

Servers that list organisations fail in ways that look like lists: an empty array while their database is away, half of
it while it fills. So one answer drops nobody. Whoever is missing is dropped after `grace` answers in a row, and an
answer that drops too many at once is held: nothing of it is taken over until such answers have come for an hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from exporter.model.facts import Organization
from exporter.upstream.listing import Listing

HELD_FROM: Final = 5
"""An answer that drops fewer than this is never held (but an empty one is): two customers of three may well leave."""

HELD_SHARE: Final = 0.5
"""An answer that drops more than this share of those in force is held."""

HELD_FOR: Final = 3600.0
"""Seconds for which such answers must come, one after the other, until one is believed."""


class Verdict(StrEnum):
    """What becomes of an answer."""

    TAKEN = "taken"
    """It is in force, but for those who are kept though they are missing."""
    HELD = "held"
    """It drops too many at once; what was in force stays."""
    BELIEVED = "believed"
    """Such answers came for an hour, or a person says that it is right: those who were missing are dropped."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Answers that are not taken over.

    Attributes:
        since: monotonic second of the first of them.
        answers: how many, one after the other.
        newest: the last one.
    """

    since: float
    answers: int
    newest: Listing


@dataclass(frozen=True, slots=True)
class Known:
    """What the answers so far come to.

    Attributes:
        organizations: by id, those in force.
        missing: id -> how many answers in a row, up to the newest, missed it; only those that the newest misses.
        answer: the newest answer that was taken over; None before the first.
        hold: the answers that are held now; None when none is.
    """

    organizations: Mapping[str, Organization] = field(default_factory=dict, repr=False)
    missing: Mapping[str, int] = field(default_factory=dict, repr=False)
    answer: Listing | None = field(default=None, repr=False)
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one answer, and why.

    Attributes:
        known: what is in force from now on; its organisations are the very same mapping when nothing changed.
        verdict: what becomes of the answer.
        why: why it is not in force, a clause for people; empty when it is.
    """

    known: Known
    verdict: Verdict
    why: str = ""


def decide(known: Known, answer: Listing, now: float, grace: int) -> Decision:
    """What one good answer changes.

    Args:
        known: what the answers before come to.
        answer: could be read; its ids are unique.
        now: monotonic seconds.
        grace: how many answers in a row must miss an organisation until it is dropped, at least 1.
    """
    if answer is known.answer and not known.missing and known.hold is None:
        return Decision(known, Verdict.TAKEN)
    listed = {one.id: one for one in answer.organizations}
    missing = {name: known.missing.get(name, 0) + 1 for name in known.organizations.keys() - listed.keys()}
    if not _drops_too_many(len(missing), of=len(known.organizations), listed=len(listed)):
        if known.hold is not None:
            # What was held was not believed, so it counts against nobody: a list that fills again drops nobody at once.
            missing = dict.fromkeys(missing, 1)
        return Decision(_taken(known, answer, listed, missing, grace), Verdict.TAKEN)
    before = known.hold or Hold(since=now, answers=0, newest=answer)
    hold = Hold(since=before.since, answers=before.answers + 1, newest=answer)
    if now - hold.since >= HELD_FOR:
        return Decision(_believed(known, hold, listed, missing, grace), Verdict.BELIEVED)
    held = Known(known.organizations, MappingProxyType(missing), known.answer, hold)
    return Decision(held, Verdict.HELD, _why_held(len(missing), len(known.organizations)))


def believe(known: Known, grace: int) -> Decision:
    """Takes over what is held, because a person says that it is right. Nothing changes when nothing is held."""
    if known.hold is None:
        return Decision(known, Verdict.TAKEN)
    listed = {one.id: one for one in known.hold.newest.organizations}
    return Decision(_believed(known, known.hold, listed, known.missing, grace), Verdict.BELIEVED)


def of_another_server(known: Known) -> Known:
    """What is known when another server is asked from now on: who is in force stays, and nobody is missing yet.

    Its answers are judged as those before: it may as well be the one that lists too few. But what the other server
    missed, or was held for, says nothing about this one's answers.
    """
    return Known(known.organizations)


def _drops_too_many(dropped: int, *, of: int, listed: int) -> bool:
    if not listed:
        return of > 0
    return dropped >= HELD_FROM and dropped > HELD_SHARE * of


def _why_held(dropped: int, of: int) -> str:
    return (
        f"its newest answer misses {dropped:,} of {of:,} organisations, and is held until such answers have come for "
        f"{HELD_FOR / 60:.0f} minutes"
    )


def _believed(
    known: Known, hold: Hold, listed: Mapping[str, Organization], missing: Mapping[str, int], grace: int
) -> Known:
    # All held answers missed them: that is more than the grace asks for. Who came and went meanwhile has the grace.
    return _taken(known, hold.newest, listed, missing, min(grace, hold.answers))


def _taken(
    known: Known, answer: Listing, listed: Mapping[str, Organization], missing: Mapping[str, int], grace: int
) -> Known:
    kept = {name: times for name, times in missing.items() if times < grace}
    in_force = {**listed, **{name: known.organizations[name] for name in kept}}
    # The same object when nothing changed: whoever holds it need not look again.
    organizations = known.organizations if in_force == known.organizations else MappingProxyType(in_force)
    return Known(organizations, MappingProxyType(kept), answer)
