"""Every path that is served, in one table, and the application that serves it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from exporter.errors import ConfigError
from exporter.model.words import Role
from exporter.redact import printable
from exporter.web import api, remedies
from exporter.web.bodies import JsonOnly
from exporter.web.connection import HOOK
from exporter.web.forms import FormOnly
from exporter.web.gate import Gate
from exporter.web.hooks import MAX_BODIES, Counted, alertmanager
from exporter.web.pages import acting, actions
from exporter.web.pages.landing import landing
from exporter.web.pages.organization import bundle, organization, sign_in
from exporter.web.pages.organizations import organizations
from exporter.web.pages.refusing import refused_to_people
from exporter.web.problems import HANDLERS, as_problem, problem_response
from exporter.web.rim import Rim
from exporter.web.scrape import metrics
from exporter.web.site import Site, site_of

API: Final = "/api/"
"""Paths below this are FastAPI's, so that the OpenAPI document comes from their types. The rest is Starlette's."""


MAX_FAULTS_TOLD: Final = 20
"""Faults of a refused configuration that an answer lists; the log and check-config have all."""


async def healthy(request: Request) -> Response:
    """Whether our own loop advances; never whether the platform works, or a broken platform would restart us."""
    if site_of(request).healthy():
        return PlainTextResponse("ok\n")
    return PlainTextResponse("The exporter's own loop does not advance\n", HTTPStatus.SERVICE_UNAVAILABLE)


async def ready(request: Request) -> Response:
    """Whether this exporter does its work."""
    answer = site_of(request).ready()
    status = HTTPStatus.OK if answer.ready else HTTPStatus.SERVICE_UNAVAILABLE
    return PlainTextResponse(f"{answer.why}\n", status)


async def reload(request: Request) -> Response:
    """Reads the configuration again; the old one stays in force when the new one is refused."""
    try:
        changed = await site_of(request).reload("request")
    except ConfigError as error:
        why = "; ".join(printable(str(fault), limit=500) for fault in error.faults[:MAX_FAULTS_TOLD])
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, f"The old configuration stays in force: {why}")
    return JSONResponse({"changed": list(changed)})


@dataclass(frozen=True, slots=True)
class Row:
    """One path.

    Attributes:
        method: the only one that is served; HEAD comes with GET.
        path: as it stands in a URL, with its parameter in braces.
        role: what it requires; None when it is open to everybody.
        endpoint: who answers.
        asks_again: whether a browser whose token has too small a role is asked for another one, instead of refused.
        page: whether it is for people: refused on a page, changed by forms.
    """

    method: str
    path: str
    role: Role | None
    endpoint: Callable[..., Awaitable[Any]]
    asks_again: bool = False
    page: bool = False


ROUTES: Final = (
    Row("GET", "/metrics", Role.VIEWER, metrics),
    Row("GET", "/-/healthy", None, healthy),
    Row("GET", "/-/ready", None, ready),
    Row("POST", "/-/reload", Role.OPERATOR, reload),
    Row("POST", HOOK, Role.ALERTS, alertmanager),
    Row("GET", "/", Role.VIEWER, landing, page=True),
    Row("GET", "/organizations", Role.VIEWER, organizations, page=True),
    Row("GET", "/organizations/{organization_id}", Role.VIEWER, organization, page=True),
    Row("GET", "/organizations/{organization_id}/escalation", Role.OPERATOR, bundle, page=True),
    Row("GET", "/organizations/{organization_id}/retry", Role.OPERATOR, acting.retry, page=True),
    Row("POST", "/organizations/{organization_id}/retry", Role.OPERATOR, acting.ask_retry, page=True),
    Row("GET", "/organizations/{organization_id}/resync", Role.OPERATOR, acting.resync, page=True),
    Row("POST", "/organizations/{organization_id}/resync", Role.OPERATOR, acting.ask_resync, page=True),
    Row("GET", "/actions", Role.VIEWER, actions.actions, page=True),
    Row("GET", "/actions/{action_id}", Role.VIEWER, actions.action, page=True),
    Row("POST", "/actions/{action_id}/approve", Role.OPERATOR, actions.approve, page=True),
    Row("POST", "/actions/{action_id}/reject", Role.OPERATOR, actions.reject, page=True),
    Row("POST", "/remediation/pause", Role.OPERATOR, actions.pause, page=True),
    Row("POST", "/remediation/resume", Role.OPERATOR, actions.resume, page=True),
    Row("GET", "/sign-in", Role.OPERATOR, sign_in, asks_again=True, page=True),
    Row("GET", "/api/v1/fleet", Role.VIEWER, api.fleet),
    Row("GET", "/api/v1/organizations", Role.VIEWER, api.organizations),
    Row("GET", "/api/v1/organizations/{organization_id}", Role.VIEWER, api.organization),
    Row("GET", "/api/v1/organizations/{organization_id}/escalation", Role.OPERATOR, api.escalation),
    Row("GET", "/api/v1/organizations/{organization_id}/remediation", Role.VIEWER, remedies.explain),
    Row("POST", "/api/v1/organizations/{organization_id}/retry", Role.OPERATOR, remedies.retry),
    Row("POST", "/api/v1/organizations/{organization_id}/resync", Role.OPERATOR, remedies.resync),
    Row("GET", "/api/v1/actions", Role.VIEWER, remedies.actions),
    Row("GET", "/api/v1/actions/{action_id}", Role.VIEWER, remedies.action),
    Row("POST", "/api/v1/actions/{action_id}/approve", Role.OPERATOR, remedies.approve),
    Row("POST", "/api/v1/actions/{action_id}/reject", Role.OPERATOR, remedies.reject),
    Row("GET", "/api/v1/remediation", Role.VIEWER, remedies.remediation),
    Row("POST", "/api/v1/remediation/pause", Role.OPERATOR, remedies.pause),
    Row("POST", "/api/v1/remediation/resume", Role.OPERATOR, remedies.resume),
    Row("GET", "/api/openapi.json", Role.VIEWER, api.openapi),
)


def application(site: Site) -> ASGIApp:
    """The application that serves `ROUTES` from `site`."""
    routes: list[BaseRoute] = [_route(row, site) for row in ROUTES]
    app = FastAPI(
        routes=routes,
        exception_handlers=HANDLERS,
        # Its own pages load scripts from elsewhere; the document is served by `api.openapi`.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect would make a URL out of the request's Host header.
        redirect_slashes=False,
        # Where a process has a global OpenTelemetry provider, FastAPI sends it errors with their texts.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.site = site
    app.state.bodies = asyncio.Semaphore(MAX_BODIES)
    app.state.openapi = api.description(routes, site.version)
    return Rim(app)


def _route(row: Row, site: Site) -> Route:
    methods = [row.method]
    if row.path.startswith(API):
        route: Route = APIRoute(
            row.path,
            row.endpoint,
            methods=methods,
            operation_id=row.endpoint.__name__,
            responses=api.RESPONSES.get(row.endpoint),
            status_code=HTTPStatus.ACCEPTED if row.endpoint in remedies.ACCEPTED else None,
        )
    else:
        route = Route(row.path, row.endpoint, methods=methods)
    refusing = refused_to_people if row.page else as_problem
    if row.method == "POST":
        route.app = FormOnly(route.app, refusing) if row.page else JsonOnly(route.app)
    route.app = Gate(
        route.app,
        row.role,
        site.tokens,
        open_reading=site.open_reading,
        asks_again=row.asks_again,
        refusing=refusing,
    )
    if row.path == HOOK:
        route.app = Counted(route.app)
    return route
