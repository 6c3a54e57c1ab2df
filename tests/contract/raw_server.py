"""A server on loopback that says the bytes it is told to, and counts what reaches it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx


@dataclass
class Exchange:
    """One connection as the server sees it, after it read a request (or before, see `RawServer`)."""

    request: bytes
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Sends pieces, one after the other."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if pause:
                await asyncio.sleep(pause)

    def reset(self) -> None:
        """Ends the connection with a TCP reset: no lingering, no goodbye."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def hang(self) -> None:
        """Says nothing until the other side goes away."""
        while await self.reader.read(1024):
            pass


Behaviour = Callable[[Exchange], Awaitable[None]]


@dataclass
class RawServer:
    """Speaks bytes on loopback, and counts.

    Attributes:
        behaviour: what to do with a connection, once for each request; when it returns, the connection stays open.
        early: call it before a request is read, too; with an empty request.
    """

    behaviour: Behaviour
    early: bool = False
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> httpx.URL:
        """Where it listens."""
        return httpx.URL(f"{self.scheme}://127.0.0.1:{self.port}/status")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        self.connections += 1
        self.open += 1
        try:
            if self.early:
                await self.behaviour(Exchange(b"", 0, reader, writer))
            while not writer.is_closing():
                request = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(request)
                await self.behaviour(Exchange(request, len(self.requests), reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def serving(
    behaviour: Behaviour, *, early: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """A server for the length of a block."""
    server = RawServer(behaviour, early, scheme="http" if tls is None else "https")
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**20, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await until(lambda: server.open == 0)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition, at most 10 s."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def head(status: str, *lines: str, length: int | None = 0) -> bytes:
    """The head of an answer."""
    sized = () if length is None else (f"Content-Length: {length}",)
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, *sized, "", "")).encode()


def answer(status: str, *lines: str, body: bytes = b"{}") -> Behaviour:
    """A whole answer; the connection stays open."""
    return lambda exchange: exchange.send(head(status, *lines, length=len(body)) + body)


def say(*pieces: bytes, pause: float = 0.0) -> Behaviour:
    """Some bytes, and then the end of the connection."""

    async def behaviour(exchange: Exchange) -> None:
        await exchange.send(*pieces, pause=pause)
        exchange.writer.close()

    return behaviour


def say_and_reset(*pieces: bytes) -> Behaviour:
    """Some bytes, and then a reset, once they are likely to have arrived."""

    async def behaviour(exchange: Exchange) -> None:
        await exchange.send(*pieces)
        for _ in range(10):  # a reset overtakes what was not read yet; each turn of the loop lets the reader read
            await asyncio.sleep(0.002)
        exchange.reset()

    return behaviour


def say_and_hang(*pieces: bytes, pause: float = 0.0) -> Behaviour:
    """Some bytes, and then silence."""

    async def behaviour(exchange: Exchange) -> None:
        await exchange.send(*pieces, pause=pause)
        await exchange.hang()

    return behaviour


def drip(prefix: bytes) -> Behaviour:
    """Some bytes at once, and then one every 50 ms: each read succeeds, and the whole never ends."""
    return say_and_hang(prefix, *[b" "] * 200, pause=0.05)
