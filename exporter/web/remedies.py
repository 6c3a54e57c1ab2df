"""The API of remediation: what was done, what would be, and what people ask for. Who asks is in the ledger by name."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable
from dataclasses import dataclass
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
from exporter.model.accounts import GateView
from exporter.model.action import UNFINISHED, ActionKind, ActionState, Parameters
from exporter.model.asked import MAX_NOTE, PersonRequest, RequestKey
from exporter.model.words import MAX_RECORD_IDS, ORGANIZATION_ID_RULE, RECORD_ID, Freshness, Role, SyncType
from exporter.redact import printable
from exporter.web.api import NO_ORGANIZATION, SiteOf, each_once, no_parameters
from exporter.web.gate import actor_of, holder
from exporter.web.known import snapshot_of, state_of
from exporter.web.problems import ProblemError, bad_parameters
from exporter.web.site import Site, site_of

MAX_KEY: Final = 255

_NO_ACTION: Final = "There is no action of this number: /api/v1/actions lists them"
_RETRY: Final = {"Retry-After": "5"}

_T = TypeVar("_T")
_RECORD_ID: Final = f"^{RECORD_ID.pattern}$"
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
        min_length=1, max_length=MAX_RECORD_IDS, description="the platform's ids of the records"
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
    before: int | None = Field(
        default=None, ge=1, le=2**53, description="list those before this id; `next` of the last page"
    )


_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=MAX_KEY,
        description="names the request: when it comes again within a day, it is done once",
    ),
]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a change, and what that one calls the request.

    Attributes:
        actor: name of the token.
        key: tells the request when it comes again; None: each one is new.
    """

    actor: str
    key: str | None

    def once(self, what: str, body: BaseModel | None) -> RequestKey | None:
        """What tells this request when it comes again; None without a name of its own."""
        if self.key is None:
            return None
        # Without a body is as with an empty one.
        content = (Note() if body is None else body).model_dump_json()
        return RequestKey(_hash(self.actor, self.key), _hash(what, content))


def _asker(request: Request, _: Annotated[None, Depends(no_parameters)], key: _Key = None) -> Asker:
    actor = actor_of(request.scope)
    assert actor is not None, "the role operator needs a token"
    return Asker(actor, key)


_By = Annotated[Asker, Depends(_asker)]


def _people(request: Request) -> bool:
    """Whether who asks is told who asked for what, and in what words: operators are."""
    found = holder(request.headers.get("authorization"), site_of(request).tokens)
    return found is not None and found.role is Role.OPERATOR


_People = Annotated[bool, Depends(_people)]


async def actions(
    site: SiteOf, people: _People, _: Annotated[None, Depends(each_once)], query: Annotated[ActionsQuery, Query()]
) -> ActionsDocument:
    """Actions, the newest first, page by page: `next` of one page is `before` of the following one."""
    found = await of_ledger(
        site.desk.actions(
            organization_id=query.organization_id,
            states=() if query.state is None else (query.state,),
            limit=query.limit + 1,
            before=query.before,
        )
    )
    return actions_document(found, query.limit, people=people)


async def action(
    site: SiteOf, people: _People, _: Annotated[None, Depends(no_parameters)], action_id: _NUMBER
) -> ActionRecordDocument:
    """One action with its triggers, attempts and events."""
    record = await of_ledger(site.desk.action(action_id))
    if record is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, _NO_ACTION)
    return record_document(record, people=people)


async def remediation(site: SiteOf, people: _People, _: Annotated[None, Depends(no_parameters)]) -> GateDocument:
    """What holds everybody, and whether a running exporter obeys it."""
    return await _gate(site, site.desk.gate(), people=people)


async def explain(
    site: SiteOf, people: _People, _: Annotated[None, Depends(no_parameters)], organization_id: _WHOM
) -> ExplainedDocument:
    """What would be done for an organisation now, or every hold that stands in the way."""
    # SQLAlchemy takes 0.2 s to load, for which no scrape should wait; where the executor runs it is loaded already.
    from exporter.remediation.evidence import fleetwide  # noqa: PLC0415
    from exporter.remediation.explaining import asked_by_alerts, explained  # noqa: PLC0415

    snapshot = snapshot_of(site)
    state = state_of(snapshot, organization_id, instead=NO_ORGANIZATION)
    known, now = state.organization.id, snapshot.at.wall
    gate = await _gate(site, site.desk.gate(), people=people)
    found = await of_ledger(explained(site.desk, asked_by_alerts(state), state, fleetwide(snapshot, known), now))
    unfinished = await of_ledger(site.desk.actions(organization_id=known, states=UNFINISHED, limit=10))
    return explained_document(known, found, unfinished, gate, people=people, known=state.freshness is Freshness.FRESH)


