"""The JSON API: the documents of `exporter.expose.documents`, served with their OpenAPI description."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

import structlog
from fastapi import Depends, Path, Query
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from exporter.expose.documents import (
    FleetDocument,
    OrganizationDocument,
    OrganizationsDocument,
    fleet_document,
    organizations_document,
)
from exporter.expose.escalation_markdown import escalation_markdown
from exporter.expose.escalation_shapes import EscalationDocument
from exporter.expose.negotiation import wants_markdown
from exporter.model.words import ORGANIZATION_ID_RULE, Failure, Freshness, Issue, Reason, SyncStatus, SyncType
from exporter.web.gate import actor_of
from exporter.web.known import bundle_of, document_of, snapshot_of, state_of
from exporter.web.problems import MEDIA_TYPE, Problem, bad_parameters, parameter_name
from exporter.web.site import Site, site_of

MAX_LIMIT: Final = 1000
MAX_TEXT: Final = 200
"""Longest `search` and `after`, in characters; an organization_id has at most 128."""

NO_ORGANIZATION: Final = "No organisation on the roster has this id: the ids stand at /api/v1/organizations"

MARKDOWN: Final = "text/markdown"

_VARIES: Final = {"Vary": "Accept"}
_log = structlog.get_logger("exporter.web")

SiteOf = Annotated[Site, Depends(site_of)]


class OrganizationsQuery(BaseModel):
    """Which organisations to list. Filters combine: each must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    freshness: Freshness | None = Field(default=None, description="only those of this freshness")
    failure: Failure | None = Field(default=None, description="only those whose last reading failed in this way")
    connected: bool | None = Field(default=None, description="only those that the platform calls (not) connected")
    sync_status: SyncStatus | None = Field(default=None, description="only those with this sync status")
    issue: Issue | None = Field(default=None, description="only those that have this issue now")
    sync_type: SyncType | None = Field(default=None, description="only those with recent errors of this type of sync")
    reason: Reason | None = Field(
        default=None,
        description="only those with an issue or recent errors for this reason; with `sync_type`, errors with both",
    )
    search: str | None = Field(
        default=None,
        max_length=MAX_TEXT,
        description="only those whose id contains this, whatever the case; the name counts too where names are shown",
    )
    limit: int = Field(default=100, ge=1, le=MAX_LIMIT, description="how many to list at most")
    after: str | None = Field(
        default=None, max_length=MAX_TEXT, description="list those behind this id; `next` of the previous page"
    )


