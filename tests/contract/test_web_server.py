"""The server on real sockets: binding, its bounds, and its end."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, closing, suppress
from typing import Any

import httpx
import pytest
import uvloop
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from exporter.errors import UnreachableError
from exporter.web import connection
from exporter.web.connection import MAX_HEAD_BYTES, MAX_REQUEST_BYTES
from exporter.web.server import Server

LARGE = b"x" * 30_000_000
"""More than the sockets of both ends buffer, so that a client that does not read holds the answer up."""

RUNNERS = [pytest.param(asyncio.run, id="asyncio"), pytest.param(uvloop.run, id="uvloop")]
Run = Callable[[Coroutine[Any, Any, None]], None]


@asynccontextmanager
async def serving(
    app: Callable[[Scope, Receive, Send], Awaitable[None]], host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Server]:
    """A server for `app` on a port that the system chose, stopped at the end whatever happens."""
    server = Server(app, host, port)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(1)


async def until(condition: Callable[[], bool]) -> None:
    """Waits until `condition` holds; fails after 10 s."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for belongs to the server and sets no event
            await asyncio.sleep(0.01)


def connections_of(server: Server) -> frozenset[object]:
    """The connections that the server holds now."""
    assert server._uvicorn is not None
    return frozenset(server._uvicorn.server_state.connections)


async def dialogue(server: Server, request: bytes) -> bytes:
    """All that the server answers to these bytes, until it closes."""
    host, _, port = server.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            await writer.drain()
        answer = b""
        with suppress(ConnectionError):
            while piece := await reader.read(65536):
                answer += piece
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return answer


