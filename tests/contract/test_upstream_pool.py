"""Kept connections over real sockets: what may be used again, what is asked again, and what is closed."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop

from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream.broken import NameNotFound
from exporter.upstream.connecting import Lookup, Origin, Target
from exporter.upstream.pool import Pool
from exporter.upstream.transport import Answer, ReadTransport, written
from tests.certificates import Authority
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

WHOLE = head("200 OK", length=2) + b"{}"
HEAD_ENDS = len(WHOLE) - 2
RUNNERS = [pytest.param(asyncio.run, id="asyncio"), pytest.param(uvloop.run, id="uvloop")]
Run = Callable[[Coroutine[Any, Any, None]], None]


@asynccontextmanager
async def transport(
    deadline: float = 20.0, at_once: int = 10, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ReadTransport]:
    """A transport for the length of a block."""
    built = ReadTransport(timeout=deadline, max_concurrency=at_once, max_requests_per_second=1e6, tls=tls)
    try:
        yield built
    finally:
        await built.aclose()


def target(url: httpx.URL) -> tuple[Origin, bytes]:
    """Where to ask, and what."""
    made = Target.of(url)
    return made.origin, made.line + b"\r\n"


def later(seconds: float) -> float:
    """A second of the loop's clock."""
    return asyncio.get_running_loop().time() + seconds


@pytest.mark.parametrize("run", RUNNERS)
@pytest.mark.parametrize("end", [say, say_and_reset], ids=["closed", "reset"])
def test_an_answer_that_ends_anywhere_has_its_class(run: Run, end: Callable[[bytes], Behaviour]) -> None:
    """After each byte: before the head is whole it may have been received, after that it was; never a success."""

    async def everywhere() -> None:
        async with transport(at_once=100) as reads:

            async def ended_after(size: int) -> None:
                async with serving(end(WHOLE[:size])) as server:
                    outcome = await reads.get(server.url, {})
                    sent = Sent.MAYBE if size < HEAD_ENDS else Sent.YES
                    assert isinstance(outcome, UpstreamFailure), size
                    assert (size, outcome.failure, outcome.sent) == (size, Failure.NETWORK, sent)
                    assert server.connections == 1, "a fresh connection that ends is not asked again"

            await asyncio.gather(*map(ended_after, range(len(WHOLE))))
            assert reads._pool.in_use == 0

    run(everywhere())


@pytest.mark.parametrize("run", RUNNERS)
def test_an_answer_that_comes_byte_by_byte_arrives_whole(run: Run) -> None:
    """Each byte a read of its own."""

    async def slowly() -> None:
        pieces = [bytes([byte]) for byte in WHOLE]
        async with serving(lambda exchange: exchange.send(*pieces, pause=0.001)) as server, transport() as reads:
            assert await reads.get(server.url, {}) == Answer(b"{}", None)
            assert await reads.get(server.url, {}) == Answer(b"{}", None)
            assert server.connections == 1

    run(slowly())


@pytest.mark.parametrize("surplus", [WHOLE, b"x", b"HTTP/1.1 100 Continue\r\n\r\n"])
@pytest.mark.parametrize("pause", [0.0, 0.02])
async def test_what_nobody_asked_for_ends_the_connection(surplus: bytes, pause: float) -> None:
    """With the answer, or while the connection is idle: it must not be taken for somebody else's status."""

    async def too_much(exchange: Exchange) -> None:
        if pause:
            await exchange.send(WHOLE, surplus, pause=pause)
        else:
            await exchange.send(WHOLE + surplus)

    async with serving(too_much) as server, transport() as reads:
        for connections in range(1, 4):
            assert await reads.get(server.url, {}) == Answer(b"{}", None)
            await until(lambda: server.open == 0)
            assert server.connections == connections


