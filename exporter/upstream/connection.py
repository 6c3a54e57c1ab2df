"""One kept-alive connection over which GETs are sent, one after the other.

Written because of what a reading costs: of 17 that are begun together every 100 ms, as `serve` begins them, one took
277 us of CPU through httpx and aiohttp, 180 through aiohttp alone, and takes 93 through this and `transport`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from exporter.upstream.broken import Broken
from exporter.upstream.response import Response, ResponseReader


class Connection(asyncio.Protocol):
    """One connection. At most one request is under way on it; lives in the loop that made it.

    Attributes:
        generation: which trust it was made with; the pool's to say.
        idle_since: second of the loop's clock at which it was put back; the pool's to say.
    """

    __slots__ = (
        "_asked",
        "_free",
        "_loop",
        "_lost",
        "_reader",
        "_timer",
        "_transport",
        "_waiting",
        "generation",
        "idle_since",
    )

    def __init__(self, lost: Callable[[Connection], None], generation: int = 0) -> None:
        """Is handed to the loop, which connects it.

        Args:
            lost: told once it is gone, for whatever reason.
            generation: see the class.
        """
        self.generation = generation
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._lost = lost
        self._reader = ResponseReader()
        self._transport: asyncio.Transport
        self._waiting: asyncio.Future[Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._asked = False
        self._free = False

    @property
    def free(self) -> bool:
        """Whether it can carry a request now."""
        return self._free and not self._transport.is_closing()

    @property
    def in_use(self) -> bool:
        """Whether somebody holds it: it is neither free nor on its way out."""
        return not self._free and not self._transport.is_closing()

    def ask(self, request: bytes, *, limit: int, until: float) -> asyncio.Future[Response]:
        """Sends a request; must be free. The future ends with the answer, or with the head of a failure.

        Whoever does not wait for its end must `abort`.

        Args:
            request: a whole GET.
            limit: bytes of a body that are taken; of a larger one nothing is kept, and the connection ends.
            until: second of the loop's clock at which waiting ends, whatever came by then.

        Raises:
            Broken: (by the future) there is no answer.
            TimeoutError: (by the future) there is no whole one in time.
        """
        self._reader.begin(limit)
        self._free, self._asked = False, True
        waiting = self._wait(until)
        self._transport.write(request)
        return waiting

    async def drained(self, *, until: float) -> None:
        """Waits until the rest of a failure has come, or will not, or `until` has; then it is for `abort`."""
        if self._asked:
            with suppress(TimeoutError):
                await self._wait(until)

    def abort(self) -> None:
        """Ends it at once. Whoever waits for an answer is not told."""
        self._free = self._asked = False
        self._waited()
        self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        # A cast: uvloop's transports have the methods of asyncio.Transport, but not its type.
        self._transport = cast("asyncio.Transport", transport)
        self._free = True

    def data_received(self, data: bytes) -> None:
        """Something came."""
        if not self._asked:
            # An answer to nothing: what follows could be taken for the answer to somebody else's request.
            self.abort()
            return
        try:
            response = self._reader.feed(data)
        except Broken as broken:
            self._fail(broken)
            self.abort()
            return
        if response is not None:
            if response.whole:
                self._asked, self._free = False, self._reader.reusable
                if not self._free:
                    self._transport.abort()
            self._answer(response)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._free = False
        if self._asked:
            try:
                self._answer(self._reader.end(cleanly=exc is None))
            except Broken as broken:
                self._fail(broken)
            self._asked = False
        self._reader.close()
        self._lost(self)

    def _wait(self, until: float) -> asyncio.Future[Response]:
        # A timer of its own, and not `asyncio.timeout` around it all: 1 us instead of 6.
        self._timer = self._loop.call_at(until, self._fail, TimeoutError())
        self._waiting = self._loop.create_future()
        return self._waiting

    def _waited(self) -> asyncio.Future[Response] | None:
        """Whom to tell, once; None when nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, None
        return None if waiting is None or waiting.done() else waiting

    def _answer(self, response: Response) -> None:
        waiting = self._waited()
        if waiting is not None:
            waiting.set_result(response)

    def _fail(self, error: Exception) -> None:
        waiting = self._waited()
        if waiting is not None:
            waiting.set_exception(error)
