"""The Remediation dashboard: what may be done, what holds it, what was done, and did it help?

The ledger tells no organisation in its metrics: who an action is for stands on the exporter's own pages. Exporters that
share a ledger tell the same, so of several the one that tells most counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from alerts.writing import EXPORTER
from dashboards.annotations import remedies
from dashboards.boards import Row, board
from dashboards.panels import (
    COUNT,
    Look,
    at_the_end,
    counted,
    graph,
    number,
    over_time,
    states,
)
from dashboards.queries import JOB, SHIPPED, Spans, coded, lines
from dashboards.remediation_deeds import asked, done
from dashboards.remediation_words import (
    HOLD_CODES,
    HOLD_COLORS,
    LEDGER_DOWN,
    MODE_CODES,
    MODE_SAID,
    NOBODY_ACTS,
    NOTHING_HOLDS,
    PART_UNSEEN,
    STATE_COLORS,
    WAY_SAID,
)
from dashboards.tables import Column, as_rows, rows
from dashboards.words import ATTENTION, BAD, GOOD, Said
from exporter.model.action import UNFINISHED
from exporter.model.holds import EXITS, MEANINGS, Hold

UID: Final = "xero-remediation"
OURS: Final = "xero_exporter_remediation_"
UNTOLD: Final = "not known: the mode is off, the ledger cannot be used, or nobody answers"

_GAUGES: Final = {
    Hold.PAUSED: "paused",
    Hold.CREDENTIAL: "credential_refused",
    Hold.BLIND: "blind",
    Hold.STORM: "storm",
    Hold.BREAKER: "breaker_open",
}
"""Holds that are told whether or not an action waits; the others are told by what they hold."""

MODE: Final = coded(f"{OURS}mode", "mode", MODE_CODES, "max")
"""The code of the mode, of several exporters that of the one that may do most."""


def _way() -> str:
    parts = [
        f"(0 * ({OURS}ledger_up{{{JOB}}} == 0) + {LEDGER_DOWN})",
        f"(0 * ({OURS}executing{{{JOB}}} == 0) + {NOBODY_ACTS})",
    ]
    for hold, code in HOLD_CODES.items():
        told = f"{OURS}{_GAUGES[hold]}{{{JOB}}}" if hold in _GAUGES else f'{OURS}held_actions{{{JOB}, hold="{hold}"}}'
        # Whether too many are stale is not the ledger's to say, and is told on while nobody looks at that.
        parts.append(f"(0 * ({told} > 0 and on (job, instance) {OURS}ledger_up{{{JOB}}}) + {code})")
    parts.append(f"(0 * (up{{{JOB}}} == 0 and on () {OURS}ledger_up{{{JOB}}}) + {PART_UNSEEN})")
    parts.append(f"(0 * ({OURS}ledger_up{{{JOB}}} == 1) + {NOTHING_HOLDS})")
    # One by one: of the same exporter several can hold, and `or` would keep only the first.
    named = [f'label_replace({part}, "line", "{number}", "", "")' for number, part in enumerate(parts)]
    return lines("min (", "  " + "\n  or ".join(named), ")")


WAY: Final = _way()
"""The code of the first hold that is everybody's, in the order of the gates."""


def remediation(spans: Spans = SHIPPED) -> dict[str, object]:
    """The dashboard, with these durations."""
    return board(
        UID,
        "Xero / Remediation",
        "What the exporter may do by itself, what holds it, what it did, and whether that helped. For whom, and why "
        "not: the link Actions above, or xero-exporter remediate list.",
        (_now(spans), _held(), done(spans), asked(spans)),
        alerts='alertname=~"XeroRemediation.+"',
        spans=spans,
        annotations=(remedies("What was done", spans, enabled=True),),
        links=(_actions(),),
    )


def _actions() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Actions").type(model.DashboardLinkType.LINK)
    link = link.url(f"{EXPORTER}/actions").icon("doc").target_blank(True)
    return link.tooltip("The exporter's own list: for whom, why, by whom, and what to approve")


