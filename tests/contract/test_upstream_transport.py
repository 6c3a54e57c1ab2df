"""Reads over real sockets, by both transports: every way in which the other side can fail, and what must never leak."""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import httpx
import pytest
import uvloop

from exporter import __version__
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream.occasional import OccasionalTransport
from exporter.upstream.transport import MAX_BODY, Answer, ReadTransport
from tests.contract.raw_server import (
    Behaviour,
    Exchange,
    answer,
    drip,
    head,
    say,
    say_and_hang,
    say_and_reset,
    serving,
    until,
)

LONG = 20.0  # seconds; a deadline that no test is meant to reach
SHORT = 0.25  # seconds; a deadline that tests are meant to reach
CONNECTING = 1.0  # the same, where connecting has to run out of its share of it first, on a busy machine too
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Runner = Callable[[Coroutine[Any, Any, None]], None]
RUNNERS: dict[str, Runner] = {"asyncio": asyncio.run, "uvloop": uvloop.run}


Reads = ReadTransport | OccasionalTransport


class Transports(Protocol):
    """Makes a transport for the length of a block."""

    def __call__(self, deadline: float = LONG, at_once: int = 10) -> AbstractAsyncContextManager[Reads]:
        """With that deadline, and so many reads at once."""
        ...


@pytest.fixture(params=[ReadTransport, OccasionalTransport])
def transport(request: pytest.FixtureRequest) -> Transports:
    """Both transports promise the same."""

    @asynccontextmanager
    async def made(deadline: float = LONG, at_once: int = 10) -> AsyncIterator[Reads]:
        built: Reads = request.param(timeout=deadline, max_concurrency=at_once, max_requests_per_second=1e6)
        try:
            yield built
        finally:
            await built.aclose()

    return made


async def get(reads: Reads, url: httpx.URL) -> Answer | UpstreamFailure:
    """One read under a permit."""
    async with reads.permit(suspect=False):
        return await reads.get(url, {})


def connections_in_use(reads: Reads) -> int:
    """How many connections somebody is thought to hold: what a leak would raise."""
    if isinstance(reads, ReadTransport):
        return reads._pool.in_use
    client = reads._http.client
    if not isinstance(client, aiohttp.ClientSession):
        return 0  # it is made by the first read
    assert client.connector is not None
    return len(client.connector._acquired)


async def pour(exchange: Exchange) -> None:
    """A body without end, as fast as it is taken."""
    await exchange.send(head("200 OK", length=None))
    while True:
        await exchange.send(b" " * 65_536)


@dataclass(frozen=True)
class Row:
    """A way to fail, and what it is to be called.

    Attributes:
        by_aiohttp: whether it was sent, where aiohttp cannot tell as exactly as we can; None: as in `sent`.
    """

    name: str
    behaviour: Behaviour
    failure: Failure
    sent: Sent
    status: int | None = None
    retry_after: float | None = None
    deadline: float = LONG
    early: bool = False
    tls: bool = False
    by_aiohttp: Sent | None = None


def told(status: str, failure: Failure, *lines: str, retry_after: float | None = None) -> Row:
    """A whole answer with a status that is a failure."""
    number = int(status.split(maxsplit=1)[0])
    name = " ".join((status, *lines))
    return Row(name, answer(status, *lines), failure, Sent.YES, status=number, retry_after=retry_after)


