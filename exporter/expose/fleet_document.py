"""The document about all organisations together: whose problem it is, how many, and who first. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final

from exporter.expose.explanation import status_pages
from exporter.expose.fleet_shapes import FleetDocument, FleetXeroDocument, SourceDocument
from exporter.expose.instants import instant_of, rfc3339
from exporter.expose.ordering import gravity
from exporter.expose.organizations_document import organization_row
from exporter.expose.verdicts import meaning_of
from exporter.model.conditions import Conditions, SourceState
from exporter.model.facts import OrganizationState, Snapshot
from exporter.model.words import Freshness, IncidentKind, Issue

WORST: Final = 10
"""Organisations that the document names: what fits a screen at night."""


def fleet_document(snapshot: Snapshot, conditions: Conditions, version: str, *, names: bool = False) -> FleetDocument:
    """The document about all organisations together.

    Args:
        snapshot: what is known.
        conditions: how polling stands.
        version: of this program.
        names: whether organisations' names may be shown.
    """
    judgement, tally = snapshot.judgement, snapshot.tally
    meaning = meaning_of(snapshot)
    return FleetDocument(
        version=version,
        at=rfc3339(snapshot.at.wall),
        verdict=judgement.verdict,
        verdict_means=meaning.sentence,
        do_first=meaning.do_first,
        incidents={kind: judgement.incidents[kind] for kind in IncidentKind},
        organizations=len(snapshot),
        freshness={word: snapshot.counts[word] for word in Freshness},
        issues={issue: tally.issues[issue] for issue in Issue},
        affected={kind: tally.affected[kind] for kind in IncidentKind},
        doubtful=tally.doubtful,
        unanswered=tally.failing,
        worst=tuple(organization_row(state, names=names) for state in worst(snapshot)),
        app_credentials_rejected=judgement.app_refused,
        xero=_xero(snapshot),
        poll_interval_seconds=conditions.poll_interval,
        stale_after_seconds=conditions.stale_after,
        platform_auth_ok=conditions.platform_auth_ok,
        platform_paused_until=rfc3339(conditions.paused_until),
        roster=tuple(map(_source, conditions.sources)),
    )


def worst(snapshot: Snapshot, limit: int = WORST) -> list[OrganizationState]:
    """Organisations with issues: those of the connection first, then whose issue is oldest, then by id.

    Nothing syncs without a connection, and who waits longest has the most to catch up.
    """
    return heapq.nsmallest(limit, _with_issue(snapshot), key=gravity)


def _with_issue(snapshot: Snapshot) -> Iterable[OrganizationState]:
    blocks = (block for block in snapshot.blocks if block.tally.with_issue)
    return (state for block in blocks for state in block.states if state.diagnosis.issues)


def _xero(snapshot: Snapshot) -> FleetXeroDocument:
    connections = snapshot.connections
    return FleetXeroDocument(
        pages=status_pages(snapshot.surroundings),
        connections=None if connections is None else connections.count,
        listed_at=None if connections is None else instant_of(connections.at),
    )


def _source(source: SourceState) -> SourceDocument:
    return SourceDocument(
        source=source.source,
        organizations=source.organizations,
        last_success=rfc3339(source.last_success),
        rejected=source.rejected,
        held=source.held,
        why=source.why or None,
    )
