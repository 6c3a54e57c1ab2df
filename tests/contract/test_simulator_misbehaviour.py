"""How the simulated platform misbehaves, seen by a bare socket; and that nothing is left when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
import uvloop

from exporter.simulator.answers import HUGE_HEADER_BYTES, LARGE_BODY_BYTES, Answer, Misbehaviour, Slow
from exporter.simulator.endpoints import Kind
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import World

REQUEST = (
    b"GET /api/admin/integrations/xero/org-0001/status HTTP/1.1\r\n"
    b"Host: platform\r\nAuthorization: Bearer admin-token\r\n\r\n"
)
OTHER = REQUEST.replace(b"org-0001", b"org-0002")

Run = Callable[[Coroutine[Any, Any, None]], None]


def _asyncio(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main, debug=False)


def _uvloop(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


@pytest.fixture(params=[_asyncio, _uvloop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Each test here holds in both loops: their transports close and reset by different code."""
    chosen: Run = request.param
    return chosen


def platform() -> Simulator:
    """Two healthy organisations."""
    return Simulator(World(uniform_fleet(2), admin_token="admin-token"))


async def connect(simulator: Simulator) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the simulator."""
    host, _, port = simulator.url.removeprefix("http://").rpartition(":")
    return await asyncio.open_connection(host, int(port), limit=2**20)


async def dialogue(simulator: Simulator, request: bytes = REQUEST) -> bytes:
    """All that comes back until the simulator closes.

    Raises:
        ConnectionResetError: it resets.
    """
    reader, writer = await connect(simulator)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        await end(writer)


async def end(writer: asyncio.StreamWriter) -> None:
    """Closes this side."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def one_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of one well-formed answer."""
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        return head, await reader.readexactly(int(length.partition(b":")[2]))