def problem_in(answer: bytes) -> dict[str, object]:
    """The problem document that a whole answer carries, its headers checked."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert "content-type: application/problem+json" in lines
    assert "x-content-type-options: nosniff" in lines
    found: dict[str, object] = json.loads(body)
    assert lines[0].startswith(f"http/1.1 {found['status']} ")
    return found


@pytest.mark.parametrize("run", RUNNERS)
def test_serves_on_the_port_that_the_system_chose(run: Run) -> None:
    """Port 0 becomes the actual port in the address and the URL, and the server names the date but not itself."""

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello")) as server:
            assert not server.address.endswith(":0")
            assert server.url == f"http://{server.address}"
            async with httpx.AsyncClient() as client:
                answer = await client.get(server.url)
            assert (answer.status_code, answer.text) == (200, "hello")
            assert "date" in answer.headers
            assert "server" not in answer.headers
            await server.stop(1)
            async with httpx.AsyncClient() as client:
                with pytest.raises(httpx.ConnectError):
                    await client.get(server.url)

    run(scenario())


async def test_signals_stay_ours() -> None:
    """The server neither takes our signal handlers away nor gives them back changed."""
    noted: list[int] = []
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, noted.append, signal.SIGTERM)
    try:
        handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
        async with serving(PlainTextResponse("hello")) as server, httpx.AsyncClient() as client:
            assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers
            signal.raise_signal(signal.SIGTERM)
            await until(lambda: bool(noted))
            assert (await client.get(server.url)).text == "hello"
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    assert noted == [signal.SIGTERM]


@pytest.mark.parametrize("run", RUNNERS)
def test_an_answer_is_not_held_back_for_40_ms(run: Run) -> None:
    """Nagle's algorithm is off: head and body are two writes, and the second would wait for the first one's receipt."""

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello")) as server, httpx.AsyncClient() as client:
            await client.get(server.url)
            assert server._uvicorn is not None
            (only,) = server._uvicorn.server_state.connections
            accepted = only.transport.get_extra_info("socket")
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    run(scenario())


async def test_a_taken_port_is_named_with_the_way_to_mend_it() -> None:
    """A second server on one port fails at its start, and its message names address, cause and cure."""
    async with serving(PlainTextResponse("first")) as first:
        port = int(first.address.rpartition(":")[2])
        with pytest.raises(UnreachableError) as caught:
            await Server(PlainTextResponse("second"), "127.0.0.1", port).start()
    assert str(caught.value) == (
        f"Cannot listen on 127.0.0.1:{port}: the port is taken: stop what listens there, or change web.listen"
    )
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("192.0.2.1", "this machine does not have that address"),
        ("fe80::1%nowhere", "this host name has no address"),
        ("a..b", "change"),
        ("x" * 300, "change"),
    ],
)
async def test_a_bad_address_is_named_with_the_way_to_mend_it(host: str, words: str) -> None:
    """An address that is not ours, and names that are no addresses, are errors for people."""
    with pytest.raises(UnreachableError, match="Cannot listen on") as caught:
        await Server(PlainTextResponse(""), host, 0).start()
    assert words in str(caught.value)
    assert "web.listen" in str(caught.value)


async def test_a_name_with_two_addresses_is_served_on_both_with_one_port() -> None:
    """The name localhost is served wherever it leads, IPv6 included where the machine has it."""
    async with serving(PlainTextResponse("hello"), "localhost") as server, httpx.AsyncClient() as client:
        port = int(server.address.rpartition(":")[2])
        found = await asyncio.get_running_loop().getaddrinfo("localhost", port, type=socket.SOCK_STREAM)
        for _, _, _, _, address in found:
            host = f"[{address[0]}]" if ":" in str(address[0]) else address[0]
            assert (await client.get(f"http://{host}:{port}")).text == "hello"


async def test_a_wildcard_address_has_a_url_that_can_be_asked() -> None:
    """0.0.0.0 is shown as loopback in the URL, and as it is in the address."""
    wildcard = "0.0.0.0"  # noqa: S104 - the wildcard is what is tested
    async with serving(PlainTextResponse("hello"), wildcard) as server, httpx.AsyncClient() as client:
        assert server.address.startswith("0.0.0.0:")
        assert server.url.startswith("http://127.0.0.1:")
        assert (await client.get(server.url)).text == "hello"


async def test_stopping_twice_or_before_the_start_is_harmless() -> None:
    """Whoever drains need not know how far the start came."""
    never = Server(PlainTextResponse(""), "127.0.0.1", 0)
    await never.stop(1)
    async with serving(PlainTextResponse("")) as server:
        await server.stop(1)
        await server.stop(1)
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(server.url)


@pytest.mark.parametrize("run", RUNNERS)
def test_a_client_that_does_not_read_cannot_hold_up_the_end(run: Run) -> None:
    """A large answer under way is cut off once the grace is over."""

    async def scenario() -> None:
        async with serving(Response(LARGE)) as server:
            host, _, port = server.address.rpartition(":")
            with closing(socket.create_connection((host, int(port)))) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                client.settimeout(10)
                assert await asyncio.to_thread(client.recv, 8) == b"HTTP/1.1"
                async with asyncio.timeout(10):
                    await server.stop(0.3)
                with suppress(ConnectionError):
                    taken = 0
                    while piece := await asyncio.to_thread(client.recv, 1_000_000):
                        taken += len(piece)
                    assert taken < len(LARGE)

    run(scenario())


async def test_an_answer_under_way_is_finished_within_the_grace() -> None:
    """Stopping lets an answer end that ends in time."""
    asked, release = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await release.wait()
        await PlainTextResponse("finished")(scope, receive, send)

    async with serving(slow) as server, httpx.AsyncClient() as client:
        request = asyncio.create_task(client.get(server.url))
        await asked.wait()
        ending = asyncio.create_task(server.stop(10))
        await until(lambda: server._uvicorn is not None and server._uvicorn.should_exit)
        release.set()
        assert (await request).text == "finished"
        await ending


async def test_an_endpoint_that_never_ends_cannot_hold_up_the_end() -> None:
    """What still runs after the grace is cancelled."""
    asked = asyncio.Event()
    cancelled = asyncio.Event()

    async def endless(_: Scope, __: Receive, ___: Send) -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serving(endless) as server:
        async with httpx.AsyncClient() as client:
            request = asyncio.create_task(client.get(server.url))
            await asked.wait()
            async with asyncio.timeout(10):
                await server.stop(0.1)
            with pytest.raises(httpx.RemoteProtocolError):
                await request
        assert cancelled.is_set()


@pytest.mark.parametrize("run", RUNNERS)
def test_a_client_that_never_takes_its_answer_is_cut_off(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is not taken in time costs its memory no longer."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.2)

    async def scenario() -> None:
        async with serving(Response(LARGE)) as server:
            host, _, port = server.address.rpartition(":")
            with closing(socket.create_connection((host, int(port)))) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                await until(lambda: len(connections_of(server)) == 1)
                await until(lambda: not connections_of(server))

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_a_client_that_takes_its_answer_is_not_cut_off(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that idles longer than the time for an answer is still served."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.5)

    async def scenario() -> None:
        async with serving(Response(b"x" * 1_000_000)) as server, httpx.AsyncClient() as client:
            assert len((await client.get(server.url)).content) == 1_000_000
            before = connections_of(server)
            await asyncio.sleep(0.6)
            assert len((await client.get(server.url)).content) == 1_000_000
            assert connections_of(server) == before

    run(scenario())


@pytest.mark.parametrize("beginning", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Half:"])
async def test_a_request_that_does_not_arrive_is_ended(beginning: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither silence nor half a head holds a connection."""
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.1)
    async with serving(PlainTextResponse("hello")) as server:
        assert problem_in(await dialogue(server, beginning))["status"] == 408


