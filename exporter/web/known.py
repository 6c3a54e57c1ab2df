"""What pages and API look up of the fleet, in one way; what is not there is a problem document."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from exporter.errors import LedgerError
from exporter.expose.documents import OrganizationDocument, organization_document
from exporter.expose.escalation import MOST_ACTIONS, escalation_document
from exporter.expose.escalation_shapes import EscalationDocument
from exporter.model.action import Action
from exporter.model.facts import OrganizationState, Snapshot
from exporter.web.problems import ProblemError
from exporter.web.site import Site

PATIENCE: Final = 2.0
"""Seconds that a page or bundle waits for the ledger, then tells the rest: a lock of another process holds it for 5."""

_NOTHING_YET: Final = "Nothing is known yet: the exporter has just started, ask again in a few seconds"


def snapshot_of(site: Site) -> Snapshot:
    """What is known.

    Raises:
        ProblemError: 503, nothing is known yet.
    """
    snapshot = site.snapshot()
    if snapshot is None:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, _NOTHING_YET, {"Retry-After": "2"})
    return snapshot


def state_of(snapshot: Snapshot, organization_id: str, *, instead: str) -> OrganizationState:
    """What is known of one organisation.

    Args:
        snapshot: what is known.
        organization_id: as the caller wrote it; from here on use only the id of the state.
        instead: what a caller is told who asks for one that is not ours.

    Raises:
        ProblemError: 404, it is not ours.
    """
    state = snapshot.state(organization_id)
    if state is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, instead)
    return state


def document_of(site: Site, snapshot: Snapshot, state: OrganizationState, *, names: bool) -> OrganizationDocument:
    """Everything about one organisation; its name where `names` says so."""
    known = state.organization.id
    return organization_document(
        state,
        site.history(known),
        site.next_attempt(known),
        names=names,
        links=site.links,
        surroundings=snapshot.surroundings,
    )


async def bundle_of(
    site: Site,
    snapshot: Snapshot,
    state: OrganizationState,
    document: OrganizationDocument,
    *,
    personal_data: bool = False,
) -> EscalationDocument:
    """The bundle that hands the organisation of this document over; with whole texts where `personal_data` says so."""
    return escalation_document(
        document,
        () if state.status is None else state.status.errors,
        at=snapshot.at.wall,
        version=site.version,
        personal_data=personal_data,
        hash_key=site.hash_key,
        actions=await _actions_of(site, document.id),
    )


async def _actions_of(site: Site, organization_id: str) -> Sequence[Action] | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await site.desk.actions(organization_id=organization_id, limit=MOST_ACTIONS)
    except (LedgerError, TimeoutError):
        return None
