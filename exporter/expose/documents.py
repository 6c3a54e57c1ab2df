"""The one JSON shape of what is known: the API and the command line show these documents. Builders are pure.

Never an error text, and a name only where that is opted in. Instants are RFC 3339 in UTC with milliseconds, null
when unknown or outside the years 1 to 9999. Values that are withdrawn (too old, or never read) are null.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final, TypeAlias

from exporter.config.diagnosis import Links
from exporter.expose.catalogue import shown
from exporter.expose.diagnosis_shapes import Basis
from exporter.expose.explanation import explained
from exporter.expose.instants import instant_of, rfc3339
from exporter.expose.shapes import (
    FactsDocument,
    FleetDocument,
    OrganizationDocument,
    OrganizationRow,
    OrganizationsDocument,
    PollingDocument,
    ReadingDocument,
    SourceDocument,
)
from exporter.model.conditions import Conditions, SourceState
from exporter.model.facts import History, Organization, OrganizationState, PastReading, Snapshot, Status
from exporter.model.judgement import ALONE, Surroundings
from exporter.model.words import Failure, Freshness, SyncStatus

__all__ = [
    "FleetDocument",
    "OrganizationDocument",
    "OrganizationsDocument",
    "fleet_document",
    "organization_document",
    "organizations_document",
    "rfc3339",
]


_NO_LINKS: Final = Links()


def fleet_document(snapshot: Snapshot, conditions: Conditions, version: str) -> FleetDocument:
    """The document about all organisations together."""
    return FleetDocument(
        version=version,
        at=rfc3339(snapshot.at.wall),
        organizations=len(snapshot),
        freshness={word: snapshot.counts[word] for word in Freshness},
        poll_interval_seconds=conditions.poll_interval,
        stale_after_seconds=conditions.stale_after,
        platform_auth_ok=conditions.platform_auth_ok,
        platform_paused_until=rfc3339(conditions.paused_until),
        roster=tuple(map(_source, conditions.sources)),
    )


def organizations_document(
    snapshot: Snapshot,
    *,
    names: bool,
    freshness: Freshness | None = None,
    failure: Failure | None = None,
    connected: bool | None = None,
    sync_status: SyncStatus | None = None,
    search: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> OrganizationsDocument:
    """One page of the organisations that pass every filter given.

    Args:
        snapshot: what is known.
        names: whether names may be shown, and searched in.
        freshness: only those of this freshness.
        failure: only those whose last reading failed in this way.
        connected: only those that the platform calls (not) connected; withdrawn or null is neither.
        sync_status: only those with this sync status.
        search: only those whose id contains this, whatever the case; or whose name does, where names are shown.
        limit: how many to show, at least 1.
        after: show those whose id sorts behind this one, which need not exist any more.
    """
    tests = [
        *_equal(freshness, lambda state: state.freshness),
        *_equal(failure, lambda state: state.failure),
        *_equal(connected, lambda state: state.status and state.status.connected),
        *_equal(sync_status, lambda state: state.status and state.status.sync_status),
        *_containing(search, names=names),
    ]
    matching = [
        state.organization.id
        for block in snapshot.blocks
        for state in block.states
        if all(test(state) for test in tests)
    ]
    # Blocks are in order of phase. Taking the first few by id costs 1 to 2 ms for 10,000 where sorting costs 4.
    ids = heapq.nsmallest(limit + 1, (one for one in matching if after is None or one > after))
    shown_states = [state for one in ids[:limit] if (state := snapshot.state(one)) is not None]
    return OrganizationsDocument(
        at=rfc3339(snapshot.at.wall),
        total=len(matching),
        organizations=tuple(_row(state, names=names) for state in shown_states),
        next=ids[limit - 1] if len(ids) > limit else None,
    )


def organization_document(
    state: OrganizationState,
    history: History,
    next_attempt: float | None,
    *,
    names: bool,
    links: Links = _NO_LINKS,
    surroundings: Surroundings = ALONE,
    basis: Basis = Basis.HISTORY,
) -> OrganizationDocument:
    """The document about one organisation.

    Args:
        state: what is known of it.
        history: its last readings.
        next_attempt: when it is asked next, seconds since 1970 UTC; None while that is not known.
        names: whether its name may be shown.
        links: templates of the platform's pages, for the steps.
        surroundings: what the status pages say.
        basis: what the diagnosis was made from.
    """
    return OrganizationDocument(
        id=state.organization.id,
        name=_name(state.organization, names=names),
        xero_tenant_id=state.organization.xero_tenant_id,
        freshness=state.freshness,
        diagnosis=explained(state, links, surroundings=surroundings, basis=basis),
        polling=PollingDocument(
            first_seen=rfc3339(state.first_seen.wall),
            last_attempt=instant_of(state.last_attempt),
            last_success=instant_of(state.last_success),
            failure=state.failure,
            failures_in_row=state.failures_in_row,
            data_withdrawn=state.status is None and state.last_success is not None,
            next_attempt=rfc3339(next_attempt),
        ),
        facts=None if state.status is None else _facts(state.status),
        recent=tuple(map(_reading, reversed(history.recent))),
        failures=tuple(map(_reading, reversed(history.failures))),
    )


_Test: TypeAlias = Callable[[OrganizationState], bool]


def _equal(wanted: object, of: Callable[[OrganizationState], object]) -> list[_Test]:
    return [] if wanted is None else [lambda state: of(state) == wanted]


def _containing(search: str | None, *, names: bool) -> list[_Test]:
    if not search:
        return []
    wanted = search.casefold()

    def contains(state: OrganizationState) -> bool:
        organization = state.organization
        if wanted in organization.id.casefold():
            return True
        return names and organization.name is not None and wanted in organization.name.casefold()

    return [contains]


def _source(source: SourceState) -> SourceDocument:
    return SourceDocument(
        source=source.source,
        organizations=source.organizations,
        last_success=rfc3339(source.last_success),
        rejected=source.rejected,
        held=source.held,
        why=source.why or None,
    )


def _row(state: OrganizationState, *, names: bool) -> OrganizationRow:
    status = state.status or Status()
    return OrganizationRow(
        id=state.organization.id,
        name=_name(state.organization, names=names),
        freshness=state.freshness,
        failure=state.failure,
        last_attempt=instant_of(state.last_attempt),
        last_success=instant_of(state.last_success),
        connected=status.connected,
        sync_status=status.sync_status,
        last_sync=rfc3339(status.last_sync),
        token_expires_at=rfc3339(status.token_expires_at),
        pending_syncs=status.pending_syncs,
        failed_syncs=status.failed_syncs,
        errors_reported=None if state.status is None else len(status.errors),
    )


def _facts(status: Status) -> FactsDocument:
    return FactsDocument(
        connected=status.connected,
        token_expires_at=rfc3339(status.token_expires_at),
        last_sync=rfc3339(status.last_sync),
        sync_status=status.sync_status,
        pending_syncs=status.pending_syncs,
        failed_syncs=status.failed_syncs,
        errors_reported=len(status.errors),
        newest_error_at=rfc3339(max((error.at for error in status.errors if error.at is not None), default=None)),
        errors_dropped=status.errors_dropped,
    )


def _reading(reading: PastReading) -> ReadingDocument:
    failed = reading.failure
    return ReadingDocument(
        at=rfc3339(reading.at),
        duration_seconds=round(reading.duration, 6),
        outcome="success" if failed is None else failed.failure,
        # Only a 200 is a success.
        http_status=200 if failed is None else failed.http_status,
        detail=failed.detail or None if failed is not None else None,
    )


def _name(organization: Organization, *, names: bool) -> str | None:
    return shown(organization.name) if names and organization.name is not None else None
