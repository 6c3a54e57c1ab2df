"""How the platform is asked to do something: one connection for each call, no second try, no redirect, one deadline.

A kept-alive connection that the other side is just closing loses a POST, and nobody knows whether it was received: of
30 such calls 20 failed so. A connection of its own has no past. Whatever fails says whether the call was sent.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import httpx

from exporter.clock import Clock, SystemClock
from exporter.model.facts import UpstreamFailure
from exporter.upstream.connecting import Lookup, Target, connect
from exporter.upstream.connection import Connection
from exporter.upstream.failures import RAISED, classify_answer, classify_exception
from exporter.upstream.transport import CONNECT_SHARE, MAX_BODY, written

_ACCEPTED: Final = range(200, 300)
_SYSTEM_CLOCK: Final = SystemClock()


class WriteTransport:
    """Sends POSTs. Lives in one event loop; keeps nothing between two calls."""

    def __init__(self, *, timeout: float, tls: ssl.SSLContext, clock: Clock = _SYSTEM_CLOCK) -> None:
        """Opens nothing.

        Args:
            timeout: seconds for one whole call, from connecting to the head of the answer.
            tls: whom to trust.
            clock: for a Retry-After that is a date.
        """
        self._timeout = timeout
        self._tls = tls
        self._clock = clock
        self._lookup = Lookup()

    def trust(self, tls: ssl.SSLContext) -> None:
        """Makes connections with this trust from now on."""
        self._tls = tls

    async def post(self, url: httpx.URL, headers: Mapping[str, str], body: bytes) -> int | UpstreamFailure:
        """Sends one POST, at most once, whatever happens.

        Args:
            url: where to.
            headers: beyond those of every read.
            body: JSON.

        Returns:
            The status of an answer that says yes (any 2xx, whatever is in it), or why there is none.
        """
        connection: Connection | None = None
        try:
            target = Target.of(url)
            line = target.line.replace(b"GET ", b"POST ", 1)
            about = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
            request = line + written({**headers, **about}) + body
            until = asyncio.get_running_loop().time() + self._timeout
            connection = await connect(
                target.origin,
                lambda: Connection(_gone),
                lookup=self._lookup,
                tls=self._tls,
                seconds=self._timeout * CONNECT_SHARE,
            )
            response = await connection.ask(request, limit=MAX_BODY, until=until)
        except RAISED as error:
            return classify_exception(error)
        finally:
            if connection is not None:
                connection.abort()
        if response.status in _ACCEPTED:
            return response.status
        asked = response.header(b"retry-after")
        headers_seen = {} if asked is None else {"retry-after": asked}
        failure = classify_answer(response.status, headers_seen, self._clock.now().wall)
        assert failure is not None  # only 200 is none
        return failure

    def close(self) -> None:
        """Ends what is left of looking up names."""
        self._lookup.cancel()


def _gone(_: Connection) -> None:
    """Nobody keeps it."""