@pytest.mark.parametrize("run", RUNNERS)
def test_a_connection_that_is_half_closed_is_not_used_again(run: Run) -> None:
    """The other side ends its half without having said so; ours is ended too."""

    async def half() -> None:
        async def answer_and_end(exchange: Exchange) -> None:
            await exchange.send(WHOLE)
            exchange.writer.write_eof()
            await exchange.hang()

        async with serving(answer_and_end) as server, transport() as reads:
            for connections in range(1, 4):
                assert await reads.get(server.url, {}) == Answer(b"{}", None)
                await until(lambda: server.open == 0)
                assert server.connections == connections

    run(half())


def after_the_first(behaviour: Behaviour) -> Behaviour:
    """A whole answer to the first request, and something else to all that follow."""

    async def by_number(exchange: Exchange) -> None:
        await (answer("200 OK") if exchange.number == 1 else behaviour)(exchange)

    return by_number


@pytest.mark.parametrize(
    ("behaviour", "requests", "sent"),
    [
        (say(), 3, Sent.MAYBE),
        (say_and_reset(), 3, Sent.MAYBE),
        (say(b"H"), 2, Sent.MAYBE),
        (say(WHOLE[:-1]), 2, Sent.YES),
    ],
)
async def test_a_kept_connection_that_ends_is_asked_again_once_and_only_if_nothing_came(
    behaviour: Behaviour, requests: int, sent: Sent
) -> None:
    """Twice for one read at most, and never where an answer had begun."""
    async with serving(after_the_first(behaviour)) as server, transport() as reads:
        assert isinstance(await reads.get(server.url, {}), Answer)
        outcome = await reads.get(server.url, {})
        assert isinstance(outcome, UpstreamFailure)
        assert (outcome.failure, outcome.sent, len(server.requests)) == (Failure.NETWORK, sent, requests)


async def test_what_was_sent_on_a_kept_connection_may_have_been_received_though_no_other_can_be_made() -> None:
    """The platform goes away with the request: that the second connection is refused says nothing of the first."""
    listener: asyncio.Server | None = None

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert listener is not None
        await reader.readuntil(b"\r\n\r\n")
        writer.write(WHOLE)
        await reader.readuntil(b"\r\n\r\n")
        listener.close()
        writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    url = httpx.URL(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/")
    async with transport() as reads:
        assert isinstance(await reads.get(url, {}), Answer)
        outcome = await reads.get(url, {})
        assert isinstance(outcome, UpstreamFailure)
        assert (outcome.failure, outcome.sent) == (Failure.NETWORK, Sent.MAYBE)
        third = await reads.get(url, {})
        assert isinstance(third, UpstreamFailure)
        assert third.sent is Sent.NO


@pytest.mark.parametrize("run", RUNNERS)
def test_a_connection_that_is_not_used_is_closed_and_the_others_stay(run: Run) -> None:
    """By age since it was put back, also when many were needed once."""

    async def aging() -> None:
        pool = Pool(ssl.create_default_context(), connecting=10, keep_alive=0.3)

        async def slow(exchange: Exchange) -> None:
            await asyncio.sleep(0.05)
            await answer("200 OK")(exchange)

        async with serving(slow) as server:
            origin, request = target(server.url)

            async def ask() -> None:
                connection, _ = await pool.ask(origin, request, limit=100, until=later(10))
                pool.put_back(connection)

            await asyncio.gather(*(ask() for _ in range(5)))
            assert (server.connections, server.open) == (5, 5)
            for _ in range(10):
                await ask()
            await until(lambda: server.open == 1)
            assert server.connections == 5
            await until(lambda: server.open == 0)
            await ask()
            assert server.connections == 6
            await pool.aclose()

    run(aging())


async def test_an_origin_gets_no_connection_of_another() -> None:
    """Two servers at the same time, each asked on its own."""
    async with (
        serving(answer("200 OK", body=b"1")) as one,
        serving(answer("200 OK", body=b"2")) as other,
        transport() as reads,
    ):
        for _ in range(3):
            assert await reads.get(one.url, {}) == Answer(b"1", None)
            assert await reads.get(other.url, {}) == Answer(b"2", None)
        assert (one.connections, other.connections) == (1, 1)


@pytest.mark.parametrize("run", RUNNERS)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("at", ["connecting", "head", "body", "failure"])
def test_a_cancelled_read_closes_its_connection(run: Run, at: str, tmp_path: Path, *, tls: bool) -> None:
    """Wherever it was: what still comes would be the answer to the next request."""
    behaviours = {
        "connecting": say_and_hang(),
        "head": say_and_hang(),
        "body": say_and_hang(WHOLE[:-1]),
        "failure": say_and_hang(head("500 No", length=9)),
    }

    async def cancelled() -> None:
        ours = Authority(tmp_path)
        theirs = platform_tls(ours, tmp_path) if tls else None
        async with serving(behaviours[at], tls=theirs) as server, transport(tls=ours.trusting) as reads:
            for _ in range(5):
                task = asyncio.create_task(reads.get(server.url, {}))
                if at == "connecting":
                    await asyncio.sleep(0)
                else:
                    requests = len(server.requests)
                    await until(lambda: len(server.requests) > requests)  # noqa: B023 - waited for here
                    await asyncio.sleep(0.01)
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
                assert reads._pool.in_use == 0
            await until(lambda: server.open == 0)

    run(cancelled())


def platform_tls(authority: Authority, folder: Path) -> ssl.SSLContext:
    """What a server with a certificate of that authority speaks TLS with."""
    authority.issue(folder / "platform.crt", folder / "platform.key")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "platform.crt", folder / "platform.key")
    return context


