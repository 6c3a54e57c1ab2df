"""Pieces of PromQL that several rules are made of.

All series that rules conclude from are reduced to ``job`` and what they are about, never ``instance``: an exporter
that is moved to another address is the same exporter, and an alert that changed its labels would resolve and open
again.
"""

from __future__ import annotations

from textwrap import indent
from typing import Final

JOB: Final = "xero"
"""The job under which Prometheus must scrape the exporters."""

UP: Final = f'up{{job="{JOB}"}}'
UNLISTED: Final = f"{UP} == 1 unless on (job, instance) xero_organizations"
"""Exporters that answer, and have not read their list of organisations."""

FRESH: Final = "job_organization:xero_fresh_age_seconds:min"
UNKNOWN: Final = "job_organization:xero_unknown:max"
NEVER_CONNECTED: Final = "job_organization:xero_never_connected:max"
ISSUE: Final = "job_organization_issue:xero_issue_fresh:max"
DOUBTED: Final = "job_organization_doubt:xero_doubt_fresh:max"
FAILED: Final = "job_organization:xero_failed_syncs_fresh:max"
ENDING: Final = "job_organization:xero_token_ending_fresh:max"
TELLING: Final = "job:xero_exporters_telling:count"
TELLING_ON: Final = "job:xero_exporters_telling:min"
UNSEEN: Final = "job:xero_exporter_unseen:max"
OUT_OF_SIGHT: Final = "job_organization:xero_ticket_out_of_sight:max"
KNOWN_COUNT: Final = "job:xero_organizations_known:count"
FRESH_COUNT: Final = "job:xero_organizations_fresh:count"
FRESH_RATIO: Final = "job:xero_organizations_fresh:ratio"
POLLING_STALE: Final = "job:xero_polling_stale:ratio"
AFFECTED: Final = "job_kind:xero_organizations_affected:count"
AFFECTED_RATIO: Final = "job_kind:xero_organizations_affected:ratio"
AT_MOST_RATIO: Final = "job_kind_exporters:xero_organizations_affected_or_doubted:ratio"
INCIDENT: Final = "job_kind:xero_incident:rise"
LASTING: Final = "job_kind:xero_incident_lasting:rise"

EACH: Final = "on (job, organization_id)"


def joined(*lines: str) -> str:
    """Lines of one expression."""
    return "\n".join(lines)


def heartbeat(group: str) -> str:
    """The series that is there while that group of rules is evaluated."""
    return f"job_rules:{group.replace('-', '_')}:evaluated"


def firing(alert: str) -> str:
    """The organisations for which an alert fires already."""
    return f'ALERTS{{alertname="{alert}", alertstate="firing"}}'


def either(*parts: str) -> str:
    """Parenthesised alternatives of one expression."""
    return "\nor ".join(f"(\n{indent(part, '  ')}\n)" for part in parts)


def held(alert: str, doubted: str = "") -> tuple[str, ...]:
    """The organisations for which an alert fires and of which nothing is known now: stale is not mended.

    Not answered lately; or nobody can see them, because their exporter is away or has not read its list yet; or what
    the issue was concluded from is lost. Which of several exporters watched an organisation is not known once it is
    away: so all are held of which no other tells.

    Args:
        alert: its name.
        doubted: matchers of the doubts that hold it, where it can be in doubt while the organisation is fresh; empty
            where it cannot.
    """
    open_now = f"max by (job, organization_id) ({firing(alert)})"
    ways = [f"{EACH} {UNKNOWN}", f"{EACH} {OUT_OF_SIGHT}"]
    if doubted:
        ways.append(f"{EACH} {DOUBTED}{{{doubted}}}")
    return tuple(joined(open_now, f"  and {way}") for way in ways)


def gated(alert: str, wrong: str, doubted: str = "") -> str:
    """What an organisation's alert fires on.

    Nothing new during an incident; what fires already stays while it is wrong; what is unknown stays as it is.

    Args:
        alert: its name.
        wrong: expression of the organisations that are wrong now, by job and organization_id; of those that are fresh
            only. A record should have seen to that: to ask 10,000 series twice in each alert took most of its time.
        doubted: matchers of the doubts that hold it, where it can be in doubt while the organisation is fresh.
    """
    return either(
        joined(wrong, f"  unless on (job) {INCIDENT}"),
        joined(wrong, f"  and {EACH} {firing(alert)}"),
        *held(alert, doubted),
    )
