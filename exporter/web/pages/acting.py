"""The pages on which an operator asks for a retry or a resync: first the plan, then the deed."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exporter.expose.action_shapes import ActionDocument, ExplanationDocument
from exporter.expose.actions_document import action_document, explanation_document
from exporter.expose.outlook import what_resync_would_do, what_retry_would_do
from exporter.model.action import UNFINISHED, ActionKind, TriggerSource
from exporter.model.facts import OrganizationState, Snapshot
from exporter.model.words import Freshness, SyncType
from exporter.web import remedies
from exporter.web.forms import form_of
from exporter.web.gate import actor_of
from exporter.web.known import snapshot_of, state_of
from exporter.web.pages.ledger import LedgerUnknownError, in_time, offer
from exporter.web.pages.planning import (
    SYNC_TYPES,
    Body,
    Draft,
    body_of,
    complete,
    drafted,
    failing_records,
    offered_resync,
    offered_retry,
    parameters_of,
)
from exporter.web.pages.refusing import as_page
from exporter.web.pages.rendering import answered, caller_of, rendered
from exporter.web.problems import ProblemError, bad_parameters
from exporter.web.remedies import Asker, RetryRequest
from exporter.web.site import Site, site_of

NOT_OURS: Final = "No organisation on the roster has this id: search for it among the organisations"

_FIELDS: Final = {
    "step": False,
    "key": False,
    "sync_type": True,
    "record_ids": False,
    "since": False,
    "note": False,
    "mode": False,
}
"""Field of the form -> whether it may be there more than once."""


@dataclass(frozen=True, slots=True)
class _Asking:
    """On which page somebody is.

    Attributes:
        kind: what can be asked for there.
        snapshot: what is known.
        state: what is known of the organisation.
    """

    kind: ActionKind
    snapshot: Snapshot
    state: OrganizationState

    @property
    def id(self) -> str:
        """The organisation's."""
        return self.state.organization.id


@as_page
async def retry(request: Request) -> Response:
    """The form of a retry with the records that are known to fail, and the plan."""
    about = _Asking(ActionKind.RETRY, *found(request, site_of(request)))
    return await _plan(request, about, offered_retry(about.state, _wanted(request)))


@as_page
async def resync(request: Request) -> Response:
    """The form of a resync of what is known to fail, and the plan."""
    about = _Asking(ActionKind.RESYNC, *found(request, site_of(request)))
    return await _plan(request, about, offered_resync(about.state, about.snapshot.at.wall))


@as_page
async def ask_retry(request: Request) -> Response:
    """The plan of the retry that the form holds; once that is confirmed, asks for it."""
    return await _asked(request, ActionKind.RETRY)


@as_page
async def ask_resync(request: Request) -> Response:
    """The plan of the resync that the form holds; once that is confirmed, asks for it."""
    return await _asked(request, ActionKind.RESYNC)


def found(request: Request, site: Site) -> tuple[Snapshot, OrganizationState]:
    """The organisation that the path names.

    Raises:
        ProblemError: 404, it is not ours; 503, nothing is known yet.
    """
    snapshot = snapshot_of(site)
    return snapshot, state_of(snapshot, request.path_params["organization_id"], instead=NOT_OURS)


def asker_of(request: Request, key: str) -> Asker:
    """Who confirms what stands on a page, under the key that the page gave it: a second time it is done once.

    Raises:
        ProblemError: 400, the page's key is missing.
    """
    if not 1 <= len(key) <= remedies.MAX_KEY:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The form has lost its key: send it again from its page")
    actor = actor_of(request.scope)
    assert actor is not None, "the role operator needs a token"
    return Asker(actor, key)