TABLE = [
    # No answer.
    Row("reset before the request is read", say_and_reset(), Failure.NETWORK, Sent.MAYBE, early=True),
    Row("reset after the request", say_and_reset(), Failure.NETWORK, Sent.MAYBE),
    Row("closed before the request is read", say(), Failure.NETWORK, Sent.MAYBE, early=True),
    Row("closed without an answer", say(), Failure.NETWORK, Sent.MAYBE),
    Row("hang", say_and_hang(), Failure.TIMEOUT, Sent.MAYBE, deadline=SHORT),
    Row(
        "only 100 Continue", say_and_hang(b"HTTP/1.1 100 Continue\r\n\r\n"), Failure.TIMEOUT, Sent.MAYBE, deadline=SHORT
    ),
    Row("TLS to a plain port", say(head("400 Bad Request")), Failure.NETWORK, Sent.NO, tls=True, early=True),
    Row("TLS to a port that closes", say(), Failure.NETWORK, Sent.NO, tls=True, early=True),
    Row(
        "TLS to a port that hangs", say_and_hang(), Failure.TIMEOUT, Sent.NO, tls=True, early=True, deadline=CONNECTING
    ),
    # No whole answer.
    Row("half a head, closed", say(b"HTTP/1.1 200 OK\r\nCont"), Failure.NETWORK, Sent.MAYBE),
    Row("half a head, reset", say_and_reset(b"HTTP/1.1 200 OK\r\nCont"), Failure.NETWORK, Sent.MAYBE),
    Row("a dripping head", drip(b"HTTP/1.1 200 OK\r\nX:"), Failure.TIMEOUT, Sent.MAYBE, deadline=SHORT),
    Row("a dripping body", drip(head("200 OK", length=10_000)), Failure.TIMEOUT, Sent.MAYBE, deadline=SHORT),
    Row(
        "half a body, hang", say_and_hang(head("200 OK", length=9) + b"{"), Failure.TIMEOUT, Sent.MAYBE, deadline=SHORT
    ),
    Row("half a body, closed", say(head("200 OK", length=9) + b"{"), Failure.NETWORK, Sent.YES),
    Row("half a body, reset", say_and_reset(head("200 OK", length=9) + b"{"), Failure.NETWORK, Sent.YES),
    Row("half a chunk, closed", say(CHUNKED + b"5\r\n{"), Failure.NETWORK, Sent.YES),
    Row("no last chunk, closed", say(CHUNKED + b"1\r\n{\r\n"), Failure.NETWORK, Sent.YES),
    # No HTTP.
    Row("garbage status line", say(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n"), Failure.INVALID_RESPONSE, Sent.MAYBE),
    Row("20 kB header", answer("200 OK", "X: " + "x" * 20_000), Failure.INVALID_RESPONSE, Sent.MAYBE),
    Row("1,000 headers", answer("200 OK", *["X: x"] * 1_000), Failure.INVALID_RESPONSE, Sent.MAYBE),
    Row("garbage content length", answer("200 OK", "Content-Length: ten"), Failure.INVALID_RESPONSE, Sent.MAYBE),
    # aiohttp says the same of a broken head and of a body that is broken where it begins.
    Row(
        "bad chunk",
        say_and_hang(CHUNKED + b"zz\r\n{}\r\n"),
        Failure.INVALID_RESPONSE,
        Sent.YES,
        by_aiohttp=Sent.MAYBE,
    ),
    # Not what was asked for.
    Row("10 MB", answer("200 OK", body=b" " * 10_000_000), Failure.INVALID_RESPONSE, Sent.YES, status=200),
    Row(
        "1 byte too many", answer("200 OK", body=b" " * (MAX_BODY + 1)), Failure.INVALID_RESPONSE, Sent.YES, status=200
    ),
    Row("a body without end", pour, Failure.INVALID_RESPONSE, Sent.YES, status=200),
    Row("gzip", answer("200 OK", "Content-Encoding: gzip"), Failure.INVALID_RESPONSE, Sent.YES, status=200),
    told("201 Created", Failure.UNEXPECTED_STATUS),
    Row("204", say(head("204 No Content", length=None)), Failure.UNEXPECTED_STATUS, Sent.YES, status=204),
    Row(
        "101", say_and_hang(head("101 Go", "Upgrade: x", length=None)), Failure.UNEXPECTED_STATUS, Sent.YES, status=101
    ),
    told("301 Moved", Failure.UNEXPECTED_STATUS, "Location: /elsewhere"),
    told("302 Found", Failure.UNEXPECTED_STATUS, "Location: /login"),
    told("308 Moved", Failure.UNEXPECTED_STATUS, "Location: http://127.0.0.1:1/"),
    told("400 Bad Request", Failure.UNEXPECTED_STATUS),
    told("401 Unauthorized", Failure.AUTH, "WWW-Authenticate: Bearer"),
    told("403 Forbidden", Failure.AUTH),
    told("404 Not Found", Failure.NOT_FOUND),
    told("410 Gone", Failure.NOT_FOUND),
    told("418 I'm a teapot", Failure.UNEXPECTED_STATUS, "Retry-After: 7"),
    told("429 Too Many Requests", Failure.RATE_LIMITED),
    told("429 Too Many Requests", Failure.RATE_LIMITED, "Retry-After: 7", retry_after=7.0),
    told("429 Too Many Requests", Failure.RATE_LIMITED, "retry-after: soon"),
    told("500 Internal Server Error", Failure.SERVER_ERROR, "Retry-After: 7"),
    told("503 Service Unavailable", Failure.SERVER_ERROR),
    told("503 Service Unavailable", Failure.SERVER_ERROR, "Retry-After: 7", retry_after=7.0),
    Row("500, hanging body", say_and_hang(head("500 No", length=9)), Failure.SERVER_ERROR, Sent.YES, status=500),
    Row("500, body cut off", say(head("500 No", length=9)), Failure.SERVER_ERROR, Sent.YES, status=500),
    Row("500, huge body", answer("500 No", body=b" " * 10_000_000), Failure.SERVER_ERROR, Sent.YES, status=500),
]


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_way_to_fail_has_its_class_and_says_whether_it_was_sent(
    row: Row, runner: Runner, transport: Transports
) -> None:
    """On both event loops each row gives its failure, asks at most twice, and holds on to no connection."""
    runner(fails_as_told(row, transport))


async def fails_as_told(row: Row, transport: Transports) -> None:
    """Reads once from a server that behaves as the row says."""
    async with serving(row.behaviour, early=row.early) as server, transport(row.deadline) as reads:
        outcome = await get(reads, server.url.copy_with(scheme="https") if row.tls else server.url)
        assert isinstance(outcome, UpstreamFailure)
        through_aiohttp = isinstance(reads, OccasionalTransport)
        sent = row.by_aiohttp if through_aiohttp and row.by_aiohttp is not None else row.sent
        assert (outcome.failure, outcome.sent) == (row.failure, sent)
        assert (outcome.http_status, outcome.retry_after) == (row.status, row.retry_after)
        assert outcome.detail
        assert connections_in_use(reads) == 0
        assert server.connections <= 2


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
def test_a_port_that_nobody_listens_on_was_sent_nothing(runner: Runner, transport: Transports) -> None:
    """Refused is a matter of the network."""

    async def refused() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        async with transport() as reads:
            outcome = await get(reads, httpx.URL(f"http://127.0.0.1:{port}/"))
        assert outcome == UpstreamFailure(Failure.NETWORK, Sent.NO, detail="no connection could be made")

    runner(refused())


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
@pytest.mark.parametrize("host", ["name.invalid", "no..such..name", "a" * 64 + ".invalid"])
def test_a_name_that_does_not_exist_is_a_matter_of_the_network(
    host: str, runner: Runner, transport: Transports
) -> None:
    """So is one that cannot exist."""

    async def not_found() -> None:
        async with transport() as reads:
            outcome = await get(reads, httpx.URL(f"http://{host}/"))
        assert isinstance(outcome, UpstreamFailure)
        assert outcome.failure is Failure.NETWORK
        assert "name" in outcome.detail
        if host == "name.invalid":
            assert outcome.sent is Sent.NO

    runner(not_found())


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
def test_a_port_that_never_accepts_was_sent_nothing(runner: Runner, transport: Transports) -> None:
    """Connecting that runs into the deadline is a timeout, and known not to have been sent."""

    async def never_accepted() -> None:
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(("127.0.0.1", 0))
            full.listen(0)  # room for one that nobody accepts: whoever comes next gets no answer to its SYN
            for waiting in (first, second):
                waiting.setblocking(False)
                waiting.connect_ex(full.getsockname())
            async with transport(CONNECTING) as reads:
                outcome = await get(reads, httpx.URL(f"http://127.0.0.1:{full.getsockname()[1]}/"))
        assert outcome == UpstreamFailure(Failure.TIMEOUT, Sent.NO, detail="connecting took too long")

    runner(never_accepted())


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
def test_a_bad_chunk_that_comes_late_ends_within_the_deadline(runner: Runner, transport: Transports) -> None:
    """The reader of a body is not told by aiohttp (3.14.5): there the deadline saves us, under its own name."""

    async def late() -> None:
        pieces = (CHUNKED + b"1\r\n{\r\n", b"zz\r\n{}\r\n")
        async with serving(say_and_hang(*pieces, pause=0.02)) as server, transport(CONNECTING) as reads:
            outcome = await get(reads, server.url)
            assert isinstance(outcome, UpstreamFailure)
            if isinstance(reads, ReadTransport):
                assert (outcome.failure, outcome.sent) == (Failure.INVALID_RESPONSE, Sent.YES)
            else:
                assert outcome.failure in (Failure.TIMEOUT, Failure.INVALID_RESPONSE)
            assert connections_in_use(reads) == 0

    runner(late())


@pytest.mark.parametrize("body", [b"", b"{}", b" " * MAX_BODY])
async def test_a_whole_answer_arrives_as_it_was_sent(body: bytes, transport: Transports) -> None:
    """Up to 1 MiB, byte for byte."""
    async with serving(answer("200 OK", body=body)) as server, transport() as reads:
        assert await get(reads, server.url) == Answer(body, None)


async def test_a_chunked_answer_arrives_whole(transport: Transports) -> None:
    """The pieces are put together, however they were cut."""
    pieces = (CHUNKED, b"1\r\n{\r", b"\n1\r\n}\r\n0\r\n\r\n")
    async with serving(lambda exchange: exchange.send(*pieces, pause=0.01)) as server, transport() as reads:
        assert await get(reads, server.url) == Answer(b"{}", None)


@pytest.mark.parametrize(
    ("line", "date"),
    [("Date: Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0), ("Date: yesterday", None), ("Date:", None)],
)
async def test_the_clock_of_the_other_side_comes_along(line: str, date: float | None, transport: Transports) -> None:
    """The Date header of an answer is read; garbage is as good as none."""
    async with serving(answer("200 OK", line)) as server, transport() as reads:
        assert await get(reads, server.url) == Answer(b"{}", date)


async def test_a_read_carries_its_own_headers_and_the_usual_ones_once(transport: Transports) -> None:
    """Nothing else is sent: no second Accept, no cookie, no referer."""
    async with serving(answer("200 OK")) as server, transport() as reads:
        await reads.get(server.url, {"Authorization": "Bearer made-up"})
        first, *lines = server.requests[0].decode().strip().split("\r\n")
    assert first == "GET /status HTTP/1.1"
    assert sorted(line.lower() for line in lines) == [
        "accept-encoding: identity",
        "accept: application/json",
        "authorization: bearer made-up",
        f"host: 127.0.0.1:{server.port}",
        f"user-agent: xero-exporter/{__version__}",
    ]


async def test_a_cookie_never_travels(transport: Transports) -> None:
    """What one organisation's answer sets is not sent with the next one's request."""
    async with serving(answer("200 OK", "Set-Cookie: session=one; Path=/")) as server, transport() as reads:
        for _ in range(3):
            assert isinstance(await get(reads, server.url), Answer)
    assert len(server.requests) == 3
    assert not any(b"cookie" in request.lower() for request in server.requests)


async def test_a_redirect_is_not_followed(transport: Transports) -> None:
    """The token goes to nobody but the configured address."""
    async with serving(answer("302 Found", "Location: /elsewhere")) as server, transport() as reads:
        await get(reads, server.url)
    assert [request.split()[1] for request in server.requests] == [b"/status"]


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, transport: Transports) -> None:
    """A proxy variable meant for somebody else sends our token nowhere."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with serving(answer("200 OK")) as server, transport() as reads:
        assert isinstance(await get(reads, server.url), Answer)


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "401 Unauthorized", "503 Service Unavailable"])
async def test_a_connection_is_used_again(status: str, transport: Transports) -> None:
    """After a success as after a failure that came whole: no handshake for each organisation."""
    async with serving(answer(status)) as server, transport() as reads:
        for _ in range(5):
            await get(reads, server.url)
    assert (len(server.requests), server.connections) == (5, 1)


async def test_a_connection_that_was_closed_while_idle_is_no_failure(transport: Transports) -> None:
    """The other side may close what it does not need; the next read opens another one."""

    async def answer_and_close(exchange: Exchange) -> None:
        await answer("200 OK")(exchange)
        exchange.writer.close()

    async with serving(answer_and_close) as server, transport() as reads:
        for _ in range(5):
            assert isinstance(await get(reads, server.url), Answer)
            await until(lambda: server.open == 0)
    assert server.connections == 5


@pytest.mark.parametrize("end", [say(), say_and_reset()], ids=["closed", "reset"])
@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
def test_a_connection_that_is_closed_while_we_send_is_no_failure(
    end: Behaviour, runner: Runner, transport: Transports
) -> None:
    """The race that every kept-alive connection loses now and then: the read goes out again, on a fresh one."""

    async def race() -> None:
        async def every_second_request_fails(exchange: Exchange) -> None:
            await (end if exchange.number % 2 == 0 else answer("200 OK"))(exchange)

        async with serving(every_second_request_fails) as server, transport() as reads:
            for _ in range(6):
                assert isinstance(await get(reads, server.url), Answer)
            assert connections_in_use(reads) == 0

    runner(race())


async def test_a_failure_with_a_hanging_body_does_not_spend_the_deadline(transport: Transports) -> None:
    """Its class is known from the head; the connection is not worth waiting for."""
    async with serving(say_and_hang(head("500 No", length=9))) as server, transport(LONG) as reads:
        async with asyncio.timeout(LONG / 2):
            outcome = await get(reads, server.url)
        assert isinstance(outcome, UpstreamFailure)
        await until(lambda: server.open == 0)


async def test_reads_never_exceed_the_permits(transport: Transports) -> None:
    """Of 40 reads with 4 permits, the server never sees more than 4 at once."""
    busy = Counter[str]()

    async def slow(exchange: Exchange) -> None:
        busy["now"] += 1
        busy["most"] = max(busy["most"], busy["now"])
        await asyncio.sleep(0.005)
        busy["now"] -= 1
        await answer("200 OK")(exchange)

    async with serving(slow) as server, transport(at_once=4) as reads:
        outcomes = await asyncio.gather(*(get(reads, server.url) for _ in range(40)))
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert (busy["most"], server.connections) == (4, 4)


async def test_hanging_suspects_delay_nobody(transport: Transports) -> None:
    """With as many hanging organisations as permits, the healthy ones are read long before the deadline."""

    async def by_path(exchange: Exchange) -> None:
        await (say_and_hang() if b"/hang" in exchange.request else answer("200 OK"))(exchange)

    async def ask_suspect(reads: Reads, url: httpx.URL) -> None:
        async with reads.permit(suspect=True):
            await reads.get(url, {})

    async with serving(by_path) as server, transport(LONG, at_once=10) as reads:
        url = server.url.copy_with(path="/hang")
        suspects = [asyncio.create_task(ask_suspect(reads, url)) for _ in range(30)]
        await until(lambda: len(server.requests) == 5)
        async with asyncio.timeout(LONG / 2):
            outcomes = await asyncio.gather(*(get(reads, server.url) for _ in range(30)))
        assert all(isinstance(outcome, Answer) for outcome in outcomes)
        assert sum(b"/hang" in request for request in server.requests) == 5
        for suspect in suspects:
            suspect.cancel()
        await asyncio.wait(suspects)


MIXED: dict[bytes, Behaviour] = {
    b"/ok": answer("200 OK"),
    b"/error": answer("500 No", body=b" " * 5_000),
    b"/hang": say_and_hang(),
    b"/half": say_and_hang(head("200 OK", length=9) + b"{"),
    b"/drip": drip(head("200 OK", length=10_000)),
    b"/reset": say_and_reset(),
    b"/cut": say(head("200 OK", length=9) + b"{"),
    b"/huge": pour,
    b"/garbage": say(b"garbage\r\n\r\n"),
}


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
def test_300_mixed_reads_with_cancellations_leave_nothing_behind(runner: Runner, transport: Transports) -> None:
    """However reads end - answered, failed, timed out, cancelled - no connection and no permit is lost."""
    runner(mixed_reads(transport))


async def mixed_reads(transport: Transports) -> None:
    """300 reads of every kind, a third of them cancelled at some point."""
    dice = random.Random(7)  # noqa: S311 - no secret, and the same every time

    async def by_path(exchange: Exchange) -> None:
        await MIXED[exchange.request.split()[1]](exchange)

    async def ask(reads: Reads, path: str, *, suspect: bool) -> Answer | UpstreamFailure:
        async with reads.permit(suspect=suspect):
            return await reads.get(server.url.copy_with(path=path), {})

    async with serving(by_path) as server, transport(0.1, at_once=30) as reads:
        ended: list[asyncio.Task[Answer | UpstreamFailure]] = []
        for number in range(300):
            path = dice.choice(list(MIXED)).decode()
            task = asyncio.create_task(ask(reads, path, suspect=path in ("/hang", "/drip")))
            ended.append(task)
            if number % 3 == 0:
                asyncio.get_running_loop().call_later(dice.uniform(0, 0.12), task.cancel)
        await asyncio.wait(ended)
        assert all(task.cancelled() or task.exception() is None for task in ended)
        assert 0 < sum(task.cancelled() for task in ended) < 300
        assert connections_in_use(reads) == 0
        permits = reads._permits
        assert (permits._slots._held, permits._suspect_slots._held, permits._turn.locked()) == (0, 0, False)
        assert isinstance(await ask(reads, "/ok", suspect=True), Answer)
        await reads.aclose()
        await until(lambda: server.open == 0)


async def test_a_transport_that_was_never_used_closes(transport: Transports) -> None:
    """Whoever fails before the first read can still clean up, and no connection was made."""
    async with serving(answer("200 OK")) as server, transport() as reads:
        await reads.aclose()
        assert (connections_in_use(reads), server.connections) == (0, 0)
