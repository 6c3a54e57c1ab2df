"""The Fleet dashboard: is it Xero, is it us, or is it one customer? What kind, which, how much waits, what it costs."""

from __future__ import annotations

from typing import Final

from alerts.exporters import WATCHDOG
from alerts.queries import FRESH_COUNT, KNOWN_COUNT
from alerts.thresholds import SHIPPED as LIMITS
from dashboards.annotations import remedies
from dashboards.boards import Row, board
from dashboards.fleet_kind import kind
from dashboards.fleet_levels import levels
from dashboards.fleet_organizations import backlog, which
from dashboards.fleet_verdict import SENTENCES, VERDICT
from dashboards.panels import (
    COUNT,
    Look,
    at_the_end,
    counted,
    number,
)
from dashboards.queries import JOB, JUDGED, SHIPPED, WITH_ISSUE, Spans, coded
from dashboards.tables import Column, as_rows, rows
from dashboards.words import (
    ATTENTION,
    BAD,
    GOOD,
    MEANING,
    PAGE_CODES,
    PAGE_SAID,
    VERDICT_SAID,
)

UID: Final = "xero-fleet"


def fleet(spans: Spans = SHIPPED) -> dict[str, object]:
    """The dashboard, with these durations."""
    return board(
        UID,
        "Xero / Fleet",
        "Is it Xero, is it us, or is it one customer? Begin at the top: the verdict says whose problem it is and what "
        "to do first.",
        (_question(), kind(spans), which(), backlog(), levels(spans)),
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


def firing(severity: str) -> str:
    """How many alerts of a severity fire; nothing where no rules run, for then nobody knows."""
    fires = f'count(ALERTS{{{JOB}, alertstate="firing", severity="{severity}"}}) or vector(0)'
    return f'({fires}) and on () ALERTS{{alertname="{WATCHDOG}", alertstate="firing"}}'