async def _asked(request: Request, kind: ActionKind) -> Response:
    site = site_of(request)
    about = _Asking(kind, *found(request, site))
    fields = await form_of(request, _FIELDS)
    draft = drafted(fields)
    match fields["step"]:
        case ["plan"]:
            return await _plan(request, about, draft)
        case ["confirm"]:
            await _as_shown(site, "".join(fields["mode"]))
            await _confirmed(site, asker_of(request, "".join(fields["key"])), about.id, body_of(kind, draft))
            return RedirectResponse(f"/organizations/{quote(about.id, safe='')}#acts", HTTPStatus.SEE_OTHER)
        case _:
            raise bad_parameters(["`step` must be plan or confirm"])


async def _as_shown(site: Site, mode: str) -> None:
    """What was planned where nothing is sent is not done where it is.

    Raises:
        ProblemError: 409, the mode is another one than the plan said; 503, the ledger cannot be used.
    """
    gate = await remedies.of_ledger(site.desk.gate())
    if mode and mode != gate.mode_in_force(site.desk.limits.mode, time.time()):
        raise ProblemError(HTTPStatus.CONFLICT, "remediation.mode changed since the plan was shown: look at it again")


async def _confirmed(site: Site, by: Asker, organization_id: str, body: Body) -> ActionDocument:
    if isinstance(body, RetryRequest):
        return await remedies.retry(site, by, organization_id, body)
    return await remedies.resync(site, by, organization_id, body)


async def _plan(request: Request, about: _Asking, draft: Draft) -> Response:
    """The page with the form, and what would come of what stands in it."""
    site = site_of(request)
    caller, state, kind = caller_of(request, site), about.state, about.kind
    body = complete(kind, draft, about.snapshot.at.wall)
    would = what_retry_would_do if kind is ActionKind.RETRY else what_resync_would_do
    context: dict[str, object] = {
        "id": about.id,
        "kind": kind,
        "draft": draft,
        "incomplete": body if isinstance(body, str) else None,
        "mode": site.desk.limits.mode,
        "would": would(state.diagnosis, known=state.freshness is Freshness.FRESH),
        "sync_types": SYNC_TYPES,
        "failing": {one: len(ids) for one, ids in failing_records(state).items()},
        "key": secrets.token_urlsafe(16),
        "unknown": None,
    }
    try:
        there = await in_time(site.desk.actions(organization_id=about.id, states=UNFINISHED, limit=10))
        gate, now = await in_time(site.desk.gate()), time.time()
        mode = gate.mode_in_force(site.desk.limits.mode, now)
        context |= {
            "obeyed": gate.obeyed(now),
            "mode": mode,
            "plan": None if isinstance(body, str) else await _weighed(site, about, body),
            "offer": offer(kind, tuple(map(action_document, there)), mode, caller),
        }
    except LedgerUnknownError as error:
        context |= {"unknown": str(error), "offer": offer(kind, (), site.desk.limits.mode, caller, unknown=True)}
    return answered(request, rendered("plan.html", caller, site.version, context), about.snapshot.at.wall)


async def _weighed(site: Site, about: _Asking, body: Body) -> ExplanationDocument:
    """What would come of asking for it now."""
    # SQLAlchemy takes 0.2 s to load, for which no scrape should wait; where the executor runs it is loaded already.
    from exporter.remediation.evidence import fleetwide  # noqa: PLC0415
    from exporter.remediation.explaining import explained  # noqa: PLC0415
    from exporter.remediation.policy import Wanted  # noqa: PLC0415

    wanted = Wanted(TriggerSource.PERSON, kind=about.kind, parameters=parameters_of(body))
    fleet, now = fleetwide(about.snapshot, about.id), about.snapshot.at.wall
    (only,) = await in_time(explained(site.desk, [wanted], about.state, fleet, now))
    return explanation_document(only)


def _wanted(request: Request) -> SyncType | None:
    """The type that the address names.

    Raises:
        ProblemError: 400, it names something else.
    """
    match request.query_params.multi_items():
        case []:
            return None
        case [("sync_type", word)] if word in SYNC_TYPES:
            return SyncType(word)
        case _:
            raise bad_parameters([f"The only parameter here is `sync_type`: one of {', '.join(SYNC_TYPES)}"])