async def until(condition: Callable[[], bool]) -> None:
    """Waits until `condition` holds; fails after 10 s."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for belongs to the simulator and sets no event
            await asyncio.sleep(0.005)


def test_a_hanging_organization_never_answers_and_others_do(run: Run) -> None:
    """The request is accepted and counted; the connection stays open and silent."""

    async def main() -> None:
        async with platform() as simulator:
            simulator.world.override("org-0001", Misbehaviour.HANG)
            reader, writer = await connect(simulator)
            writer.write(REQUEST)
            await until(lambda: simulator.requests["org-0001", Kind.STATUS] == 1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.1)
            other_reader, other_writer = await connect(simulator)
            other_writer.write(OTHER)
            head, _ = await one_answer(other_reader)
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert simulator.connections_open == 2
            await end(writer)
            await end(other_writer)
            await until(lambda: simulator.connections_open == 0)

    run(main())


def test_a_dripping_organization_sends_bytes_without_end(run: Run) -> None:
    """Each one late, none the last."""

    async def main() -> None:
        async with platform() as simulator:
            simulator.world.override("org-0001", Misbehaviour.DRIP)
            reader, writer = await connect(simulator)
            writer.write(REQUEST)
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 OK\r\nDate: ")
                began = asyncio.get_running_loop().time()
                assert await reader.readexactly(4) == b"    "
            assert asyncio.get_running_loop().time() - began > 0.2
            assert not reader.at_eof()
            await end(writer)
            await until(lambda: simulator.connections_open == 0)

    run(main())


@pytest.mark.parametrize("misbehaviour", [Misbehaviour.RESET, Misbehaviour.RESET_AFTER_REQUEST])
def test_a_reset_for_one_organization_breaks_only_its_connections(run: Run, misbehaviour: Misbehaviour) -> None:
    """The peer sees ECONNRESET, not an end in good order."""

    async def main() -> None:
        async with platform() as simulator:
            simulator.world.override("org-0001", misbehaviour)
            with pytest.raises(ConnectionResetError):
                await dialogue(simulator)
            reader, writer = await connect(simulator)
            writer.write(OTHER)
            assert (await one_answer(reader))[0].startswith(b"HTTP/1.1 200 OK")
            await end(writer)

    run(main())


def test_a_reset_for_everybody_needs_no_request(run: Run) -> None:
    """The connection is made and broken; one that stood already breaks at its next request."""

    async def main() -> None:
        async with platform() as simulator:
            standing_reader, standing_writer = await connect(simulator)
            standing_writer.write(REQUEST)
            await one_answer(standing_reader)
            simulator.world.override_all(Misbehaviour.RESET)
            reader, writer = await connect(simulator)
            with pytest.raises(ConnectionResetError):
                async with asyncio.timeout(10):
                    await reader.read()
            standing_writer.write(REQUEST)
            with pytest.raises(ConnectionResetError):
                async with asyncio.timeout(10):
                    await standing_reader.read()
            assert sum(simulator.requests.values()) == 1
            await end(writer)
            await end(standing_writer)

    run(main())


@pytest.mark.parametrize(
    ("misbehaviour", "begins", "ends"),
    [
        (Misbehaviour.CLOSE, b"", b""),
        (Misbehaviour.GARBAGE, b"\x16\x03\x01", b"\r\n\r\n"),
        (
            Misbehaviour.BAD_CHUNK,
            b"HTTP/1.1 200 OK\r\nDate: ",
            b"Transfer-Encoding: chunked\r\n\r\nno number\r\n{}\r\n",
        ),
        (Misbehaviour.TRUNCATED, b"HTTP/1.1 200 OK\r\nDate: ", b'Content-Length: 1000\r\n\r\n{"connected": true, '),
    ],
)
def test_broken_http_goes_out_byte_for_byte_and_then_the_connection_closes(
    run: Run, misbehaviour: Misbehaviour, begins: bytes, ends: bytes
) -> None:
    """Closed in good order: what was sent arrives."""

    async def main() -> None:
        async with platform() as simulator:
            simulator.world.override("org-0001", misbehaviour)
            answer = await dialogue(simulator)
            assert answer.startswith(begins)
            assert answer.endswith(ends)
            assert bool(answer) == bool(begins)

    run(main())


def test_a_huge_header_a_huge_body_and_a_redirect_are_good_http(run: Run) -> None:
    """One after the other on one connection, and then a good answer."""

    async def main() -> None:
        async with platform() as simulator:
            reader, writer = await connect(simulator)

            async def ask(misbehaviour: Misbehaviour) -> tuple[bytes, bytes]:
                simulator.world.override("org-0001", misbehaviour)
                writer.write(REQUEST)
                return await one_answer(reader)

            head, _ = await ask(Misbehaviour.HUGE_HEADER)
            assert len(head) > HUGE_HEADER_BYTES
            head, body = await ask(Misbehaviour.TEN_MEGABYTES)
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert len(body) == LARGE_BODY_BYTES
            assert body[:1] + body[-1:] == b"{}"
            head, _ = await ask(Misbehaviour.REDIRECT)
            assert head.startswith(b"HTTP/1.1 302 Found")
            assert b"Location: /login\r\n" in head
            simulator.world.clear()
            writer.write(REQUEST)
            _, body = await one_answer(reader)
            assert body.startswith(b'{"connected": true')
            await end(writer)

    run(main())


def test_a_client_that_leaves_takes_its_answer_with_it(run: Run) -> None:
    """No connection and no task stays behind for what hangs, drips, or is late or large."""

    async def main() -> None:
        async with platform() as simulator:
            for override in (Misbehaviour.HANG, Misbehaviour.DRIP, Slow(3600), Misbehaviour.TEN_MEGABYTES):
                simulator.world.override("org-0001", override)
                asked = sum(simulator.requests.values())
                _, writer = await connect(simulator)
                writer.write(REQUEST)
                await until(lambda asked=asked: sum(simulator.requests.values()) > asked)  # type: ignore[misc]  # default
                await end(writer)
                await until(lambda: simulator.connections_open == 0)
            await until(lambda: len(asyncio.all_tasks()) == 1)

    run(main())


def test_the_end_cuts_every_connection_and_leaves_no_task(run: Run) -> None:
    """Hanging, dripping, late, half-asked, idle and half-read ones, at once."""

    async def main() -> None:
        simulator = platform()
        async with simulator:
            writers = []
            for override in (Misbehaviour.HANG, Misbehaviour.DRIP, Slow(3600), Answer(200), Misbehaviour.TEN_MEGABYTES):
                simulator.world.override("org-0001", override)
                asked = sum(simulator.requests.values())
                _, writer = await connect(simulator)
                writer.write(REQUEST)
                await until(lambda asked=asked: sum(simulator.requests.values()) > asked)  # type: ignore[misc]  # default
                writers.append(writer)
            _, half = await connect(simulator)
            half.write(REQUEST[:30])
            _, idle = await connect(simulator)
            await until(lambda: simulator.connections_open == 7)
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 5
        assert simulator.connections_open == 0
        assert len(asyncio.all_tasks()) == 1
        for writer in (*writers, half, idle):
            await end(writer)
        with pytest.raises(ConnectionRefusedError):
            await connect(simulator)

    run(main())


def test_an_end_amid_a_rush_of_connections_leaves_nothing(run: Run) -> None:
    """Connections that were accepted in the very last moment are cut as well."""

    async def main() -> None:
        simulator = platform()
        simulator.world.override_all(Slow(3600))

        async def rush() -> None:
            with suppress(ConnectionError):
                await dialogue(simulator)

        async with simulator:
            clients = [asyncio.create_task(rush()) for _ in range(50)]
            await until(lambda: simulator.connections_open > 0)
        await asyncio.gather(*clients)
        await until(lambda: simulator.connections_open == 0)
        assert len(asyncio.all_tasks()) == 1

    run(main())
