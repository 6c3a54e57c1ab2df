"""The rows of Fleet about single organisations: which have an issue, and how much waits."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import table

from alerts.fleet import PENDING_SYNCS
from alerts.queries import UNKNOWN
from dashboards.boards import TO_ORGANIZATION, Row
from dashboards.panels import COUNT, Look, graph, over_time
from dashboards.queries import EACH, FEW_ROWS, JOB, JUDGED, lines
from dashboards.tables import Column, as_rows, rows
from dashboards.words import (
    BAD,
    FRESHNESS,
    ISSUES,
)

MOST_ROWS: Final = 100
"""Rows of the table of organisations: more than anybody reads, and as cheap for 10,000 organisations as for 100."""


def which() -> Row:
    """Those that have an issue, and those of which nothing fresh is known."""
    newest = f"topk({MOST_ROWS}, max by (organization_id, issue) (xero_issue_since_timestamp_seconds{{{JOB}}}))"

    def each(family: str) -> str:
        return lines(
            f"0 * {newest}",
            f"  + on (organization_id) group_left () max by (organization_id) ({family}{{{JOB}}})",
        )

    own = lines(
        "topk by (organization_id, issue) (1,",
        "  sum by (organization_id, issue, reason) (label_replace(",
        f"    xero_recent_errors{{{JOB}}},",
        '    "issue", "${1}_failing", "sync_type", "(contacts|invoices|reconciliation)"',
        "  ))",
        ")",
    )
    any_type = f"topk by (organization_id) (1, sum by (organization_id, reason) (xero_recent_errors{{{JOB}}}))"
    reason = lines(
        f"0 * {newest} + on (organization_id, issue) group_left (reason) {own}",
        "or on (organization_id, issue)",
        f"0 * {newest} + on (organization_id) group_left (reason) {any_type}",
    )
    return Row(
        "Which organisations?",
        (
            rows(
                Look(
                    title=f"Organisations with an issue, the newest first, {MOST_ROWS} at most",
                    do="Open an organisation for its history and its runbooks. During an incident do not go through "
                    "them one by one: mend the cause.",
                    width=24,
                    height=11,
                    empty="of no fresh organisation an issue is known",
                ),
                (
                    Column(of="organization_id", title="Organisation", link=TO_ORGANIZATION, hint="Open"),
                    Column(of="issue", title="Issue", words=ISSUES),
                    Column(of="Value #A", title="For", unit="s", width=120),
                    Column(of="reason", title="Reason"),
                    Column(of="Value #C", title="Pending", unit=COUNT, width=100),
                    Column(of="Value #D", title="Failed", unit=COUNT, width=100),
                    Column(of="Value #E", title="Last sync ago", unit="s", width=140),
                ),
                as_rows(f"time() - {newest}", "A"),
                as_rows(reason, "B"),
                as_rows(each("xero_pending_syncs"), "C"),
                as_rows(each("xero_failed_syncs"), "D"),
                as_rows(f"time() - ({each('xero_last_sync_timestamp_seconds')})", "E"),
            ),
            rows(
                Look(
                    title=f"Of whom is nothing fresh known, the longest first, {MOST_ROWS} at most?",
                    do="How the last reading failed, and how long ago the last good one was. One organisation: look "
                    "at it. Many: look at the platform.",
                    width=12,
                    height=9,
                    empty="nobody who was asked; who was not stands beside",
                ),
                (
                    Column(of="organization_id", title="Organisation", link=TO_ORGANIZATION, hint="Open"),
                    Column(of="failure", title="Failure", width=150),
                    Column(of="Value #A", title="Last answer ago", unit="s", width=140, missing="never"),
                ),
                as_rows(
                    lines(
                        f"topk({MOST_ROWS}, max by (organization_id) (",
                        f"  time() - xero_poll_last_success_timestamp_seconds{{{JOB}}}",
                        f"    and on ({EACH}) {UNKNOWN}{{{JOB}}}",
                        "))",
                    ),
                    "A",
                ),
                as_rows(
                    lines(
                        f"topk({MOST_ROWS}, max by (organization_id, failure) (",
                        f"  xero_poll_failure{{{JOB}}} and on ({EACH}) {UNKNOWN}{{{JOB}}}",
                        "))",
                    ),
                    "B",
                ),
            ),
            graph(
                Look(
                    title="How fresh is what is known?",
                    do="Organisations by freshness, as each exporter counts them. Stale ones are withdrawn from all "
                    "counts of issues until they answer again.",
                    width=12,
                    height=9,
                    least=0,
                    colors={said.text: said.color for said in FRESHNESS.values()},
                ),
                *(
                    over_time(f'sum(xero_organizations{{{JOB}, freshness="{word}"}})', said.text, ref)
                    for ref, (word, said) in zip("ABCD", FRESHNESS.items(), strict=True)
                ),
                stacked=True,
            ),
        ),
    )


def backlog() -> Row:
    """Syncs that wait or failed, and of whom most."""
    return Row(
        "How much waits?",
        (
            graph(
                Look(
                    title="Syncs that wait, and that failed",
                    do="As the platform says, of the fresh. Waiting that only grows: the platform's queue or Xero's "
                    "limits. Failed may stay after it is mended: only a retry takes it away.",
                    width=12,
                    least=0,
                    colors={"waiting": "blue", "failed": BAD},
                ),
                over_time(f"sum({PENDING_SYNCS}{{{JOB}}})", "waiting"),
                over_time(f"sum(xero_failed_syncs{{{JOB}}})\n{JUDGED}", "failed", "B"),
            ),
            _largest("Where does most wait?", "pending", "of the fresh, nothing is known to wait", "blue"),
            _largest("Where did most fail?", "failed", "of the fresh, nothing is known to fail", BAD),
        ),
    )


def _largest(title: str, which: str, empty: str, color: str) -> table.Panel:
    return rows(
        Look(
            title=title,
            do=f"The organisations with most {which} syncs. One far ahead of the others has its own cause: open it.",
            width=6,
            empty=empty,
            steps=((None, color),),
        ),
        (
            Column(of="organization_id", title="Organisation", link=TO_ORGANIZATION, hint="Open"),
            Column(of="Value #A", title=which.capitalize(), unit=COUNT, width=140, bar=True),
        ),
        as_rows(f"topk({FEW_ROWS}, max by (organization_id) (xero_{which}_syncs{{{JOB}}}) > 0)", "A"),
    )
