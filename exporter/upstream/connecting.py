"""From a URL to a connection: the name, the addresses, TLS; each of them fails under a type of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import aiohappyeyeballs
import httpx

from exporter.upstream.broken import ConnectingTookLong, HandshakeFailed, NameNotFound, NotConnected, NotTrusted
from exporter.upstream.connection import Connection

HAPPY_EYEBALLS_DELAY: Final = 0.25
"""Seconds that an address gets before the next one is tried beside it (RFC 8305, section 5)."""

_Addresses: TypeAlias = "list[aiohappyeyeballs.AddrInfoType]"


class Origin(NamedTuple):
    """Where connections go; any of them carries any request to the same origin."""

    tls: bool
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, made ready to be asked again and again.

    Attributes:
        origin: where to connect.
        line: the request line and the Host header, as they are sent.
    """

    origin: Origin
    line: bytes

    @classmethod
    def of(cls, url: httpx.URL) -> Target:
        """What a URL means on the wire; a fragment is not sent.

        Raises:
            ValueError: it is neither http nor https, names no host, or names a user: that would have to be sent.
        """
        if url.scheme not in ("http", "https") or not url.raw_host.strip(b".") or url.userinfo:
            raise ValueError("not a URL that can be asked")
        tls = url.scheme == "https"
        # httpx leaves the port out where it is the scheme's own, and encodes host and path for the wire.
        origin = Origin(tls, url.raw_host.decode("ascii"), url.port or (443 if tls else 80))
        return cls(origin, b"GET %b HTTP/1.1\r\nHost: %b\r\n" % (url.raw_path, url.netloc))


class Lookup:
    """Asks for the addresses of a name; those who ask at the same time share one answer.

    Else the first 50 readings would be 50 lookups, and a name server that hangs would hold every thread there is.
    """

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, int], asyncio.Task[_Addresses]] = {}

    async def addresses(self, host: str, port: int) -> _Addresses:
        """All addresses, in the order in which the machine prefers them.

        Raises:
            NameNotFound: there are none.
        """
        with suppress(OSError, UnicodeError):  # an address needs no name server, and so no thread to wait for one
            return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
        key = (host, port)
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.get_running_loop().create_task(_looked_up(host, port))

            def ended(task: asyncio.Task[_Addresses]) -> None:
                del self._under_way[key]
                _ = task.cancelled() or task.exception()  # taken, also when everybody who asked has given up

            task.add_done_callback(ended)
        return await asyncio.shield(task)

    def cancel(self) -> None:
        """Ends what is under way."""
        for task in self._under_way.values():
            task.cancel()


async def _looked_up(host: str, port: int) -> _Addresses:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except (OSError, UnicodeError):  # UnicodeError: a part of the name is empty, or too long for a name
        raise NameNotFound from None
    if not found:
        raise NameNotFound
    return list(found)


async def connect(
    origin: Origin, make: Callable[[], Connection], *, lookup: Lookup, tls: ssl.SSLContext, seconds: float
) -> Connection:
    """A connection that stands, TLS included.

    Args:
        origin: where to.
        make: makes the object that the connection becomes.
        lookup: finds addresses.
        tls: whom to trust, where the origin speaks TLS.
        seconds: for all of it.

    Raises:
        NotConnected: it could not be made, and so nothing was sent.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            sock = await _connected(await lookup.addresses(origin.host, origin.port))
            return await _dressed(sock, make, tls if origin.tls else None, origin.host)
    except TimeoutError:
        raise ConnectingTookLong from None


async def _connected(addresses: _Addresses) -> socket.socket:
    try:
        return await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=HAPPY_EYEBALLS_DELAY)
    except (OSError, RuntimeError):  # uvloop raises RuntimeError for a socket that was closed under it
        raise NotConnected from None


async def _dressed(
    sock: socket.socket, make: Callable[[], Connection], tls: ssl.SSLContext | None, host: str
) -> Connection:
    """The socket with its protocol, after the TLS handshake if there is one; closed when that fails."""
    name = host.rstrip(".") if tls is not None else None
    try:
        _, connection = await asyncio.get_running_loop().create_connection(
            make, sock=sock, ssl=tls, server_hostname=name
        )
    except ssl.SSLCertVerificationError:
        raise NotTrusted from None
    except OSError:  # SSLError is one
        raise (NotConnected if tls is None else HandshakeFailed) from None
    return connection