async def retry(site: SiteOf, by: _By, organization_id: _WHOM, body: RetryRequest) -> ActionDocument:
    """Asks for a retry of records. 202: it is recorded; the exporter judges and executes it, and the action tells."""
    parameters = Parameters((body.sync_type,), record_ids=tuple(dict.fromkeys(body.record_ids)))
    return await _asked(site, by, organization_id, ActionKind.RETRY, parameters=parameters, body=body)


async def resync(site: SiteOf, by: _By, organization_id: _WHOM, body: ResyncRequest) -> ActionDocument:
    """Asks for a resync of types since an instant. 202: it is recorded, as a retry."""
    parameters = Parameters(tuple(dict.fromkeys(body.sync_types)), since=body.since.timestamp())
    return await _asked(site, by, organization_id, ActionKind.RESYNC, parameters=parameters, body=body)


ACCEPTED: Final = frozenset({retry, resync})
"""What is answered 202: done later, and told by the action."""


async def approve(site: SiteOf, by: _By, action_id: _NUMBER, body: Note | None = None) -> ActionDocument:
    """Approves an action that has not started; the gates judge it still."""
    return await decided(site, by, action_id, body, approved=True)


async def reject(site: SiteOf, by: _By, action_id: _NUMBER, body: Note | None = None) -> ActionDocument:
    """Cancels an action that has not started."""
    return await decided(site, by, action_id, body, approved=False)


async def pause(site: SiteOf, by: _By, body: Note | None = None) -> GateDocument:
    """Nothing is started any more, also what is being judged right now. `obeyed` says whether anybody heeds it."""
    return await _gate(site, site.desk.pause(actor=by.actor, note=_note(body), once=by.once("pause", body)))


async def resume(site: SiteOf, by: _By, body: Note | None = None) -> GateDocument:
    """Takes back a pause, and a hold for a refused credential."""
    return await _gate(site, site.desk.resume(actor=by.actor, note=_note(body), once=by.once("resume", body)))


async def _asked(
    site: Site, by: Asker, organization_id: str, kind: ActionKind, *, parameters: Parameters, body: _Asked
) -> ActionDocument:
    if SyncType.OTHER in parameters.sync_types:
        raise bad_parameters(["The platform names no sync type `other`: use contacts, invoices or reconciliation"])
    known = state_of(snapshot_of(site), organization_id, instead=NO_ORGANIZATION).organization.id
    wanted = PersonRequest(known, kind, parameters, by.actor, _note(body))
    return action_document(await of_ledger(site.desk.ask(wanted, by.once(f"{kind} {known}", body))))


async def decided(
    site: Site, by: Asker, action_id: int, body: Note | None, *, approved: bool, seen: int | None = None
) -> ActionDocument:
    """Records what a person decides of an action; `seen` is the version that was shown to who approves."""
    desk = site.desk
    if await of_ledger(desk.action(action_id)) is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, _NO_ACTION)
    once, note = by.once(f"{'approve' if approved else 'reject'} {action_id}", body), _note(body)
    if approved:
        return action_document(
            await of_ledger(desk.approve(action_id, actor=by.actor, note=note, once=once, seen=seen))
        )
    return action_document(await of_ledger(desk.reject(action_id, actor=by.actor, note=note, once=once)))


async def _gate(site: Site, asked: Awaitable[GateView], *, people: bool = True) -> GateDocument:
    return gate_document(await of_ledger(asked), site.desk.limits.mode, time.time(), people=people)


async def of_ledger(asked: Awaitable[_T]) -> _T:
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


def _note(body: _Asked | None) -> str:
    return "" if body is None else printable(body.note, limit=MAX_NOTE)


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
