"""The page about one organisation: what is wrong, why, what now; and the bundle that hands it over."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exporter.expose.documents import OrganizationDocument, organization_document
from exporter.expose.escalation import escalation_document
from exporter.expose.escalation_markdown import escalation_markdown
from exporter.expose.escalation_shapes import EscalationDocument
from exporter.model.facts import OrganizationState, Snapshot
from exporter.web.gate import actor_of
from exporter.web.pages.refusing import as_page
from exporter.web.pages.rendering import answered, caller_of, rendered
from exporter.web.problems import ProblemError, bad_parameters
from exporter.web.site import Site, site_of

_log = structlog.get_logger("exporter.web")

_HERE = frozenset({"same-origin", "none"})


@as_page
async def organization(request: Request) -> Response:
    """One organisation; for operators with the fixed words of its error texts."""
    site, caller = site_of(request), caller_of(request, site_of(request))
    snapshot, state = _found(request, site)
    document = _document(site, snapshot, state, names=site.organization_names)
    errors = _bundle(site, snapshot, state, document).errors if caller.operator else None
    page = rendered("organization.html", caller, site.version, {"one": document, "errors": errors})
    return answered(request, page, snapshot.at.wall)


@as_page
async def bundle(request: Request) -> Response:
    """The bundle as a file; with `personal_data=true` whole texts are in it, and that is logged."""
    site = site_of(request)
    snapshot, state = _found(request, site)
    personal = _wants_personal_data(request)
    document = _document(site, snapshot, state, names=personal)
    if personal:
        _log.warning("personal_data_given", organization_id=document.id, actor=actor_of(request.scope))
    text = escalation_markdown(_bundle(site, snapshot, state, document, personal_data=personal))
    # An id has no quote in it, but a colon, which is no part of a file's name on every system.
    name = f"xero-{document.id.replace(':', '_')}.md"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/markdown", headers=headers)


async def sign_in(_: Request) -> Response:
    """The first page, for whoever has an operator's token: the browser asks for it, and sends it from then on."""
    return RedirectResponse("/", HTTPStatus.SEE_OTHER)


def _wants_personal_data(request: Request) -> bool:
    given = request.query_params.multi_items()
    if given not in ([], [("personal_data", "true")]):
        raise bad_parameters(["The only parameter here is `personal_data`, which can be true"])
    if given and request.headers.get("sec-fetch-site", "none") not in _HERE:
        detail = "A page of another site asks for personal data: ask on the page of the organisation"
        raise ProblemError(HTTPStatus.FORBIDDEN, detail)
    return bool(given)


def _found(request: Request, site: Site) -> tuple[Snapshot, OrganizationState]:
    """The organisation that the path names.

    Raises:
        ProblemError: 404, it is not ours; 503, nothing is known yet.
    """
    snapshot = site.snapshot()
    if snapshot is None:
        detail = "Nothing is known yet: the exporter has just started, ask again in a few seconds"
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "2"})
    state = snapshot.state(request.path_params["organization_id"])
    if state is None:
        detail = "No organisation on the roster has this id: search for it among the organisations"
        raise ProblemError(HTTPStatus.NOT_FOUND, detail)
    return snapshot, state


def _document(site: Site, snapshot: Snapshot, state: OrganizationState, *, names: bool) -> OrganizationDocument:
    # The id of the roster, not that of the request: from here on nothing that a caller wrote is used.
    known = state.organization.id
    return organization_document(
        state,
        site.history(known),
        site.next_attempt(known),
        names=names,
        links=site.links,
        surroundings=snapshot.surroundings,
    )


def _bundle(
    site: Site,
    snapshot: Snapshot,
    state: OrganizationState,
    document: OrganizationDocument,
    *,
    personal_data: bool = False,
) -> EscalationDocument:
    return escalation_document(
        document,
        () if state.status is None else state.status.errors,
        at=snapshot.at.wall,
        version=site.version,
        personal_data=personal_data,
        hash_key=site.hash_key,
    )
