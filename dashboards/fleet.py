"""The Fleet dashboard: is it Xero, is it us, or is it one customer? What kind, which, how much waits, what it costs."""

from __future__ import annotations

from typing import Final

from alerts.exporters import WATCHDOG
from alerts.queries import AFFECTED_RATIO, FRESH, FRESH_COUNT, KNOWN_COUNT
from alerts.thresholds import SHIPPED as LIMITS
from dashboards.annotations import remedies
from dashboards.boards import RUNBOOK, Row, board
from dashboards.fleet_levels import levels
from dashboards.fleet_organizations import backlog, which
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
from dashboards.queries import EACH, FEW_ROWS, JOB, JUDGED, SHIPPED, WITH_ISSUE, Spans, coded, lines
from dashboards.words import (
    ATTENTION,
    BAD,
    DO_FIRST,
    GOOD,
    ISSUES,
    MEANING,
    NOBODY,
    PAGE_CODES,
    PAGE_SAID,
    PARTLY,
    VERDICT_CODES,
    VERDICT_SAID,
)

UID: Final = "xero-fleet"


VERDICT: Final = lines(
    coded(
        "xero_fleet_verdict",
        "verdict",
        VERDICT_CODES,
        "min",
        f"0 * (up{{{JOB}}} == 0 and on () xero_fleet_verdict{{{JOB}}}) + {PARTLY}",
    ),
    f"or vector({NOBODY})",
)
"""The code of the verdict; `NOBODY` where no exporter answers, `PARTLY` where others do."""

SENTENCES: Final = lines(
    f'label_replace({VERDICT}, "line", "means", "", "")',
    f'or label_replace(({VERDICT}) + {DO_FIRST}, "line", "next", "", "")',
)
"""The verdict twice: for what it means, and for what to do first."""


def fleet(spans: Spans = SHIPPED) -> dict[str, object]:
    """The dashboard, with these durations."""
    return board(
        UID,
        "Xero / Fleet",
        "Is it Xero, is it us, or is it one customer? Begin at the top: the verdict says whose problem it is and what "
        "to do first.",
        (_question(), _kind(spans), which(), backlog(), levels(spans)),
        alerts='scope="fleet"',
        spans=spans,
        annotations=(remedies("What was done", spans, enabled=True),),
    )


def _question() -> Row:
    affected = f"({WITH_ISSUE} or 0 * sum({FRESH_COUNT}{{{JOB}}}))"
    return Row(
        "",
        (
            number(
                Look(
                    title="Whose problem is it?",
                    do="The exporter's own verdict, the worst of all exporters of the job; one of them that is down is "
                    "worse than single customers. What to do first stands beside it.",
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
                    do="The verdict in one sentence. The exporter's page and `xero-exporter diagnose` say it with "
                    "counts.",
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
                    empty="not known: no page is asked, or no exporter answers",
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
                at_the_end(f"count(count by (organization_id) (xero_organization_info{{{JOB}}}))", "listed"),
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
                    empty="not known: no alert rules run",
                ),
                at_the_end(firing("critical"), "pages"),
                at_the_end(firing("warning"), "tickets", "B"),
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


def firing(severity: str) -> str:
    """How many alerts of a severity fire; nothing where no rules run, for then nobody knows."""
    fires = f'count(ALERTS{{{JOB}, alertstate="firing", severity="{severity}"}}) or vector(0)'
    return f'({fires}) and on () ALERTS{{alertname="{WATCHDOG}", alertstate="firing"}}'
