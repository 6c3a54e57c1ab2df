"""The one JSON shape of what is known: the API and the command line show these documents. Builders are pure.

Never an error text, and a name only where that is opted in. Instants are RFC 3339 in UTC with milliseconds, null
when unknown or outside the years 1 to 9999. Values that are withdrawn (too old, or never read) are null.
"""

from __future__ import annotations

from typing import Final

from exporter.config.diagnosis import Links
from exporter.expose.diagnosis_shapes import Basis
from exporter.expose.explanation import explained
from exporter.expose.fleet_document import fleet_document
from exporter.expose.fleet_shapes import FleetDocument
from exporter.expose.instants import instant_of, rfc3339
from exporter.expose.organizations_document import name_of, organizations_document
from exporter.expose.shapes import (
    FactsDocument,
    OrganizationDocument,
    OrganizationsDocument,
    PollingDocument,
    ReadingDocument,
)
from exporter.model.facts import History, OrganizationState, PastReading, Status
from exporter.model.fleet import ALONE, Surroundings
from exporter.observe.issues import FailureRow

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


def organization_document(
    state: OrganizationState,
    history: History,
    next_attempt: float | None,
    *,
    names: bool,
    links: Links = _NO_LINKS,
    surroundings: Surroundings = ALONE,
    basis: Basis = Basis.HISTORY,
    unasked: FailureRow | None = None,
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
        unasked: why nobody was asked; None when that is not known, or somebody was.
    """
    return OrganizationDocument(
        id=state.organization.id,
        name=name_of(state.organization, names=names),
        xero_tenant_id=state.organization.xero_tenant_id,
        freshness=state.freshness,
        diagnosis=explained(state, links, surroundings=surroundings, basis=basis, unasked=unasked),
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
