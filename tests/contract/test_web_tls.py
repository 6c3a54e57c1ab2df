"""https on real sockets: what is served with which certificate, and what a bad handshake costs."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvloop
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.config.certificates import ServerCertificate
from exporter.web import acceptor
from exporter.web.connection import Connection
from exporter.web.rim import PIECE_BYTES, Rim
from exporter.web.server import Server
from tests.certificates import Authority

RUNNERS = [pytest.param(asyncio.run, id="asyncio"), pytest.param(uvloop.run, id="uvloop")]
Run = Callable[[Coroutine[Any, Any, None]], None]
LARGE = bytes(range(256)) * 60_000
"""15 MB: more than the sockets of both ends buffer."""


@dataclass
class Https:
    """A server with a certificate of an authority of its own."""

    server: Server
    certificate: ServerCertificate
    authority: Authority
    folder: Path

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server.address.rpartition(":")[2])

    def renew(self, *names: str) -> None:
        """Another certificate, taken over at once."""
        self.authority.issue(self.folder / "tls.crt", self.folder / "tls.key", *names)
        assert self.certificate.look()

    async def connect(
        self, trusting: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection with its handshake done."""
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=trusting or self.authority.trusting)

    async def presented(self) -> bytes:
        """The certificate that a new connection is served with."""
        _, writer = await self.connect()
        found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.transport.abort()
        return found

    def open(self) -> int:
        """How many connections are held, handshakes included."""
        assert self.server._uvicorn is not None
        assert self.server._uvicorn._acceptor is not None
        return len(self.server._uvicorn._acceptor.held)


@asynccontextmanager
async def serving(app: ASGIApp, folder: Path) -> AsyncIterator[Https]:
    """An https server for the length of a block."""
    authority = Authority(folder)
    authority.issue(folder / "tls.crt", folder / "tls.key")
    certificate = ServerCertificate(folder / "tls.crt", folder / "tls.key")
    server = Server(Rim(app), "127.0.0.1", 0, certificate)
    await server.start()
    try:
        yield Https(server, certificate, authority, folder)
    finally:
        await server.stop(1)


def reading(writer: asyncio.StreamWriter) -> asyncio.Transport:
    """The transport of a connection, from its other side."""
    return cast("asyncio.Transport", writer.transport)  # uvloop's for TLS is one in deed only


async def until(condition: Callable[[], bool]) -> None:
    """Waits until `condition` holds; fails after 10 s."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for belongs to the server and sets no event
            await asyncio.sleep(0.01)


async def scheme(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the scheme that the request came by."""
    await PlainTextResponse(Request(scope).url.scheme)(scope, receive, send)


@pytest.mark.parametrize("run", RUNNERS)
def test_https_is_served_and_says_so(run: Run, tmp_path: Path) -> None:
    """In the URL, and to the application; whoever offers HTTP/2 as well learns in the handshake that it is HTTP/1.1."""

    async def scenario() -> None:
        async with serving(scheme, tmp_path) as https:
            assert https.server.url == f"https://127.0.0.1:{https.port}"
            offering = https.authority.trusting
            offering.set_alpn_protocols(["h2", "http/1.1"])
            async with httpx.AsyncClient(verify=offering) as client:
                assert (await client.get(https.server.url)).text == "https"
                assert (await client.get(https.server.url)).text == "https"
            reader, writer = await https.connect(offering)
            assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            assert not reader.at_eof()
            writer.transport.abort()

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_a_large_answer_comes_whole(run: Run, tmp_path: Path) -> None:
    """Many pieces, each taken before the next is encrypted; and again on the same connection."""

    async def scenario() -> None:
        async with (
            serving(Response(LARGE), tmp_path) as https,
            httpx.AsyncClient(verify=https.authority.trusting) as client,
        ):
            for _ in range(2):
                assert (await client.get(https.server.url)).content == LARGE
            assert (await client.head(https.server.url)).headers["content-length"] == str(len(LARGE))
            assert https.open() == 1

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_a_client_that_does_not_read_costs_one_piece_and_not_the_page(run: Run, tmp_path: Path) -> None:
    """Encrypted bytes that nobody takes are memory."""

    async def scenario() -> None:
        async with serving(Response(LARGE), tmp_path) as https:
            _, writer = await https.connect()
            reading(writer).pause_reading()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert https.server._uvicorn is not None
            connections = https.server._uvicorn.server_state.connections
            await until(lambda: any(isinstance(one, Connection) and one.stalled_for() > 0 for one in connections))
            (only,) = connections
            assert only.transport.get_write_buffer_size() <= 2 * PIECE_BYTES
            writer.transport.abort()

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_a_replaced_certificate_is_served_to_new_connections_and_old_ones_go_on(run: Run, tmp_path: Path) -> None:
    """No restart, and no answer is lost."""

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello"), tmp_path) as https:
            first = await https.presented()
            async with httpx.AsyncClient(verify=https.authority.trusting) as client:
                assert (await client.get(https.server.url)).text == "hello"
                https.renew()
                second = await https.presented()
                assert second != first
                assert (await client.get(https.server.url)).text == "hello"
            https.renew("elsewhere.example")
            with pytest.raises(ssl.SSLCertVerificationError):
                await https.presented()

    run(scenario())


