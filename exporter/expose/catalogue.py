"""Every metric family of the organisations and the fleet, once: what it is, and how its samples follow from facts.

Pages, documentation and checks are all made from these. Data families give no sample while the fold withholds the
status (never answered, or older than stale_after); the ``xero_poll_`` families stay, so an absent value never hides
why it is absent.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from exporter.model.facts import OrganizationState, Snapshot
from exporter.model.family import Family, Group, Kind
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness, SyncStatus

Sample: TypeAlias = tuple[tuple[str, ...], float]
"""The values of the family's labels, in their order, without ``organization_id``; and the finite value."""

ORGANIZATION_LABEL: Final = ("organization_id", "the platform's own id of the organisation")
"""The first label of every family of the organisations, and the only one that tells them apart."""

_NONE: Final[tuple[Sample, ...]] = ()
_YES: Final[tuple[Sample, ...]] = (((), 1),)
_NO: Final[tuple[Sample, ...]] = (((), 0),)
_FAILURE: Final[dict[Failure, tuple[Sample, ...]]] = {word: (((word,), 1),) for word in Failure}
_SYNC_STATUS: Final[dict[SyncStatus, tuple[Sample, ...]]] = {
    now: tuple(((word,), int(word is now)) for word in SyncStatus) for now in SyncStatus
}

_POLLED: Final = " (polled and cached)"
_NOT_TOLD: Final = "while stale or never read; while the platform gives null"
_UNSHOWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class OrganizationFamily:
    """A family with samples for each organisation.

    Attributes:
        family: what it is; its labels begin with `ORGANIZATION_LABEL`.
        samples: its samples for one state. Pure.
        closed: whether all other label values come from closed lists, so that their text can be kept for ever.
    """

    family: Family
    samples: Callable[[OrganizationState], Sequence[Sample]]
    closed: bool = True


@dataclass(frozen=True, slots=True)
class FleetFamily:
    """A family about all organisations together.

    Attributes:
        family: what it is.
        samples: its samples for one snapshot. Pure.
    """

    family: Family
    samples: Callable[[Snapshot], Sequence[Sample]]


def shown(text: str) -> str:
    """A configured text as it may stand in a label or a document: any language, but nothing that is not text.

    Control characters, bidirectional overrides and lone surrogates (which UTF-8 cannot hold) become U+FFFD.
    `redact.printable` is stricter, for foreign texts: it would also take the joiners of Persian and the wide spaces
    of Japanese out of a customer's name.
    """
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _info(state: OrganizationState) -> Sequence[Sample]:
    return (((shown(state.organization.xero_tenant_id or ""),), 1),)


def _info_with_name(state: OrganizationState) -> Sequence[Sample]:
    organization = state.organization
    return (((shown(organization.xero_tenant_id or ""), shown(organization.name or "")), 1),)


def _poll_success(state: OrganizationState) -> Sequence[Sample]:
    if state.last_attempt is None:
        return _NONE
    return _YES if state.failure is None else _NO


def _last_attempt(state: OrganizationState) -> Sequence[Sample]:
    return _wall(state.last_attempt)


def _last_success(state: OrganizationState) -> Sequence[Sample]:
    return _wall(state.last_success)


def _poll_failure(state: OrganizationState) -> Sequence[Sample]:
    return _NONE if state.failure is None else _FAILURE[state.failure]


def _connected(state: OrganizationState) -> Sequence[Sample]:
    if state.status is None or state.status.connected is None:
        return _NONE
    return _YES if state.status.connected else _NO


def _token_expiry(state: OrganizationState) -> Sequence[Sample]:
    return _NONE if state.status is None else _number(state.status.token_expires_at)


def _last_sync(state: OrganizationState) -> Sequence[Sample]:
    return _NONE if state.status is None else _number(state.status.last_sync)


def _sync_status(state: OrganizationState) -> Sequence[Sample]:
    if state.status is None or state.status.sync_status is None:
        return _NONE
    return _SYNC_STATUS[state.status.sync_status]


def _pending_syncs(state: OrganizationState) -> Sequence[Sample]:
    return _NONE if state.status is None else _number(state.status.pending_syncs)


def _failed_syncs(state: OrganizationState) -> Sequence[Sample]:
    return _NONE if state.status is None else _number(state.status.failed_syncs)


def _organizations(snapshot: Snapshot) -> Sequence[Sample]:
    return tuple(((word,), snapshot.counts[word]) for word in Freshness)


def _wall(moment: Moment | None) -> Sequence[Sample]:
    return _NONE if moment is None else (((), moment.wall),)


