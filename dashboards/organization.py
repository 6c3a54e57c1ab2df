"""The Organisation dashboard: how one customer stands, since when, why, and what is known of it at all."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from alerts.queries import FRESH
from alerts.writing import EXPORTER
from dashboards.annotations import remedies
from dashboards.boards import RUNBOOK, Row, board
from dashboards.organization_polling import asking, others
from dashboards.panels import COUNT, Look, at_the_end, graph, number, over_time, states
from dashboards.queries import JOB, ONE, SHIPPED, Spans, age_of, coded, lines
from dashboards.tables import Column, as_rows, rows
from dashboards.words import (
    ATTENTION,
    BAD,
    DOUBTS,
    GOOD,
    ISSUES,
    SYNC_STATUS_CODES,
    SYNC_STATUS_SAID,
    Said,
    yes_no,
)

UID: Final = "xero-organization"


IS_FRESH: Final = f"{FRESH}{{{ONE}}}"


def organization(spans: Spans = SHIPPED) -> dict[str, object]:
    """The dashboard."""
    return board(
        UID,
        "Xero / Organisation",
        "One customer's connection to Xero. Type an organization_id above, or a part of it and choose below.",
        (_now(), _wrong(), _syncs(), asking(), others()),
        alerts='organization_id="$organization_id"',
        spans=spans,
        # Off until it is asked for: a line here would be taken for this organisation's.
        annotations=(remedies("What was done, for any organisation", spans, enabled=False),),
        variables=(_which(),),
        links=(_steps(),),
    )


def _which() -> dashboard.TextBoxVariable:
    # A text box and not a list: a list of 10,000 is slow, and an id that is not in a shortened one would silently
    # become another organisation.
    variable = dashboard.TextBoxVariable("organization_id").label("Organisation")
    return variable.description("The platform's own id, whole; a part of it finds organisations below.")


def _steps() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Steps for this organisation").type(model.DashboardLinkType.LINK)
    link = link.url(f"{EXPORTER}/organizations/${{organization_id}}").icon("doc").target_blank(True)
    return link.tooltip("The exporter's diagnosis: causes, numbered steps and who takes them")


def _now() -> Row:
    nothing = "not known"
    return Row(
        "",
        (
            number(
                Look(
                    title="Connected to Xero?",
                    do="What the platform says. No: the customer connects again on the integration page. Not known: "
                    "nothing fresh was read, see below.",
                    width=4,
                    height=4,
                    said=yes_no("yes", "no"),
                    empty=nothing,
                ),
                at_the_end(f"max(xero_connected{{{ONE}}})", "connected"),
                filled=True,
            ),
            number(
                Look(
                    title="Does Xero agree?",
                    do="Whether Xero's own list of connections has it. No, while the platform says yes: the customer "
                    "revoked the app in Xero, and must connect again.",
                    width=4,
                    height=4,
                    said=yes_no("yes", "no"),
                    empty="not known: needs xero.app and a tenant id",
                ),
                at_the_end(f"max(xero_connection_authorized{{{ONE}}})", "authorised"),
            ),
            number(
                Look(
                    title="Token expires in",
                    do="Access tokens live 30 minutes and many are renewed only when used: past alone is no fault. The "
                    "issue token expired says when it is one.",
                    width=4,
                    height=4,
                    unit="s",
                    steps=((None, ATTENTION), (0, GOOD)),
                    empty=nothing,
                ),
                at_the_end(f"max(xero_token_expiry_timestamp_seconds{{{ONE}}}) - time()", "token"),
            ),
            number(
                Look(
                    title="Last sync ago",
                    do="Some customers sync nightly. With syncs that wait, more than 26 hours is an issue.",
                    width=4,
                    height=4,
                    unit="s",
                    steps=((None, GOOD), (26 * 3600, ATTENTION)),
                    empty=nothing,
                ),
                at_the_end(age_of("xero_last_sync_timestamp_seconds"), "last sync"),
            ),
            number(
                Look(
                    title="Syncs",
                    do="As the platform says. Failed may stay after its cause is mended: only a retry takes it away.",
                    width=4,
                    height=4,
                    empty=nothing,
                ),
                at_the_end(f"max(xero_pending_syncs{{{ONE}}})", "pending"),
                at_the_end(f"max(xero_failed_syncs{{{ONE}}})", "failed", "B"),
            ),
            number(
                Look(
                    title="Last answer ago",
                    do="How old all of this is. Older than stale_after: it is withdrawn, and nothing is known.",
                    width=4,
                    height=4,
                    unit="s",
                    steps=((None, GOOD), (300, ATTENTION)),
                    empty="no answer is known",
                ),
                at_the_end(age_of("xero_poll_last_success_timestamp_seconds"), "answer"),
            ),
        ),
    )


def _wrong() -> Row:
    return Row(
        "What is wrong?",
        (
            rows(
                Look(
                    title="Issues",
                    do="What the exporter concludes, and for how long. The link above gives the steps, in their order "
                    "and with who takes them.",
                    width=5,
                    height=7,
                    empty="no issue is known; fresh? in doubt?",
                ),
                (
                    Column(of="issue", title="Issue", words=ISSUES),
                    Column(of="Value #A", title="For", unit="s", width=90),
                ),
                as_rows(f"time() - max by (issue) (xero_issue_since_timestamp_seconds{{{ONE}}})", "A"),
            ),
            rows(
                Look(
                    title="In doubt",
                    do="Why it is not known whether anything is wrong, although the platform answers. Its tickets stay "
                    "meanwhile; the link above says what to do.",
                    width=5,
                    height=7,
                    empty="nothing, if it is fresh",
                ),
                (Column(of="doubt", title="Because", words=DOUBTS),),
                as_rows(f"max by (doubt) (xero_doubt{{{ONE}}})", "A"),
            ),
            rows(
                Look(
                    title="Alerts and their runbooks",
                    do="Open the runbook of an alert. Pending ones fire when their issue lasts. In an incident of the "
                    "fleet none is opened for a single organisation.",
                    width=7,
                    height=7,
                    empty="no alert of it is known",
                ),
                (
                    Column(of="alertname", title="Alert", link=RUNBOOK, hint="Runbook"),
                    Column(of="alertstate", title="State", width=80),
                    Column(of="Value #A", title="For", unit="s", width=100),
                ),
                as_rows(
                    lines(
                        f"time() - max by (alertname) (ALERTS_FOR_STATE{{{ONE}}})",
                        f"  + on (alertname) group_right () 0 * max by (alertname, alertstate) (ALERTS{{{ONE}}})",
                    ),
                    "A",
                ),
            ),
            rows(
                Look(
                    title="Errors now",
                    do="Recent errors by type and reason. docs/reasons.md says what each means, who can end it, and "
                    "whether a retry helps.",
                    width=7,
                    height=7,
                    empty="no recent error is known",
                ),
                (
                    Column(of="sync_type", title="Type", width=120),
                    Column(of="reason", title="Reason"),
                    Column(of="Value #A", title="Errors", unit=COUNT, width=80),
                ),
                as_rows(f"sort_desc(max by (sync_type, reason) (xero_recent_errors{{{ONE}}}))", "A"),
            ),
            states(
                Look(
                    title="Since when, and how often before?",
                    do="Each issue over time; a gap is a time of which nothing fresh is known, or that is in doubt. "
                    "Several that begin together have one cause.",
                    width=24,
                    height=10,
                    said={0: Said("no", GOOD), 1: Said("yes", BAD)},
                    empty="nothing fresh was known in this time",
                ),
                *(
                    over_time(
                        f'max(xero_issue{{{ONE}, issue="{issue}"}}) or on () '
                        f'0 * max(xero_issue_organizations{{{JOB}, issue="{issue}"}}) and on () {IS_FRESH} '
                        f"unless on () xero_doubt{{{ONE}}}",
                        said.text,
                        ref,
                    )
                    for ref, (issue, said) in zip("ABCDEFGH", ISSUES.items(), strict=True)
                ),
            ),
        ),
    )


def _syncs() -> Row:
    return Row(
        "How do its syncs go?",
        (
            graph(
                Look(
                    title="Recent errors, by type and reason",
                    do="The reason with most errors first: one cure often ends many.",
                    width=12,
                    least=0,
                    empty="no recent error is known in this time",
                ),
                over_time(f"max by (sync_type, reason) (xero_recent_errors{{{ONE}}})", "{{sync_type}}: {{reason}}"),
                bars=True,
            ),
            graph(
                Look(
                    title="Syncs that wait, and that failed",
                    do="Waiting that only grows: nothing syncs, see the last sync beside. Failed that only a retry "
                    "takes away: look whether its cause is over.",
                    width=12,
                    least=0,
                    colors={"pending": "blue", "failed": BAD},
                    empty="the platform gave no counts in this time",
                ),
                over_time(f"max(xero_pending_syncs{{{ONE}}})", "pending"),
                over_time(f"max(xero_failed_syncs{{{ONE}}})", "failed", "B"),
            ),
            states(
                Look(
                    title="What does the platform say of its syncs?",
                    do="sync_status over time, in the platform's word. The exporter's issues say more: trust those.",
                    width=12,
                    height=6,
                    said=SYNC_STATUS_SAID,
                    empty="the platform gave no status in this time",
                ),
                over_time(_sync_status(), "status"),
            ),
            graph(
                Look(
                    title="Age of the last sync",
                    do="A saw: it falls at each sync. A line that only rises: nothing syncs any more.",
                    width=12,
                    height=6,
                    unit="s",
                    least=0,
                    empty="no sync is known",
                    colors={"last sync": "blue"},
                ),
                over_time(age_of("xero_last_sync_timestamp_seconds"), "last sync"),
            ),
        ),
    )


def _sync_status() -> str:
    return coded("xero_sync_status", "status", SYNC_STATUS_CODES, "max").replace(JOB, ONE)
