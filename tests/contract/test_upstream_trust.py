"""Reads over https: whom we trust, and what a certificate that we do not trust is called."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop

from exporter.config.certificates import TrustedCertificates
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream.transport import Answer, ReadTransport
from tests.certificates import Authority, replace

RUNNERS = [pytest.param(asyncio.run, id="asyncio"), pytest.param(uvloop.run, id="uvloop")]
Run = Callable[[Coroutine[Any, Any, None]], None]


@dataclass
class Platform:
    """Answers over https, and counts what reached it."""

    port: int = 0
    requests: int = 0
    connections: int = 0
    open: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> httpx.URL:
        """Where it listens."""
        return httpx.URL(f"https://127.0.0.1:{self.port}/status")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; an answer waits for `release`."""
        self.connections += 1
        self.open += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                await self.release.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.transport.abort()


@asynccontextmanager
async def serving(authority: Authority, folder: Path, *names: str, days: float = 30) -> AsyncIterator[Platform]:
    """A platform with a certificate for those names, for the length of a block."""
    authority.issue(folder / "platform.crt", folder / "platform.key", *names, days=days)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "platform.crt", folder / "platform.key")
    platform = Platform()
    platform.release.set()
    listener = await asyncio.start_server(platform.serve, "127.0.0.1", 0, ssl=tls)
    platform.port = listener.sockets[0].getsockname()[1]
    try:
        yield platform
    finally:
        listener.close()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def transport(trust: TrustedCertificates, deadline: float = 10.0) -> AsyncIterator[ReadTransport]:
    """A transport with that trust, for the length of a block."""
    built = ReadTransport(timeout=deadline, max_concurrency=5, max_requests_per_second=1e6, tls=trust.context)
    try:
        yield built
    finally:
        await built.aclose()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition, at most 10 s."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a count sets no event
            await asyncio.sleep(0.01)


async def get(reads: ReadTransport, url: httpx.URL) -> Answer | UpstreamFailure:
    """One read under a permit."""
    async with reads.permit(suspect=False):
        return await reads.get(url, {})


@pytest.mark.parametrize("run", RUNNERS)
def test_a_platform_that_our_file_vouches_for_is_asked(run: Run, tmp_path: Path) -> None:
    """On one connection, as without TLS."""

    async def scenario() -> None:
        authority = Authority(tmp_path)
        async with serving(authority, tmp_path) as platform, transport(TrustedCertificates(authority.file)) as reads:
            for _ in range(3):
                assert isinstance(await get(reads, platform.url), Answer)
            assert (platform.requests, platform.connections) == (3, 1)

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
@pytest.mark.parametrize("wrong", ["authority", "name", "date"])
def test_a_certificate_that_is_not_to_be_trusted_is_a_network_failure_and_nothing_is_sent(
    run: Run, wrong: str, tmp_path: Path
) -> None:
    """Least of all the token."""

    async def scenario() -> None:
        authority = Authority(tmp_path)
        trust = TrustedCertificates(Authority(tmp_path, "other").file if wrong == "authority" else authority.file)
        names = ["elsewhere.example"] if wrong == "name" else []
        days = -0.1 if wrong == "date" else 30
        async with serving(authority, tmp_path, *names, days=days) as platform, transport(trust) as reads:
            outcome = await get(reads, platform.url)
            assert isinstance(outcome, UpstreamFailure)
            assert (outcome.failure, outcome.sent) == (Failure.NETWORK, Sent.NO)
            assert outcome.detail == "the TLS certificate is not trusted"
            assert platform.requests == 0

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_a_changed_trust_holds_for_the_next_read_and_the_one_under_way_ends(run: Run, tmp_path: Path) -> None:
    """In both directions: who is added is asked, who is taken out is asked no more."""

    async def scenario() -> None:
        mine, other = Authority(tmp_path, "mine"), Authority(tmp_path, "other")
        good, bad = mine.file.read_bytes(), other.file.read_bytes()
        replace(other.file, bad)
        trust = TrustedCertificates(other.file)
        async with serving(mine, tmp_path) as platform, transport(trust) as reads:
            assert isinstance(await get(reads, platform.url), UpstreamFailure)
            replace(other.file, bad + good)
            assert trust.look()
            reads.trust(trust.context)
            assert isinstance(await get(reads, platform.url), Answer)
            platform.release.clear()
            under_way = asyncio.create_task(get(reads, platform.url))
            await until(lambda: platform.requests == 2)
            replace(other.file, bad)
            assert trust.look()
            reads.trust(trust.context)
            outcome = await get(reads, platform.url)
            assert isinstance(outcome, UpstreamFailure)
            assert outcome.sent is Sent.NO
            platform.release.set()
            assert isinstance(await under_way, Answer)

    run(scenario())


@pytest.mark.parametrize("run", RUNNERS)
def test_connections_of_an_old_trust_are_closed_once_their_reads_have_ended(run: Run, tmp_path: Path) -> None:
    """However often it changes, and also when everything ends before."""

    async def scenario() -> None:
        authority = Authority(tmp_path)
        trust = TrustedCertificates(authority.file)
        async with serving(authority, tmp_path) as platform, transport(trust, deadline=0.5) as reads:
            platform.release.clear()
            under_way = asyncio.create_task(get(reads, platform.url))
            await until(lambda: platform.requests == 1)
            for _ in range(5):
                reads.trust(trust.context)
            assert platform.open == 1
            platform.release.set()
            assert isinstance(await under_way, Answer)
            await until(lambda: platform.open == 0)
            for connections in range(2, 5):
                assert isinstance(await get(reads, platform.url), Answer)
                reads.trust(trust.context)
                await until(lambda: platform.open == 0)
                assert platform.connections == connections
            assert isinstance(await get(reads, platform.url), Answer)
            reads.trust(trust.context)

    run(scenario())
