"""The first page: what this is, how it stands, and where the rest is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from exporter.model.conditions import Conditions, Readiness
from exporter.model.facts import Snapshot
from exporter.model.words import Freshness
from exporter.web.pages.judged import judged
from exporter.web.site import site_of

_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("exporter.web.pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE: Final = _TEMPLATES.get_template("landing.css").render()
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: its own style, by hash, and nothing else."""

_SECONDS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Count:
    """A row of the table: how many organisations are how fresh, and what that means."""

    freshness: Freshness
    organizations: int
    meaning: str


async def landing(request: Request) -> Response:
    """The page for whoever opens the exporter's address in a browser."""
    site = site_of(request)
    page = render(site.version, site.snapshot(), site.conditions(), site.ready())
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


def render(version: str, snapshot: Snapshot | None, conditions: Conditions, readiness: Readiness) -> str:
    """The page as HTML; every text in it is escaped."""
    return _TEMPLATES.get_template("landing.html").render(
        style=_STYLE,
        version=version,
        readiness=readiness,
        judged=None if snapshot is None else judged(snapshot),
        as_of=None if snapshot is None else instant(snapshot.at.wall),
        counts=() if snapshot is None else _counts(snapshot, conditions),
        total=0 if snapshot is None else len(snapshot),
        interval=duration(conditions.poll_interval),
        stale_after=duration(conditions.stale_after),
        platform_auth_ok=conditions.platform_auth_ok,
        paused_until=None if conditions.paused_until is None else instant(conditions.paused_until),
        sources=conditions.sources,
    )


def _counts(snapshot: Snapshot, conditions: Conditions) -> Sequence[Count]:
    stale_after = duration(conditions.stale_after)
    meanings = {
        Freshness.FRESH: f"the last good answer is not older than {stale_after}",
        Freshness.STALE: f"no good answer for more than {stale_after}: its data is withdrawn",
        Freshness.PENDING: "new, and no good answer yet",
        Freshness.NOT_FOUND: "the platform does not know it",
    }
    return [Count(freshness, snapshot.counts[freshness], meanings[freshness]) for freshness in Freshness]


def duration(seconds: float) -> str:
    """Seconds for people, in the largest unit that keeps the number whole: 90 s, 5 min, 2 h, 7 d."""
    for size, unit in _SECONDS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:g} s"


def instant(wall: float) -> str:
    """Seconds since 1970 for people: UTC, to the second; a sentence where no calendar reaches."""
    try:
        return f"{datetime.fromtimestamp(wall, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):
        return "a time beyond the calendar"
