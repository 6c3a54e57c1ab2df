"""The API of remediation: what was done, what would be, and what people ask for. Who asks is in the ledger by name."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request

from exporter.errors import LedgerError, RefusedError
from exporter.expose.action_shapes import (
    ActionDocument,
    ActionRecordDocument,
    ActionsDocument,
    ExplainedDocument,
    GateDocument,
)
from exporter.expose.actions_document import (
    action_document,
    actions_document,
    explained_document,
    gate_document,
    record_document,
)
from exporter.model.action import (
    UNFINISHED,
    Action,
    ActionKind,
    ActionState,
    GateView,
    Parameters,
    PersonRequest,
    RequestKey,
)
from exporter.model.facts import OrganizationState
from exporter.model.words import ORGANIZATION_ID_RULE, SyncType
from exporter.redact import printable
from exporter.web.api import NO_ORGANIZATION, SiteOf, each_once, no_parameters, snapshot_of
from exporter.web.gate import actor_of
from exporter.web.problems import ProblemError, bad_parameters
from exporter.web.site import Site

MAX_NOTE: Final = 500
MAX_KEY: Final = 255
MAX_IDS: Final = 100
"""Records of one retry; `policy.MAX_RECORD_IDS`."""

_NO_ACTION: Final = "There is no action of this number: /api/v1/actions lists them"
_RETRY: Final = {"Retry-After": "5"}

_T = TypeVar("_T")
_RECORD_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
_WHOM = Annotated[str, Path(description=ORGANIZATION_ID_RULE)]
_NUMBER = Annotated[int, Path(ge=1, le=2**53, description="the id of an action")]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    note: str = Field(default="", max_length=MAX_NOTE, description="why, for those who read the ledger")


class Note(_Asked):
    """Why somebody approves, rejects, pauses or resumes."""


class RetryRequest(_Asked):
    """Records that are to be synced again. Without ids nothing is sent: an empty list never means all."""

    sync_type: SyncType = Field(description="what they are; `other` is none of the platform's")
    record_ids: tuple[Annotated[str, Field(pattern=_RECORD_ID)], ...] = Field(
        min_length=1, max_length=MAX_IDS, description="the platform's ids of the records"
    )


class ResyncRequest(_Asked):
    """Types that are to be synced again, all that changed since an instant. Costly for the customer's daily limit."""

    sync_types: tuple[SyncType, ...] = Field(min_length=1, max_length=3, description="which; `other` is none")
    since: AwareDatetime = Field(description="from when on; at most 90 days ago")


