"""The last rows of Organisation: how asking about it goes, and others with a like id."""

from __future__ import annotations

from typing import Final

from dashboards.boards import TO_ORGANIZATION, Row
from dashboards.panels import COUNT, Look, graph, over_time, states
from dashboards.queries import JOB, ONE, age_of, lines
from dashboards.tables import Column, as_rows, rows
from dashboards.words import (
    BAD,
    Said,
)

FOUND: Final = 20
"""Organisations that a search shows."""


def asking() -> Row:
    """How old the last answer is, and how asking fails."""
    return Row(
        "How well is it known?",
        (
            graph(
                Look(
                    title="Age of the last answer",
                    do="Above stale_after everything else here is withdrawn. Rising for many at once: look at the "
                    "Exporter dashboard.",
                    width=12,
                    height=7,
                    unit="s",
                    least=0,
                    empty="no answer is known",
                    colors={"last answer": "blue", "stale_after": BAD},
                ),
                over_time(age_of("xero_poll_last_success_timestamp_seconds"), "last answer"),
                over_time(f"max(xero_exporter_stale_after_seconds{{{JOB}}})", "stale_after", "B"),
            ),
            states(
                Look(
                    title="How did asking fail?",
                    do="Failure classes over time. auth: the token may not see this organisation. not_found: the "
                    "platform does not know it. The others: the way to the platform.",
                    width=12,
                    height=7,
                    said={1: Said("failed", BAD)},
                    empty="no failure is known in this time",
                ),
                over_time(f"max by (failure) (xero_poll_failure{{{ONE}}})", "{{failure}}"),
            ),
        ),
    )


def others() -> Row:
    """Organisations whose id holds what was typed."""
    return Row(
        "Another organisation?",
        (
            rows(
                Look(
                    title=f"Organisations whose id holds what was typed above, {FOUND} at most",
                    do="Choose one to see it here. Those with an issue come first.",
                    width=24,
                    height=6,
                    empty="no organisation with such an id is known",
                ),
                (
                    Column(of="organization_id", title="Organisation", link=TO_ORGANIZATION, hint="Open"),
                    Column(of="Value #A", title="Issues", unit=COUNT, width=120),
                ),
                as_rows(
                    lines(
                        f"sort_desc(topk({FOUND},",
                        f'  count by (organization_id) (xero_issue{{{JOB}, organization_id=~".*$organization_id.*"}})',
                        "  or 0 * max by (organization_id) (",
                        f'    xero_organization_info{{{JOB}, organization_id=~".*$organization_id.*"}}',
                        "  )",
                        "))",
                    ),
                    "A",
                ),
            ),
        ),
    )