MIXED: dict[bytes, Behaviour] = {
    b"/ok": answer("200 OK"),
    b"/error": answer("500 No", body=b" " * 5_000),
    b"/hang": say_and_hang(),
    b"/half": say_and_hang(WHOLE[:-1]),
    b"/drip": drip(head("200 OK", length=10_000)),
    b"/cut": say(WHOLE[:-1]),
    b"/surplus": lambda exchange: exchange.send(WHOLE + WHOLE),
    b"/garbage": say(b"garbage\r\n\r\n"),
}


@pytest.mark.parametrize("run", RUNNERS)
def test_200_mixed_reads_over_https_with_cancellations_leave_nothing_behind(run: Run, tmp_path: Path) -> None:
    """However they end, and whenever the trust is replaced: no connection is lost, and no answer meets another's."""
    dice = random.Random(11)  # noqa: S311 - no secret, and the same every time

    async def by_path(exchange: Exchange) -> None:
        await MIXED[exchange.request.split()[1]](exchange)

    async def mixed() -> None:
        authority = Authority(tmp_path)
        tls = platform_tls(authority, tmp_path)
        async with serving(by_path, tls=tls) as server, transport(0.5, 30, authority.trusting) as reads:

            async def ask(path: str) -> Answer | UpstreamFailure:
                async with reads.permit(suspect=False):
                    return await reads.get(server.url.copy_with(path=path), {})

            tasks = []
            for number in range(200):
                task = asyncio.create_task(ask(dice.choice(list(MIXED)).decode()))
                tasks.append(task)
                if number % 3 == 0:
                    asyncio.get_running_loop().call_later(dice.uniform(0, 0.5), task.cancel)
                if number % 50 == 0:
                    asyncio.get_running_loop().call_later(dice.uniform(0, 0.5), reads.trust, authority.trusting)
            await asyncio.wait(tasks)
            assert all(task.cancelled() or task.exception() is None for task in tasks)
            assert reads._pool.in_use == 0
            assert isinstance(await ask("/ok"), Answer)
            await reads.aclose()
            await until(lambda: server.open == 0)

    run(mixed())


