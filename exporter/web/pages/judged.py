"""What is concluded of the fleet, in the words of the first page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exporter.expose.verdicts import meaning_of, unread_beside
from exporter.model.facts import Snapshot
from exporter.model.words import IncidentKind, Issue, ServiceStatus, Verdict
from exporter.observe.incidents import BROKEN, too_many_in_doubt
from exporter.observe.issues import ISSUES

_QUIET: Final = frozenset({Verdict.STARTING, Verdict.ALL_WELL})

_KINDS: Final[Mapping[IncidentKind, str]] = {IncidentKind.CONNECTION: "Connections", IncidentKind.SYNC: "Syncs"}

_TOGETHER: Final[Mapping[bool | None, str]] = {
    True: "many turned bad together",
    False: "no incident",
    None: "whether many turned bad together is not known yet",
}

_SAYS: Final[Mapping[ServiceStatus, str]] = {
    ServiceStatus.NONE: "says that all is well",
    ServiceStatus.MINOR: "says that there is minor trouble",
    ServiceStatus.MAJOR: "says that there is a major outage",
    ServiceStatus.CRITICAL: "says that there is a critical outage",
    ServiceStatus.UNKNOWN: "could not be read, which says nothing of Xero",
}

_UNSURE: Final = frozenset({ServiceStatus.MINOR, ServiceStatus.UNKNOWN})


@dataclass(frozen=True, slots=True)
class IssueCount:
    """A row of the table of issues: how many organisations have it, and what that means."""

    issue: Issue
    organizations: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Told:
    """One line, and whether it tells of something bad, something not known, or something good; or of neither."""

    text: str
    bad: bool = False
    unsure: bool = False
    well: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What is concluded of the fleet.

    Attributes:
        verdict: whose problem it is, in one word.
        sentence: the same for people.
        do_first: what to do first.
        bad: whether somebody should do something.
        issues: those that any organisation has.
        unread: of how many it is not known whether they have one, as a sentence; empty when of none.
        incidents: of each kind, whether there is one, and how many organisations are affected.
        xero: what Xero says of itself and of the app.
    """

    verdict: str
    sentence: str
    do_first: str
    bad: bool
    issues: tuple[IssueCount, ...]
    unread: str
    incidents: tuple[Told, ...]
    xero: tuple[Told, ...]


def judged(snapshot: Snapshot) -> Judged:
    """What is concluded of this snapshot."""
    verdict = snapshot.judgement.verdict
    meaning = meaning_of(snapshot)
    counts = snapshot.tally.issues
    return Judged(
        verdict=_spaced(verdict),
        sentence=meaning.sentence,
        do_first=meaning.do_first,
        bad=verdict not in _QUIET or _cannot_be_told(snapshot),
        issues=tuple(IssueCount(issue, counts[issue], ISSUES[issue].sentence) for issue in Issue if counts[issue]),
        unread=unread_beside(snapshot),
        incidents=tuple(_incident(snapshot, kind) for kind in IncidentKind),
        xero=tuple(_xero(snapshot)),
    )


def _cannot_be_told(snapshot: Snapshot) -> bool:
    """Whether the exporter works, and somebody must look: many are affected or in doubt, or nobody is watched."""
    undecided = snapshot.judgement.undecided_until is not None
    doubted = too_many_in_doubt(snapshot.tally)
    return snapshot.surroundings.started and (undecided or doubted or not len(snapshot))


def _incident(snapshot: Snapshot, kind: IncidentKind) -> Told:
    stands, affected = snapshot.judgement.incidents[kind], snapshot.tally.affected[kind]
    return Told(f"{_KINDS[kind]}: {_TOGETHER[stands]}; {affected:,} affected.", bad=stands is True)


def _xero(snapshot: Snapshot) -> list[Told]:
    pages = snapshot.surroundings.pages
    told = [
        Told(
            f"{page} {_SAYS[status]}.",
            bad=status in BROKEN,
            unsure=status in _UNSURE,
            well=status is ServiceStatus.NONE,
        )
        for page, status, _ in pages
    ]
    if snapshot.connections is not None:
        told.append(Told(f"Xero lists {snapshot.connections.count:,} connections of the app."))
    if snapshot.judgement.app_refused:
        told.append(Told("Xero refuses the credentials of the app.", bad=True))
    return told


def _spaced(word: str) -> str:
    return word.replace("_", " ")
