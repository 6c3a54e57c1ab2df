"""What the pages, the API and the metrics are made from, handed in by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from exporter.config.diagnosis import Links
from exporter.config.secrets import Token
from exporter.expose.exposition import Exposition
from exporter.model.conditions import Conditions, Readiness
from exporter.model.facts import History, Snapshot
from exporter.model.words import Role
from exporter.observe.trend import Trend
from exporter.remediation.desk import Desk
from exporter.telemetry.metrics import SelfMetrics
from exporter.telemetry.tracing import Tracing


@dataclass(frozen=True, slots=True)
class WebToken:
    """One entry of ``web.tokens``.

    Attributes:
        name: what people call it; the actor of what its holder does.
        role: what its holder may do.
        token: the token itself; its value changes with its file.
    """

    name: str
    role: Role
    token: Token


@dataclass(frozen=True, slots=True)
class Site:
    """Everything the rim may ask, as callables: the rim itself remembers nothing.

    Attributes:
        exposition: gives the page of metrics.
        metrics: counts the scrapes.
        snapshot: what is known now; None before the first fold.
        history: organization_id -> its bounded memory, empty when it is unknown.
        next_attempt: organization_id -> when it is asked next, seconds since 1970 UTC; None when that is not known.
        trend: how many had which issue over the last hours.
        conditions: how polling stands.
        healthy: whether our own loop advances.
        ready: whether this exporter does its work, and why (not).
        reload: who asks -> the changed keys; raises ConfigError when the configuration is refused.
        desk: what is asked of the ledger.
        stopping: whether this exporter ends: nothing is taken in any more.
        tokens: the configured tokens, those whose file cannot be read included.
        organization_names: whether names may be shown (``expose.organization_names``).
        links: templates of the platform's pages.
        hash_key: of the hashes of withheld texts; random, never shown.
        version: of this program.
        tracing: tells what comes in by the webhook; None: nothing does.
        open_reading: whether reading needs no token, whatever tokens there are (``web.open_reading``).
    """

    exposition: Exposition
    metrics: SelfMetrics
    snapshot: Callable[[], Snapshot | None]
    history: Callable[[str], History]
    next_attempt: Callable[[str], float | None]
    trend: Callable[[], Trend]
    conditions: Callable[[], Conditions]
    healthy: Callable[[], bool]
    ready: Callable[[], Readiness]
    reload: Callable[[str], Awaitable[Sequence[str]]]
    desk: Desk
    stopping: Callable[[], bool]
    tokens: Sequence[WebToken]
    organization_names: bool
    links: Links
    hash_key: bytes
    version: str
    open_reading: bool = False
    tracing: Tracing | None = None


def site_of(request: Request) -> Site:
    """The site that the application answering `request` was built for."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site
