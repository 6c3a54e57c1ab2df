"""The bundle as Markdown, to be pasted into a ticket. Pure; foreign texts stand in code blocks alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporter.expose.escalation_shapes import ErrorTextDocument, EscalationDocument
from exporter.expose.markdown import address, bullets, fenced, numbered, plain, table
from exporter.expose.shapes import FactsDocument, OrganizationDocument


def escalation_markdown(bundle: EscalationDocument) -> str:
    """The whole bundle."""
    return "\n".join(_parts(bundle)).rstrip() + "\n"


def _parts(bundle: EscalationDocument) -> Iterator[str]:
    organization = bundle.organization
    diagnosis = organization.diagnosis
    yield f"# Escalation of {plain(organization.id)}\n"
    yield f"> **{plain(bundle.notice)}**\n" if bundle.personal_data else f"> {plain(bundle.notice)}\n"
    yield f"Made {plain(bundle.at or '')} by xero-exporter {plain(bundle.version)}. All times are UTC.\n"
    yield "## First\n"
    yield numbered(
        [
            f"The status page: {plain(bundle.status_page_first)}",
            f"Is it for Xero? {plain(bundle.for_xero)}",
        ]
    )
    yield "## Which organisation\n"
    yield table(("what", "value"), [("id", organization.id), ("Xero tenant id", organization.xero_tenant_id)])
    if organization.name is not None:
        yield f"Name:\n\n{fenced(organization.name)}"
    yield "## What is wrong\n"
    yield f"{plain(diagnosis.summary)}\n"
    yield from _freshness(organization)
    if diagnosis.issues:
        yield table(
            ("issue", "since", "because", "reasons", "who can end it"),
            [(one.issue, one.since, one.evidence, ", ".join(one.reasons), one.owner) for one in diagnosis.issues],
        )
    if diagnosis.errors:
        yield "Recent errors by kind:\n"
        yield table(
            ("count", "sync type", "reason", "newest", "cause"),
            [(str(one.count), one.sync_type, one.reason, one.newest, one.cause) for one in diagnosis.errors],
        )
    if organization.facts is not None:
        yield "## What the platform says\n"
        yield table(("what", "value"), _facts(organization.facts))
    yield "## What Xero says\n"
    yield bullets(_xero(organization))
    yield "## Errors that the platform lists\n"
    yield from (_error(number, one) for number, one in enumerate(bundle.errors, 1))
    if not bundle.errors:
        yield "Not known: there is no status of the platform.\n" if organization.facts is None else "None.\n"
    if diagnosis.left_out is not None:
        yield f"{plain(diagnosis.left_out)}\n"
    yield "## Readings\n"
    yield from _readings(organization)
    yield "## What was tried\n"
    yield bullets(map(plain, bundle.tried))
    yield "## What can be done\n"
    yield from _steps(organization)
    yield "## Request to Xero partner support\n"
    yield fenced(bundle.request)


def _freshness(organization: OrganizationDocument) -> Iterator[str]:
    fresh = organization.diagnosis.freshness
    why_not = f" No newer answer: {plain(fresh.why_not)}." if fresh.why_not is not None else ""
    yield f"Asked {plain(fresh.asked or 'never')}, answered {plain(fresh.answered or 'never')}.{why_not}\n"


def _facts(facts: FactsDocument) -> Iterator[tuple[str, str]]:
    for name, value in facts.model_dump(mode="json").items():
        yield name, _SAID[value] if value is None or isinstance(value, bool) else str(value)


_SAID: Final = {None: "not said", True: "yes", False: "no"}


def _xero(organization: OrganizationDocument) -> Iterator[str]:
    xero = organization.diagnosis.xero
    listed = "not known" if xero.listed is None else "yes" if xero.listed else "no"
    yield f"Its list of connections has the tenant: {listed}"
    if xero.note is not None:
        yield plain(xero.note)
    for one in xero.status_pages:
        yield f"{plain(one.page)}: {one.status}" + (f", last read {plain(one.read)}" if one.read else "")


def _error(number: int, one: ErrorTextDocument) -> str:
    told = [
        f"{number}. {plain(one.at or 'time not said')}, {one.sync_type}, {plain(one.reason)}",
        f"correlation id {plain(one.correlation_id)}" if one.correlation_id else "",
        _text(one),
    ]
    shown = one.whole_text if one.whole_text is not None else one.text
    body = "" if shown is None else f"\n{fenced(shown)}"
    kind = "" if one.whole_type is None else f"\nType:\n\n{fenced(one.whole_type)}"
    return f"{'; '.join(filter(None, told))}\n{kind}{body}"


def _text(one: ErrorTextDocument) -> str:
    """Which text it is, and why it is not shown."""
    if one.length is None:
        return "no text"
    if one.hash is None:
        return f"a text of {one.length} characters, not kept: newer ones filled the room for texts"
    cut = ", of which the beginning and the end are kept" if one.cut else ""
    shown = "" if one.text is not None or one.whole_text is not None else "; withheld"
    return f"text {one.hash}, {one.length} characters{cut}, first at {one.first_seen or 'an unknown time'}{shown}"


def _readings(organization: OrganizationDocument) -> Iterator[str]:
    rows = {(one.at, one.outcome): one for one in (*organization.recent, *organization.failures)}
    newest_first = sorted(rows.values(), key=lambda one: one.at or "", reverse=True)
    yield table(
        ("ended", "outcome", "HTTP status", "seconds", "detail"),
        [
            (one.at, one.outcome, str(one.http_status or ""), f"{one.duration_seconds:.3f}", one.detail)
            for one in newest_first
        ],
    )


def _steps(organization: OrganizationDocument) -> Iterator[str]:
    diagnosis = organization.diagnosis
    if diagnosis.next_steps:
        yield numbered(
            f"{plain(one.text)} ({one.owner})" + (f" {address(one.url)}" if one.url else "")
            for one in diagnosis.next_steps
        )
    yield bullets(
        [
            f"Retry: {plain(diagnosis.what_retry_would_do)}",
            f"Resync: {plain(diagnosis.what_resync_would_do)}",
        ]
    )
