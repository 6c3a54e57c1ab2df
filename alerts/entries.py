"""What a rule is, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How soon somebody must look, and so where it goes."""

    CRITICAL = "critical"
    """A page. Only for the fleet, or for our own blindness."""
    WARNING = "warning"
    """A ticket for whoever can mend it, in office hours but for the platform's own."""
    INFO = "info"
    """A line in a digest."""
    NONE = "none"
    """Plumbing: nobody reads it."""


class Scope(StrEnum):
    """What is concerned."""

    ORGANIZATION = "organization"
    FLEET = "fleet"
    EXPORTER = "exporter"


class Team(StrEnum):
    """Who can mend it."""

    PLATFORM = "platform"
    CUSTOMER_SUCCESS = "customer-success"
    SUPPORT = "support"
    FINANCE_SUPPORT = "finance-support"


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule.

    Attributes:
        name: of the series: level, metric, operation.
        expr: PromQL, over several lines.
        why: one or two sentences for whoever reads the YAML.
    """

    name: str
    expr: str
    why: str


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert rule.

    Attributes:
        name: begins with Xero.
        expr: PromQL, over several lines.
        hold: seconds for which it must hold before it fires.
        severity: how soon somebody must look.
        scope: what is concerned.
        team: who can mend it.
        summary: a constant sentence, so that a group of many reads well.
        description: the values, and the organisation.
        dashboard: path below Grafana's address, placeholders of Prometheus included.
        remediation: whether the exporter is asked to consider a remedy.
        issue: the exporter's word for what is wrong; empty when it has none.
    """

    name: str
    expr: str
    hold: float
    severity: Severity
    scope: Scope
    team: Team
    summary: str
    description: str
    dashboard: str
    remediation: bool = False
    issue: str = ""

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels that the rule adds, in the order of the YAML."""
        return {
            "severity": self.severity,
            "scope": self.scope,
            "team": self.team,
            "remediation": "request" if self.remediation else "none",
            **({"issue": self.issue} if self.issue else {}),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other, at one instant.

    Attributes:
        name: of the group.
        why: for whoever reads the YAML.
        rules: in order: a rule sees what those before it gave.
    """

    name: str
    why: str
    rules: tuple[Record | Alert, ...]


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file of rules.

    Attributes:
        name: of the file, without folder and suffix.
        head: what its first lines say, as comments.
        groups: in the order of the file.
    """

    name: str
    head: str
    groups: tuple[Group, ...] = field(default=())

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The alerts of all groups."""
        return tuple(rule for group in self.groups for rule in group.rules if isinstance(rule, Alert))
