"""The last row of Fleet: whether the service levels are kept."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import timeseries

from alerts.levels import COVERAGE, SYNC
from alerts.thresholds import SHIPPED as LIMITS
from dashboards.boards import Row
from dashboards.panels import (
    Look,
    at_the_end,
    graph,
    number,
    over_time,
)
from dashboards.queries import JOB, Spans, lines
from dashboards.words import (
    ATTENTION,
    BAD,
    GOOD,
)


def levels(spans: Spans) -> Row:
    """What is left of the budgets, and how fast they burn."""

    def left(level: str, target: float) -> str:
        return lines(
            "1 - (",
            f"  sum(sum_over_time({level}_bad:count{{{JOB}}}[{spans.budget}]))",
            f"    / (sum(sum_over_time({level}_total:count{{{JOB}}}[{spans.budget}])) > 0)",
            f") / {1 - target:.6g}",
        )

    def burn(level: str, window: str, target: float) -> str:
        return f"max({level}_errors:ratio_{window}{{{JOB}}}) / {1 - target:.6g}"

    budget = ((None, BAD), (0, ATTENTION), (0.25, GOOD))
    return Row(
        "Are the service levels kept?",
        (
            number(
                Look(
                    title="Error budget left",
                    do=f"Of 30 days, or of what Prometheus holds of them. Syncs: {LIMITS.sync_target:.0%} of connected "
                    f"organisations sync. Monitoring: {LIMITS.coverage_target:.1%} are fresh. Below 0 it is "
                    "spent: no risky change until it recovers.",
                    width=4,
                    unit="percentunit",
                    decimals=0,
                    steps=budget,
                ),
                at_the_end(left(SYNC, LIMITS.sync_target), "syncs"),
                at_the_end(left(COVERAGE, LIMITS.coverage_target), "monitoring", "B"),
            ),
            _burns(
                "How fast does the budget of syncs burn?",
                f"1 spends it in exactly 30 days. Above {LIMITS.page_fast:g} over 1 h, or {LIMITS.page_slow:g} "
                "over 6 h, somebody is called; slower burns are tickets.",
                {window: burn(SYNC, window, LIMITS.sync_target) for window in ("1h", "6h", "1d", "3d")},
                (LIMITS.page_slow, LIMITS.page_fast),
            ),
            _burns(
                "How fast does the budget of monitoring burn?",
                f"1 spends it in exactly 30 days. Above {LIMITS.ticket_fast:g} over 1 d a ticket is opened: "
                "look at the Exporter dashboard.",
                {window: burn(COVERAGE, window, LIMITS.coverage_target) for window in ("2h", "6h", "1d", "3d")},
                (LIMITS.ticket_slow, LIMITS.ticket_fast),
            ),
        ),
    )


def _burns(title: str, do: str, windows: Mapping[str, str], limits: tuple[float, float]) -> timeseries.Panel:
    """How fast a budget burns over each window; with lines from where it is bad, and worse."""
    slow, fast = limits
    return graph(
        Look(
            title=title,
            do=do,
            width=10,
            decimals=1,
            least=0,
            steps=((None, GOOD), (slow, ATTENTION), (fast, BAD)),
        ),
        *(
            over_time(query, f"over {window}", ref)
            for ref, (window, query) in zip("ABCD", windows.items(), strict=True)
        ),
        lines=True,
    )
