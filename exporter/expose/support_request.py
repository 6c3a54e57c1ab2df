"""The request to Xero's partner support: what they ask for, in a text that a person can paste. No personal data. Pure.

Support asks for the organisation, its tenant id, exact texts, instants in UTC, and the Xero-Correlation-Id if there is
one. The texts here are those that may be shown to anybody; the whole ones are for who may see them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from exporter.expose.escalation_shapes import ErrorTextDocument
from exporter.expose.shapes import OrganizationDocument

MAX_ERRORS: Final = 20
"""Errors that are listed, the newest: support looks at one or two."""

_UNSAID: Final = "not said"


def support_request(organization: OrganizationDocument, errors: Sequence[ErrorTextDocument], at: str | None) -> str:
    """The text of the request."""
    return "\n".join(_lines(organization, errors, at)) + "\n"


def _lines(organization: OrganizationDocument, errors: Sequence[ErrorTextDocument], at: str | None) -> Iterator[str]:
    diagnosis = organization.diagnosis
    if organization.facts is None:
        yield "(There is none yet: without a status of the platform there is nothing that Xero could be asked about.)"
        return
    wrong = ", ".join(one.issue for one in diagnosis.issues)
    yield f"Subject: API errors for one connected organisation ({wrong or 'no issue now'})"
    yield ""
    yield "Hello Xero API support,"
    yield ""
    yield "our integration, MemberPulse, has trouble with one connected organisation. Could you tell us, please, what"
    yield "stands behind it on your side, and whether there is anything that we should change?"
    yield ""
    yield f"Xero tenant id:          {organization.xero_tenant_id or '(please add: it is in the integration settings)'}"
    yield f"Our id of it:            {organization.id}"
    yield f"All times are UTC. Now:  {at or _UNSAID}"
    yield ""
    yield from _issues(organization)
    yield from _connection(organization)
    yield from _errors(errors, organization.facts.errors_dropped)
    pages = ", ".join(f"{one.page}: {one.status}" for one in diagnosis.xero.status_pages)
    yield f"Status pages when this was written: {pages or '(please look, and add what they say)'}"
    yield ""
    yield "Whole error texts are with us; we left them out because they name people. Tell us if you need one."
    yield ""
    yield "Thank you."


def _issues(organization: OrganizationDocument) -> Iterator[str]:
    issues = organization.diagnosis.issues
    yield "What we see:"
    if not issues:
        yield f"- {organization.diagnosis.summary}"
    for one in issues:
        reasons = f"; reasons: {', '.join(one.reasons)}" if one.reasons else ""
        yield f"- {one.issue} since {one.since or _UNSAID}: {one.evidence}{reasons}"
    yield ""


def _connection(organization: OrganizationDocument) -> Iterator[str]:
    facts = organization.facts
    if facts is None:
        return
    listed = organization.diagnosis.xero.listed
    yield "The connection:"
    yield f"- we hold a connection: {_truth(facts.connected)}; GET /connections lists the tenant: {_truth(listed)}"
    yield f"- our token expires: {facts.token_expires_at or _UNSAID}"
    yield f"- our last successful sync: {facts.last_sync or 'never'}"
    yield f"- syncs that failed: {_UNSAID if facts.failed_syncs is None else facts.failed_syncs}"
    yield ""


def _errors(errors: Sequence[ErrorTextDocument], left_out: int) -> Iterator[str]:
    if not errors:
        return
    whole = len(errors) + left_out
    shown = min(len(errors), MAX_ERRORS)
    yield "Errors, the newest first:" if shown == whole else f"The newest {shown} of {whole} errors:"
    for one in errors[:MAX_ERRORS]:
        correlation = f", Xero-Correlation-Id {one.correlation_id}" if one.correlation_id else ""
        yield f"- {one.at or 'time not known'}, {one.sync_type}, {one.reason}{correlation}"
        if one.text is not None:
            yield f"  {one.text}"
    yield ""


def _truth(value: bool | None) -> str:  # noqa: FBT001 - the value itself
    return "not known" if value is None else "yes" if value else "no"