class ActionsQuery(BaseModel):
    """Which actions to list. Filters combine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organization_id: str | None = Field(default=None, max_length=128, description="only those of this one")
    state: ActionState | None = Field(default=None, description="only those in this state")
    limit: int = Field(default=100, ge=1, le=1000, description="how many to list at most")
    before: int | None = Field(default=None, ge=1, description="list those before this id; `next` of the last page")


_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=MAX_KEY,
        description="names the request: when it comes again within a day, it is done once",
    ),
]


async def actions(
    site: SiteOf, _: Annotated[None, Depends(each_once)], query: Annotated[ActionsQuery, Query()]
) -> ActionsDocument:
    """Actions, the newest first, page by page: `next` of one page is `before` of the following one."""
    found = await _of_ledger(
        site.desk.actions(
            organization_id=query.organization_id,
            states=() if query.state is None else (query.state,),
            limit=query.limit + 1,
            before=query.before,
        )
    )
    return actions_document(found, query.limit)


async def action(site: SiteOf, _: Annotated[None, Depends(no_parameters)], action_id: _NUMBER) -> ActionRecordDocument:
    """One action with its triggers, attempts and events."""
    record = await _of_ledger(site.desk.action(action_id))
    if record is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, _NO_ACTION)
    return record_document(record)


async def remediation(site: SiteOf, _: Annotated[None, Depends(no_parameters)]) -> GateDocument:
    """What holds everybody, and whether a running exporter obeys it."""
    return await _gate(site, site.desk.gate())


async def explain(
    site: SiteOf, _: Annotated[None, Depends(no_parameters)], organization_id: _WHOM
) -> ExplainedDocument:
    """What would be done for an organisation now, or every hold that stands in the way."""
    # SQLAlchemy takes 0.2 s to load, for which no scrape should wait; where the executor runs it is loaded already.
    from exporter.remediation.evidence import fleetwide  # noqa: PLC0415
    from exporter.remediation.explaining import asked_by_alerts, explained  # noqa: PLC0415

    snapshot, state = snapshot_of(site), _known(site, organization_id)
    known, now = state.organization.id, snapshot.at.wall
    gate = await _gate(site, site.desk.gate())
    found = await _of_ledger(explained(site.desk, asked_by_alerts(state), state, fleetwide(snapshot, known), now))
    unfinished = await _of_ledger(site.desk.actions(organization_id=known, states=UNFINISHED, limit=10))
    return explained_document(known, found, unfinished, gate)


async def retry(
    request: Request,
    site: SiteOf,
    _: Annotated[None, Depends(no_parameters)],
    organization_id: _WHOM,
    body: RetryRequest,
    key: _Key = None,
) -> ActionDocument:
    """Asks for a retry of records. 202: it is recorded; the exporter judges and executes it, and the action tells."""
    parameters = Parameters((body.sync_type,), record_ids=tuple(dict.fromkeys(body.record_ids)))
    return await _asked(request, site, organization_id, ActionKind.RETRY, parameters=parameters, body=body, key=key)


async def resync(
    request: Request,
    site: SiteOf,
    _: Annotated[None, Depends(no_parameters)],
    organization_id: _WHOM,
    body: ResyncRequest,
    key: _Key = None,
) -> ActionDocument:
    """Asks for a resync of types since an instant. 202: it is recorded, as a retry."""
    parameters = Parameters(tuple(dict.fromkeys(body.sync_types)), since=body.since.timestamp())
    return await _asked(request, site, organization_id, ActionKind.RESYNC, parameters=parameters, body=body, key=key)


ACCEPTED: Final = frozenset({retry, resync})
"""What is answered 202: done later, and told by the action."""


async def approve(
    request: Request,
    site: SiteOf,
    _: Annotated[None, Depends(no_parameters)],
    action_id: _NUMBER,
    body: Note | None = None,
    key: _Key = None,
) -> ActionDocument:
    """Approves an action that has not started; the gates judge it still."""
    return action_document(await _decided(request, site, action_id, body, key, approved=True))


async def reject(
    request: Request,
    site: SiteOf,
    _: Annotated[None, Depends(no_parameters)],
    action_id: _NUMBER,
    body: Note | None = None,
    key: _Key = None,
) -> ActionDocument:
    """Cancels an action that has not started."""
    return action_document(await _decided(request, site, action_id, body, key, approved=False))


async def pause(
    request: Request,
    site: SiteOf,
    _: Annotated[None, Depends(no_parameters)],
    body: Note | None = None,
    key: _Key = None,
) -> GateDocument:
    """Nothing is started any more, also what is being judged right now. `obeyed` says whether anybody heeds it."""
    actor, note = _actor(request), _note(body)
    return await _gate(site, site.desk.pause(actor=actor, note=note, once=_once(actor, key, "pause", body)))


async def resume(
    request: Request,
    site: SiteOf,
    _: Annotated[None, Depends(no_parameters)],
    body: Note | None = None,
    key: _Key = None,
) -> GateDocument:
    """Takes back a pause, and a hold for a refused credential."""
    actor, note = _actor(request), _note(body)
    return await _gate(site, site.desk.resume(actor=actor, note=note, once=_once(actor, key, "resume", body)))


async def _asked(
    request: Request,
    site: Site,
    organization_id: str,
    kind: ActionKind,
    *,
    parameters: Parameters,
    body: _Asked,
    key: str | None,
) -> ActionDocument:
    if SyncType.OTHER in parameters.sync_types:
        raise bad_parameters(["The platform names no sync type `other`: use contacts, invoices or reconciliation"])
    known, actor = _known(site, organization_id).organization.id, _actor(request)
    wanted = PersonRequest(known, kind, parameters, actor, printable(body.note, limit=MAX_NOTE))
    once = _once(actor, key, f"{kind} {known}", body)
    return action_document(await _of_ledger(site.desk.ask(wanted, once)))


async def _decided(
    request: Request, site: Site, action_id: int, body: Note | None, key: str | None, *, approved: bool
) -> Action:
    desk, actor = site.desk, _actor(request)
    if await _of_ledger(desk.action(action_id)) is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, _NO_ACTION)
    decide = desk.approve if approved else desk.reject
    once = _once(actor, key, f"{'approve' if approved else 'reject'} {action_id}", body)
    return await _of_ledger(decide(action_id, actor=actor, note=_note(body), once=once))


async def _gate(site: Site, asked: Awaitable[GateView]) -> GateDocument:
    return gate_document(await _of_ledger(asked), site.desk.limits.mode, time.time())


async def _of_ledger(asked: Awaitable[_T]) -> _T:
    """What the ledger says.

    Raises:
        ProblemError: 409, it cannot be done to that action; 503, the ledger cannot be used.
    """
    try:
        return await asked
    except RefusedError as error:
        raise ProblemError(HTTPStatus.CONFLICT, str(error)) from None
    except LedgerError as error:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, f"Nothing was changed: {error}", _RETRY) from None


def _known(site: Site, organization_id: str) -> OrganizationState:
    state = snapshot_of(site).state(organization_id)
    if state is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, NO_ORGANIZATION)
    return state


def _actor(request: Request) -> str:
    actor = actor_of(request.scope)
    assert actor is not None, "the role operator needs a token"
    return actor


def _note(body: Note | None) -> str:
    return "" if body is None else printable(body.note, limit=MAX_NOTE)


def _once(actor: str, key: str | None, what: str, body: BaseModel | None) -> RequestKey | None:
    if key is None:
        return None
    content = "" if body is None else body.model_dump_json()
    return RequestKey(_hash(actor, key), _hash(what, content))


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
