"""A simulated service on a real socket, inside the loop of whoever starts it; and the platform as one."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from exporter.simulator.answers import Answer, Misbehaviour, Request, Slow
from exporter.simulator.connection import Connection
from exporter.simulator.endpoints import Kind, respond, route
from exporter.simulator.world import World

TIMES_KEPT: Final = 100_000
"""How many of the last requests `Simulator.request_times` holds."""

BACKLOG: Final = 1024
"""Connections that may wait to be accepted: a client may open hundreds at once."""


class Server(ABC):
    """Serves over HTTP while the context lasts; leaving it ends every connection and task at once.

    Attributes:
        url: such as ``http://127.0.0.1:40123``, once the context is entered.
    """

    def __init__(self, host: str, port: int) -> None:
        """A server that will listen on `host` and `port`; port 0 lets the system choose."""
        self.url = ""
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._all_closed = asyncio.Event()

    @property
    def connections_open(self) -> int:
        """Connections that stand now."""
        return len(self._connections)

    async def __aenter__(self) -> Self:
        """Listens.

        Raises:
            OSError: the address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), self._host, self._port, backlog=BACKLOG, start_serving=True
        )
        port = self._server.sockets[0].getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes: no more connections, those that stand are cut, what was still to be answered is cancelled."""
        assert self._server is not None
        self._server.close()
        server, self._server = self._server, None
        tasks = [connection.task for connection in self._connections if connection.task is not None]
        for connection in tuple(self._connections):
            connection.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._connections:
            self._all_closed.clear()
            await self._all_closed.wait()
        await server.wait_closed()

    def opened(self, connection: Connection) -> None:
        """A connection was made."""
        self._connections.add(connection)
        if self._server is None:
            # Accepted just before the end; asyncio makes it known only now.
            connection.abort()

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._all_closed.set()

    @abstractmethod
    def read(self, request: Request) -> None:
        """A whole request was read."""

    @abstractmethod
    def reply(self, request: Request, *, overridden: bool) -> Answer | Misbehaviour | Slow:
        """What comes back for a request; `overridden` is False for what would come without anybody's intervention."""

    @abstractmethod
    def now(self) -> float:
        """The service's clock, seconds since 1970 UTC."""

    @property
    @abstractmethod
    def resets_everybody(self) -> bool:
        """Whether every connection is reset as soon as it is made."""


@dataclass(frozen=True, slots=True)
class Call:
    """A retry or resync that was asked for, whatever came back.

    Attributes:
        organization_id: as asked.
        kind: which of the two.
        body: as it came.
        idempotency_key: empty when there was none.
        at: when it came, by the platform's clock.
    """

    organization_id: str
    kind: Kind
    body: bytes
    idempotency_key: str
    at: float


class Simulator(Server):
    """The simulated platform: a `World` over HTTP.

    Attributes:
        calls: every retry and resync that was read whole, in their order.
        world: the platform; change it at any time.
        requests: how often each organisation was asked for each `Kind`, whatever came back; ids are as asked.
        request_times: when those requests came, monotonic seconds, the last `TIMES_KEPT`.
    """

    def __init__(self, world: World, host: str = "127.0.0.1", port: int = 0) -> None:
        """A simulator that will listen on `host` and `port`; port 0 lets the system choose."""
        super().__init__(host, port)
        self.world = world
        self.calls: list[Call] = []
        self.requests: Counter[tuple[str, Kind]] = Counter()
        self.request_times: deque[float] = deque(maxlen=TIMES_KEPT)

    def read(self, request: Request) -> None:
        """Counts a request about an organisation."""
        about = route(request.target)
        if about is not None:
            self.requests[about.organization_id, about.kind] += 1
            self.request_times.append(time.monotonic())
            if about.kind in (Kind.RETRY, Kind.RESYNC) and request.method == "POST":
                key = request.headers.get("idempotency-key", "")
                self.calls.append(Call(about.organization_id, about.kind, request.body, key, self.now()))

    def reply(self, request: Request, *, overridden: bool) -> Answer | Misbehaviour | Slow:
        """What the platform does with a request."""
        return respond(self.world, request, route(request.target), overridden=overridden)

    def now(self) -> float:
        """The platform's clock."""
        return self.world.now()

    @property
    def resets_everybody(self) -> bool:
        """As the world says."""
        return self.world.resets_everybody
