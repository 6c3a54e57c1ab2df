"""The Fleet dashboard: is it Xero, is it us, or is it one customer? What kind, which, how much waits, what it costs."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import table

from alerts.fleet import PENDING_SYNCS
from alerts.levels import COVERAGE, SYNC
from alerts.queries import AFFECTED_RATIO, FRESH, FRESH_COUNT, KNOWN_COUNT, UNKNOWN
from alerts.thresholds import SHIPPED as LIMITS
from dashboards.boards import RUNBOOK, TO_ORGANIZATION, Row, board
from dashboards.panels import (
    COUNT,
    Column,
    Look,
    as_rows,
    at_the_end,
    counted,
    graph,
    number,
    over_time,
    rows,
    states,
)
from dashboards.queries import JOB, SHIPPED, Spans, coded, lines
from dashboards.words import (
    ATTENTION,
    BAD,
    DO_FIRST,
    FRESHNESS,
    GOOD,
    ISSUES,
    MEANING,
    NOBODY,
    PAGE_CODES,
    PAGE_SAID,
    VERDICT_CODES,
    VERDICT_SAID,
)

UID: Final = "xero-fleet"
MOST_ROWS: Final = 100
"""Rows of the table of organisations: more than anybody reads, and as cheap for 10,000 organisations as for 100."""

FEW_ROWS: Final = 6
"""Rows of a small table: what fits without scrolling."""

VERDICT: Final = lines(
    coded("xero_fleet_verdict", "verdict", VERDICT_CODES, "min"),
    f"or vector({NOBODY})",
)
"""The code of the verdict; `NOBODY` where no exporter answers."""

SENTENCES: Final = lines(
    f'label_replace({VERDICT}, "line", "means", "", "")',
    f'or label_replace(({VERDICT}) + {DO_FIRST}, "line", "next", "", "")',
)
"""The verdict twice: for what it means, and for what to do first."""

EACH: Final = "job, organization_id"


JUDGED: Final = lines(
    "and on ()",
    f"sum({FRESH_COUNT}{{{JOB}}}) / (sum({KNOWN_COUNT}{{{JOB}}}) > 0) >= {LIMITS.enough_fresh}",
)
"""While nothing is known of most, nobody is counted as having an issue: a 0 would say that all is well."""


def fleet(spans: Spans = SHIPPED) -> dict[str, object]:
    """The dashboard, with these durations."""
    return board(
        UID,
        "Xero / Fleet",
        "Is it Xero, is it us, or is it one customer? Begin at the top: the verdict says whose problem it is and what "
        "to do first.",
        (_question(), _kind(spans), _which(), _backlog(), _levels(spans)),
        alerts='scope="fleet"',
        spans=spans,
    )


def _question() -> Row:
    affected = f"sum(xero_organizations_affected{{{JOB}}})"
    return Row(
        "",
        (
            number(
                Look(
                    title="Whose problem is it?",
                    do="The exporter's own verdict, the worst of all exporters of the job. What to do first stands "
                    "beside it.",
                    width=7,
                    height=5,
                    said=VERDICT_SAID,
                ),
                at_the_end(VERDICT, "verdict"),
                filled=True,
                size=38,
            ),
            rows(
                Look(
                    title="What does that mean, and what is to be done first?",
                    do="The verdict in one sentence, as the exporter's page and `xero-exporter diagnose` say it.",
                    width=9,
                    height=5,
                ),
                (Column(of="Value #A", title="Meaning", said=MEANING, wrap=True),),
                as_rows(SENTENCES, "A"),
                heads=False,
                tall=True,
            ),
            number(
                Look(
                    title="What does Xero say of itself?",
                    do="Xero's status pages, as last read. Major or critical: follow the page, and let nothing be "
                    "retried before Xero is back. Not known: the page cannot be read; that is no outage.",
                    width=8,
                    height=5,
                    said=PAGE_SAID,
                    empty="not asked: xero.status_pages is empty",
                ),
                at_the_end(coded("xero_service_status", "status", PAGE_CODES, "max by (page)"), "{{page}}"),
                below=True,
            ),
            number(
                Look(
                    title="How many organisations?",
                    do="On the list of organisations, and of these the ones that the platform knows and that were "
                    "connected once: all shares are of them. Far fewer than yesterday: look at the Exporter dashboard.",
                    width=6,
                    height=4,
                    unit=COUNT,
                ),
                at_the_end(f"sum(xero_organizations{{{JOB}}})", "listed"),
                at_the_end(f"sum({KNOWN_COUNT}{{{JOB}}})", "once connected", "B"),
            ),
            number(
                Look(
                    title="How many have an issue?",
                    do="Of those with fresh data. A steady share is single customers: take the table below from the "
                    "top. A rise of many at once is an incident.",
                    width=6,
                    height=4,
                    unit="percentunit",
                    decimals=1,
                    steps=((None, GOOD), (0.0001, ATTENTION), (0.1, BAD)),
                    empty="not known: too little is fresh",
                ),
                at_the_end(f"{affected} / sum({FRESH_COUNT}{{{JOB}}})\n{JUDGED}", "share"),
                at_the_end(f"{affected}\n{JUDGED}", "organisations", "B"),
            ).override_by_name("organisations", counted()),
            number(
                Look(
                    title="How many are fresh?",
                    do="Of how many something fresh is known. Below 80 % nothing is concluded of the fleet: "
                    "look at the Exporter dashboard for how asking "
                    "fails. Unknown is not broken, and not healthy.",
                    width=6,
                    height=4,
                    unit="percentunit",
                    decimals=1,
                    steps=((None, BAD), (LIMITS.enough_fresh, ATTENTION), (LIMITS.coverage_target, GOOD)),
                    empty="not known, or nobody is connected yet",
                ),
                at_the_end(f"sum({FRESH_COUNT}{{{JOB}}}) / (sum({KNOWN_COUNT}{{{JOB}}}) > 0)", "share"),
                at_the_end(f"sum({KNOWN_COUNT}{{{JOB}}} - {FRESH_COUNT}{{{JOB}}})", "not fresh", "B"),
            ).override_by_name("not fresh", counted()),
            number(
                Look(
                    title="What fires?",
                    do="Alerts that fire now: pages want somebody at once, tickets in office hours. The tables below "
                    "say which.",
                    width=6,
                    height=4,
                    steps=((None, GOOD), (1, BAD)),
                ),
                at_the_end(_firing("critical"), "pages"),
                at_the_end(_firing("warning"), "tickets", "B"),
            ).override_by_name("tickets", counted((None, GOOD), (1, ATTENTION))),
        ),
    )


def _kind(spans: Spans) -> Row:
    asked = f"{FRESH}{{{JOB}}}"
    before = f"{asked} offset {spans.hour}"
    now = f"max by ({EACH}) (xero_issue{{{JOB}}})"
    then = f"max by ({EACH}) (xero_issue{{{JOB}}} offset {spans.hour})"
    nothing = lines(f"or 0 * sum(xero_organizations{{{JOB}}}))", JUDGED)
    turned = lines(
        f"(count ({now} unless {then} and on ({EACH}) {before})",
        nothing,
    )
    recovered = lines(
        f"(count ({then} unless {now} and on ({EACH}) {asked})",
        nothing,
    )
    return Row(
        "What kind?",
        (
            states(
                Look(
                    title="Since when?",
                    do="The verdict over time. What changed when it turned: a release, Xero's status page, a "
                    "certificate, the list of organisations?",
                    width=24,
                    height=4,
                    said=VERDICT_SAID,
                ),
                over_time(VERDICT, "fleet"),
            ),
            graph(
                Look(
                    title="Which issues?",
                    do="Fresh organisations that have each issue. One issue that rises alone points at its cause: "
                    "its runbook is named like it.",
                    width=12,
                    colors={said.text: said.color for said in ISSUES.values()},
                    least=0,
                ),
                *(
                    over_time(f'sum(xero_issue_organizations{{{JOB}, issue="{issue}"}})\n{JUDGED}', said.text, ref)
                    for ref, (issue, said) in zip("ABCDEFGH", ISSUES.items(), strict=True)
                ),
                stacked=True,
            ),
            rows(
                Look(
                    title="Why do syncs fail?",
                    do="Organisations with a recent error, by its reason, the commonest. docs/reasons.md says what "
                    "each means and who can end it.",
                    width=6,
                    empty="no fresh organisation has a recent error",
                    steps=((None, "blue"),),
                ),
                (
                    Column(of="reason", title="Reason"),
                    Column(of="Value #A", title="Organisations", unit=COUNT, width=120, bar=True),
                ),
                as_rows(
                    f"topk({FEW_ROWS}, count by (reason) "
                    f"(count by (reason, organization_id) (xero_recent_errors{{{JOB}}})))",
                    "A",
                ),
            ),
            rows(
                Look(
                    title="Alerts of fleet and exporter",
                    do="Alerts about the fleet and the exporter, and since when. Those of single organisations stand "
                    "at the organisation.",
                    width=6,
                    empty="nothing fires about the fleet or the exporter",
                ),
                (
                    Column(of="alertname", title="Alert", link=RUNBOOK, hint="Runbook"),
                    Column(of="Value #A", title="For", unit="s", width=90),
                ),
                as_rows(
                    lines(
                        "time() - max by (alertname) (",
                        f'  ALERTS_FOR_STATE{{{JOB}, scope=~"fleet|exporter", severity!="none"}}',
                        "    and on (alertname, job)",
                        f'  ALERTS{{{JOB}, alertstate="firing"}}',
                        ")",
                    ),
                    "A",
                ),
            ),
            graph(
                Look(
                    title="Who turns bad, who recovers?",
                    do="Fresh organisations that have an issue and had none an hour ago, and the other way round. "
                    "Many more turn bad than recover: look for one cause.",
                    width=12,
                    colors={"turned bad": ATTENTION, "recovered": GOOD},
                    least=0,
                ),
                over_time(turned, "turned bad"),
                over_time(recovered, "recovered", "B"),
            ),
            graph(
                Look(
                    title="Is it a rise of many?",
                    do="Share of the fresh organisations with an issue of their connection, or of syncs. More than 5 "
                    "points and 5 organisations above the least of 6 hours is an incident.",
                    width=12,
                    unit="percentunit",
                    least=0,
                    colors={"connection": BAD, "sync": "blue"},
                ),
                over_time(f"max by (kind) ({AFFECTED_RATIO}{{{JOB}}})", "{{kind}}"),
            ),
        ),
    )


def _which() -> Row:
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
                    empty="no fresh organisation has an issue",
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
                    empty="every organisation was answered for",
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
                    do="Organisations by freshness. Stale ones are withdrawn from all counts of issues until they "
                    "answer again.",
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


def _backlog() -> Row:
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
            _largest("Where does most wait?", "pending", "of the fresh, nothing waits", "blue"),
            _largest("Where did most fail?", "failed", "of the fresh, nothing failed", BAD),
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


def _levels(spans: Spans) -> Row:
    def left(level: str, target: float) -> str:
        return lines(
            "1 - (",
            f"  sum(sum_over_time({level}_bad:count{{{JOB}}}[{spans.budget}]))",
            f"    / (sum(sum_over_time({level}_total:count{{{JOB}}}[{spans.budget}])) > 0)",
            f") / {1 - target:.6g}",
        )

    def burn(level: str, window: str, target: float) -> str:
        return f"max({level}_errors:ratio_{window}{{{JOB}}}) / {1 - target:.6g}"

    budget = ((None, BAD), (0, ATTENTION), (0.25, GOOD))
    return Row(
        "Are the service levels kept?",
        (
            number(
                Look(
                    title="Error budget left",
                    do=f"Of 30 days, or of what Prometheus holds of them. Syncs: {LIMITS.sync_target:.0%} of connected "
                    f"organisations sync. Monitoring: {LIMITS.coverage_target:.1%} are fresh. Below 0 it is "
                    "spent: no risky change until it recovers.",
                    width=4,
                    unit="percentunit",
                    decimals=0,
                    steps=budget,
                ),
                at_the_end(left(SYNC, LIMITS.sync_target), "syncs"),
                at_the_end(left(COVERAGE, LIMITS.coverage_target), "monitoring", "B"),
            ),
            graph(
                Look(
                    title="How fast does the budget of syncs burn?",
                    do=f"1 spends it in exactly 30 days. Above {LIMITS.page_fast:g} over 1 h, or {LIMITS.page_slow:g} "
                    "over 6 h, somebody is called; slower burns are tickets.",
                    width=10,
                    decimals=1,
                    least=0,
                    steps=((None, GOOD), (LIMITS.page_slow, ATTENTION), (LIMITS.page_fast, BAD)),
                ),
                *(
                    over_time(burn(SYNC, window, LIMITS.sync_target), f"over {window}", ref)
                    for ref, window in zip("ABCD", ("1h", "6h", "1d", "3d"), strict=True)
                ),
                lines=True,
            ),
            graph(
                Look(
                    title="How fast does the budget of monitoring burn?",
                    do=f"1 spends it in exactly 30 days. Above {LIMITS.ticket_fast:g} over 1 d a ticket is opened: "
                    "look at the Exporter dashboard.",
                    width=10,
                    decimals=1,
                    least=0,
                    steps=((None, GOOD), (LIMITS.ticket_slow, ATTENTION), (LIMITS.ticket_fast, BAD)),
                ),
                *(
                    over_time(burn(COVERAGE, window, LIMITS.coverage_target), f"over {window}", ref)
                    for ref, window in zip("ABCD", ("2h", "6h", "1d", "3d"), strict=True)
                ),
                lines=True,
            ),
        ),
    )


def _firing(severity: str) -> str:
    return f'count(ALERTS{{{JOB}, alertstate="firing", severity="{severity}"}}) or vector(0)'
