"""The simulated platform as an HTTP client sees it: the endpoints of the platform's page, literally."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from exporter.simulator.answers import Answer, Slow
from exporter.simulator.connection import MAX_BODY_BYTES
from exporter.simulator.endpoints import Kind
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import World

TOKEN = "admin-token"
STATUS = "/api/admin/integrations/xero/org-0001/status"
RETRY = "/api/admin/integrations/xero/org-0001/retry"
RESYNC = "/api/admin/integrations/xero/org-0001/resync"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Three organisations that have lived through an outage of Xero."""
    async with Simulator(World(uniform_fleet(3, "xero_outage", minute=100), admin_token=TOKEN)) as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the admin token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=simulator.url, headers=headers, trust_env=False) as running:
        yield running


async def raw(simulator: Simulator, request: bytes) -> bytes:
    """All that comes back for these bytes until the simulator closes."""
    host, _, port = simulator.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_status_is_the_json_object_of_the_page(client: httpx.AsyncClient) -> None:
    """200, application/json, the sample's keys and types, timestamps with a Z."""
    answer = await client.get(STATUS)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    status = answer.json()
    assert {key: type(value) for key, value in status.items()} == {
        "connected": bool,
        "token_expires_at": str,
        "last_sync": str,
        "sync_status": str,
        "pending_syncs": int,
        "failed_syncs": int,
        "errors": list,
    }
    assert [set(error) for error in status["errors"]] == [{"type", "message", "timestamp"}] * 2
    for text in (status["token_expires_at"], status["last_sync"], status["errors"][0]["timestamp"]):
        assert datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).year >= 2024


async def test_a_retry_is_accepted_and_has_its_effect(client: httpx.AsyncClient) -> None:
    """The page's request, and the status afterwards."""
    assert (await client.get(STATUS)).json()["failed_syncs"] == 7
    answer = await client.post(RETRY, json={"sync_type": "contacts", "record_ids": ["uuid-1", "uuid-2"]})
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    status = (await client.get(STATUS)).json()
    assert (status["pending_syncs"], status["failed_syncs"]) == (3, 4)


async def test_a_resync_is_accepted_and_has_its_effect(client: httpx.AsyncClient) -> None:
    """The page's request, and the status afterwards."""
    body = {"sync_types": ["contacts", "invoices"], "since": "2025-01-01T00:00:00Z"}
    answer = await client.post(RESYNC, json=body)
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    status = (await client.get(STATUS)).json()
    assert (status["pending_syncs"], status["failed_syncs"]) == (7, 0)


async def test_requests_are_counted_by_organization_and_kind(simulator: Simulator, client: httpx.AsyncClient) -> None:
    """Whatever came back: also refused ones; paths that do not exist are nobody's."""
    before = time.monotonic()
    for _ in range(3):
        await client.get(STATUS)
    await client.get(STATUS, headers={"Authorization": "Bearer wrong"})
    await client.post(RETRY, json={"sync_type": "contacts", "record_ids": ["1"]})
    await client.post(RETRY, json={})
    await client.get("/api/admin/integrations/xero/org-9999/status")
    await client.get("/elsewhere")
    assert simulator.requests == {
        ("org-0001", Kind.STATUS): 4,
        ("org-0001", Kind.RETRY): 2,
        ("org-9999", Kind.STATUS): 1,
    }
    assert simulator.requests["org-0001", "status"] == 4  # type: ignore[index]  # a Kind is its word, for brevity
    times = list(simulator.request_times)
    assert len(times) == 7
    assert times == sorted(times)
    assert before <= times[0]
    assert times[-1] <= time.monotonic()


async def test_every_refusal_is_json_with_a_word_and_a_sentence(client: httpx.AsyncClient) -> None:
    """401, 404 for an organisation and for a path, 405, 415, 400."""
    refusals = [
        (await client.get(STATUS, headers={"Authorization": ""}), 401),
        (await client.get("/api/admin/integrations/xero/org-9999/status"), 404),
        (await client.get("/robots.txt"), 404),
        (await client.delete(STATUS), 405),
        (await client.post(RETRY, content=b"{}", headers={"Content-Type": "text/plain"}), 415),
        (await client.post(RETRY, json={}), 400),
    ]
    for answer, status in refusals:
        assert answer.status_code == status
        assert set(answer.json()) == {"error", "message"}
        assert "date" in answer.headers


