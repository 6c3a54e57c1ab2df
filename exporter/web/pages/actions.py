"""The ledger for people: the list of actions, one action, and what an operator decides about them or about all."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exporter.expose.action_shapes import EventDocument, GateDocument
from exporter.expose.actions_document import actions_document, event_document, gate_document, record_document
from exporter.model.action import UNSTARTED, Action, ActionKind, ActionState
from exporter.model.asked import MAX_NOTE
from exporter.model.holds import Hold
from exporter.web import remedies
from exporter.web.forms import form_of
from exporter.web.pages.acting import asker_of
from exporter.web.pages.ledger import LedgerUnknownError, in_time
from exporter.web.pages.refusing import as_page
from exporter.web.pages.rendering import answered, caller_of, rendered
from exporter.web.problems import ProblemError, bad_parameters, parameter_name
from exporter.web.remedies import Asker, Note
from exporter.web.site import Site, site_of

ROWS: Final = 50
"""Actions on one page."""

EVENTS: Final = 8
"""Pauses and the like that are shown; the ledger has all."""

MAX_ID: Final = 128

_NONE: Final = "There is no action of this number: the page of all actions lists them"
_FIELDS: Final = {"key": False, "note": False}
_Word = TypeVar("_Word", bound=StrEnum)


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
            "key": _key(record.action),
        }
    page = rendered("action.html", caller, site.version, context)
    return answered(request, page, math.floor(time.time()))


@as_page
async def approve(request: Request) -> Response:
    """Approves an action that has not started."""
    by, note = await _signed(request)
    await remedies.decided(site_of(request), by, _number(request), note, approved=True, seen=_seen(by.key))
    return RedirectResponse(f"/actions/{_number(request)}", HTTPStatus.SEE_OTHER)


@as_page
async def reject(request: Request) -> Response:
    """Cancels an action that has not started."""
    by, note = await _signed(request)
    await remedies.reject(site_of(request), by, _number(request), note)
    return RedirectResponse(f"/actions/{_number(request)}", HTTPStatus.SEE_OTHER)


@as_page
async def pause(request: Request) -> Response:
    """Nothing is started any more."""
    by, note = await _signed(request)
    # Without a name: twice is harmless, and one that is taken for the repetition of an older one would pause nothing.
    await remedies.pause(site_of(request), replace(by, key=None), note)
    return RedirectResponse("/actions", HTTPStatus.SEE_OTHER)


@as_page
async def resume(request: Request) -> Response:
    """Takes back a pause, and a hold for a refused credential."""
    by, note = await _signed(request)
    await remedies.resume(site_of(request), replace(by, key=None), note)
    return RedirectResponse("/actions", HTTPStatus.SEE_OTHER)


def _seen(key: str | None) -> int | None:
    """The version of the action that the page showed: nothing is approved that was not seen."""
    found = None if key is None else _SHOWN.match(key)
    return None if found is None else int(found[1])


def _key(action: Action) -> str:
    return f"page-action-{action.id}-{action.version}"


_SHOWN: Final = re.compile(r"page-action-\d{1,16}-(\d{1,16})(?:-|$)", re.ASCII)


async def _signed(request: Request) -> tuple[Asker, Note]:
    """Who decides, and why."""
    fields = await form_of(request, _FIELDS)
    note = "".join(fields["note"]).strip()
    if len(note) > MAX_NOTE:
        raise bad_parameters([f"`note` must have at most {MAX_NOTE} characters"])
    return asker_of(request, "".join(fields["key"])), Note(note=note)


def wanted_of(query: QueryParams) -> Wanted:
    """What a query asks for; an empty value is none, as a form sends it.

    Raises:
        ProblemError: 400, a parameter is unknown, given twice, or has a value that it cannot have.
    """
    given: dict[str, str] = {}
    for name, value in query.multi_items():
        if name not in Wanted.__dataclass_fields__:
            raise bad_parameters([f"{parameter_name(name)} is unknown here"])
        if name in given:
            raise bad_parameters([f"{parameter_name(name)} is given more than once: give it once"])
        given[name] = value.strip()
    organization = given.get("organization", "")
    if len(organization) > MAX_ID:
        raise bad_parameters([f"`organization` must have at most {MAX_ID} characters"])
    before = given.get("before") or None
    return Wanted(
        organization=organization,
        state=_word(ActionState, "state", given),
        kind=_word(ActionKind, "kind", given),
        hold=_word(Hold, "hold", given),
        before=None if before is None else _whole(before, bad_parameters(["`before` must be a whole number, from 1"])),
    )


def _word(kind: type[_Word], name: str, given: dict[str, str]) -> _Word | None:
    value = given.get(name)
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        raise bad_parameters([f"`{name}` must be one of {', '.join(kind)}"]) from None


def _number(request: Request) -> int:
    """The action that the path names."""
    return _whole(request.path_params["action_id"], ProblemError(HTTPStatus.NOT_FOUND, _NONE))


def _whole(text: str, otherwise: ProblemError) -> int:
    """A number that the ledger can have: 1 to 15 digits."""
    if len(text) > len("9" * 15) or not (text.isascii() and text.isdigit()) or not int(text):
        raise otherwise
    return int(text)
