"""What Xero's own list of connections says of each organisation, and whether it can be that of our app. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from exporter.model.facts import OrganizationState, Snapshot
from exporter.model.judgement import Connections
from exporter.model.moment import Moment
from exporter.upstream.connections import tenant_key

MANY_MISSING: Final = 5
"""Tenants that a list may miss whatever the size of the fleet: so many can have left."""


def fits(connections: Connections, snapshot: Snapshot) -> bool:
    """Whether a list can be of the app that our organisations are connected to.

    One that misses more than half of those whom the platform calls connected, and at least `MANY_MISSING`, is another
    app's, or another environment's: a wrong client id must not look like a fleet of customers who all left.
    """
    connected = [
        key
        for block in snapshot.blocks
        for state in block.states
        if (tenant := state.organization.xero_tenant_id) is not None
        and (key := tenant_key(tenant)) is not None
        and (state.status is None or state.status.connected is not False)
    ]
    missing = sum(key not in connections.tenants for key in connected)
    return missing < MANY_MISSING or 2 * missing <= len(connected)


def viewed(
    state: OrganizationState,
    connections: Connections | None,
    now: Moment,
    *,
    last: Connections | None = None,
    asks_xero: bool = False,
) -> OrganizationState:
    """The state by Xero's own list; the same object where that says the same, else to be judged anew.

    Args:
        state: what is known of it.
        connections: the list; None while there is none to go by.
        now: the present.
        last: the list that the state was viewed by before.
        asks_xero: whether somebody asks for the list: what the last one missed is in doubt until there is another.
    """
    if connections is None and state.listed is None and (asks_xero or state.missed_at is None):
        return state
    listed, unlisted, missed_at = None, False, None
    tenant = state.organization.xero_tenant_id
    if connections is None:
        if asks_xero and state.unlisted:
            missed_at = now if last is None else last.at
    elif tenant is not None and (key := tenant_key(tenant)) is not None:
        listed = key in connections.tenants
        since = state.memory.connected_since
        # What was connected after the list was asked for cannot be on it.
        unlisted = not listed and since is not None and connections.at.monotonic > since.monotonic
    if (listed, unlisted, missed_at) == (state.listed, state.unlisted, state.missed_at):
        return state
    return unsettled(replace(state, listed=listed, unlisted=unlisted, missed_at=missed_at), now)


def unsettled(state: OrganizationState, now: Moment) -> OrganizationState:
    """The state, to be judged anew by whatever comes first: time, or a reading of the same status."""
    return replace(state, memory=replace(state.memory, settled_until=float("-inf")), valid_until=now.monotonic)
