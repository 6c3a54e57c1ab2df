"""Whatever texts the platform sends: only words from closed lists come out, on the page and in the documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.expose.documents import organizations_document
from exporter.model.facts import Organization, Reading, Snapshot, Status
from exporter.model.fleet import PageSays, Surroundings
from exporter.model.judgement import MAX_ERROR_SERIES, Doubt, Thresholds
from exporter.model.moment import Moment
from exporter.model.words import (
    Failure,
    Freshness,
    IncidentKind,
    Issue,
    Reason,
    ServiceStatus,
    SyncStatus,
    SyncType,
    Verdict,
)
from exporter.observe.fold import fold, snapshot_of
from exporter.observe.interpret import interpreted
from exporter.upstream.wire import parse_status
from tests.contract.pages import Page

CANARY = "canary-jane.doe@example.com"
"""Stands where foreign texts and names stand; nothing that is told may hold it."""

TENANT = "canary-tenant-7"
"""Xero's id of the tenant: the one label that is for it, and no other place."""

AT = Moment(wall=1_736_937_000.0, monotonic=100.0)
PAGE = "status.xero.com"
WORDS: dict[str, set[str]] = {
    "freshness": set(Freshness),
    "failure": set(Failure),
    "status": set(SyncStatus) | set(ServiceStatus),
    "sync_type": set(SyncType),
    "reason": set(Reason),
    "issue": set(Issue),
    "doubt": set(Doubt),
    "kind": set(IncidentKind),
    "verdict": set(Verdict),
    "page": {PAGE},
    "organization_id": {"org-1", "org-2"},
    "xero_tenant_id": {TENANT, ""},
}
"""Label -> every value that it may have on the page of this fleet."""

texts = st.none() | st.text() | st.text().map(lambda text: f"{text}{CANARY}{text}")
recognised = st.tuples(st.sampled_from(SyncType), st.sampled_from(Reason))
entries = st.fixed_dictionaries(
    {
        "type": texts | st.sampled_from(["contact_sync", "invoice_sync", "payment_sync"]),
        "message": texts,
        "timestamp": st.sampled_from(["2025-01-15T10:29:00Z", "2025-01-15T09:00:00Z", None]),
    }
)
bodies = st.fixed_dictionaries(
    {
        "connected": st.booleans(),
        "last_sync": st.sampled_from(["2025-01-15T10:00:00Z", "2025-01-10T10:00:00Z", None]),
        "token_expires_at": st.sampled_from(["2025-01-15T10:45:00Z", "2025-01-15T08:00:00Z", None]),
        "sync_status": st.sampled_from(["healthy", "degraded", "failing", "disconnected", CANARY, None]),
        "failed_syncs": st.sampled_from([0, 3, None]),
        "pending_syncs": st.sampled_from([0, 3, None]),
        "errors": st.lists(entries, max_size=20),
    }
)


def known(statuses: Sequence[Status]) -> Snapshot:
    """A fleet of whom these were read."""
    organizations = [Organization("org-1", name=CANARY, xero_tenant_id=TENANT), Organization("org-2", name=CANARY)]
    readings = [Reading(one.id, AT, AT, status) for one, status in zip(organizations, statuses, strict=True)]
    around = Surroundings(started=True, pages=(PageSays(PAGE, ServiceStatus.NONE),))
    return fold(snapshot_of(organizations, None, AT), readings, AT, Thresholds(), surroundings=around)


def assert_only_words(snapshot: Snapshot) -> None:
    """Every label of the page has a value that it may have, and no document holds the canary."""
    page = Page(names=False).show(snapshot).decode()
    assert CANARY not in page
    errors_told = 0
    for family in parse_text(page):
        for sample in family.samples:
            for name, value in sample.labels.items():
                assert value in WORDS[name], (family.name, name)
            if family.name == "xero_recent_errors" and sample.labels["organization_id"] == "org-1":
                errors_told += 1
    assert errors_told <= MAX_ERROR_SERIES
    told = [line for line in page.splitlines() if TENANT in line]
    assert [line.partition("{")[0] for line in told] == ["xero_organization_info"]
    assert CANARY not in organizations_document(snapshot, names=False).model_dump_json()


@given(bodies=st.tuples(bodies, bodies), reasons=st.lists(recognised, min_size=20, max_size=20))
@settings(deadline=None, max_examples=150)
def test_any_text_leads_to_words_from_closed_lists_only(
    bodies: tuple[dict[str, object], dict[str, object]], reasons: list[tuple[SyncType, Reason]]
) -> None:
    """From the platform's bytes to the page, as the texts are recognised, and however else they might be."""
    statuses = [interpreted(parse_status(json.dumps(body).encode())) for body in bodies]
    assert_only_words(known(statuses))
    told_apart = [
        replace(
            status,
            errors=tuple(
                replace(error, sync_type=sync_type, reason=reason)
                for error, (sync_type, reason) in zip(status.errors, reasons, strict=False)
            ),
        )
        for status in statuses
    ]
    assert_only_words(known(told_apart))


def test_the_canary_is_looked_for_where_errors_are_told() -> None:
    """The check above would prove nothing if no error reached the page."""
    entry = {"type": "contact_sync", "message": f"Duplicate contact: {CANARY}", "timestamp": "2025-01-15T10:29:00Z"}
    body = {
        "connected": True,
        "last_sync": "2025-01-15T10:00:00Z",
        "sync_status": "failing",
        "failed_syncs": 3,
        "errors": [entry],
    }
    status = interpreted(parse_status(json.dumps(body).encode()))
    assert CANARY in str(status.errors[0].message)
    snapshot = known([status, status])
    assert_only_words(snapshot)
    page = Page(names=False).show(snapshot).decode()
    assert 'xero_recent_errors{organization_id="org-1",sync_type="contacts",reason="duplicate_contact"} 1' in page
    assert 'xero_issue{organization_id="org-1",issue="contacts_failing"} 1' in page
    assert 'xero_fleet_verdict{verdict="customers"} 1' in page
