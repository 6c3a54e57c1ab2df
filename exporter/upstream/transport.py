"""How reads are sent: kept-alive connections, one deadline over all, bounded bodies, no cookies, paced by permits."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from typing import Final, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from exporter import __version__
from exporter.clock import Clock, SystemClock
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream.dates import http_date
from exporter.upstream.failures import RAISED, classify_answer, classify_exception
from exporter.upstream.permits import Permits

_MEBIBYTE: Final = 1024 * 1024

MAX_BODY: Final = _MEBIBYTE
"""Bytes of an answer's body where nothing else is said.

A status is some hundred bytes; a hundred errors with long messages stay below this.
"""

KEEP_ALIVE: Final = 15.0
"""Seconds that an idle connection is kept: less than the platform's side keeps it (nginx 75 s, AWS ALB 60 s)."""

CONNECT_SHARE: Final = 0.8
"""Of the deadline, for connecting.

Less than all of it, so that "could not connect" is told apart from "no answer". aiohttp rounds timers above 5 s up to
a whole second: 0.8 still ends before any deadline.
"""

DRAIN_GRACE: Final = 0.5
"""Seconds to take in the body of an answer that is a failure, so that its connection can be used again."""

_SYSTEM_CLOCK: Final = SystemClock()
# Uncompressed: a status is smaller than a packet, and what is not unpacked cannot swell beyond MAX_BODY.
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"xero-exporter/{__version__}",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with status 200.

    Attributes:
        body: at most so many bytes as the transport lets pass.
        date: the other side's clock when it answered (Date header), seconds since 1970 UTC; None when it did not say.
        etag: what the other side calls this version of the body; None when it does not say.
        last_modified: when the other side last changed the body, as it writes it; None when it does not say.
    """

    body: bytes
    date: float | None
    etag: str | None = None
    last_modified: str | None = None


class ReadTransport:
    """Sends GETs, and is the one owner of the permits to do so. Lives in one event loop.

    aiohttp sends a GET a second time when its connection is lost before an answer (RFC 9110, 9.2.2 allows it): a
    kept-alive connection that the other side was just closing is no failure. The deadline covers both.
    """

    def __init__(
        self,
        *,
        timeout: float,
        max_concurrency: int,
        max_requests_per_second: float,
        max_body: int = MAX_BODY,
        tls: ssl.SSLContext | None = None,
        clock: Clock = _SYSTEM_CLOCK,
    ) -> None:
        """Opens nothing yet.

        Args:
            timeout: seconds for one whole read, from connecting to the last byte of the body.
            max_concurrency: reads at once, at least 1.
            max_requests_per_second: evenly paced, more than 0.
            max_body: bytes of an answer's body, whole MiB.
            tls: whom to trust; None is the system's trust store.
            clock: for a Retry-After that is a date.
        """
        self._max_concurrency = max_concurrency
        self._max_requests_per_second = max_requests_per_second
        self._permits = Permits(max_concurrency=max_concurrency, max_requests_per_second=max_requests_per_second)
        self._timeout = timeout
        self._max_body = max_body
        self._clock = clock
        connecting = timeout * CONNECT_SHARE
        self._extensions = {"timeout": {"connect": connecting, "pool": connecting, "read": timeout}}
        self._http = _over(ssl.create_default_context() if tls is None else tls)
        self._replaced: dict[asyncio.Task[None], AiohttpTransport] = {}

    def permit(self, *, suspect: bool) -> AbstractAsyncContextManager[None]:
        """An `async with` that waits for a permit and holds it: `get` must be called inside one.

        Args:
            suspect: it ran into the deadline last time. Those together hold at most half of all permits.
        """
        return self._permits.permit(suspect=suspect)

    def take_over(self, before: ReadTransport) -> None:
        """Goes on with the permits of the transport that this one replaces, at this one's limits.

        So reads that are under way there count here, and the two together never send more than one may.
        """
        self._permits = before._permits
        self._permits.become(
            max_concurrency=self._max_concurrency, max_requests_per_second=self._max_requests_per_second
        )

    def trust(self, tls: ssl.SSLContext) -> None:
        """Makes connections with this trust from now on; reads under way end on those that they have."""
        replaced, self._http = self._http, _over(tls)
        closing = asyncio.get_running_loop().create_task(self._close_later(replaced))
        self._replaced[closing] = replaced
        closing.add_done_callback(self._replaced.pop)

    async def get(self, url: httpx.URL, headers: Mapping[str, str]) -> Answer | UpstreamFailure:
        """Sends one GET; must be called inside a `permit`. Redirects are not followed, cookies are not kept.

        Args:
            url: where to.
            headers: beyond those that every read carries (Accept, Accept-Encoding, User-Agent).
        """
        request = httpx.Request("GET", url, headers=headers, extensions=self._extensions)
        failure: UpstreamFailure | None = None
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._http.handle_async_request(request)
                try:
                    failure = classify_answer(response.status_code, response.headers, self._clock.now().wall)
                    if failure is None:
                        return await _answer(response, self._max_body)
                    async with asyncio.timeout(DRAIN_GRACE):
                        await _body(response, MAX_BODY)
                finally:
                    # Also when cancelled: else the connection is lost for good.
                    await response.aclose()
        except RAISED as error:
            # What goes wrong in the body of a failure does not change that failure.
            return failure or classify_exception(error)
        return failure

    async def aclose(self) -> None:
        """Closes all connections. Reads under way should have ended."""
        replaced = dict(self._replaced)
        for closing in replaced:
            closing.cancel()
        for transport in (self._http, *replaced.values()):
            await transport.aclose()

    async def _close_later(self, replaced: AiohttpTransport) -> None:
        # By then every read that began on it has met its deadline.
        await asyncio.sleep(self._timeout + DRAIN_GRACE)
        await replaced.aclose()


def _over(tls: ssl.SSLContext) -> AiohttpTransport:
    def session() -> aiohttp.ClientSession:
        """Made by the first read, because aiohttp wants a running loop. Unlimited: permits are the only queue."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE, ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),  # one organisation's cookie must not travel with the next call
            headers=_HEADERS,
            trust_env=False,
        )

    return AiohttpTransport(verify=tls, client=session)


async def _answer(response: httpx.Response, limit: int) -> Answer | UpstreamFailure:
    if response.headers.get("content-encoding", "identity") != "identity":
        return _invalid("the answer is encoded, and we asked for it as it is")
    body = await _body(response, limit)
    if body is None:
        return _invalid(f"the answer is larger than {limit // _MEBIBYTE} MiB")
    headers = response.headers
    return Answer(body, http_date(headers.get("date", "")), headers.get("etag"), headers.get("last-modified"))


async def _body(response: httpx.Response, limit: int) -> bytes | None:
    """The whole body; None, without reading on, when it is larger than `limit` bytes."""
    chunks: list[bytes] = []
    size = 0
    # The stream is an async generator by its nature, if not by its type; left half read, it has to be closed.
    async with aclosing(
        cast("AsyncGenerator[bytes, None]", aiter(cast("httpx.AsyncByteStream", response.stream)))
    ) as it:
        async for chunk in it:
            size += len(chunk)
            if size > limit:
                return None
            chunks.append(chunk)
    return b"".join(chunks)


def _invalid(detail: str) -> UpstreamFailure:
    return UpstreamFailure(Failure.INVALID_RESPONSE, Sent.YES, http_status=200, detail=detail)
