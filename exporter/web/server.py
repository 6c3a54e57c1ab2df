"""The HTTP server: uvicorn, in our event loop, without its signal handlers, and with our way to accept."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp

from exporter.config.certificates import ServerCertificate
from exporter.errors import UnreachableError
from exporter.web.acceptor import Acceptor
from exporter.web.connection import Connection

_LAST_RESORT_SECONDS: Final = 60
"""uvicorn's own wait at its end; `Server.stop` ends sooner. Without one it waits for ever."""

_BACKLOG: Final = 1024
"""Connections that may wait to be accepted. When it is full, the system lets the next one try again after a second."""

_ABSENT: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""One address of several may be absent: where IPv6 is off, localhost still has ::1 in the hosts file."""

_MENDING: Final = {
    errno.EADDRINUSE: "the port is taken: stop what listens there, or change web.listen",
    errno.EACCES: "the system does not allow it: use a port above 1023 in web.listen",
    errno.EAFNOSUPPORT: "this machine does not have that kind of address: change the host in web.listen",
    errno.EADDRNOTAVAIL: "this machine does not have that address: change the host in web.listen",
}


class _Uvicorn(uvicorn.Server):
    """uvicorn that leaves signals to us: it would install its handlers, and raise the signal again at its end."""

    def __init__(self, config: uvicorn.Config, certificate: ServerCertificate | None) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()
        self._certificate = certificate
        self._acceptor: Acceptor | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def present(self, certificate: ServerCertificate | None) -> None:
        """Serves new connections with it from now on."""
        self._certificate = certificate
        if self._acceptor is not None:
            self._acceptor.present(certificate)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accepts, in place of asyncio's servers, which uvicorn would start."""
        self.servers = []
        connections = cast("set[Connection]", self.server_state.connections)
        self._acceptor = Acceptor(sockets or [], self._certificate, self._connection, connections)
        self._acceptor.start()
        self.started = True
        self.accepting.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accepts no more, then does the rest."""
        assert self._acceptor is not None
        self._acceptor.stop()
        await super().shutdown(sockets)

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, {})


class Server:
    """Serves one application on one address, with TLS when there is a certificate."""

    def __init__(self, app: ASGIApp, host: str, port: int, certificate: ServerCertificate | None = None) -> None:
        self._app = app
        self._certificate = certificate
        self._host = host
        self._port = port
        self._sockets: list[socket.socket] = []
        self._uvicorn: _Uvicorn | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Binds, then serves in a task of its own; returns once connections are accepted.

        Raises:
            UnreachableError: the address cannot be listened on; says which and how to mend it.
        """
        self._sockets = await _bind(self._host, self._port)
        self._port = self._sockets[0].getsockname()[1]
        self._uvicorn = _Uvicorn(_settings(self._app), self._certificate)
        self._serving = asyncio.create_task(self._uvicorn.serve(self._sockets), name="web server")
        accepting = asyncio.create_task(self._uvicorn.accepting.wait())
        await asyncio.wait({self._serving, accepting}, return_when=asyncio.FIRST_COMPLETED)
        accepting.cancel()
        if self._serving.done():
            self._serving.result()

    @property
    def address(self) -> str:
        """HOST:PORT as bound: the actual port once started with port 0."""
        return _place(self._host, self._port)

    @property
    def url(self) -> str:
        """Where a client on this machine reaches the server; a wildcard address is shown as loopback."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 - compared, not bound
        scheme = "http" if self._certificate is None else "https"
        return f"{scheme}://{_place(host, self._port)}"

    def replace(self, app: ASGIApp) -> None:
        """Requests that begin from now on are answered by `app`; those under way end with what they began with."""
        self._app = app
        if self._uvicorn is not None:
            self._uvicorn.config.loaded_app = app

    def present(self, certificate: ServerCertificate | None) -> None:
        """Connections that begin from now on are served with this certificate, or without TLS when there is none.

        Where that changes between http and https, the connections of before end: at once when they idle, else with the
        answer that is under way. None of them is left to send its tokens in clear.
        """
        if certificate is not self._certificate:
            self._certificate = certificate
            if self._uvicorn is not None:
                self._uvicorn.present(certificate)

    async def ended(self) -> None:
        """Waits until the server has ended, for whatever reason."""
        assert self._serving is not None, "not started"
        await asyncio.wait({self._serving})

    async def stop(self, grace: float) -> None:
        """Accepts no more, lets answers under way end for `grace` seconds, then cuts them off. Twice is harmless.

        Args:
            grace: seconds; a client that reads slowly or not at all cannot hold the end up for longer.
        """
        if self._uvicorn is None or self._serving is None:
            return
        self._uvicorn.should_exit = True
        await asyncio.wait({self._serving}, timeout=grace)
        state = self._uvicorn.server_state
        for connection in list(state.connections):
            connection.transport.abort()
        for task in list(state.tasks):
            task.cancel()
        await self._serving


def _settings(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",  # its warnings are one for each request that is not HTTP: anybody could fill the log
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=_LAST_RESORT_SECONDS,
    )


async def _bind(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address that `host` stands for, all with the same port.

    Raises:
        UnreachableError: one of them cannot be had.
    """
    loop = asyncio.get_running_loop()
    bound: list[socket.socket] = []
    missing: OSError | None = None
    try:
        found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                bound.append(_listening(family, (address[0], port, *address[2:])))
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise
                missing = error
            else:
                port = bound[0].getsockname()[1]
        if missing is not None and not bound:
            raise missing
    except (OSError, UnicodeError, OverflowError) as error:
        for taken in bound:
            taken.close()
        raise UnreachableError(f"Cannot listen on {_place(host, port)}: {_mending(error)}") from None
    return bound


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it, each answer takes 40 ms longer.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        # At once: until one listens, Linux lets two sockets with SO_REUSEADDR have the same port.
        opened.listen(_BACKLOG)
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


def _mending(error: Exception) -> str:
    """What is wrong and what to do; the system's word for what we do not know."""
    if isinstance(error, socket.gaierror):
        return "this host name has no address: change the host in web.listen"
    if isinstance(error, OSError) and error.errno is not None:
        return _MENDING.get(error.errno, f"the system says {errno.errorcode.get(error.errno, error.errno)}")
    return "this is not an address: change web.listen"


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
