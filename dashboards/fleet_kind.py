"""The second row of Fleet: since when, which issues, why, and whether it is a rise of many."""

from __future__ import annotations

from alerts.queries import AFFECTED_RATIO, FRESH, FRESH_COUNT
from dashboards.boards import RUNBOOK, Row
from dashboards.fleet_verdict import VERDICT
from dashboards.panels import (
    COUNT,
    Look,
    graph,
    over_time,
    states,
)
from dashboards.queries import EACH, FEW_ROWS, JOB, JUDGED, Spans, lines
from dashboards.tables import Column, as_rows, rows
from dashboards.words import (
    ATTENTION,
    BAD,
    GOOD,
    ISSUES,
    VERDICT_SAID,
)


def kind(spans: Spans) -> Row:
    """What is wrong, since when, and how it moves."""
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
                    over_time(_with(issue), said.text, ref)
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
                    empty="of no fresh organisation a recent error is known",
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
                    empty="nothing that is known of fires",
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


def _with(issue: str) -> str:
    has = f'count(count by (organization_id) (xero_issue{{{JOB}, issue="{issue}"}}))'
    return lines(f"({has} or 0 * sum({FRESH_COUNT}{{{JOB}}}))", JUDGED)
