"""`check-config --online`: everybody whom a configuration names is asked once, each told on a line."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from exporter.cli.asking import MEND, NOBODY, UNREACHABLE, discover
from exporter.errors import AnswerIsBadError, ExporterError, UnreachableError
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, ServiceStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.config.schema import Config
    from exporter.model.facts import Organization
    from exporter.observe.roster import Roster
    from exporter.telemetry.metrics import SelfMetrics
    from exporter.upstream.connections import ConnectionList
    from exporter.upstream.statuspage import PageReport

XERO_WITHIN: Final = 15.0
"""Seconds for Xero's list. Whoever waits for a check sits before it."""

_REJECTED: Final = {
    "invalid_client": "it does not know this client id, or the secret is another one: compare both at "
    "developer.xero.com",
    "invalid_scope": "this app may not list its connections (scope app.connections): use one that may, or leave "
    "xero.app out",
}
_OTHERWISE_REJECTED: Final = (
    "this app may not ask for a token of its own (client credentials): use one that may, or leave xero.app out"
)


async def try_everybody(settings: Config, roster: Roster, metrics: SelfMetrics) -> list[ExporterError]:
    """Asks the list, the platform, Xero and the status pages, and writes a line about each that answered.

    Returns:
        What went wrong with those that must answer, in that order. A status page need not: what Xero says of itself
        is news, and whoever has none goes on without.
    """
    wrong: list[ExporterError] = []
    try:
        if (listing := await discover(settings, metrics, roster)) is not None:
            _say(
                f"organizations.http lists {len(listing.organizations)} organisations, "
                f"and {listing.ids_rejected} targets that are no ids"
            )
    except ExporterError as error:
        wrong.append(error)
    organizations = roster.organizations
    if organizations:
        wrong += await _try_platform(settings, organizations[0], metrics)
    elif not wrong:
        wrong.append(AnswerIsBadError(NOBODY))
    app, _ = await asyncio.gather(
        _try_app(settings, organizations, metrics),
        _try_pages(settings, metrics),
    )
    return wrong + app


async def _try_platform(settings: Config, organization: Organization, metrics: SelfMetrics) -> list[ExporterError]:
    from exporter.clock import SystemClock
    from exporter.running.building import upstream_of

    upstream = upstream_of(settings, SystemClock(), metrics)
    try:
        reading = await upstream.reader.read(organization.id)
    finally:
        await upstream.transport.aclose()
    assert reading is not None  # it is always wanted
    if reading.failure is None:
        _say(f"the platform answered for {organization.id} in {reading.duration:.2f} s")
        return []
    kind = UnreachableError if reading.failure in UNREACHABLE else AnswerIsBadError
    return [kind(f"the platform gives no status for {organization.id} ({reading.failure}): {MEND[reading.failure]}")]


async def _try_app(
    settings: Config, organizations: Sequence[Organization], metrics: SelfMetrics
) -> list[ExporterError]:
    from exporter.clock import SystemClock
    from exporter.config.secrets import token_of
    from exporter.running.building import xero_secret_of
    from exporter.upstream.xero import Xero

    client_id, secret = settings.xero.app.client_id, xero_secret_of(settings)
    if client_id is None or secret is None:
        _say("xero.app is not configured, so Xero's own list of connections is not asked for: it is optional")
        return []
    xero = Xero(
        api_url=settings.xero.api_url,
        identity_url=settings.xero.identity_url,
        client_id=client_id,
        secret=token_of(secret),
        telemetry=metrics,
        clock=SystemClock(),
        timeout=XERO_WITHIN,
    )
    try:
        asked = await xero.connections()
    finally:
        await xero.aclose()
    if asked.rejection is not None:
        why = _REJECTED.get(asked.rejection, _OTHERWISE_REJECTED)
        return [AnswerIsBadError(f"xero.app: Xero refuses the app ({asked.rejection}): {why}")]
    if isinstance(asked.outcome, UpstreamFailure):
        return [_no_list(asked.outcome, accepted=bool(asked.accepted))]
    _say(_listed(asked.outcome, organizations))
    return []


def _no_list(failure: UpstreamFailure, *, accepted: bool) -> ExporterError:
    took = "Xero takes the app but gives no list of connections" if accepted else "Xero gives the app no token"
    refused = failure.failure in {Failure.AUTH, Failure.NOT_FOUND}
    kind = AnswerIsBadError if refused else UnreachableError
    mend = "check the app at developer.xero.com" if refused else "check the network, and Xero's status page"
    return kind(f"xero.app: {took} ({failure.failure}: {failure.detail}): {mend}; without it all else works")


def _listed(listed: ConnectionList, organizations: Sequence[Organization]) -> str:
    from exporter.upstream.connections import tenant_key

    keys = [tenant_key(one.xero_tenant_id) for one in organizations if one.xero_tenant_id is not None]
    found = sum(key in listed.tenants for key in keys)
    ours = f"{found} of the {len(keys)} whose xero_tenant_id is known" if keys else "none has an xero_tenant_id here"
    return f"xero.app: Xero takes the app and lists {listed.count} connections ({ours})"


async def _try_pages(settings: Config, metrics: SelfMetrics) -> None:
    from exporter.clock import SystemClock
    from exporter.config.addresses import page_key
    from exporter.running.asking_xero import PAGE_TIMEOUT
    from exporter.upstream.occasional import OccasionalTransport
    from exporter.upstream.statuspage import StatusPage

    urls, clock = settings.xero.status_pages, SystemClock()
    if not urls:
        _say("xero.status_pages is empty, so no status page is read: they are optional")
        return
    way = OccasionalTransport(timeout=PAGE_TIMEOUT, max_concurrency=2, max_requests_per_second=10.0, clock=clock)
    pages = [StatusPage(url=url, transport=way, telemetry=metrics, clock=clock) for url in urls]
    try:
        reports = await asyncio.gather(*(page.report() for page in pages))
    finally:
        await way.aclose()
    for url, report in zip(urls, reports, strict=True):
        _say(f"status page {page_key(url)} {_said(report)}")


def _said(report: PageReport | UpstreamFailure) -> str:
    if isinstance(report, UpstreamFailure):
        return (
            f"cannot be read ({report.failure}: {report.detail}): what it says stays unknown, all else works without it"
        )
    if report.status is ServiceStatus.UNKNOWN:
        return "was read, and says a word that is not known here"
    return f"was read, and says {report.status}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
