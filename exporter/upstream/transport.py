"""How statuses are read: kept-alive connections, one deadline over all, bounded bodies, no cookies, under permits."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

import httpx

from exporter import __version__
from exporter.clock import Clock, SystemClock
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream.connecting import Target
from exporter.upstream.connection import Connection
from exporter.upstream.dates import http_date
from exporter.upstream.failures import RAISED, classify_answer, classify_exception
from exporter.upstream.permits import Permits
from exporter.upstream.pool import Pool
from exporter.upstream.response import Response

_MEBIBYTE: Final = 1024 * 1024

MAX_BODY: Final = _MEBIBYTE
"""Bytes of an answer's body where nothing else is said.

A status is some hundred bytes; a hundred errors with long messages stay below this.
"""

CONNECT_SHARE: Final = 0.8
"""Of the deadline, for connecting.

Less than all of it, so that "could not connect" is told apart from "no answer". aiohttp rounds timers above 5 s up to
a whole second: 0.8 still ends before any deadline.
"""

DRAIN_GRACE: Final = 0.5
"""Seconds to take in the body of an answer that is a failure, so that its connection can be used again."""

HEADERS: Final[Mapping[str, str]] = {
    "Accept": "application/json",
    # Uncompressed: a status is smaller than a packet, and what is not unpacked cannot swell beyond MAX_BODY.
    "Accept-Encoding": "identity",
    "User-Agent": f"xero-exporter/{__version__}",
}
"""What every read carries."""

_SYSTEM_CLOCK: Final = SystemClock()
_OK: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


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

    Proxy variables of the environment are not looked at.
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
            max_requests_per_second: more than 0; `permits` says how evenly.
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
        self._pool = Pool(ssl.create_default_context() if tls is None else tls, connecting=timeout * CONNECT_SHARE)
        self._written: tuple[Mapping[str, str], bytes] = ({}, written({}))

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
        self._pool.trust(tls)

    async def get(self, url: httpx.URL | Target, headers: Mapping[str, str]) -> Answer | UpstreamFailure:
        """Sends one GET; must be called inside a `permit`. Redirects are not followed, cookies are not kept.

        Args:
            url: where to; whoever asks the same one again and again hands in a `Target`.
            headers: beyond `HEADERS`.
        """
        connection: Connection | None = None
        failure: UpstreamFailure | None = None
        try:
            target = url if isinstance(url, Target) else Target.of(url)
            request = target.line + self._head(headers)
            until = asyncio.get_running_loop().time() + self._timeout
            connection, response = await self._pool.ask(target.origin, request, limit=self._max_body, until=until)
            failure = _failure(response, self._clock.now().wall) if response.status != _OK else None
            if failure is None:
                return _answer(response, self._max_body)
            if not response.whole:
                await connection.drained(until=min(until, asyncio.get_running_loop().time() + DRAIN_GRACE))
        except RAISED as error:
            return classify_exception(error)
        finally:
            if connection is not None:
                self._pool.put_back(connection)
        return failure

    async def aclose(self) -> None:
        """Closes all connections. Reads under way should have ended."""
        await self._pool.aclose()

    def _head(self, headers: Mapping[str, str]) -> bytes:
        # Ten thousand readings carry the same token: it is looked at, and written, once.
        if headers != self._written[0]:
            self._written = (dict(headers), written(headers))
        return self._written[1]


def written(headers: Mapping[str, str]) -> bytes:
    """These headers and those of every read, as they are sent, with the empty line that ends them.

    Raises:
        ValueError: one holds what would end it early, or is not Latin-1.
    """
    lines = [f"{name}: {value}" for name, value in {**HEADERS, **headers}.items()]
    if _CONTROL.search("".join(lines)):
        raise ValueError("a header cannot hold control characters")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def invalid(detail: str) -> UpstreamFailure:
    """An answer with status 200 that cannot be used."""
    return UpstreamFailure(Failure.INVALID_RESPONSE, Sent.YES, http_status=_OK, detail=detail)


def encoded() -> UpstreamFailure:
    """The other side compressed its answer all the same."""
    return invalid("the answer is encoded, and we asked for it as it is")


def too_large(limit: int) -> UpstreamFailure:
    """The body is larger than `limit` bytes."""
    return invalid(f"the answer is larger than {limit // _MEBIBYTE} MiB")


def _answer(response: Response, limit: int) -> Answer | UpstreamFailure:
    if response.headers.get(b"content-encoding", b"identity") != b"identity":
        return encoded()
    if response.body is None:
        return too_large(limit)
    header = response.header
    return Answer(response.body, http_date(header(b"date") or ""), header(b"etag"), header(b"last-modified"))


def _failure(response: Response, now_wall: float) -> UpstreamFailure | None:
    headers = {"retry-after": asked} if (asked := response.header(b"retry-after")) is not None else {}
    return classify_answer(response.status, headers, now_wall)
