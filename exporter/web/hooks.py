"""What Alertmanager posts. Acknowledged once it is in the ledger; what is done about it is decided elsewhere, later.

Alertmanager tries again at once for 5xx, at its next interval for other errors, and takes no notice of 429: so 503 is
only for what may pass by itself, and what was taken in is 202, repeats and what is left out included.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.errors import LedgerError
from exporter.model.asked import Receipt
from exporter.remediation.webhook import Payload, PayloadError
from exporter.web.connection import MAX_HOOK_BYTES
from exporter.web.problems import ProblemError
from exporter.web.site import Site, site_of

MAX_BODIES: Final = 2
"""Posts that are held in memory at once. One of 10,000 alerts, 5 MB, becomes some 40 MB while it is read."""

PLACE_SECONDS: Final = 5.0
"""Time to wait for one of these places: less than the time in which a request must have arrived."""

_RETRY: Final = {"Retry-After": "5"}
_TOO_LARGE: Final = (
    f"The body may have {MAX_HOOK_BYTES} bytes, some 15,000 alerts: group the route by organization_id, or set "
    "max_alerts in Alertmanager"
)


async def alertmanager(request: Request) -> Response:
    """Takes in what an Alertmanager posts, whole or not at all.

    Raises:
        ProblemError: 413, 422 for what never will be taken; 503 for what may be later.
    """
    site = site_of(request)
    if site.stopping():
        raise _later("This exporter is stopping, and takes nothing in any more")
    places: asyncio.Semaphore = request.app.state.bodies
    try:
        async with asyncio.timeout(PLACE_SECONDS):
            await places.acquire()
    except TimeoutError:
        raise _later(f"{MAX_BODIES} other posts are being taken in") from None
    try:
        body = await _body(request)
        payload, receipt = await _taken_in(site, body)
    except ClientDisconnect:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The body did not come whole; nothing of it is recorded") from None
    except PayloadError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"This is no webhook of Alertmanager: {error}") from None
    except LedgerError as error:
        site.metrics.remediation.unusable()
        raise _later(str(error)) from None
    finally:
        places.release()
    site.metrics.remediation.delivered(receipt, payload.left)
    left = {str(why): count for why, count in payload.left.items()}
    told = {"recorded": receipt.recorded, "repeated": receipt.repeated, "left_out": left}
    return JSONResponse(told, HTTPStatus.ACCEPTED)


async def _taken_in(site: Site, body: bytearray) -> tuple[Payload, Receipt]:
    if site.tracing is None:
        return await site.desk.receive(body)
    with site.tracing.open("webhook") as span:
        payload, receipt = await site.desk.receive(body, span.traceparent)
        span.say(recorded=receipt.recorded, repeated=receipt.repeated, left_out=sum(payload.left.values()))
    return payload, receipt


async def _body(request: Request) -> bytearray:
    """The body, as it comes; ended as soon as it is too large, or says that it will be."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > MAX_HOOK_BYTES:
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_HOOK_BYTES:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
    return body


def _later(why: str) -> ProblemError:
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, f"Nothing of this is recorded, send it again: {why}", _RETRY)


class Counted:
    """An ASGI application whose answers are counted as those to Alertmanager, the refusals of its tokens included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, and counts the answer."""

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                site_of(Request(scope)).metrics.remediation.posted(message["status"])
            await send(message)

        await self._app(scope, receive, counting)
