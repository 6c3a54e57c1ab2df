"""Rules as YAML that people can read: comments, and expressions over several lines as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from textwrap import indent
from typing import Final

from alerts.entries import Alert, Group, Record, RuleFile, Scope
from alerts.thresholds import Thresholds, duration

GRAFANA: Final = "https://grafana.example"
"""Stands for Grafana's address until `xero-exporter bundle --grafana-url` puts yours in its place."""
RUNBOOKS: Final = "https://runbooks.example/xero"
"""Stands for where runbooks/ is published, as ``--runbooks-url``."""
EXPORTER: Final = "https://xero-exporter.example"
"""Stands for the exporter's address for people, as ``--exporter-url``."""


def rules_yaml(file: RuleFile, limits: Thresholds) -> str:
    """One file of rules."""
    return f"{_comment(file.head)}\ngroups:\n{_groups(file, limits)}"


def prometheus_rule_yaml(file: RuleFile, limits: Thresholds) -> str:
    """The same rules as an object of the Prometheus operator."""
    return (
        f"{_comment(file.head)}\n"
        "apiVersion: monitoring.coreos.com/v1\n"
        "kind: PrometheusRule\n"
        "metadata:\n"
        f"  name: {file.name}-rules\n"
        "  labels: {app.kubernetes.io/name: xero-exporter}\n"
        "spec:\n"
        f"  groups:\n{indent(_groups(file, limits), '  ')}"
    )


def alerts_table(files: Iterable[RuleFile]) -> str:
    """Every alert with what it is about, how soon somebody must look, and who, as a table of Markdown."""
    rows = [
        f"| `{one.name}` | {one.summary} | {one.severity} | {one.team} | {duration(one.hold) if one.hold else ''} |\n"
        for file in files
        for one in file.alerts
    ]
    return "".join(["| alert | says | severity | team | wait |\n| --- | --- | --- | --- | ---: |\n", *rows])


def with_table(page: str, table: str) -> str:
    """The page with this table between the comments that mark its place."""
    before, begin, rest = page.partition("<!-- alerts -->\n")
    _, end, after = rest.partition("<!-- end of alerts -->")
    return f"{before}{begin}{table}{end}{after}"


def annotations_of(alert: Alert) -> dict[str, str]:
    """The annotations of an alert, in the order of the YAML."""
    links = {
        "runbook_url": f"{RUNBOOKS}/{alert.name}.md",
        "dashboard_url": GRAFANA + alert.dashboard,
    }
    if alert.scope is Scope.ORGANIZATION:
        links["steps_url"] = f"{EXPORTER}/api/v1/organizations/{{{{ $labels.organization_id }}}}"
    return {"summary": alert.summary, "description": alert.description, **links}


def _groups(file: RuleFile, limits: Thresholds) -> str:
    return "\n".join("".join(_group(group, limits)) for group in file.groups)


def _group(group: Group, limits: Thresholds) -> Iterator[str]:
    yield indent(_comment(group.why), "  ") + "\n"
    yield f"  - name: {group.name}\n    interval: {duration(limits.interval_seconds)}\n    rules:\n"
    for rule in group.rules:
        yield indent("".join(_record(rule) if isinstance(rule, Record) else _alert(rule)), "      ")


def _record(rule: Record) -> Iterator[str]:
    if rule.why:
        yield _comment(rule.why) + "\n"
    yield f"- record: {rule.name}\n  expr: |-\n{indent(rule.expr, '    ')}\n"


def _alert(rule: Alert) -> Iterator[str]:
    yield f"- alert: {rule.name}\n  expr: |-\n{indent(rule.expr, '    ')}\n"
    if rule.hold:
        yield f"  for: {duration(rule.hold)}\n"
    yield "  labels:\n" + "".join(f'    {name}: "{value}"\n' for name, value in rule.labels.items())
    yield "  annotations:\n" + "".join(
        f"    {name}: {json.dumps(value)}\n" for name, value in annotations_of(rule).items()
    )


def _comment(text: str) -> str:
    return indent(text, "# ")