def _now(spans: Spans) -> Row:
    budget = f"max by (window) ({OURS}budget_calls{{{JOB}}} / {OURS}budget_limit_calls{{{JOB}}})"
    waits = f'max({OURS}actions{{{JOB}, state="awaiting_approval"}})'
    return Row(
        "",
        (
            number(
                Look(
                    title="What may be done?",
                    do="remediation.mode. Dry run and off: nothing is sent to the platform. With approval: what a "
                    "person asked for or approved. Automatic: also what alerts ask for, for those of include.",
                    width=5,
                    height=5,
                    said=MODE_SAID,
                ),
                at_the_end(MODE, "mode"),
                filled=True,
                size=30,
            ),
            number(
                Look(
                    title="What holds everything?",
                    do="The first hold that is everybody's, as the gates judge. How each ends stands below and in "
                    "docs/remediation.md. Nothing for all: single actions can be held all the same.",
                    width=7,
                    height=5,
                    said=WAY_SAID,
                    empty=UNTOLD,
                ),
                at_the_end(WAY, "hold"),
                size=30,
            ),
            number(
                Look(
                    title="For a person",
                    do="Waiting: approve or reject at the link Actions, or they expire. Unknown: calls that the "
                    "platform may have received; they are never sent again, readings tell.",
                    width=4,
                    height=5,
                    steps=((None, GOOD), (1, ATTENTION)),
                    empty=UNTOLD,
                ),
                at_the_end(waits, "to approve"),
                at_the_end(f'max({OURS}actions{{{JOB}, state="unknown"}})', "unknown", "B"),
            ),
            number(
                Look(
                    title="Did it help, in a day?",
                    do="Actions of 24 hours that ended with a call. Helped: fewer failures and a sync afterwards. Most "
                    "did not: what is called is of no use, look which below.",
                    width=4,
                    height=5,
                    steps=((None, "text"), (1, GOOD)),
                ),
                at_the_end(entered('state="verified"', spans.day), "helped"),
                at_the_end(entered('state=~"ineffective|failed|exhausted"', spans.day), "did not", "B"),
            ).override_by_name("did not", counted((None, "text"), (1, ATTENTION))),
            number(
                Look(
                    title="Budgets used",
                    do="Calls of the last hour and day against remediation.per_hour and per_day; in a dry run "
                    "rehearsed ones. At 100 % the rest waits: that protects the customers' daily limits at Xero.",
                    width=4,
                    height=5,
                    unit="percentunit",
                    decimals=0,
                    steps=((None, GOOD), (0.8, ATTENTION), (1, BAD)),
                    empty=UNTOLD,
                ),
                at_the_end(budget, "{{window}}"),
            ),
            states(
                Look(
                    title="Since when?",
                    do="The mode, and what held everything, over time. A gap: the ledger told nothing.",
                    width=24,
                    height=5,
                    said={**MODE_SAID, **WAY_SAID},
                ),
                over_time(MODE, "mode"),
                over_time(WAY, "hold", "B"),
            ),
        ),
    )


def entered(states: str, span: str) -> str:
    """How many actions came into some states within a span, by the exporter that counted most."""
    return f"round(max(sum by (instance) (increase({OURS}transitions_total{{{JOB}, {states}}}[{span}]))))"


def _held() -> Row:
    held = f"max by (hold) ({OURS}held_actions{{{JOB}}}) > 0"
    unfinished = "|".join(UNFINISHED)
    return Row(
        "What is held, and why?",
        (
            rows(
                Look(
                    title="Held now, by the word of the hold",
                    do="Every refusal has its word. Of one action: xero-exporter remediate explain, or its page.",
                    width=24,
                    height=7,
                    empty="nothing that is known of is held",
                    steps=((None, "blue"),),
                ),
                (
                    Column(of="hold", title="Hold", width=190),
                    Column(of="Value #A", title="Actions", unit=COUNT, width=90),
                    Column(of="why", title="What it says", words=_sentences(MEANINGS), wrap=True),
                    Column(of="ends", title="How it ends", words=_sentences(EXITS), wrap=True),
                ),
                as_rows(
                    lines(
                        "sort_desc(label_replace(label_replace(",
                        f"  {held},",
                        '  "why", "$1", "hold", "(.*)"), "ends", "$1", "hold", "(.*)"))',
                    ),
                    "A",
                ),
                tall=True,
            ),
            graph(
                Look(
                    title="Held over time",
                    do="Actions that are not done, by why. One word that rises: look at how that hold ends.",
                    width=12,
                    least=0,
                    colors=HOLD_COLORS,
                    empty="nothing that is known of was held in this time",
                ),
                over_time(held, "{{hold}}"),
                bars=True,
            ),
            graph(
                Look(
                    title="Unfinished actions",
                    do="By the state that they are in. started for more than a minute: the exporter is being stopped, "
                    "or the platform does not answer.",
                    width=12,
                    least=0,
                    colors={state: STATE_COLORS[state] for state in UNFINISHED},
                    empty="no unfinished action is known in this time",
                ),
                over_time(f'max by (state) ({OURS}actions{{{JOB}, state=~"{unfinished}"}}) > 0', "{{state}}"),
                bars=True,
            ),
        ),
    )


def _sentences(said: Mapping[Hold, str]) -> dict[str, Said]:
    return {hold: Said(text.replace("`", ""), "text") for hold, text in said.items()}
