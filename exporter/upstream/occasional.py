"""How what is asked seldom is read, lists of organisations first of all: over httpx, under the rules of every read.

Statuses, thousands a minute, have a transport of their own; what both promise is the same, and tested on both.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Final, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from exporter.clock import Clock, SystemClock
from exporter.model.facts import UpstreamFailure
from exporter.upstream.dates import http_date
from exporter.upstream.failures import RAISED, classify_answer, classify_exception
from exporter.upstream.permits import Permits
from exporter.upstream.pool import KEEP_ALIVE
from exporter.upstream.transport import CONNECT_SHARE, DRAIN_GRACE, HEADERS, MAX_BODY, Answer, encoded, too_large

_SYSTEM_CLOCK: Final = SystemClock()


class OccasionalTransport:
    """Sends GETs through httpx and aiohttp, and is the one owner of the permits to do so. Lives in one event loop.

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
            headers: beyond `HEADERS`.
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
            headers=HEADERS,
            trust_env=False,
        )

    return AiohttpTransport(verify=tls, client=session)


async def _answer(response: httpx.Response, limit: int) -> Answer | UpstreamFailure:
    if response.headers.get("content-encoding", "identity") != "identity":
        return encoded()
    body = await _body(response, limit)
    if body is None:
        return too_large(limit)
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
