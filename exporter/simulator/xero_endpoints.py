"""What Xero's endpoints answer, and its status pages. No sockets here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Final
from urllib.parse import parse_qs, unquote_plus

from exporter.simulator.answers import Answer, Misbehaviour, Request, Slow, json_answer
from exporter.simulator.xero import PAGES, TOKEN_LIFE, Kind, Notice, Xero

SCOPE: Final = "app.connections"
"""The one scope that the app gets of its own."""

TOKEN_PATH: Final = "/connect/token"  # noqa: S105 - a path, no token
CONNECTIONS_PATH: Final = "/connections"
PAGE_PATH: Final = "/api/v2/summary.json"
"""Below the name of a page: ``/status.xero.com/api/v2/summary.json``."""

_ALLOWED: Final = {Kind.TOKEN: "POST", Kind.CONNECTIONS: "GET", Kind.PAGE: "GET"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE: Final = re.compile(rf"/({'|'.join(map(re.escape, PAGES))}){re.escape(PAGE_PATH)}")
_INSTANCE: Final = "65e420cd-796c-493b-8f52-5eae2ee667ce"  # of the request, and made up
_DESCRIPTIONS: Final = {"none": "All Systems Operational", "maintenance": "Service Under Maintenance"}


@dataclass(frozen=True, slots=True)
class XeroRoute:
    """What a request asks; `page` is empty but for a status page."""

    kind: Kind
    page: str = ""


def xero_route(target: str) -> XeroRoute | None:
    """What the path of a request names; None when Xero has no such path."""
    path = target.partition("?")[0]
    if path == TOKEN_PATH:
        return XeroRoute(Kind.TOKEN)
    if path == CONNECTIONS_PATH:
        return XeroRoute(Kind.CONNECTIONS)
    match = _PAGE.fullmatch(path)
    return None if match is None else XeroRoute(Kind.PAGE, match[1])


def xero_respond(xero: Xero, request: Request, *, overridden: bool = True) -> Answer | Misbehaviour | Slow:
    """What Xero does with a request; `overridden` is False to leave out what was put in place of its own answers."""
    about = xero_route(request.target)
    if about is None:
        return problem(404, "Not Found", "NotFound")
    if request.method != _ALLOWED[about.kind]:
        return Answer(405, {"Allow": _ALLOWED[about.kind]})
    instead = xero.instead_of(about.kind, about.page) if overridden else None
    if instead is not None:
        return instead
    if about.kind is Kind.TOKEN:
        return _token(xero, request)
    return _connections(xero, request) if about.kind is Kind.CONNECTIONS else _page(xero, request, about.page)


def problem(status: int, title: str, detail: str) -> Answer:
    """A refusal in the envelope of Xero's API."""
    said: dict[str, object] = {"Type": None, "Title": title, "Status": status, "Detail": detail}
    return json_answer(status, said | {"Instance": _INSTANCE, "Extensions": {}})


def rate_limited(limit: str, seconds: int | None) -> Answer:
    """429 as Xero says it, of the limit ``minute``, ``day`` or ``appminute``."""
    headers = {"X-Rate-Limit-Problem": limit} | ({} if seconds is None else {"Retry-After": str(seconds)})
    return Answer(429, headers)


def _token(xero: Xero, request: Request) -> Answer:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        return json_answer(400, {"error": "invalid_request"})
    if _credentials(request) != (xero.client_id, xero.client_secret) or xero.refuses_app:
        return json_answer(400, {"error": "invalid_client"})
    form = parse_qs(request.body.decode("latin-1"))
    if form.get("grant_type") != ["client_credentials"]:
        return json_answer(400, {"error": "unsupported_grant_type"})
    if form.get("scope") != [SCOPE]:
        return json_answer(400, {"error": "invalid_scope"})
    token = {"access_token": xero.give_token(), "expires_in": TOKEN_LIFE, "token_type": "Bearer", "scope": SCOPE}
    return json_answer(200, token, {"Cache-Control": "no-store"})


def _credentials(request: Request) -> tuple[str, str] | None:
    """Id and secret of HTTP Basic, each form-urlencoded within it (RFC 6749, 2.3.1)."""
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(coded.strip(), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, secret = pair.partition(":")
    return (unquote_plus(name), unquote_plus(secret)) if scheme.lower() == "basic" and colon else None


def _connections(xero: Xero, request: Request) -> Answer:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not xero.accepts(token.strip()):
        return problem(401, "Unauthorized", "AuthenticationUnsuccessful")
    return json_answer(200, xero.connections())


def _page(xero: Xero, request: Request, page: str) -> Answer:
    """What a page says; 304 for whoever has that already."""
    notice = xero.notice(page)
    body = json.dumps(summary(page, notice)).encode()
    changed = formatdate(0 if notice is None else int(notice.began), usegmt=True)
    headers = {"ETag": f'W/"{hashlib.blake2b(body, digest_size=8).hexdigest()}"', "Last-Modified": changed}
    # Who sends an ETag is answered by it alone (RFC 9110, 13.1.3).
    known = request.headers.get("if-none-match")
    if known == headers["ETag"] or (known is None and request.headers.get("if-modified-since") == changed):
        return Answer(304, headers)
    return Answer(200, headers, body)


def summary(page: str, notice: Notice | None) -> dict[str, object]:
    """The summary of a page, in the shape of Statuspage's public API, version 2."""
    indicator = "none" if notice is None else notice.indicator
    began = (_EPOCH + timedelta(seconds=0 if notice is None else notice.began)).isoformat(timespec="milliseconds")
    found: list[dict[str, object]] = []
    if notice is not None and notice.incident:
        found.append(
            {
                "id": hashlib.blake2b(f"{page} {began}".encode(), digest_size=6).hexdigest(),
                "name": notice.incident,
                "status": "investigating",
                "created_at": began,
                "started_at": began,
                "updated_at": began,
                "monitoring_at": None,
                "resolved_at": None,
                "impact": notice.indicator,
                "shortlink": "https://stspg.example/x",
                "page_id": page,
                "incident_updates": [],
                "components": [],
            }
        )
    return {
        "page": {"id": page, "name": page, "url": f"https://{page}", "time_zone": "Etc/UTC", "updated_at": began},
        "components": [
            {
                "id": f"{page}-api",
                "name": "Accounting API",
                "status": "operational" if notice is None else "major_outage",
                "updated_at": began,
            }
        ],
        "incidents": found,
        "scheduled_maintenances": [],
        "status": {"indicator": indicator, "description": _DESCRIPTIONS.get(indicator, "Service Disruption")},
    }