async def test_an_ipv6_address_is_asked_and_named_in_brackets() -> None:
    """In the URL, and in the Host header."""
    requests: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(WHOLE)
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(connected, "::1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with transport() as reads:
        assert isinstance(await reads.get(httpx.URL(f"http://[::1]:{port}/x"), {}), Answer)
    assert f"Host: [::1]:{port}\r\n".encode() in requests[0]
    listener.close()


async def test_an_address_that_does_not_answer_delays_the_next_one_by_a_quarter_of_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Happy eyeballs (RFC 8305): a name with one dead address is no outage."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # room for one that nobody accepts: whoever comes next gets no answer to its SYN
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        async with serving(answer("200 OK")) as server, transport() as reads:
            addresses = [full.getsockname(), ("127.0.0.1", server.port)]

            async def both(*_: object, **__: object) -> list[tuple[Any, ...]]:
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", both)
            async with asyncio.timeout(10):
                assert isinstance(await reads.get(httpx.URL("http://two.example/"), {}), Answer)


async def test_those_who_ask_for_the_same_name_at_once_share_one_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    """One who gives up takes nothing from the others, and a failure is told to each."""
    asked: list[str] = []
    go = asyncio.Event()
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lambda host, *_, **__: looked_up(host))

    found_address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))

    async def looked_up(host: str) -> list[tuple[Any, ...]]:
        asked.append(host)
        await go.wait()
        if host == "gone.example":
            raise socket.gaierror(-2, "")
        return [found_address]

    lookup = Lookup()
    found = [asyncio.create_task(lookup.addresses("here.example", 80)) for _ in range(5)]
    missed = [asyncio.create_task(lookup.addresses("gone.example", 80)) for _ in range(5)]
    await until(lambda: len(asked) == 2)
    found[0].cancel()
    go.set()
    assert [await one for one in found[1:]] == [[found_address]] * 4
    for one in missed:
        with pytest.raises(NameNotFound):
            await one
    assert sorted(asked) == ["gone.example", "here.example"]
    assert await lookup.addresses("here.example", 80) == [found_address]
    assert len(asked) == 3, "what was found is not kept: addresses change"


@pytest.mark.parametrize(
    ("url", "origin", "line"),
    [
        ("http://a.example", Origin(False, "a.example", 80), b"GET / HTTP/1.1\r\nHost: a.example\r\n"),
        ("https://a.example/x", Origin(True, "a.example", 443), b"GET /x HTTP/1.1\r\nHost: a.example\r\n"),
        ("https://a.example:443/", Origin(True, "a.example", 443), b"GET / HTTP/1.1\r\nHost: a.example\r\n"),
        ("http://a.example:443/", Origin(False, "a.example", 443), b"GET / HTTP/1.1\r\nHost: a.example:443\r\n"),
        ("http://[::1]:8080/?q=1#f", Origin(False, "::1", 8080), b"GET /?q=1 HTTP/1.1\r\nHost: [::1]:8080\r\n"),
        (
            "http://bücher.example/ü",
            Origin(False, "xn--bcher-kva.example", 80),
            b"GET /%C3%BC HTTP/1.1\r\nHost: xn--bcher-kva.example\r\n",
        ),
        (
            "http://a.example/%2e%2e/b%2Fc",
            Origin(False, "a.example", 80),
            b"GET /%2e%2e/b%2Fc HTTP/1.1\r\nHost: a.example\r\n",
        ),
    ],
)
def test_a_url_is_asked_as_it_is_written(url: str, origin: Origin, line: bytes) -> None:
    """Encoded where the wire needs it, and nothing decoded."""
    assert Target.of(httpx.URL(url)) == Target(origin, line)


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "/x", "http:///x", "http://me@a.example/", "http://./", "https://../"]
)
async def test_a_url_that_cannot_be_asked_is_no_fault_of_ours(url: str) -> None:
    """It is a failed read like any other, and nothing is sent."""
    with pytest.raises(ValueError, match="not a URL"):
        Target.of(httpx.URL(url))
    async with transport() as reads:
        outcome = await reads.get(httpx.URL(url), {})
    assert isinstance(outcome, UpstreamFailure)
    assert outcome.failure is Failure.INVALID_RESPONSE


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\0b", "\x7f", "€"])
async def test_a_header_cannot_smuggle_another_one(value: str) -> None:
    """Whatever a token file holds."""
    with pytest.raises(ValueError):  # noqa: PT011 - of the two, one is Python's own
        written({"Authorization": value})
    async with serving(answer("200 OK")) as server, transport() as reads:
        outcome = await reads.get(server.url, {"Authorization": value})
        assert isinstance(outcome, UpstreamFailure)
        assert value not in repr(outcome)
        assert server.requests == []
