"""What the platform's endpoints answer, as its troubleshooting page tells. No sockets here.

The page does not say what a retry or resync answers; here it is 202 ``{"accepted": true}``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from exporter.simulator.answers import Answer, Misbehaviour, Request, Slow, json_answer, refusal
from exporter.simulator.world import World

DISCOVERY_PATH: Final = "/xero/organizations.sd.json"
"""Where the platform lists its organisations, in the shape of Prometheus' HTTP service discovery."""

_TARGET: Final = re.compile(r"/api/admin/integrations/xero/([^/?#]+)/(status|retry|resync)(?:\?.*)?")


class Kind(StrEnum):
    """What is asked of the platform about an organisation; the last part of the path."""

    STATUS = "status"
    RETRY = "retry"
    RESYNC = "resync"
    DISCOVERY = "discovery"
    """Of no organisation: who they are."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which organisation a request is about (none: empty), and what it asks."""

    organization_id: str
    kind: Kind


class _MalformedError(Exception):
    """The body of a POST is not as the page shows it; the text says what is missing."""


def route(target: str) -> Route | None:
    """What the path of a request names; None when the platform has no such path."""
    if target.partition("?")[0] == DISCOVERY_PATH:
        return Route("", Kind.DISCOVERY)
    match = _TARGET.fullmatch(target)
    return None if match is None else Route(unquote(match[1]), Kind(match[2]))


def respond(
    world: World, request: Request, about: Route | None, *, overridden: bool = True
) -> Answer | Misbehaviour | Slow:
    """What the platform does with a request; a retry or resync takes effect in `world`.

    Args:
        world: the platform.
        request: the whole request.
        about: `route` of its target.
        overridden: False to leave out what was put in place of the organisation's own answers.
    """
    if about is None:
        return refusal(404, "not_found", "No such path.")
    refused = _refused_at_the_door(world, request, about.kind)
    if refused is not None:
        return refused
    if about.kind is Kind.DISCOVERY:
        return _discovery(world, request, overridden=overridden)
    return _organization(world, request, about, overridden=overridden)


def _organization(world: World, request: Request, about: Route, *, overridden: bool) -> Answer | Misbehaviour | Slow:
    shown = world.shows(about.organization_id, overridden=overridden)
    if shown is None:
        return refusal(404, "not_found", "No such organization.")
    if isinstance(shown, Answer | Misbehaviour | Slow):
        return shown
    if about.kind is not Kind.STATUS:
        instead = world.remedy_override(about.organization_id) if overridden else None
        if instead is None:
            return _remedy(world, request, about)
        answer, takes_effect = instead
        if takes_effect:
            _remedy(world, request, about)
        return answer
    return Answer(200, body=shown) if isinstance(shown, bytes) else json_answer(200, shown)


def _refused_at_the_door(world: World, request: Request, kind: Kind) -> Answer | None:
    """405 and 401, which need no look at the organisation."""
    allowed = "GET" if kind in (Kind.STATUS, Kind.DISCOVERY) else "POST"
    if request.method != allowed:
        return refusal(405, "method_not_allowed", f"Use {allowed}.", {"Allow": allowed})
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not world.accepts(token.strip()):
        return refusal(401, "unauthorized", "A valid admin token is needed.", {"WWW-Authenticate": "Bearer"})
    return None


def _discovery(world: World, request: Request, *, overridden: bool) -> Answer | Misbehaviour | Slow:
    """Who the organisations are; 304 for whoever has this list already."""
    shown = world.lists(overridden=overridden)
    if not isinstance(shown, bytes):
        return shown
    headers = {"ETag": f'"{hashlib.blake2b(shown, digest_size=8).hexdigest()}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Answer(304, headers)
    return Answer(200, headers, shown)


def _remedy(world: World, request: Request, about: Route) -> Answer:
    """A retry or resync: refused when it is not as the page shows it, else begun."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return refusal(415, "unsupported_media_type", "Send application/json.")
    try:
        document = _object(request.body)
        sync_types = _retry(document) if about.kind is Kind.RETRY else _resync(document)
    except _MalformedError as error:
        return refusal(400, "bad_request", str(error))
    world.remedy(about.organization_id, sync_types)
    return json_answer(202, {"accepted": True})


def _object(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _MalformedError("The body is not JSON.") from None
    if not isinstance(document, dict):
        raise _MalformedError("The body is not a JSON object.")
    return document


def _retry(document: Mapping[str, object]) -> tuple[str, ...]:
    sync_type = document.get("sync_type")
    if not isinstance(sync_type, str) or not sync_type:
        raise _MalformedError("sync_type must be a text.")
    _texts(document, "record_ids")
    return (sync_type,)


def _resync(document: Mapping[str, object]) -> tuple[str, ...]:
    sync_types = _texts(document, "sync_types")
    since = document.get("since")
    try:
        datetime.fromisoformat(since if isinstance(since, str) else "")
    except ValueError:
        raise _MalformedError("since must be a timestamp.") from None
    return sync_types


def _texts(document: Mapping[str, object], key: str) -> tuple[str, ...]:
    texts = document.get(key)
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise _MalformedError(f"{key} must be a list of texts, at least one.")
    return tuple(texts)
