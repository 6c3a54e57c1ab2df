"""The ledger for people: the list of actions, one action, and what an operator decides about them or about all."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exporter.expose.action_shapes import EventDocument, GateDocument
from exporter.expose.actions_document import actions_document, event_document, gate_document, record_document
from exporter.model.action import UNSTARTED, ActionKind, ActionState
from exporter.model.asked import MAX_NOTE
from exporter.model.holds import Hold
from exporter.web import remedies
from exporter.web.forms import form_of
from exporter.web.pages.acting import asker_of
from exporter.web.pages.ledger import LedgerUnknownError, in_time
from exporter.web.pages.query import given_in, word_in
from exporter.web.pages.refusing import as_page
from exporter.web.pages.rendering import answered, caller_of, rendered
from exporter.web.problems import ProblemError, bad_parameters
from exporter.web.remedies import Asker, Note
from exporter.web.site import Site, site_of

ROWS: Final = 50
"""Actions on one page."""

EVENTS: Final = 8
"""Pauses and the like that are shown; the ledger has all."""

MAX_ID: Final = 128

_NONE: Final = "There is no action of this number: the page of all actions lists them"
_VERSION: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_FIELDS: Final = {"key": False, "note": False, "version": False}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which actions are asked for.

    Attributes:
        organization: only those of this one; empty: of all.
        state, kind, hold: only those; None: all.
        before: only those before this number: the next page; None: the newest.
    """

    organization: str = ""
    state: ActionState | None = None
    kind: ActionKind | None = None
    hold: Hold | None = None
    before: int | None = None

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.organization or self.state or self.kind or self.hold)

    def at(self, before: int | None) -> str:
        """The address of another page of the same list."""
        parts = {
            "organization": self.organization,
            "state": self.state,
            "kind": self.kind,
            "hold": self.hold,
            "before": before,
        }
        given = {name: str(value) for name, value in parts.items() if value}
        return f"/actions?{urlencode(given)}" if given else "/actions"


@as_page
async def actions(request: Request) -> Response:
    """The actions that are asked for, `ROWS` at a time, and what holds everybody."""
    site, wanted = site_of(request), wanted_of(request.query_params)
    caller = caller_of(request, site)
    context: dict[str, object] = {
        "wanted": wanted,
        "unknown": None,
        "choices": {"state": tuple(ActionState), "kind": tuple(ActionKind), "hold": tuple(Hold)},
    }
    try:
        context |= await _listed(site, wanted, people=caller.operator)
    except LedgerUnknownError as error:
        context["unknown"] = str(error)
    page = rendered("actions.html", caller, site.version, context)
    return answered(request, page, math.floor(time.time()))


async def _listed(site: Site, wanted: Wanted, *, people: bool) -> dict[str, object]:
    """What the page shows of the ledger.

    Raises:
        LedgerUnknownError: it cannot be used.
    """
    found = await in_time(
        site.desk.actions(
            organization_id=wanted.organization or None,
            states=() if wanted.state is None else (wanted.state,),
            limit=ROWS + 1,
            before=wanted.before,
            kind=wanted.kind,
            hold=wanted.hold,
        )
    )
    document = actions_document(found, ROWS, people=people)
    gate, events, key = await _everybody(site, people=people)
    return {
        "rows_shown": document.actions,
        "after": None if document.next is None else wanted.at(document.next),
        "newest": None if wanted.before is None else wanted.at(None),
        "gate": gate,
        "events": events,
        "key": key,
    }


async def _everybody(site: Site, *, people: bool) -> tuple[GateDocument, list[EventDocument], str]:
    """What holds everybody, what happened to that, and the key of the form that changes it.

    The key is another one once something has happened: a form that is sent twice is heeded once, a new one is new.
    """
    gate = gate_document(await in_time(site.desk.gate()), site.desk.limits.mode, time.time(), people=people)
    events = await in_time(site.desk.events(action_id=None, limit=EVENTS))
    return gate, [event_document(one, people=people) for one in events], f"page-gate-{events[0].id if events else 0}"


