"""The diagnostic endpoints, and escalation."""

from __future__ import annotations

from typing import Final

from exporter.expose.troubleshooting.line import Kind, Line
from exporter.model.words import Reason

_ENDPOINTS: Final = "Diagnostic Endpoints"
_ESCALATION: Final = "Escalation"

HANDOVER: Final = (
    Line(
        _ENDPOINTS,
        "Sync Status",
        Kind.ENDPOINT,
        "`GET .../status` is asked for each organisation every `poll.interval`, with the admin token.",
        ("xero_poll_success", "xero_connected", "xero_failed_syncs"),
        acts="yes: reading costs no Xero quota",
    ),
    Line(
        _ENDPOINTS,
        "Retry Failed Syncs",
        Kind.ENDPOINT,
        "`diagnose` says for which reasons `POST .../retry` could help; `remediate explain` what would be done.",
        acts="by `remediation.mode`, or `remediate retry` by a person, once and on the record ([how](remediation.md))",
    ),
    Line(
        _ENDPOINTS,
        "Force Full Resync",
        Kind.ENDPOINT,
        "`diagnose` says what `POST .../resync` would do, and that it costs the customer's daily Xero quota.",
        acts="`remediate resync` by a person; by itself only with `remediation.fallback` or `catch_up`",
    ),
    Line(
        _ESCALATION,
        "Document organization ID, error messages, timestamps",
        Kind.ESCALATION,
        "`xero-exporter escalate ORG` and `GET /api/v1/organizations/{id}/escalation` write the bundle, redacted, in "
        "UTC.",
        acts="yes: it only writes a document",
    ),
    Line(
        _ESCALATION,
        "Check Xero API status page for outages",
        Kind.ESCALATION,
        "`xero.status_pages` are read once a minute, and stand in the bundle; with an incident they make the verdict.",
        ("xero_service_status", "xero_fleet_verdict"),
        (),
        (Reason.XERO_UNAVAILABLE,),
        ("Check Xero's status page",),
        acts="yes: it only reads",
        sample="An error occurred in Xero. Check the API Status page http://status.developer.xero.com for current "
        "service status.",
    ),
    Line(
        _ESCALATION,
        "Contact Xero partner support if API issues confirmed",
        Kind.ESCALATION,
        "The bundle holds the text of the request, without personal data, and says first whether the pages confirm it.",
        (),
        (),
        (Reason.XERO_UNAVAILABLE,),
        ("escalate to Xero's support",),
        acts="no: a person sends it",
    ),
)
"""In the order of the page."""