def _number(value: float | None) -> Sequence[Sample]:
    # A sample is a float64, and one value beyond it (an integer of 400 digits is valid JSON) would spoil the scrape
    # of the whole fleet. The comparison is exact for integers, and false for what is not a number.
    if value is None or not -sys.float_info.max <= value <= sys.float_info.max:
        return _NONE
    return (((), value),)


def _words(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _entry(
    samples: Callable[[OrganizationState], Sequence[Sample]],
    name: str,
    meaning: str,
    *labels: tuple[str, str],
    absent: str = "",
    series: str = "1 per organisation",
    closed: bool = True,
) -> OrganizationFamily:
    family = Family(
        name=name,
        kind=Kind.GAUGE,
        help=meaning,
        group=Group.ORGANIZATION,
        labels=(ORGANIZATION_LABEL, *labels),
        absent=absent,
        series=series,
    )
    return OrganizationFamily(family=family, samples=samples, closed=closed)


_TENANT: Final = ("xero_tenant_id", "Xero's id of the connected tenant, empty when not configured")
_NAME: Final = ("name", "what people call it, empty when not configured; only with `expose.organization_names`")
_INFO_MEANING: Final = "Always 1; one series for each organisation on the roster."

_INFO: Final = _entry(_info, "xero_organization_info", _INFO_MEANING, _TENANT, closed=False)
_INFO_WITH_NAME: Final = _entry(_info_with_name, "xero_organization_info", _INFO_MEANING, _TENANT, _NAME, closed=False)

_OTHERS: Final = (
    _entry(
        _poll_success,
        "xero_poll_success",
        "Whether the last reading of the organisation got a valid status: 1 or 0.",
        absent="before the first attempt",
    ),
    _entry(
        _last_attempt,
        "xero_poll_last_attempt_timestamp_seconds",
        "When the last reading ended, seconds since 1970 UTC.",
        absent="before the first attempt",
    ),
    _entry(
        _last_success,
        "xero_poll_last_success_timestamp_seconds",
        "When the last successful reading ended, seconds since 1970 UTC; a failure never moves it.",
        absent="before the first success",
    ),
    _entry(
        _poll_failure,
        "xero_poll_failure",
        "Always 1; why the last reading failed.",
        ("failure", _words(tuple(Failure))),
        absent="after a success; before the first attempt",
        series="0 or 1 per organisation",
    ),
    _entry(
        _connected,
        "xero_connected",
        f"Whether the platform holds a connection to Xero: 1 or 0{_POLLED}.",
        absent=_NOT_TOLD,
    ),
    _entry(
        _token_expiry,
        "xero_token_expiry_timestamp_seconds",
        f"When the OAuth token that the platform holds expires, seconds since 1970 UTC{_POLLED}.",
        absent=_NOT_TOLD,
    ),
    _entry(
        _last_sync,
        "xero_last_sync_timestamp_seconds",
        f"When the platform last synchronised with Xero, seconds since 1970 UTC{_POLLED}.",
        absent=_NOT_TOLD,
    ),
    _entry(
        _sync_status,
        "xero_sync_status",
        f"1 for the sync status that the platform gives, 0 for the others{_POLLED}.",
        ("status", _words(tuple(SyncStatus))),
        absent=_NOT_TOLD,
        series=f"{len(SyncStatus)} per organisation",
    ),
    _entry(
        _pending_syncs,
        "xero_pending_syncs",
        f"Syncs that wait, as the platform says{_POLLED}.",
        absent=_NOT_TOLD,
    ),
    _entry(
        _failed_syncs,
        "xero_failed_syncs",
        f"Syncs that failed, as the platform says; it may stay after they are mended{_POLLED}.",
        absent=_NOT_TOLD,
    ),
)

FLEET_FAMILIES: Final = (
    FleetFamily(
        Family(
            name="xero_organizations",
            kind=Kind.GAUGE,
            help="Organisations on the roster: fresh (a success within stale_after), stale, pending (new, no success "
            "yet), not_found (the platform does not know it).",
            group=Group.FLEET,
            labels=(("freshness", _words(tuple(Freshness))),),
            absent="before the first roster",
            series=str(len(Freshness)),
        ),
        samples=_organizations,
    ),
)
"""The families about all organisations together, in the order of the page."""


def organization_families(*, names: bool) -> tuple[OrganizationFamily, ...]:
    """The families with samples for each organisation, in the order of the page.

    Args:
        names: whether organisations' names may be shown (``expose.organization_names``).
    """
    return (_INFO_WITH_NAME if names else _INFO, *_OTHERS)
