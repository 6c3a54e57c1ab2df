"""All files of rules, and all alerts."""

from __future__ import annotations

from dataclasses import replace

from alerts.entries import Alert, Group, Record, RuleFile
from alerts.exporters import OTHERS, exporters
from alerts.fleet import fleet
from alerts.organizations import organizations, token_expiring
from alerts.queries import heartbeat
from alerts.remediation import remediation
from alerts.thresholds import SHIPPED, Thresholds

_HEAD = "Written by `make alerts` from alerts/*.py, and complete without them."


def rule_files(limits: Thresholds = SHIPPED) -> tuple[RuleFile, ...]:
    """What is shipped: the rules, and those that are loaded only by choice."""
    return (
        RuleFile(
            "xero",
            f"{_HEAD}\nThe exporters must be scraped under the job name xero.",
            tuple(map(_beating, (organizations(limits), fleet(limits), exporters(limits), remediation(limits)))),
        ),
        RuleFile("xero-optional", f"{_HEAD}\nLoad this beside xero.yml if you want it.", (token_expiring(limits),)),
    )


def _beating(group: Group) -> Group:
    """The group with a last rule by which the watchdog sees that it is evaluated."""
    beat = Record(
        heartbeat(group.name), "vector(1)", "The watchdog falls silent where this group is evaluated no more."
    )
    return replace(group, rules=(*group.rules, beat)) if group.name in OTHERS else group


def all_alerts(limits: Thresholds = SHIPPED) -> tuple[Alert, ...]:
    """Every alert of every file."""
    return tuple(alert for file in rule_files(limits) for alert in file.alerts)
