"""The page about one organisation: what is wrong, why, what now; and the bundle that hands it over."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exporter.expose.escalation import error_texts
from exporter.expose.escalation_markdown import escalation_markdown
from exporter.web.gate import actor_of
from exporter.web.known import bundle_of, document_of
from exporter.web.pages.acting import found
from exporter.web.pages.ledger import acts_of
from exporter.web.pages.refusing import as_page
from exporter.web.pages.rendering import answered, caller_of, rendered
from exporter.web.problems import ProblemError, bad_parameters
from exporter.web.site import site_of

_log = structlog.get_logger("exporter.web")

_HERE = frozenset({"same-origin", "none"})


@as_page
async def organization(request: Request) -> Response:
    """One organisation; for operators with the fixed words of its error texts."""
    site, caller = site_of(request), caller_of(request, site_of(request))
    snapshot, state = found(request, site)
    document = document_of(site, snapshot, state, names=site.organization_names)
    listed = () if state.status is None else state.status.errors
    errors = tuple(error_texts(listed, personal_data=False, hash_key=site.hash_key)) if caller.operator else None
    acts = await acts_of(site, document.id, caller)
    page = rendered("organization.html", caller, site.version, {"one": document, "errors": errors, "acts": acts})
    return answered(request, page, snapshot.at.wall)


@as_page
async def bundle(request: Request) -> Response:
    """The bundle as a file; with `personal_data=true` whole texts are in it, and that is logged."""
    site = site_of(request)
    snapshot, state = found(request, site)
    personal = _wants_personal_data(request)
    document = document_of(site, snapshot, state, names=personal)
    if personal:
        _log.warning("personal_data_given", organization_id=document.id, actor=actor_of(request.scope))
    text = escalation_markdown(await bundle_of(site, snapshot, state, document, personal_data=personal))
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