async def test_an_idle_connection_between_requests_is_not_a_slow_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for a request runs only until it is whole."""
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.4)
    async with serving(PlainTextResponse("hello")) as server, httpx.AsyncClient() as client:
        assert (await client.get(server.url)).text == "hello"
        before = connections_of(server)
        await asyncio.sleep(0.6)
        assert (await client.get(server.url)).text == "hello"
        assert connections_of(server) == before


@pytest.mark.parametrize("run", RUNNERS)
def test_a_head_that_is_too_large_is_refused(run: Run) -> None:
    """One large header, many small ones, and a long path are all the same to the bound."""

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello")) as server:
            heads = [
                b"GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Small: 1234567890\r\n" * 3000 + b"\r\n",
                b"GET /" + b"x" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            ]
            for head in heads:
                assert problem_in(await dialogue(server, head))["status"] == 431

    run(scenario())


async def test_a_head_below_the_bound_is_served() -> None:
    """A browser with many cookies is no attack."""
    cookies = {"Cookie": "c" * 16_000}
    async with serving(PlainTextResponse("hello")) as server, httpx.AsyncClient(headers=cookies) as client:
        assert (await client.get(server.url)).status_code == 200


@pytest.mark.parametrize("run", RUNNERS)
def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(run: Run) -> None:
    """The bound holds while the head is not yet whole."""

    async def scenario() -> None:
        async with serving(PlainTextResponse("hello")) as server:
            endless = b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: " + b"x" * 20 * MAX_REQUEST_BYTES
            answer = await dialogue(server, endless)
            # The close can overtake the answer, as the rest of the request is not read; nothing else may come.
            assert not answer or problem_in(answer)["status"] == 413

    run(scenario())


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"HELLO\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"OPTIONS * HTTP/9.9\r\n\r\n",
    ],
    ids=["TLS", "words", "raw bytes", "smuggling", "version"],
)
async def test_what_is_not_http_is_a_problem(request_bytes: bytes) -> None:
    """Bytes that are no HTTP request are answered as a problem, and the connection ends."""
    async with serving(PlainTextResponse("hello")) as server:
        assert problem_in(await dialogue(server, request_bytes))["status"] == 400


async def test_offering_another_protocol_is_answered_in_http() -> None:
    """A web socket or HTTP/2 by upgrade is not served, and costs no words in the log."""
    async with serving(PlainTextResponse("hello")) as server:
        for offer in (b"websocket", b"h2c"):
            request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: " + offer + b"\r\n\r\n"
            assert (await dialogue(server, request)).startswith(b"HTTP/1.1 200 ")
