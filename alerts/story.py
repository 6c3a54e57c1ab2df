"""A story for promtool, and what can be expected of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from alerts.town import Shards, Town, notation

FIRING: Final = 'ALERTS{alertstate="firing", alertname!="XeroWatchdog"}'

Count = Mapping[str, float]
"""Alert, or job -> how many of it."""


@dataclass(frozen=True)
class Check:
    """What a query gives at a minute: a value for each alert, or nothing; of the job where `alerts` is false."""

    minute: int
    expr: str
    expected: Count
    alerts: bool = True


@dataclass(frozen=True, eq=False)
class Story:
    """A story and what is expected of it.

    Attributes:
        name: of its file.
        why: a sentence for whoever reads the file.
        town: what happens.
        checks: what must be so.
    """

    name: str
    why: str
    town: Town | Shards
    checks: tuple[Check, ...]


def now(minute: int, **expected: int) -> Check:
    """What fires at that minute, and nothing else does."""
    return Check(minute, f"count by (alertname) ({FIRING})", expected)


def ever(minute: int, **expected: int) -> Check:
    """What fired at any time up to that minute, each alert of each organisation once; nothing else did."""
    return Check(minute, f"count by (alertname) (count_over_time({FIRING}[{minute + 1}m]))", expected)


def tickets(minute: int, **expected: int) -> Check:
    """What was opened about organisations up to that minute, each alert of each organisation once."""
    opened = 'ALERTS{alertstate="firing", scope="organization"}'
    return Check(minute, f"count by (alertname) (count_over_time({opened}[{minute + 1}m]))", expected)


def recorded(minute: int, expr: str, value: float | None) -> Check:
    """What a query about the job gives; None for nothing."""
    return Check(minute, f"max by (job) ({expr})", {} if value is None else {"xero": value}, alerts=False)


def burning(level: str, window: str, minute: int) -> Check:
    """A tenth was bad over that window."""
    return recorded(minute, f"job:xero_{level}_errors:ratio_{window} > bool 0.1", 1)


def steady(alert: str, first: int, last: int, count: int) -> tuple[Check, Check]:
    """That many fired at each minute from `first` to `last`: none resolved, none opened."""
    # Where none fires there is no sample, and the least of no samples is nothing: a gap must count as 0.
    fires = (
        f'count by (alertname) (ALERTS{{alertstate="firing", alertname="{alert}"}}) '
        f'or label_replace(vector(0), "alertname", "{alert}", "", "")'
    )
    # promtool holds 10,000 samples at most.
    window = f"[{last - first}m:{max(1, (last - first) * count // 5000)}m]"
    return (
        Check(last, f"min_over_time(({fires}){window})", {alert: count}),
        Check(last, f"max_over_time(({fires}){window})", {alert: count}),
    )


def having(
    issue: str, *, first: int, begins: int = 0, ends: int = 10**9, last: int = 0
) -> Callable[[int, int], frozenset[str]]:
    """Organisations `last` + 1 to `first` have an issue during some minutes."""
    return lambda one, minute: frozenset([issue] if last < one <= first and begins <= minute < ends else [])


def silent(begins: int, ends: int) -> Callable[[int, int], bool]:
    """Nobody is answered during some minutes."""
    return lambda _one, minute: not begins <= minute < ends


def promtool_yaml(story: Story) -> str:
    """The story as a test file of promtool, beside the shipped rules."""
    return series_yaml(story) + checks_yaml(story.checks)


@cache
def series_yaml(story: Story) -> str:
    """What Prometheus scrapes in the story; seconds of work for a long one, and so done once."""
    town = story.town
    lines = [
        f"# {story.why}",
        "# Written by `make alerts` from alerts/stories.py.",
        "rule_files: [../rules/xero.yml, ../rules/xero-optional.yml]",
        f"evaluation_interval: {town.step}m",
        # Without it promtool takes the groups in an order of its own, another one each time.
        "group_eval_order: [xero-organizations, xero-fleet, xero-exporter, xero-remediation, xero-token-expiring]",
        "tests:",
        f"  - interval: {town.step}m",
        "    input_series:",
        *(f"      - {{series: '{name}', values: '{notation(values)}'}}" for name, values in town.series()),
    ]
    return "\n".join(lines) + "\n"


def checks_yaml(checks: Iterable[Check]) -> str:
    """What is expected in a story."""
    lines = ["    promql_expr_test:"]
    for check in checks:
        lines += [
            f"      - expr: '{check.expr}'",
            f"        eval_time: {check.minute}m",
            f"        exp_samples: [{', '.join(_sample(check, name) for name in check.expected)}]",
        ]
    return "\n".join(lines) + "\n"


def _sample(check: Check, name: str) -> str:
    label = "alertname" if check.alerts else "job"
    return f"{{labels: '{{{label}=\"{name}\"}}', value: {check.expected[name]:g}}}"
