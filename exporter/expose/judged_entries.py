"""The families about each organisation that say what is concluded of it; every label value is a word of ours."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from exporter.expose.entry import NONE, POLLED, Sample, either, listed, organization_entry
from exporter.model.facts import OrganizationState
from exporter.model.family import Stability
from exporter.model.judgement import KIND_OF_ISSUE, MAX_ERROR_SERIES, Doubt
from exporter.model.words import IncidentKind, Issue, Reason, SyncType

_ISSUE: Final[dict[Issue, Sample]] = {issue: ((issue,), 1) for issue in Issue}
_DOUBT: Final[dict[Doubt, Sample]] = {doubt: ((doubt,), 1) for doubt in Doubt}
_MOST_ISSUES: Final = sum(kind is IncidentKind.SYNC for kind in KIND_OF_ISSUE.values())
_NO_ISSUE: Final = "while it has none; while it is not fresh"


def _authorized(state: OrganizationState) -> Sequence[Sample]:
    return either(state.listed)


def _recent_errors(state: OrganizationState) -> Sequence[Sample]:
    if not state.diagnosis.errors:
        return NONE
    return [((one.sync_type, one.reason), one.count) for one in state.diagnosis.errors]


def _issue(state: OrganizationState) -> Sequence[Sample]:
    if not state.diagnosis.issues:
        return NONE
    return [_ISSUE[one.issue] for one in state.diagnosis.issues]


def _issue_since(state: OrganizationState) -> Sequence[Sample]:
    if not state.diagnosis.issues:
        return NONE
    return [((one.issue,), one.since) for one in state.diagnosis.issues]


def _doubt(state: OrganizationState) -> Sequence[Sample]:
    if not state.diagnosis.doubts:
        return NONE
    return [_DOUBT[doubt] for doubt in state.diagnosis.doubts]


_ERRORS: Final = attrgetter("diagnosis.errors")
_ISSUES: Final = attrgetter("diagnosis.issues")
_DOUBTS: Final = attrgetter("diagnosis.doubts")
_ISSUE_LABEL: Final = ("issue", listed(tuple(Issue)))

JUDGED: Final = (
    organization_entry(
        _authorized,
        "xero_connection_authorized",
        f"Whether Xero's own list of connections has the tenant of the organisation: 1 or 0{POLLED}.",
        absent="without `xero.app`, without a tenant id; while Xero's list is not known or too old",
        series="0 or 1 per organisation",
    ),
    organization_entry(
        _recent_errors,
        "xero_recent_errors",
        f"Sync errors that the platform lists and that are active or younger than diagnosis.error_window{POLLED}.",
        ("sync_type", listed(tuple(SyncType))),
        ("reason", listed(tuple(Reason))),
        source=_ERRORS,
        absent="while there is none; while it is not fresh",
        series=f"0 to {MAX_ERROR_SERIES} per organisation; kinds beyond that count under the reason `unknown`",
    ),
    organization_entry(
        _issue,
        "xero_issue",
        f"Always 1; what is wrong with the organisation, concluded from what the platform and Xero said{POLLED}.",
        _ISSUE_LABEL,
        source=_ISSUES,
        absent=_NO_ISSUE,
        series=f"0 to {_MOST_ISSUES} per organisation, mostly 0; a connection issue stands alone",
    ),
    organization_entry(
        _issue_since,
        "xero_issue_since_timestamp_seconds",
        "When the issue began, by the facts or else as it was first seen, seconds since 1970 UTC; it does not move.",
        _ISSUE_LABEL,
        source=_ISSUES,
        absent=_NO_ISSUE,
        series="as `xero_issue`",
    ),
    organization_entry(
        _doubt,
        "xero_doubt",
        "Always 1; why nobody can say whether anything else is wrong, although the platform answered: an issue that "
        f"is in doubt is not told, and not mended{POLLED}.",
        ("doubt", listed(tuple(Doubt))),
        source=_DOUBTS,
        absent="while nothing is in doubt; while it is not fresh",
        series="0 to 4 per organisation, mostly 0",
        stability=Stability.EXPERIMENTAL,
    ),
)
"""The families, in the order of the page."""
