"""Lines in graphs: where an alert begins, and where something was done to the platform."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard, prometheus

from dashboards.panels import SOURCE
from dashboards.queries import JOB, Spans, lines


def begins(alerts: str, spans: Spans) -> dashboard.AnnotationQuery:
    """Where an alert begins, and not as long as it lasts: alerts that last hours would paint over the graphs."""
    firing = f'ALERTS{{{JOB}, alertstate="firing", severity=~"critical|warning", {alerts}}}'
    made = _marked("Alerts that begin to fire", "red", f"{firing} unless {firing} offset {spans.moment}", enabled=True)
    return made.title_format("{{alertname}}").text_format("{{severity}}, for {{team}}")


def remedies(name: str, spans: Spans, *, enabled: bool) -> dashboard.AnnotationQuery:
    """Where an action was called and where one ended, of whichever organisation: the metrics do not say of which.

    Args:
        name: beside the switch at the top.
        spans: durations of queries.
        enabled: whether it is on until somebody switches it.
    """
    words = "accepted|unknown|verified|ineffective|failed|exhausted"
    counted = f'increase(xero_exporter_remediation_transitions_total{{{JOB}, state=~"{words}"}}[{spans.deed}])'
    came = f"max by (state) (sum by (state, instance) ({counted})) > 0"
    # Where it begins: after a pause, so that many in a row are one line.
    made = _marked(
        name, "purple", lines(came, f"unless {came.replace(']', f'] offset {spans.deed}')}"), enabled=enabled
    )
    return made.title_format("Remedy: {{state}}").text_format("of some organisation; the Remediation dashboard counts")


def _marked(name: str, color: str, expr: str, *, enabled: bool) -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(SOURCE)
        .enable(enabled)
        .icon_color(color)
        .expr(expr)
        .step("60s")
        .target(prometheus.Dataquery().expr(expr).ref_id("Anno"))
    )
