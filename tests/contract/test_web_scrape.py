"""Scrapes over real sockets: compressed or not, whole, one snapshot each, and slow readers bounded."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families as parse_text
from starlette.types import Receive, Scope, Send

from exporter.clock import SystemClock
from exporter.config.diagnosis import Links
from exporter.config.secrets import Token
from exporter.expose.exposition import Exposition
from exporter.model.conditions import Conditions, Readiness
from exporter.model.facts import Block, History
from exporter.model.limits import Limits
from exporter.model.words import Role
from exporter.remediation.desk import Desk
from exporter.telemetry.metrics import SelfMetrics
from exporter.web import connection
from exporter.web.routes import application
from exporter.web.scrape import WRITE_BYTES, gathered
from exporter.web.server import Server
from exporter.web.site import Site, WebToken
from tests.contract.pages import fresh, snapshot_of

BLOCKS = tuple(
    Block(tuple(fresh(f"org-{block}-{number}") for number in range(256)), valid_until=9e9) for block in range(8)
)
"""2,048 organisations: a plain page of 1.7 MB, more than a socket takes at once."""


async def nothing_to_reload(_: str) -> Sequence[str]:
    """Nothing changed."""
    return []


def exposition() -> tuple[Exposition, SelfMetrics]:
    """An exposition of all blocks, with the exporter's own metrics."""
    registry = CollectorRegistry(auto_describe=False)
    metrics = SelfMetrics(registry)
    made = Exposition(organization_names=False, registry=registry, metrics=metrics)
    made.render(snapshot_of(BLOCKS))
    return made, metrics


@asynccontextmanager
async def scraped(*tokens: WebToken) -> AsyncIterator[tuple[httpx.AsyncClient, Exposition]]:
    """A client of a real server that has the page, and what renders the page."""
    made, metrics = exposition()
    site = Site(
        exposition=made,
        metrics=metrics,
        snapshot=lambda: None,
        history=lambda _: History(),
        next_attempt=lambda _: None,
        trend=lambda: (),
        conditions=lambda: Conditions(60.0, 300.0, platform_auth_ok=True, paused_until=None, sources=()),
        healthy=lambda: True,
        ready=lambda: Readiness(ready=True, why="polling"),
        reload=nothing_to_reload,
        desk=Desk("sqlite:////nowhere/ledger.db", clock=SystemClock(), limits=Limits()),
        stopping=lambda: False,
        tokens=tokens,
        organization_names=False,
        links=Links(),
        hash_key=b"a key",
        version="1.2.3",
    )
    server = Server(application(site), "127.0.0.1", 0)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.url, headers={"Accept-Encoding": ""}) as client:
            yield client, made
    finally:
        await server.stop(1)


async def raw(client: httpx.AsyncClient, **headers: str) -> tuple[httpx.Headers, bytes]:
    """The answer's headers, and its body as it came over the wire."""
    async with client.stream("GET", "/metrics", headers=headers) as answer:
        assert answer.status_code == 200
        body = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert "transfer-encoding" not in answer.headers
    return answer.headers, body


def fleet_part(page: bytes) -> bytes:
    """The page without the exporter's own metrics, which differ from scrape to scrape."""
    fleet, found, _ = page.partition(b"# HELP xero_exporter_")
    assert found
    return fleet


async def test_the_compressed_page_is_the_plain_one() -> None:
    """Over the wire, in both formats: one member with its length known, that says what the plain body says."""
    async with scraped() as (client, _):
        for accept in ("text/plain", "application/openmetrics-text"):
            told, compressed = await raw(client, **{"Accept": accept, "Accept-Encoding": "gzip"})
            assert told["content-encoding"] == "gzip"
            reader = zlib.decompressobj(wbits=31)
            page = reader.decompress(compressed)
            assert (reader.eof, reader.unused_data) == (True, b"")
            told, plain = await raw(client, Accept=accept)
            assert "content-encoding" not in told
            assert fleet_part(page) == fleet_part(plain)
            assert len(compressed) < len(plain) / 10


