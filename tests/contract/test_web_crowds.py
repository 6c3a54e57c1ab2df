"""More clients than places, slow ones and silent ones: whoever comes with a request is answered."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvloop
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.config.certificates import ServerCertificate
from exporter.web import acceptor, connection
from exporter.web.rim import Rim
from exporter.web.server import Server
from tests.certificates import Authority

RUNNERS = [pytest.param(asyncio.run, id="asyncio"), pytest.param(uvloop.run, id="uvloop")]
Run = Callable[[Coroutine[Any, Any, None]], None]
LARGE = b"x" * 30_000_000
"""More than the sockets of both ends buffer."""
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Crowd:
    """Raw connections to a server, closed at the end."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.members: list[socket.socket] = []

    def join(self, said: bytes = b"") -> socket.socket:
        """One client more, which says that and then nothing, and reads nothing."""
        host, _, port = self.server.address.rpartition(":")
        member = socket.create_connection((host, int(port)), timeout=10)
        member.sendall(said)
        self.members.append(member)
        return member

    async def ended(self, member: socket.socket) -> bool:
        """Waits until the server ended that connection, taking what of an answer there is."""
        with suppress(ConnectionError):
            while await asyncio.to_thread(member.recv, 1_000_000):
                pass
        return True

    def held(self) -> int:
        """How many connections the server holds."""
        assert self.server._uvicorn is not None
        assert self.server._uvicorn._acceptor is not None
        return len(self.server._uvicorn._acceptor.held)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until `condition` holds; fails after 10 s."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - what is waited for belongs to the server and sets no event
                await asyncio.sleep(0.01)


@asynccontextmanager
async def crowding(app: ASGIApp, certificate: ServerCertificate | None = None) -> AsyncIterator[Crowd]:
    """A server and its crowd, for the length of a block."""
    server = Server(Rim(app), "127.0.0.1", 0, certificate)
    await server.start()
    crowd = Crowd(server)
    try:
        yield crowd
    finally:
        for member in crowd.members:
            member.close()
        await server.stop(1)