class EscalationQuery(BaseModel):
    """What stands in the bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    personal_data: bool = Field(default=False, description="whole error texts and the name; this is logged")


async def no_parameters(request: Request) -> None:
    """Refuses any query parameter, where none has a meaning.

    Raises:
        ProblemError: 400, naming the first ones.
    """
    if request.query_params:
        names = map(parameter_name, request.query_params.keys())
        raise bad_parameters([f"{name} is unknown here: this path takes no parameters" for name in names])


async def each_once(request: Request) -> None:
    """Refuses a query parameter that is given twice, which would silently mean the last one.

    Raises:
        ProblemError: 400, naming the first ones.
    """
    times = Counter(name for name, _ in request.query_params.multi_items())
    if twice := [name for name, count in times.items() if count > 1]:
        raise bad_parameters([f"{parameter_name(name)} is given more than once: give it once" for name in twice])


async def fleet(site: SiteOf, _: Annotated[None, Depends(no_parameters)]) -> FleetDocument:
    """All organisations in numbers, whose problem it is, who first, and how polling stands."""
    return fleet_document(snapshot_of(site), site.conditions(), site.version, names=site.organization_names)


async def organizations(
    site: SiteOf, _: Annotated[None, Depends(each_once)], query: Annotated[OrganizationsQuery, Query()]
) -> OrganizationsDocument:
    """Organisations in order of their ids, page by page: `next` of one page is `after` of the following one."""
    return organizations_document(
        snapshot_of(site),
        freshness=query.freshness,
        failure=query.failure,
        connected=query.connected,
        sync_status=query.sync_status,
        issue=query.issue,
        sync_type=query.sync_type,
        reason=query.reason,
        search=query.search,
        limit=query.limit,
        after=query.after,
        names=site.organization_names,
    )


async def organization(
    site: SiteOf,
    _: Annotated[None, Depends(no_parameters)],
    organization_id: Annotated[str, Path(description=ORGANIZATION_ID_RULE)],
) -> OrganizationDocument:
    """One organisation: what the platform said of it, how fresh that is, and its last readings."""
    snapshot = snapshot_of(site)
    state = state_of(snapshot, organization_id, instead=NO_ORGANIZATION)
    return document_of(site, snapshot, state, names=site.organization_names)


async def escalation(
    request: Request,
    site: SiteOf,
    _: Annotated[None, Depends(each_once)],
    organization_id: Annotated[str, Path(description=ORGANIZATION_ID_RULE)],
    query: Annotated[EscalationQuery, Query()],
) -> Response:
    """One organisation to be handed over: what is known, the errors, and a request to Xero's support.

    JSON, or Markdown where Accept prefers it. Texts are redacted; `personal_data=true` gives them whole, and is logged
    with the name of the token.
    """
    snapshot = snapshot_of(site)
    state = state_of(snapshot, organization_id, instead=NO_ORGANIZATION)
    document = document_of(site, snapshot, state, names=query.personal_data)
    if query.personal_data:
        _log.warning("personal_data_given", organization_id=document.id, actor=actor_of(request.scope))
    bundle = await bundle_of(site, snapshot, state, document, personal_data=query.personal_data)
    if wants_markdown(request.headers.get("accept")):
        return Response(escalation_markdown(bundle), media_type=MARKDOWN, headers=_VARIES)
    return Response(bundle.model_dump_json(), media_type="application/json", headers=_VARIES)


RESPONSES: Final[Mapping[object, dict[int | str, dict[str, Any]]]] = {
    escalation: {
        200: {
            "model": EscalationDocument,
            "description": "The bundle",
            "content": {MARKDOWN: {"schema": {"type": "string"}}},
        }
    }
}
"""Endpoint -> answers that its signature does not tell, as OpenAPI describes them."""


async def openapi(request: Request, _: Annotated[None, Depends(no_parameters)]) -> JSONResponse:
    """This description."""
    return JSONResponse(request.app.state.openapi)


def description(routes: Sequence[BaseRoute], version: str) -> dict[str, Any]:
    """The OpenAPI document of `routes`, with problem documents as its errors.

    FastAPI describes faulty parameters as a 422 in JSON of its own; here they are a 400 like every other problem.
    """
    document = get_openapi(
        title="xero-exporter",
        version=version,
        description="What is known about each organisation's Xero connection, how fresh that is, what is wrong, and "
        "what to do. With the role operator also: ask for retries and resyncs, approve, reject, pause.",
        routes=routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    components["securitySchemes"] = {name: {"type": "http", "scheme": name} for name in ("bearer", "basic")}
    # Any one of the three: the empty one because reading is open until a token exists.
    document["security"] = [{"bearer": []}, {"basic": []}, {}]
    for path, item in document["paths"].items():
        for operation in item.values():
            operation["responses"].pop("422", None)
            changes = "requestBody" in operation
            operation["responses"].update({str(int(s)): _answer(s) for s in _problems_of(path, changes=changes)})
    return document


def _problems_of(path: str, *, changes: bool) -> list[HTTPStatus]:
    common = [HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN]
    missing = [HTTPStatus.NOT_FOUND] if "{" in path else []
    if changes:
        missing += [HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE]
    return [*common, *missing, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE]


def _answer(status: HTTPStatus) -> dict[str, Any]:
    return {
        "description": status.phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
