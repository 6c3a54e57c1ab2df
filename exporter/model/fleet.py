"""What is concluded of all organisations together: counts, incidents, the verdict. Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from exporter.model.words import IncidentKind, Issue, ServiceStatus, Verdict


class PageSays(NamedTuple):
    """What one status page says.

    Attributes:
        page: its address without the scheme.
        status: unknown while it could not be read for some minutes.
        read: when it was last read, seconds since 1970 UTC; None before that.
    """

    page: str
    status: ServiceStatus
    read: float | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the verdict needs to know beyond the organisations.

    Attributes:
        started: whether each organisation was asked once, or should have been by now.
        credential_refused: whether the platform refuses our token, or there is none.
        app_refused: whether Xero refuses our own app's credentials.
        app_refused_since: when it refused them first, seconds since 1970 UTC; None while it does not.
        asks_xero: whether Xero is asked for its own list of connections at all.
        pages: what each status page says, in the order of the configuration.
    """

    started: bool = False
    credential_refused: bool = False
    app_refused: bool = False
    app_refused_since: float | None = None
    asks_xero: bool = False
    pages: tuple[PageSays, ...] = ()


ALONE: Final = Surroundings()
"""The surroundings of whoever asks nobody but the platform, and has not begun."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Organisations counted for judging the fleet.

    Attributes:
        known: those on the roster, without those that the platform does not know and those never connected.
        fresh: of these, those with data that is not too old; the counts that follow are of these, up to `doubtful`.
        issues: issue -> how many have it.
        affected: kind -> how many have an issue of it.
        unavailable: kind -> how many of the affected have a recent error that says that Xero is unavailable.
        app_refused: how many have an active error that says that Xero refuses the platform's app.
        with_issue: how many have any issue.
        doubtful: how many have none, and of these it is not known whether anything is wrong.
        failing: those that are known and were not answered for when they were last asked, fresh or not.
        unasked: those that are known and were not asked yet, being new.
        not_found: those on the roster that the platform does not know.
        lost: of these, those of which it once gave a status.
        never_connected: those of which it says that they were never connected.
    """

    known: int
    fresh: int
    issues: Mapping[Issue, int]
    affected: Mapping[IncidentKind, int]
    unavailable: Mapping[IncidentKind, int]
    app_refused: int
    with_issue: int
    doubtful: int = 0
    failing: int = 0
    unasked: int = 0
    not_found: int = 0
    lost: int = 0
    never_connected: int = 0


NOBODY: Final = Tally(
    known=0,
    fresh=0,
    issues=dict.fromkeys(Issue, 0),
    affected=dict.fromkeys(IncidentKind, 0),
    unavailable=dict.fromkeys(IncidentKind, 0),
    app_refused=0,
    with_issue=0,
)
"""The tally of no organisations."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What share of the organisations was affected lately, in one kind; bounded.

    Attributes:
        began: monotonic second of the first share of this memory; None before it.
        unbroken: monotonic second since which no share was missed for long.
        last: monotonic second of the last share.
        least: (monotonic second, share), oldest first, each share less than all after it: the first is the least of
            all.
        seen: the least and the most of the fresh, as parts of them, that a share of this memory is of.
    """

    began: float | None = None
    unbroken: float = 0.0
    last: float = 0.0
    least: tuple[tuple[float, float], ...] = ()
    seen: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class FleetJudgement:
    """What is concluded of all organisations together.

    Attributes:
        verdict: one word.
        incidents: kind -> whether there is one; None while that is not known.
        app_refused: whether Xero refuses the platform's app, or the credentials that we hold of it.
        undecided_until: while as many are affected as an incident needs, and it is not known whether they are one:
            monotonic second by which it is; infinite when that cannot be said. None otherwise.
        shares: kind -> the memory that the next judgement needs.
    """

    verdict: Verdict = Verdict.STARTING
    incidents: Mapping[IncidentKind, bool | None] = field(default_factory=lambda: dict.fromkeys(IncidentKind, None))
    app_refused: bool = False
    undecided_until: float | None = None
    shares: Mapping[IncidentKind, Shares] = field(default_factory=lambda: dict.fromkeys(IncidentKind, Shares()))


UNJUDGED: Final = FleetJudgement()
"""Before the first judgement."""