async def test_httpx_reads_the_page_as_any_other_answer() -> None:
    """A client that decompresses by itself sees nothing but the page."""
    async with scraped() as (client, _):
        answer = await client.get("/metrics", headers={"Accept-Encoding": "gzip, deflate"})
        families = {family.name: family for family in parse_text(answer.text)}
        assert len(families["xero_connected"].samples) == 2048
        assert "xero_exporter_build_info" in families


@pytest.mark.parametrize("wanted", ["gzip;q=0", "identity", "br", "*;q=0", "gzip;q=0.1, identity", ""])
async def test_nobody_gets_gzip_who_does_not_want_it(wanted: str) -> None:
    """Refused, unknown, or liked less."""
    async with scraped() as (client, _):
        told, body = await raw(client, **{"Accept-Encoding": wanted})
        assert "content-encoding" not in told
        assert body.startswith(b"# HELP ")


async def test_several_accept_encoding_headers_are_one_list() -> None:
    """A proxy may split the list into lines."""
    async with scraped() as (client, _):
        headers = [("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")]
        async with client.stream("GET", "/metrics", headers=headers) as answer:
            assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("wanted", ["gzip", "identity"])
async def test_head_is_answered_as_get_without_the_body(wanted: str) -> None:
    """And the connection serves the next request."""
    async with scraped() as (client, _):
        for _ in range(2):
            answer = await client.head("/metrics", headers={"Accept-Encoding": wanted})
            assert (answer.status_code, answer.content) == (200, b"")
            assert int(answer.headers["content-length"]) > 10_000
            assert answer.headers.get("content-encoding", "identity") == wanted


async def test_a_refusal_is_not_compressed() -> None:
    """A problem document is read by people."""
    async with scraped(WebToken("prometheus", Role.VIEWER, Token.fixed("viewer-secret"))) as (client, _):
        answer = await client.get("/metrics", headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 401
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("wanted", ["gzip", "identity"])
async def test_a_page_that_is_read_while_ticks_render_is_of_one_snapshot(wanted: str) -> None:
    """A client that is in the middle of a page when the fleet shrinks gets the rest of that page."""
    async with scraped() as (client, exposition):
        async with client.stream("GET", "/metrics", headers={"Accept-Encoding": wanted}) as answer:
            exposition.render(snapshot_of(BLOCKS[:1]))
            body = b"".join([piece async for piece in answer.aiter_raw()])
        page = gzip.decompress(body) if wanted == "gzip" else body
        assert page.count(b"\nxero_connected{") == 2048
        _, after = await raw(client)
        assert after.count(b"\nxero_connected{") == 256


async def test_many_who_read_slowly_disturb_nobody() -> None:
    """Fifteen begin a plain page and do not read on: the next one has its page at once."""
    async with scraped() as (client, _):
        host, port = client.base_url.host, client.base_url.port
        slow = [await asyncio.open_connection(host, port, limit=1024) for _ in range(15)]
        for reader, writer in slow:
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        _, body = await raw(client)
        assert body.count(b"\nxero_connected{") == 2048
        for _, writer in slow:
            writer.close()


async def test_a_client_that_goes_on_reading_too_slowly_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time to take an answer is for the whole of it, however many pieces it is written in."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.5)
    piece = b"x" * 1_000_000

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(5000):
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    server = Server(endless, "127.0.0.1", 0)
    await server.start()
    reader, writer = await asyncio.open_connection(*server.address.rsplit(":", 1))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    taken = 0
    try:
        async with asyncio.timeout(20):
            # 10 MB a second at most: far from the 5 GB, and each piece is taken well within the time.
            while got := await reader.read(100_000):
                taken += len(got)
                await asyncio.sleep(0.01)
    except ConnectionError:
        pass
    finally:
        writer.close()
        await server.stop(1)
    assert 1_000_000 < taken < 1_000_000_000


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(1, 60))
def test_gathering_changes_no_byte(chunks: list[bytes], least: int) -> None:
    """The pieces are the chunks one after the other, all but the last at least as large as asked."""
    pieces = list(gathered(chunks, least))
    assert b"".join(pieces) == b"".join(chunks)
    assert all(len(piece) >= least for piece in pieces[:-1])


def test_a_large_chunk_is_not_copied() -> None:
    """What is long enough is written as it is."""
    large = b"x" * WRITE_BYTES
    assert next(gathered([large])) is large