@pytest.mark.parametrize("run", RUNNERS)
def test_who_idles_for_longest_makes_room(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be it after an answer or before the first request; the others stay, and go on being served."""
    monkeypatch.setattr(acceptor, "MAX_CONNECTIONS", 3)

    async def scenario() -> None:
        async with crowding(PlainTextResponse("hello")) as crowd:
            silent = crowd.join()
            await crowd.until(lambda: crowd.held() == 1)
            async with httpx.AsyncClient() as first, httpx.AsyncClient() as second, httpx.AsyncClient() as third:
                assert (await first.get(crowd.server.url)).status_code == 200
                assert (await second.get(crowd.server.url)).status_code == 200
                assert (await first.get(crowd.server.url)).status_code == 200
                assert (await third.get(crowd.server.url)).status_code == 200
                assert await crowd.ended(silent)
                assert crowd.held() == 3
                fourth = crowd.join()
                await crowd.until(lambda: crowd.held() == 3)
                fourth.sendall(REQUEST)
                assert (await asyncio.to_thread(fourth.recv, 12)) == b"HTTP/1.1 200"
                # The second was idle for longest, so it is connected anew; the first is still the same.
                assert (await first.get(crowd.server.url)).status_code == 200
                assert (await second.get(crowd.server.url)).status_code == 200

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_a_slow_head_does_not_make_a_connection_look_busy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers byte by byte are no progress: who began first goes first."""
    monkeypatch.setattr(acceptor, "MAX_CONNECTIONS", 5)

    async def scenario() -> None:
        async with crowding(PlainTextResponse("hello")) as crowd, httpx.AsyncClient() as client:
            slow = [crowd.join(b"GET / HTTP/1.1\r\nX-Slow: ") for _ in range(5)]
            await crowd.until(lambda: crowd.held() == 5)
            for number in range(20):
                for one in slow:
                    with suppress(ConnectionError):
                        one.sendall(b"x")
                newest = crowd.join(b"GET / HTTP/1.1\r\nX-Slow: ")
                slow = [*slow[1:], newest]
                answer = await client.get(crowd.server.url, headers={"Connection": "close"})
                assert answer.status_code == 200, number
                assert crowd.held() <= 5

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_headers_byte_by_byte_end_after_the_time_for_a_request(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """However busily they drip."""
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.3)

    async def scenario() -> None:
        async with crowding(PlainTextResponse("hello")) as crowd:
            slow = crowd.join(b"GET / HTTP/1.1\r\nX-Slow: ")
            async with asyncio.timeout(10):
                with suppress(ConnectionError):
                    while True:
                        slow.sendall(b"x")
                        await asyncio.sleep(0.02)
            await crowd.until(lambda: crowd.held() == 0)

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
@pytest.mark.parametrize("after_an_answer", [False, True])
def test_line_breaks_instead_of_a_request_end_too(
    run: Run, monkeypatch: pytest.MonkeyPatch, *, after_an_answer: bool
) -> None:
    """The parser skips them before a request, and uvicorn alone stops its clock at each."""
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.3)

    async def scenario() -> None:
        async with crowding(PlainTextResponse("hello")) as crowd:
            member = crowd.join(REQUEST if after_an_answer else b"")
            if after_an_answer:
                assert await asyncio.to_thread(member.recv, 10_000)
            member.sendall(b"\r\n")
            await crowd.until(lambda: crowd.held() == 0)

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_a_thousand_silent_connections_leave_as_many_as_may_be(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a request among them is answered."""
    monkeypatch.setattr(acceptor, "MAX_CONNECTIONS", 10)
    monkeypatch.setattr(acceptor, "ACCEPTED_AT_ONCE", 2)

    async def scenario() -> None:
        async with crowding(PlainTextResponse("hello")) as crowd, httpx.AsyncClient() as client:
            for number in range(400):
                crowd.join()
                if number % 100 == 99:
                    answer = await client.get(crowd.server.url, headers={"Connection": "close"})
                    assert answer.text == "hello"
                    assert crowd.held() <= 12

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_handshakes_make_room_as_well(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over https, a connection counts before it has said anything."""
    monkeypatch.setattr(acceptor, "MAX_CONNECTIONS", 5)
    monkeypatch.setattr(acceptor, "ACCEPTED_AT_ONCE", 2)
    authority = Authority(tmp_path)
    authority.issue(tmp_path / "c", tmp_path / "k")
    certificate = ServerCertificate(tmp_path / "c", tmp_path / "k")

    async def scenario() -> None:
        async with crowding(PlainTextResponse("hello"), certificate) as crowd:
            first = crowd.join()
            await crowd.until(lambda: crowd.held() == 1)
            async with httpx.AsyncClient(verify=authority.trusting) as client:
                for _ in range(100):
                    crowd.join(b"\x16\x03\x01")
                assert (await client.get(crowd.server.url)).text == "hello"
            assert await crowd.ended(first)
            assert crowd.held() <= 7
            writers: list[asyncio.StreamWriter] = []
            for goodbye in range(20):  # whoever says goodbye in TLS and never hears ours holds a place no longer
                _, writer = await asyncio.open_connection(
                    "127.0.0.1", int(crowd.server.address.rpartition(":")[2]), ssl=authority.trusting
                )
                cast("asyncio.Transport", writer.transport).pause_reading()  # uvloop's is one in deed only
                writer.write(b"no request\r\n\r\n")
                assert crowd.held() <= 7, goodbye
                writers.append(writer)
            for writer in writers:
                writer.transport.abort()

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_who_takes_no_answer_makes_room_for_one_who_does(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is stuck for longest goes, once it is stuck for long enough; until then the newcomer gets 503."""
    monkeypatch.setattr(connection, "MAX_ANSWERS", 2)
    monkeypatch.setattr(connection, "STALL_SECONDS", 1.0)

    async def scenario() -> None:
        async with crowding(Response(LARGE)) as crowd, httpx.AsyncClient(timeout=30) as client:
            stuck = [crowd.join(REQUEST), crowd.join(REQUEST)]
            await crowd.until(lambda: len(under_way(crowd)) == 2)
            refused = await client.get(crowd.server.url)
            assert refused.status_code == 503
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.headers["retry-after"] == "10"
            await crowd.until(lambda: all(one.stalled_for() > 1.0 for one in under_way(crowd)))
            assert len((await client.get(crowd.server.url)).content) == len(LARGE)
            assert len(under_way(crowd)) == 1
            assert await crowd.ended(stuck[0])

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_who_waits_for_an_answer_is_neither_idle_nor_stuck(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that takes us long is not its client's fault."""
    monkeypatch.setattr(acceptor, "MAX_CONNECTIONS", 3)
    monkeypatch.setattr(connection, "STALL_SECONDS", 0.0)

    async def scenario() -> None:
        release = asyncio.Event()

        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            await release.wait()
            await PlainTextResponse("finished")(scope, receive, send)

        async with crowding(late) as crowd, httpx.AsyncClient() as client:
            asked = asyncio.create_task(client.get(crowd.server.url))
            await crowd.until(lambda: len(under_way(crowd)) == 1)
            for _ in range(20):
                crowd.join()
            await crowd.until(lambda: crowd.held() == 3)
            release.set()
            assert (await asked).text == "finished"

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_one_who_reads_slowly_disturbs_nobody(run: Run) -> None:
    """The others get whole answers at once."""

    async def scenario() -> None:
        async with crowding(Response(LARGE)) as crowd, httpx.AsyncClient(timeout=30) as client:
            slow = crowd.join(REQUEST)
            for _ in range(5):
                assert await asyncio.to_thread(slow.recv, 1)
                assert len((await client.get(crowd.server.url)).content) == len(LARGE)

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_the_time_for_an_answer_is_for_the_whole_of_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Piece by piece does not begin it anew."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.5)

    async def scenario() -> None:
        async with crowding(Response(LARGE)) as crowd:
            slow = crowd.join(REQUEST)
            taken = 0
            async with asyncio.timeout(20):
                with suppress(ConnectionError):
                    while piece := await asyncio.to_thread(slow.recv, 400_000):
                        taken += len(piece)
                        await asyncio.sleep(0.05)
            assert taken < len(LARGE)

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_without_descriptors_who_idles_gives_one_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system refuses to accept; the next attempt succeeds, and nothing is lost."""
    refusals: list[int] = []

    class Refusing(socket.socket):
        """A listening socket of a system that ran out of descriptors."""

        def accept(self) -> tuple[socket.socket, Any]:
            if refusals:
                raise OSError(refusals.pop(), "no more")
            return super().accept()

    async def scenario() -> None:
        async with crowding(PlainTextResponse("hello")) as crowd, httpx.AsyncClient() as client:
            idle = crowd.join()
            await crowd.until(lambda: crowd.held() == 1)
            refusals.extend([errno.EMFILE, errno.ENFILE])
            assert (await client.get(crowd.server.url)).text == "hello"
            assert not refusals
            assert await crowd.ended(idle)

    with monkeypatch.context() as patch:
        patch.setattr("exporter.web.server.socket.socket", Refusing)
        run(scenario())


def under_way(crowd: Crowd) -> list[connection.Connection]:
    """The connections whose answers are not taken."""
    assert crowd.server._uvicorn is not None
    connections = crowd.server._uvicorn.server_state.connections
    return [one for one in connections if isinstance(one, connection.Connection) and one.under_way()]


def test_the_bounds_fit_each_other() -> None:
    """Answers never fill the places, so there is always somebody idle who can make room."""
    assert connection.MAX_ANSWERS < acceptor.MAX_CONNECTIONS
