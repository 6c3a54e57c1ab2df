"""The last rows of Remediation: what was done and whether it helped, and what asks for it."""

from __future__ import annotations

from typing import Final

from dashboards.boards import Row
from dashboards.panels import Look, graph, over_time
from dashboards.queries import JOB, Spans
from dashboards.remediation_words import OUTCOME_COLORS, STATE_COLORS
from dashboards.words import ATTENTION, BAD, GOOD

_OURS: Final = "xero_exporter_remediation_"
_ENDS: Final = ("verified", "ineffective", "failed", "exhausted", "cancelled", "expired")


def done(spans: Spans) -> Row:
    """Attempts, what became of actions, how long it took, what of the budgets is used."""
    took = f"sum by (le) (increase({_OURS}verified_seconds_bucket{{{JOB}}}[{spans.day}]))"
    helped = f"sum(increase({_OURS}verified_seconds_count{{{JOB}}}[{spans.day}])) > 0"
    used = f"max by (window) ({_OURS}budget_calls{{{JOB}}} / {_OURS}budget_limit_calls{{{JOB}}})"
    return Row(
        "What was done, and did it help?",
        (
            graph(
                Look(
                    title="Attempts",
                    do="Within an hour, by how they ended. accepted is no evidence that it helped. unknown: the "
                    "platform may have received it. not_called: the fresh reading said no.",
                    width=12,
                    least=0,
                    colors=OUTCOME_COLORS,
                    empty="no attempt is known to have ended in this time",
                ),
                over_time(_within("attempts_total", "outcome", spans), "{{outcome}}"),
                bars=True,
            ),
            graph(
                Look(
                    title="How did actions end?",
                    do="Within an hour. verified: it helped. ineffective, exhausted: it did not, a person has to look. "
                    "failed: the platform refused. cancelled, expired: nothing was sent.",
                    width=12,
                    least=0,
                    colors={state: STATE_COLORS[state] for state in _ENDS},
                    empty="no action is known to have ended in this time",
                ),
                over_time(_within("transitions_total", "state", spans, f', state=~"{"|".join(_ENDS)}"'), "{{state}}"),
                bars=True,
            ),
            graph(
                Look(
                    title="How long until it helped?",
                    do="From a call until a reading showed it, of the last 24 hours. Near remediation.verify_within: "
                    "the platform takes long. Times from 15 minutes to an hour are counted as one: between these the "
                    "line is a guess.",
                    width=12,
                    unit="s",
                    least=0,
                    colors={"half": GOOD, "9 in 10": ATTENTION},
                    empty="no action is known to have helped in this time",
                ),
                over_time(f"histogram_quantile(0.5, {took}) and on () {helped}", "half"),
                over_time(f"histogram_quantile(0.9, {took}) and on () {helped}", "9 in 10", "B"),
            ),
            graph(
                Look(
                    title="Budgets used",
                    do="Of the calls that are allowed within an hour and a day. At 100 % the rest waits.",
                    width=12,
                    unit="percentunit",
                    least=0,
                    steps=((None, GOOD), (1, BAD)),
                    colors={"hour": "blue", "day": "purple"},
                    empty="nothing is known of the budgets in this time",
                ),
                over_time(used, "{{window}}"),
                lines=True,
            ),
        ),
    )


def asked(spans: Spans) -> Row:
    """What asks, and whether it arrives."""
    return Row(
        "What asks for it, and does it arrive?",
        (
            graph(
                Look(
                    title="What asks",
                    do="Within an hour: alerts, people, connections that are well again.",
                    width=8,
                    least=0,
                    colors={"alert": ATTENTION, "person": "blue", "reconnect": "purple"},
                    empty="nothing is known to have asked in this time",
                ),
                over_time(_within("triggers_total", "source", spans), "{{source}}"),
                bars=True,
            ),
            graph(
                Look(
                    title="Posts of Alertmanager, by their answer",
                    do="Within an hour. 202: taken in. 401 and 403: its token. 503: the ledger; it comes again. None, "
                    "while alerts fire: the receiver is missing, see docs/alerting.md.",
                    width=8,
                    least=0,
                    colors={"202": GOOD, "401": BAD, "403": BAD, "503": ATTENTION},
                    empty="no post is known in this time",
                ),
                over_time(_within("webhook_requests_total", "code", spans), "{{code}}"),
                bars=True,
            ),
            graph(
                Look(
                    title="Alerts in them, by what became of them",
                    do="Within an hour. repeated is normal. organization_id, issue, malformed: an alert of another "
                    "make is routed here.",
                    width=8,
                    least=0,
                    colors={"recorded": GOOD, "repeated": "#8a8f98"},
                    empty="no alert is known to have come in this time",
                ),
                over_time(_within("webhook_alerts_total", "result", spans), "{{result}}"),
                bars=True,
            ),
        ),
    )


def _within(family: str, label: str, spans: Spans, more: str = "") -> str:
    """What was counted within an hour, by the exporter that counted most; whole numbers, those that are not 0."""
    grown = f"increase({_OURS}{family}{{{JOB}{more}}}[{spans.hour}])"
    return f"round(max by ({label}) (sum by ({label}, instance) ({grown}))) > 0"
