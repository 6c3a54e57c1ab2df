"""The families about each organisation that say what the platform said, and how asking it goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from exporter.expose.entry import NO, NONE, POLLED, YES, Sample, either, listed, shown
from exporter.expose.entry import organization_entry as entry
from exporter.model.facts import OrganizationState
from exporter.model.moment import Moment
from exporter.model.words import Failure, SyncStatus

_FAILURE: Final[dict[Failure, tuple[Sample, ...]]] = {word: (((word,), 1),) for word in Failure}
_SYNC_STATUS: Final[dict[SyncStatus, tuple[Sample, ...]]] = {
    now: tuple(((word,), int(word is now)) for word in SyncStatus) for now in SyncStatus
}

_NOT_TOLD: Final = "while stale or never read; while the platform gives null"


def _info(state: OrganizationState) -> Sequence[Sample]:
    return (((shown(state.organization.xero_tenant_id or ""),), 1),)


def _info_with_name(state: OrganizationState) -> Sequence[Sample]:
    organization = state.organization
    return (((shown(organization.xero_tenant_id or ""), shown(organization.name or "")), 1),)


def _poll_success(state: OrganizationState) -> Sequence[Sample]:
    if state.last_attempt is None:
        return NONE
    return YES if state.failure is None else NO


def _last_attempt(state: OrganizationState) -> Sequence[Sample]:
    return _wall(state.last_attempt)


def _last_success(state: OrganizationState) -> Sequence[Sample]:
    return _wall(state.last_success)


def _poll_failure(state: OrganizationState) -> Sequence[Sample]:
    return NONE if state.failure is None else _FAILURE[state.failure]


def _connected(state: OrganizationState) -> Sequence[Sample]:
    return NONE if state.status is None else either(state.status.connected)


def _token_expiry(state: OrganizationState) -> Sequence[Sample]:
    return NONE if state.status is None else _number(state.status.token_expires_at)


def _last_sync(state: OrganizationState) -> Sequence[Sample]:
    return NONE if state.status is None else _number(state.status.last_sync)


def _sync_status(state: OrganizationState) -> Sequence[Sample]:
    if state.status is None or state.status.sync_status is None:
        return NONE
    return _SYNC_STATUS[state.status.sync_status]


def _pending_syncs(state: OrganizationState) -> Sequence[Sample]:
    return NONE if state.status is None else _number(state.status.pending_syncs)


def _failed_syncs(state: OrganizationState) -> Sequence[Sample]:
    return NONE if state.status is None else _number(state.status.failed_syncs)


def _wall(moment: Moment | None) -> Sequence[Sample]:
    return NONE if moment is None else (((), moment.wall),)


def _number(value: float | None) -> Sequence[Sample]:
    # A sample is a float64, and one value beyond it (an integer of 400 digits is valid JSON) would spoil the scrape
    # of the whole fleet. The comparison is exact for integers, and false for what is not a number.
    if value is None or not -sys.float_info.max <= value <= sys.float_info.max:
        return NONE
    return (((), value),)


_TENANT: Final = ("xero_tenant_id", "Xero's id of the connected tenant, empty when not configured")
_NAME: Final = ("name", "what people call it, empty when not configured; only with `expose.organization_names`")
_INFO_MEANING: Final = "Always 1; one series for each organisation on the roster."

INFO: Final = entry(_info, "xero_organization_info", _INFO_MEANING, _TENANT, closed=False)
INFO_WITH_NAME: Final = entry(_info_with_name, "xero_organization_info", _INFO_MEANING, _TENANT, _NAME, closed=False)

FACTS: Final = (
    entry(
        _poll_success,
        "xero_poll_success",
        "Whether the last reading of the organisation got a valid status: 1 or 0.",
        absent="before the first attempt",
    ),
    entry(
        _last_attempt,
        "xero_poll_last_attempt_timestamp_seconds",
        "When the last reading ended, seconds since 1970 UTC.",
        absent="before the first attempt",
    ),
    entry(
        _last_success,
        "xero_poll_last_success_timestamp_seconds",
        "When the last successful reading ended, seconds since 1970 UTC; a failure never moves it.",
        absent="before the first success",
    ),
    entry(
        _poll_failure,
        "xero_poll_failure",
        "Always 1; why the last reading failed.",
        ("failure", listed(tuple(Failure))),
        absent="after a success; before the first attempt",
        series="0 or 1 per organisation",
    ),
    entry(
        _connected,
        "xero_connected",
        f"Whether the platform holds a connection to Xero: 1 or 0{POLLED}.",
        absent=_NOT_TOLD,
    ),
    entry(
        _token_expiry,
        "xero_token_expiry_timestamp_seconds",
        f"When the OAuth token that the platform holds expires, seconds since 1970 UTC{POLLED}.",
        absent=_NOT_TOLD,
    ),
    entry(
        _last_sync,
        "xero_last_sync_timestamp_seconds",
        f"When the platform last synchronised with Xero, seconds since 1970 UTC{POLLED}.",
        absent=_NOT_TOLD,
    ),
    entry(
        _sync_status,
        "xero_sync_status",
        f"1 for the sync status that the platform gives, 0 for the others{POLLED}.",
        ("status", listed(tuple(SyncStatus))),
        absent=_NOT_TOLD,
        series=f"{len(SyncStatus)} per organisation",
    ),
    entry(
        _pending_syncs,
        "xero_pending_syncs",
        f"Syncs that wait, as the platform says{POLLED}.",
        absent=_NOT_TOLD,
    ),
    entry(
        _failed_syncs,
        "xero_failed_syncs",
        f"Syncs that failed, as the platform says; it may stay after they are mended{POLLED}.",
        absent=_NOT_TOLD,
    ),
)
"""What is told besides who they are, in the order of the page."""