async def test_a_revoked_token_is_refused_from_the_next_request_on(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    """On the same connection; and the token that takes its place is accepted."""
    assert (await client.get(STATUS)).status_code == 200
    simulator.world.revoke_token()
    assert (await client.get(STATUS)).status_code == 401
    simulator.world.accept_token("second-token")
    assert (await client.get(STATUS)).status_code == 401
    assert (await client.get(STATUS, headers={"Authorization": "Bearer second-token"})).status_code == 200


async def test_the_date_header_is_the_platforms_clock() -> None:
    """A platform whose clock is an hour ahead says so."""
    async with Simulator(World((), admin_token=TOKEN, clock=lambda: time.time() + 3600)) as simulator:
        answer = await raw(simulator, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    (date,) = [line[6:] for line in answer.decode().split("\r\n") if line.startswith("Date: ")]
    assert abs(parsedate_to_datetime(date).timestamp() - time.time() - 3600) < 30


async def test_a_connection_is_kept_alive(simulator: Simulator, client: httpx.AsyncClient) -> None:
    """Twenty requests one after the other need one connection."""
    for _ in range(20):
        assert (await client.get(STATUS)).status_code == 200
    assert simulator.connections_open == 1


async def test_requests_sent_at_once_are_answered_in_order(simulator: Simulator) -> None:
    """RFC 9112 9.3.2: pipelining, also behind an answer that comes late."""
    simulator.world.override("org-0001", Slow(0.05))
    simulator.world.override("org-0002", b"second")
    head = f"HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n"
    second = STATUS.replace("org-0001", "org-0002")
    answer = await raw(
        simulator,
        f"GET {STATUS} {head}\r\nGET {second} {head}\r\nGET /last {head}Connection: close\r\n\r\n".encode(),
    )
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert answer.index(b'"connected"') < answer.index(b"second") < answer.index(b"No such path.")


async def test_a_request_may_come_in_pieces(simulator: Simulator) -> None:
    """One byte at a time."""
    host, _, port = simulator.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"GET {STATUS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    for byte in request.encode():
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["connected"] is True


@pytest.mark.parametrize(
    "request_", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_what_is_no_request_is_400_and_closed(simulator: Simulator, request_: bytes) -> None:
    """TLS on a plain port, nonsense, and HTTP/1.1 without Host."""
    answer = await raw(simulator, request_)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_what_is_no_request_behind_a_good_one_is_400_too(simulator: Simulator) -> None:
    """The good one is answered first."""
    answer = await raw(simulator, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"HTTP/1.1 400 Bad Request\r\n" in answer


async def test_a_body_that_is_too_large_is_413_and_closed(simulator: Simulator) -> None:
    """It is not read to its end."""
    size = MAX_BODY_BYTES + 1
    head = f"POST {RETRY} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {size}\r\n\r\n"
    answer = await raw(simulator, head.encode() + b" " * size)
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_head_is_answered_without_a_body(simulator: Simulator) -> None:
    """405 for a status, and the connection stays in step."""
    head = "HTTP/1.1\r\nHost: a\r\n"
    answer = await raw(simulator, f"HEAD {STATUS} {head}\r\nGET / {head}Connection: close\r\n\r\n".encode())
    first, _, rest = answer.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 405 Method Not Allowed")
    assert rest.startswith(b"HTTP/1.1 404 Not Found")


async def test_an_answer_put_in_place_goes_out_as_it_is(simulator: Simulator, client: httpx.AsyncClient) -> None:
    """Its own headers win over those that are added; statuses without a body have none."""
    headers = {"date": "Thu, 01 Jan 1970 00:00:00 GMT", "Content-Type": "text/plain", "Retry-After": "7"}
    simulator.world.override("org-0001", Answer(503, headers, b"The Organisation is offline"))
    answer = await client.get(STATUS)
    assert (answer.status_code, answer.text) == (503, "The Organisation is offline")
    assert answer.headers.get_list("date") == ["Thu, 01 Jan 1970 00:00:00 GMT"]
    assert answer.headers.get_list("content-type") == ["text/plain"]
    assert answer.headers["retry-after"] == "7"
    simulator.world.override("org-0001", Answer(204))
    answer = await client.get(STATUS)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers
    simulator.world.clear()
    assert (await client.get(STATUS)).status_code == 200


async def test_a_slow_answer_is_the_right_one(simulator: Simulator, client: httpx.AsyncClient) -> None:
    """Late, and what the organisation says then; the connection lives on."""
    simulator.world.override("org-0001", Slow(0.1))
    before = time.monotonic()
    answer = await client.get(STATUS)
    assert time.monotonic() - before >= 0.1
    assert answer.json()["connected"] is True
    assert (await client.get(STATUS.replace("0001", "0002"))).status_code == 200
    assert simulator.connections_open == 1


async def test_a_taken_port_is_an_error_and_an_asked_one_is_used(simulator: Simulator) -> None:
    """A platform that was down can come back at its address."""
    port = int(simulator.url.rpartition(":")[2])
    second = Simulator(World((), admin_token=TOKEN), port=port)
    with pytest.raises(OSError, match="address already in use"):
        await second.__aenter__()
    async with Simulator(World((), admin_token=TOKEN)) as free:
        address = free.url
    async with Simulator(World((), admin_token=TOKEN), port=int(address.rpartition(":")[2])) as again:
        assert again.url == address
