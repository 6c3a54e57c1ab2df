"""Accepts connections, with TLS or without, and keeps their number within bounds.

asyncio's own servers accept whoever comes: 10,000 idle connections take 10,000 file descriptors, and where the system
gives 1,024 of them, polling has none left. They also hold back what is still in its TLS handshake, for up to a minute
and seen by nobody. Here a connection counts from its first packet, and when there are `MAX_CONNECTIONS` of them, the
one that has been idle for longest makes room: whoever comes with a request gets in.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, Final

from exporter.config.certificates import ServerCertificate
from exporter.web.connection import Connection

MAX_CONNECTIONS: Final = 100
"""Connections at once. Two Prometheus servers need two, a browser six; of 1,024 descriptors 900 are left to polling."""

ACCEPTED_AT_ONCE: Final = 16
"""Connections taken in before the loop sees to its other work: 16 x 0.1 ms with their TLS objects."""

HANDSHAKE_SECONDS: Final = 5.0
"""Time for a TLS handshake: two round trips."""

GOODBYE_SECONDS: Final = 10.0
"""Time for the rest of an answer, 1 MiB by then, and for the other side's goodbye, once TLS is closing."""

OUT_OF_FILES_SECONDS: Final = 0.2
"""Time between two attempts to accept while the system has no descriptor or memory for it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A connection that is not yet made.

    Attributes:
        task: makes it.
        over_tls: whether that takes a handshake.
    """

    task: asyncio.Task[None]
    over_tls: bool


class Acceptor:
    """Takes connections from listening sockets while it is started."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        certificate: ServerCertificate | None,
        protocol: Callable[[], Connection],
        connections: Collection[Connection],
    ) -> None:
        """Takes nothing yet.

        Args:
            sockets: listening and non-blocking; they stay their owner's, who closes them after `stop`.
            certificate: with whose context at that moment a connection is served; None is without TLS.
            protocol: makes the protocol of a new connection.
            connections: those that are established, which the protocols themselves keep up to date.
        """
        self._sockets = sockets
        self._certificate = certificate
        self._protocol = protocol
        self._connections = connections
        self._arriving: dict[Connection, Arrival] = {}
        self._loop = asyncio.get_running_loop()
        self._again: dict[socket.socket, asyncio.TimerHandle] = {}

    def present(self, certificate: ServerCertificate | None) -> None:
        """Serves new connections with it; those of the other scheme end when they have nothing to answer any more."""
        changes_scheme = (certificate is None) != (self._certificate is None)
        self._certificate = certificate
        if changes_scheme:
            for connection in tuple(self._connections):
                connection.shutdown()

    def start(self) -> None:
        """Begins to accept."""
        for listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening)

    def stop(self) -> None:
        """Accepts no more, and ends what is in its handshake."""
        for listening in self._sockets:
            self._loop.remove_reader(listening)
        for attempt in self._again.values():
            attempt.cancel()
        for arriving in self._arriving:
            self._end(arriving)

    @property
    def held(self) -> frozenset[Connection]:
        """Every connection that has a descriptor, from its first packet on; those that were dropped just now, too."""
        return frozenset((*self._arriving, *self._connections))

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            held = self.held
            if len(held) >= MAX_CONNECTIONS + ACCEPTED_AT_ONCE:
                return  # the loop calls again at once; by then those that were dropped have left
            try:
                accepted, _ = listening.accept()
            except BlockingIOError:
                return
            except ConnectionError:  # it left while it waited
                continue
            except OSError:  # no descriptor or no memory: whoever idles gives one back, the others wait
                self._drop_idlest(held)
                self._loop.remove_reader(listening)
                self._again[listening] = self._loop.call_later(OUT_OF_FILES_SECONDS, self._resume, listening)
                return
            if sum(not one.dropped for one in held) >= MAX_CONNECTIONS:
                self._drop_idlest(held)
            self._take(accepted)

    def _resume(self, listening: socket.socket) -> None:
        del self._again[listening]
        self._loop.add_reader(listening, self._accept, listening)

    def _take(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        connection = self._protocol()
        certificate = self._certificate
        task = self._loop.create_task(self._admit(accepted, connection, certificate))
        self._arriving[connection] = Arrival(task, over_tls=certificate is not None)
        task.add_done_callback(partial(self._arrived, accepted, connection))

    async def _admit(
        self, accepted: socket.socket, connection: Connection, certificate: ServerCertificate | None
    ) -> None:
        """Makes a connection of a socket; done when its protocol has it, or when it came to nothing."""
        tls: dict[str, Any] = {}
        if certificate is not None:
            assert certificate.context is not None  # nobody serves without, or this would be http
            tls["ssl"] = certificate.context
            tls["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
            tls["ssl_shutdown_timeout"] = GOODBYE_SECONDS
        try:
            await self._loop.connect_accepted_socket(lambda: connection, accepted, **tls)
        except OSError:  # SSLError and TimeoutError too: whoever does not manage a handshake has not asked anything
            accepted.close()

    def _arrived(self, accepted: socket.socket, connection: Connection, arriving: asyncio.Task[None]) -> None:
        arrival = self._arriving.pop(connection)
        if arriving.cancelled():  # perhaps before its first step, with nobody else to close it
            accepted.close()
        elif arrival.over_tls != (self._certificate is not None) and connection in self._connections:
            connection.shutdown()  # the scheme changed while it arrived

    def _drop_idlest(self, held: Collection[Connection]) -> None:
        """Ends who waits for longest with nothing to be answered, be it in the handshake or after it."""
        idle = [(one.idle_since, one) for one in held if not one.dropped]
        waiting = [(since, one) for since, one in idle if since is not None]
        if not waiting:
            return
        self._end(min(waiting, key=itemgetter(0))[1])

    def _end(self, connection: Connection) -> None:
        connection.drop()
        # Without TLS it is made within three turns of the loop, and ends then. To cancel that in the middle would leave
        # a connection in uvloop that is made and never lost.
        arrival = self._arriving.get(connection)
        if arrival is not None and arrival.over_tls:
            arrival.task.cancel()
