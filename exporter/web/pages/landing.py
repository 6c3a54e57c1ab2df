"""The first page: whose problem it is, who first, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from exporter.expose.fleet_document import worst
from exporter.expose.organizations_document import organization_row
from exporter.model.conditions import Conditions, Readiness
from exporter.model.facts import Snapshot
from exporter.model.words import Freshness, Issue
from exporter.observe.issues import ISSUES
from exporter.observe.trend import POINT, Trend
from exporter.web.pages.judged import judged
from exporter.web.pages.rendering import NOBODY, Caller, answered, caller_of, dated, duration, instant, rendered
from exporter.web.pages.sparkline import HEIGHT, Sparkline, sparkline, width_for
from exporter.web.site import site_of


@dataclass(frozen=True, slots=True)
class Count:
    """A row of the table: how many organisations are how fresh, and what that means."""

    freshness: Freshness
    organizations: int
    meaning: str


@dataclass(frozen=True, slots=True)
class IssueRow:
    """A row of the table of issues: how many have it, what that means, and how many had it over the last hours."""

    issue: Issue
    organizations: int
    meaning: str
    chart: Sparkline


async def landing(request: Request) -> Response:
    """The page for whoever opens the exporter's address in a browser."""
    site, snapshot = site_of(request), site_of(request).snapshot()
    page = _page(
        site.version,
        snapshot,
        site.conditions(),
        site.ready(),
        trend=site.trend(),
        names=site.organization_names,
        caller=caller_of(request, site),
    )
    return answered(request, page, None if snapshot is None else snapshot.at.wall)


def render(
    version: str,
    snapshot: Snapshot | None,
    conditions: Conditions,
    readiness: Readiness,
    *,
    trend: Trend = (),
    names: bool = False,
    caller: Caller = NOBODY,
) -> str:
    """The page as HTML; every text in it is escaped.

    Args:
        version: of this program.
        snapshot: what is known; None: nothing yet.
        conditions: how polling stands.
        readiness: whether this exporter does its work.
        trend: how many had which issue over the last hours.
        names: whether organisations' names may be shown.
        caller: who looks.
    """
    page = _page(version, snapshot, conditions, readiness, trend=trend, names=names, caller=caller)
    return dated(page, None if snapshot is None else snapshot.at.wall)


def _page(
    version: str,
    snapshot: Snapshot | None,
    conditions: Conditions,
    readiness: Readiness,
    *,
    trend: Trend,
    names: bool,
    caller: Caller,
) -> str:
    width = 0 if snapshot is None else width_for(trend, snapshot.at.monotonic)
    context = {
        "readiness": readiness,
        "judged": None if snapshot is None else judged(snapshot),
        "issues": () if snapshot is None else _issues(snapshot, trend, width),
        "chart": {"width": width, "height": HEIGHT, "hours": duration(POINT * width)},
        "remembers_since": trend[0].wall if trend else None,
        "worst": () if snapshot is None else tuple(organization_row(one, names=names) for one in worst(snapshot)),
        "counts": () if snapshot is None else _counts(snapshot, conditions),
        "total": 0 if snapshot is None else len(snapshot),
        "interval": duration(conditions.poll_interval),
        "stale_after": duration(conditions.stale_after),
        "platform_auth_ok": conditions.platform_auth_ok,
        "paused_until": None if conditions.paused_until is None else instant(conditions.paused_until),
        "sources": conditions.sources,
        "reload_refused": conditions.reload_refused,
    }
    return rendered("landing.html", caller, version, context)


def _issues(snapshot: Snapshot, trend: Trend, width: int) -> Sequence[IssueRow]:
    """Those that somebody has, or had in the hours that are remembered."""
    counts = snapshot.tally.issues
    charts = {issue: sparkline(trend, place, snapshot.at.monotonic, width) for place, issue in enumerate(Issue)}
    return [
        IssueRow(issue, counts[issue], ISSUES[issue].sentence, charts[issue])
        for issue in Issue
        if counts[issue] or charts[issue].most
    ]


def _counts(snapshot: Snapshot, conditions: Conditions) -> Sequence[Count]:
    stale_after = duration(conditions.stale_after)
    meanings = {
        Freshness.FRESH: f"the last good answer is not older than {stale_after}",
        Freshness.STALE: f"no good answer for more than {stale_after}: its data is withdrawn",
        Freshness.PENDING: "new, and no good answer yet",
        Freshness.NOT_FOUND: "the platform does not know it",
    }
    return [Count(freshness, snapshot.counts[freshness], meanings[freshness]) for freshness in Freshness]
