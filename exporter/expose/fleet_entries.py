"""The families about all organisations together: counts, incidents, the verdict, and what Xero says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from exporter.expose.entry import NONE, POLLED, Sample, either, fleet_entry, listed
from exporter.model.facts import Snapshot
from exporter.model.words import Freshness, IncidentKind, Issue, ServiceStatus, Verdict


def _organizations(snapshot: Snapshot) -> Sequence[Sample]:
    return tuple(((word,), snapshot.counts[word]) for word in Freshness)


def _issue_organizations(snapshot: Snapshot) -> Sequence[Sample]:
    return tuple(((issue,), snapshot.tally.issues[issue]) for issue in Issue)


def _affected(snapshot: Snapshot) -> Sequence[Sample]:
    return tuple(((kind,), snapshot.tally.affected[kind]) for kind in IncidentKind)


def _incident(snapshot: Snapshot) -> Sequence[Sample]:
    incidents = ((kind, snapshot.judgement.incidents[kind]) for kind in IncidentKind)
    return tuple(((kind,), int(stands)) for kind, stands in incidents if stands is not None)


def _verdict(snapshot: Snapshot) -> Sequence[Sample]:
    now = snapshot.judgement.verdict
    return tuple(((verdict,), int(verdict is now)) for verdict in Verdict)


def _app_rejected(snapshot: Snapshot) -> Sequence[Sample]:
    return either(snapshot.judgement.app_refused)


def _service_status(snapshot: Snapshot) -> Sequence[Sample]:
    pages = snapshot.surroundings.pages
    return tuple(((page, status), int(status is now)) for page, now, _ in pages for status in ServiceStatus)


def _app_connections(snapshot: Snapshot) -> Sequence[Sample]:
    return NONE if snapshot.connections is None else (((), snapshot.connections.count),)


_KIND: Final = ("kind", listed(tuple(IncidentKind)))

FLEET_FAMILIES: Final = (
    fleet_entry(
        _organizations,
        "xero_organizations",
        "Organisations on the roster: fresh (a success within stale_after), stale, pending (new, no success yet), "
        "not_found (the platform does not know it).",
        ("freshness", listed(tuple(Freshness))),
        series=str(len(Freshness)),
    ),
    fleet_entry(
        _issue_organizations,
        "xero_issue_organizations",
        f"Fresh organisations that have the issue{POLLED}.",
        ("issue", listed(tuple(Issue))),
        series=str(len(Issue)),
    ),
    fleet_entry(
        _affected,
        "xero_organizations_affected",
        f"Fresh organisations with any issue of the connection, or of syncs: each once per kind{POLLED}.",
        _KIND,
        series=str(len(IncidentKind)),
    ),
    fleet_entry(
        _incident,
        "xero_incident",
        "1 while many organisations turned bad together: the affected share of the fresh, of syncs that of those whose "
        f"connection works, lies above its least of the last hours; else 0{POLLED}.",
        _KIND,
        absent="while it is not known: for the first twelfth of `diagnosis.incident_window`, half an hour, for the "
        "whole of it if many are affected from the start, and while less than 80 % are fresh; of syncs also while "
        "connection issues hide many, and for half an hour after",
        series=f"0 to {len(IncidentKind)}",
    ),
    fleet_entry(
        _verdict,
        "xero_fleet_verdict",
        "1 for the one word that says whose problem it is, 0 for the others; starting: not known yet.",
        ("verdict", listed(tuple(Verdict))),
        series=str(len(Verdict)),
    ),
    fleet_entry(
        _app_rejected,
        "xero_app_credentials_rejected",
        f"1 while Xero refuses the app: that of the platform, by errors of organisations, or that of xero.app, by "
        f"Xero itself; else 0{POLLED}.",
    ),
    fleet_entry(
        _service_status,
        "xero_service_status",
        f"1 for what the status page says of the service, 0 for the others; unknown is no outage{POLLED}.",
        ("page", "the address of the page without its scheme, such as `status.xero.com`"),
        ("status", listed(tuple(ServiceStatus))),
        absent="before the first roster; without `xero.status_pages`",
        series=f"{len(ServiceStatus)} per status page",
    ),
    fleet_entry(
        _app_connections,
        "xero_app_connections",
        f"Connections of every type that Xero lists for the app{POLLED}.",
        absent="without `xero.app`; while Xero's list is not known or too old",
        series="0 or 1",
    ),
)
"""The families, in the order of the page."""
