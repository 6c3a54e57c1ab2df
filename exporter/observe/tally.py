"""Organisations counted for judging the fleet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from exporter.model.facts import OrganizationState
from exporter.model.fleet import NOBODY, Tally
from exporter.model.judgement import KIND_OF_ISSUE, WELL, Diagnosis
from exporter.model.words import Freshness, IncidentKind, Issue, Reason


def tally_of(states: Iterable[OrganizationState]) -> Tally:
    """Counts these organisations."""
    fresh = others = app_refused = with_issue = doubtful = failing = unasked = not_found = lost = never_connected = 0
    issues = dict.fromkeys(Issue, 0)
    affected, unavailable = dict.fromkeys(IncidentKind, 0), dict.fromkeys(IncidentKind, 0)
    for state in states:
        freshness, diagnosis = state.freshness, state.diagnosis
        if freshness is Freshness.FRESH and diagnosis is WELL:
            fresh += 1
            failing += state.failure is not None
            continue
        if freshness is Freshness.NOT_FOUND:
            not_found += 1
            lost += state.last_success is not None
            continue
        if diagnosis.never_connected:
            never_connected += 1
            continue
        failing += state.failure is not None
        if freshness is not Freshness.FRESH:
            others += 1
            unasked += freshness is Freshness.PENDING and state.last_attempt is None
            continue
        fresh += 1
        if not diagnosis.issues:
            doubtful += bool(diagnosis.doubts)
            continue
        app_refused += diagnosis.app_refused
        with_issue += 1
        kinds = set()
        for active in diagnosis.issues:
            issues[active.issue] += 1
            kinds.add(KIND_OF_ISSUE[active.issue])
        xero_is_away = _xero_is_away(diagnosis)
        for kind in kinds:
            affected[kind] += 1
            unavailable[kind] += xero_is_away
    known = fresh + others
    if not known:
        return replace(NOBODY, not_found=not_found, lost=lost, never_connected=never_connected)
    return Tally(
        known=known,
        fresh=fresh,
        issues=issues,
        affected=affected,
        unavailable=unavailable,
        app_refused=app_refused,
        with_issue=with_issue,
        doubtful=doubtful,
        failing=failing,
        unasked=unasked,
        not_found=not_found,
        lost=lost,
        never_connected=never_connected,
    )


def _xero_is_away(diagnosis: Diagnosis) -> bool:
    """Whether a recent error says that Xero was unavailable."""
    for one in diagnosis.errors:  # noqa: SIM110 - a generator for each of a fleet in trouble takes twice as long
        if one.reason is Reason.XERO_UNAVAILABLE:
            return True
    return False


def added(tallies: Sequence[Tally]) -> Tally:
    """One tally of all that these count."""
    return _summed([(one, 1) for one in tallies])


def recounted(before: Tally, gone: Sequence[OrganizationState], come: Sequence[OrganizationState]) -> Tally:
    """The tally after these states were replaced by those: the others need not be counted again.

    Of a block of 250 whose organisations all have an issue a tick changes 4: 20 us instead of 600.
    """
    return _summed([(before, 1), (tally_of(gone), -1), (tally_of(come), 1)])


def _summed(tallies: Sequence[tuple[Tally, int]]) -> Tally:
    return Tally(
        known=sum(one.known * sign for one, sign in tallies),
        fresh=sum(one.fresh * sign for one, sign in tallies),
        issues={issue: sum(one.issues[issue] * sign for one, sign in tallies) for issue in Issue},
        affected={kind: sum(one.affected[kind] * sign for one, sign in tallies) for kind in IncidentKind},
        unavailable={kind: sum(one.unavailable[kind] * sign for one, sign in tallies) for kind in IncidentKind},
        app_refused=sum(one.app_refused * sign for one, sign in tallies),
        with_issue=sum(one.with_issue * sign for one, sign in tallies),
        doubtful=sum(one.doubtful * sign for one, sign in tallies),
        failing=sum(one.failing * sign for one, sign in tallies),
        unasked=sum(one.unasked * sign for one, sign in tallies),
        not_found=sum(one.not_found * sign for one, sign in tallies),
        lost=sum(one.lost * sign for one, sign in tallies),
        never_connected=sum(one.never_connected * sign for one, sign in tallies),
    )