async def test_a_ticket_of_the_old_certificate_does_not_bring_it_back(tmp_path: Path) -> None:
    """A client that resumes its session has a whole handshake, or it would never see the new one."""

    def session(port: int, client: ssl.SSLContext, old: ssl.SSLSession | None) -> tuple[bool | None, ssl.SSLSession]:
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            client.wrap_socket(plain, server_hostname="127.0.0.1", session=old) as tls,
        ):
            tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            tls.recv(100)  # a ticket comes with the first answer
            assert tls.session is not None
            return tls.session_reused, tls.session

    async with serving(PlainTextResponse("hello"), tmp_path) as https:
        client = https.authority.trusting
        _, ticket = await asyncio.to_thread(session, https.port, client, None)
        assert (await asyncio.to_thread(session, https.port, client, ticket))[0] is True
        https.renew()
        assert (await asyncio.to_thread(session, https.port, client, ticket))[0] is False


@pytest.mark.parametrize("run", RUNNERS)
def test_tls_11_is_refused(run: Run, tmp_path: Path) -> None:
    """TLS 1.2 is from 2008."""

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello"), tmp_path) as https:
            old, older = https.authority.trusting, https.authority.trusting
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            _, writer = await https.connect(old)
            writer.transport.abort()
            older.set_ciphers("DEFAULT:@SECLEVEL=0")
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises(OSError):  # noqa: PT011 - an alert or a reset, as the system likes
                await https.connect(older)

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
@pytest.mark.parametrize("said", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], ids=["", "1", "11"])
def test_a_handshake_that_does_not_arrive_is_ended(
    run: Run, said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asyncio alone would wait for it for a minute."""
    monkeypatch.setattr(acceptor, "HANDSHAKE_SECONDS", 0.2)

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello"), tmp_path) as https:
            reader, writer = await asyncio.open_connection("127.0.0.1", https.port)
            writer.write(said)
            async with asyncio.timeout(10):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            await until(lambda: https.open() == 0)
            writer.close()

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_http_sent_to_https_ends_the_connection_and_nothing_else(run: Run, tmp_path: Path) -> None:
    """Who forgets the s gets no answer, least of all one in clear."""

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello"), tmp_path) as https:
            reader, writer = await asyncio.open_connection("127.0.0.1", https.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(10):
                with suppress(ConnectionError):
                    assert b"HTTP" not in await reader.read()
            writer.close()
            await until(lambda: https.open() == 0)
            async with httpx.AsyncClient(verify=https.authority.trusting) as client:
                assert (await client.get(https.server.url)).text == "hello"

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_the_end_waits_neither_for_handshakes_nor_for_goodbyes(run: Run, tmp_path: Path) -> None:
    """Half a handshake, and an idle client that does not answer the goodbye of TLS."""

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello"), tmp_path) as https:
            half, half_writer = await asyncio.open_connection("127.0.0.1", https.port)
            _, idle_writer = await https.connect()
            reading(idle_writer).pause_reading()
            await until(lambda: https.open() == 2)
            began = asyncio.get_running_loop().time()
            await https.server.stop(30)
            assert asyncio.get_running_loop().time() - began < 10
            with suppress(ConnectionError):
                assert await half.read() == b""
            half_writer.close()
            idle_writer.transport.abort()

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
@pytest.mark.parametrize("to_https", [True, False], ids=["to https", "to http"])
def test_an_answer_under_way_ends_as_it_began_when_the_scheme_changes(
    run: Run, tmp_path: Path, *, to_https: bool
) -> None:
    """Whole, and its connection with it; who idles is ended at once, and whoever comes is served the new way."""

    async def scenario() -> None:
        async with serving(Response(LARGE), tmp_path) as https:
            certificate = https.certificate
            old = None if to_https else https.authority.trusting
            https.server.present(None if to_https else certificate)
            reader, writer = await asyncio.open_connection("127.0.0.1", https.port, ssl=old)
            idle, idle_writer = await asyncio.open_connection("127.0.0.1", https.port, ssl=old)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            got = await reader.readexactly(1000)
            https.server.present(certificate if to_https else None)
            async with asyncio.timeout(10):
                with suppress(ConnectionError):
                    assert await idle.read() == b""
                got += await reader.read(-1)
            assert got.endswith(LARGE)
            assert https.server.url.startswith("https:" if to_https else "http:")
            async with httpx.AsyncClient(verify=https.authority.trusting) as client:
                assert (await client.get(https.server.url)).content == LARGE
            for one in (writer, idle_writer):
                one.transport.abort()

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_a_handshake_under_way_when_https_ends_does_not_stay(run: Run, tmp_path: Path) -> None:
    """It may end well, as it began; but nobody goes on over https then."""

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello"), tmp_path) as https:
            arriving = socket.create_connection(("127.0.0.1", https.port))
            await until(lambda: https.open() == 1)
            https.server.present(None)
            arriving.setblocking(False)
            async with asyncio.timeout(10):
                with suppress(OSError):
                    reader, writer = await asyncio.open_connection(
                        sock=arriving, ssl=https.authority.trusting, server_hostname="127.0.0.1"
                    )
                    assert await reader.read() == b""
                    writer.transport.abort()
            await until(lambda: https.open() == 0)

    run(scenario())


async def test_a_server_without_tls_that_gets_it_before_it_starts_serves_it(tmp_path: Path) -> None:
    """The order does not matter."""
    authority = Authority(tmp_path)
    authority.issue(tmp_path / "tls.crt", tmp_path / "tls.key")
    server = Server(Rim(PlainTextResponse("hello")), "127.0.0.1", 0)
    server.present(ServerCertificate(tmp_path / "tls.crt", tmp_path / "tls.key"))
    await server.start()
    async with httpx.AsyncClient(verify=authority.trusting) as client:
        assert (await client.get(server.url)).text == "hello"
    await server.stop(1)