@as_page
async def action(request: Request) -> Response:
    """One action: what asked, what was tried, who did what and when."""
    site, number = site_of(request), _number(request)
    caller = caller_of(request, site)
    context: dict[str, object] = {"number": number, "unknown": None}
    try:
        record = await in_time(site.desk.action(number))
    except LedgerUnknownError as error:
        context["unknown"] = str(error)
    else:
        if record is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, _NONE)
        context |= {
            "one": record_document(record, people=caller.operator),
            "decidable": record.action.state in UNSTARTED,
            # Another one once it has changed.
            "key": f"page-action-{number}-{record.action.version}",
            "shown": record.action.version,
        }
    page = rendered("action.html", caller, site.version, context)
    return answered(request, page, math.floor(time.time()))


@as_page
async def approve(request: Request) -> Response:
    """Approves an action that has not started."""
    by, note, seen = await _signed(request)
    if seen is None:
        raise bad_parameters(["`version` is missing: approve on the page that shows the action"])
    await remedies.decided(site_of(request), by, _number(request), note, approved=True, seen=seen)
    return RedirectResponse(f"/actions/{_number(request)}", HTTPStatus.SEE_OTHER)


@as_page
async def reject(request: Request) -> Response:
    """Cancels an action that has not started."""
    by, note, _ = await _signed(request)
    await remedies.reject(site_of(request), by, _number(request), note)
    return RedirectResponse(f"/actions/{_number(request)}", HTTPStatus.SEE_OTHER)


@as_page
async def pause(request: Request) -> Response:
    """Nothing is started any more."""
    by, note, _ = await _signed(request)
    # Without a name: twice is harmless, and one that is taken for the repetition of an older one would pause nothing.
    await remedies.pause(site_of(request), replace(by, key=None), note)
    return RedirectResponse("/actions", HTTPStatus.SEE_OTHER)


@as_page
async def resume(request: Request) -> Response:
    """Takes back a pause, and a hold for a refused credential."""
    by, note, _ = await _signed(request)
    await remedies.resume(site_of(request), replace(by, key=None), note)
    return RedirectResponse("/actions", HTTPStatus.SEE_OTHER)


async def _signed(request: Request) -> tuple[Asker, Note, int | None]:
    """Who decides, why, and of which version of an action: nothing is approved that was not shown."""
    fields = await form_of(request, _FIELDS)
    note = "".join(fields["note"]).strip()
    if len(note) > MAX_NOTE:
        raise bad_parameters([f"`note` must have at most {MAX_NOTE} characters"])
    version = "".join(fields["version"])
    if version and not _VERSION.fullmatch(version):
        raise bad_parameters(["`version` must be the number on the page"])
    seen = int(version) if version else None
    return asker_of(request, "".join(fields["key"])), Note(note=note), seen


def wanted_of(query: QueryParams) -> Wanted:
    """What a query asks for; an empty value is none, as a form sends it.

    Raises:
        ProblemError: 400, a parameter is unknown, given twice, or has a value that it cannot have.
    """
    given = given_in(query, Wanted.__dataclass_fields__)
    organization = given.get("organization", "")
    if len(organization) > MAX_ID:
        raise bad_parameters([f"`organization` must have at most {MAX_ID} characters"])
    before = given.get("before")
    return Wanted(
        organization=organization,
        state=word_in(ActionState, "state", given),
        kind=word_in(ActionKind, "kind", given),
        hold=word_in(Hold, "hold", given),
        before=None if before is None else _whole(before, bad_parameters(["`before` must be a whole number, from 1"])),
    )


def _number(request: Request) -> int:
    """The action that the path names."""
    return _whole(request.path_params["action_id"], ProblemError(HTTPStatus.NOT_FOUND, _NONE))


def _whole(text: str, otherwise: ProblemError) -> int:
    """A number that the ledger can have: 1 to 15 digits."""
    if len(text) > len("9" * 15) or not (text.isascii() and text.isdigit()) or not int(text):
        raise otherwise
    return int(text)
