"""All files of rules, and all alerts."""

from __future__ import annotations

from alerts.entries import Alert, RuleFile
from alerts.exporters import exporters
from alerts.fleet import fleet
from alerts.organizations import organizations, token_expiring
from alerts.remediation import remediation
from alerts.thresholds import SHIPPED, Thresholds

_HEAD = "Written by `make alerts` from alerts/*.py, and complete without them."


def rule_files(limits: Thresholds = SHIPPED) -> tuple[RuleFile, ...]:
    """What is shipped: the rules, and those that are loaded only by choice."""
    return (
        RuleFile(
            "xero",
            f"{_HEAD}\nThe exporters must be scraped under the job name xero.",
            (organizations(limits), fleet(limits), exporters(limits), remediation(limits)),
        ),
        RuleFile("xero-optional", f"{_HEAD}\nLoad this beside xero.yml if you want it.", (token_expiring(limits),)),
    )


def all_alerts(limits: Thresholds = SHIPPED) -> tuple[Alert, ...]:
    """Every alert of every file."""
    return tuple(alert for file in rule_files(limits) for alert in file.alerts)
