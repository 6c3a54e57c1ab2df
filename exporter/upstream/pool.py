"""Connections that are kept, and who may use them next."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Final

from exporter.upstream.broken import ClosedBeforeAnswer, NotConnected
from exporter.upstream.connecting import Lookup, Origin, connect
from exporter.upstream.connection import Connection
from exporter.upstream.response import Response

KEEP_ALIVE: Final = 15.0
"""Seconds that an idle connection is kept: less than the platform's side keeps it (nginx 75 s, AWS ALB 60 s)."""


class Pool:
    """Connections by origin, the one used last first. Unlimited: permits are the only queue. Lives in one loop."""

    def __init__(self, tls: ssl.SSLContext, *, connecting: float, keep_alive: float = KEEP_ALIVE) -> None:
        """Opens nothing yet.

        Args:
            tls: whom to trust.
            connecting: seconds for making a connection.
            keep_alive: seconds that an idle one is kept.
        """
        self._tls = tls
        self._connecting = connecting
        self._keep_alive = keep_alive
        self._generation = 0
        self._lookup = Lookup()
        self._idle: dict[Origin, deque[Connection]] = {}
        self._origins: dict[Connection, Origin] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Future[None] | None = None
        self._closed = False

    @property
    def in_use(self) -> int:
        """Connections that somebody holds: what a leak would raise."""
        return sum(connection.in_use for connection in self._origins)

    async def ask(self, origin: Origin, request: bytes, *, limit: int, until: float) -> tuple[Connection, Response]:
        """Sends a GET, and gives the answer with the connection that it came on; that one must be put back.

        A connection that was kept may be one that the other side was just closing. When it ends before anything of an
        answer came, the request goes out again, once, on a fresh one (RFC 9110, 9.2.2 allows it for a GET).

        Args:
            origin: where to.
            request: a whole GET.
            limit: bytes of a body that are taken.
            until: second of the loop's clock at which all of this ends.

        Raises:
            Broken: there is no answer, and nothing to put back.
            TimeoutError: there is no whole one in time; nothing to put back either.
        """
        connection = self._taken(origin)
        if connection is not None:
            try:
                return connection, await self._asked(connection, request, limit, until)
            except ClosedBeforeAnswer as closed:
                if closed.heard:
                    raise
                connection = await self._connect_again(origin, until)
        else:
            connection = await self._connect(origin, until)
        return connection, await self._asked(connection, request, limit, until)

    def put_back(self, connection: Connection) -> None:
        """Whoever had it is done with it; what cannot carry another request is closed."""
        if self._closed or not connection.free or connection.generation != self._generation:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.setdefault(self._origins[connection], deque()).append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(self._keep_alive, self._close_unused)

    def trust(self, tls: ssl.SSLContext) -> None:
        """Makes connections with this trust from now on; those in use are closed when they are put back."""
        self._tls = tls
        self._generation += 1
        self._close_idle()

    async def aclose(self) -> None:
        """Closes all connections, and waits until they are gone."""
        self._closed = True
        self._lookup.cancel()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        self._idle.clear()
        for connection in self._origins:
            connection.abort()
        if self._origins:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied

    def _taken(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.free:
                return connection
        return None

    async def _asked(self, connection: Connection, request: bytes, limit: int, until: float) -> Response:
        try:
            return await connection.ask(request, limit=limit, until=until)
        except BaseException:
            # Also when cancelled: an answer that nobody waits for must not meet the next request.
            connection.abort()
            raise

    async def _connect_again(self, origin: Origin, until: float) -> Connection:
        try:
            return await self._connect(origin, until)
        except NotConnected:
            # The first connection was one: what was sent on it may have been received all the same.
            raise ClosedBeforeAnswer(heard=False) from None

    async def _connect(self, origin: Origin, until: float) -> Connection:
        generation = self._generation
        seconds = min(self._connecting, until - asyncio.get_running_loop().time())
        connection = await connect(
            origin,
            lambda: Connection(self._lost, generation),
            lookup=self._lookup,
            tls=self._tls,
            seconds=seconds,
        )
        self._origins[connection] = origin
        return connection

    def _lost(self, connection: Connection) -> None:
        self._origins.pop(connection, None)
        if self._emptied is not None and not self._origins and not self._emptied.done():
            self._emptied.set_result(None)

    def _close_idle(self) -> None:
        for idle in self._idle.values():
            for connection in idle:
                connection.abort()
        self._idle.clear()

    def _close_unused(self) -> None:
        """Closes what was not used for so long; comes again when the next one may be due."""
        self._sweep = None
        loop = asyncio.get_running_loop()
        until = loop.time() - self._keep_alive
        left: list[float] = []
        for idle in self._idle.values():
            while idle and (not idle[0].free or idle[0].idle_since <= until):
                idle.popleft().abort()
            left.extend(connection.idle_since for connection in list(idle)[:1])
        if left:
            self._sweep = loop.call_later(max(0.001, min(left) - until), self._close_unused)
