"""The server that lists organisations, asked over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from exporter.clock import SystemClock
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.simulator.answers import Answer, Misbehaviour
from exporter.simulator.endpoints import DISCOVERY_PATH, Kind
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import SimulatedOrganization, World, discovery_list
from exporter.upstream.discovery import MAX_BODY, Discovery
from exporter.upstream.listing import Listing

TOKEN = "made-up-discovery-token-77"


@dataclass
class ChangingToken:
    """A token as its file has it now."""

    value: str | None = TOKEN
    number: int = 1


@dataclass
class Counted:
    """Telemetry that remembers."""

    ended: list[tuple[str, Failure | None]] = field(default_factory=list)

    def request_ended(self, upstream: str, seconds: float, failure: Failure | None) -> None:
        """Remembers a request."""
        assert seconds >= 0
        self.ended.append((upstream, failure))


@dataclass
class Room:
    """All that a test looks at."""

    simulator: Simulator
    discovery: Discovery
    token: ChangingToken
    counted: Counted

    @property
    def world(self) -> World:
        """The simulated platform."""
        return self.simulator.world

    async def listed(self) -> Listing:
        """A list, when there should be one."""
        found = await self.discovery.listing()
        assert isinstance(found, Listing), found
        return found

    async def failure(self) -> UpstreamFailure:
        """The failure, when there should be one."""
        found = await self.discovery.listing()
        assert isinstance(found, UpstreamFailure)
        return found


@asynccontextmanager
async def asking(simulator: Simulator, *, path: str = DISCOVERY_PATH, timeout: float = 20.0) -> AsyncIterator[Room]:  # noqa: ASYNC109 - it is handed on
    """Somebody who asks this platform for its list, for the length of a block."""
    token, counted = ChangingToken(), Counted()
    discovery = Discovery(
        url=simulator.url + path, token=token, telemetry=counted, clock=SystemClock(), timeout=timeout
    )
    try:
        yield Room(simulator, discovery, token, counted)
    finally:
        await discovery.aclose()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """A platform with three organisations."""
    async with Simulator(World(uniform_fleet(3), admin_token=TOKEN)) as simulator, asking(simulator) as made:
        yield made


async def test_a_list_comes_out_with_names_and_tenant_ids(room: Room) -> None:
    """And is counted as one request of discovery."""
    found = await room.listed()
    assert [(one.id, one.name, one.xero_tenant_id) for one in found.organizations] == [
        (one.id, one.name, one.xero_tenant_id) for one in room.world.organizations.values()
    ]
    assert room.counted.ended == [("discovery", None)]


async def test_an_unchanged_list_is_not_sent_again_and_is_the_same_object(room: Room) -> None:
    """304 by its ETag."""
    first = await room.listed()
    assert await room.listed() is first
    room.world.organizations.pop("org-0003")
    assert len((await room.listed()).organizations) == 2
    assert room.simulator.requests["", Kind.DISCOVERY] == 3
    assert [failure for _, failure in room.counted.ended] == [None, None, None]


async def test_the_same_bytes_without_an_etag_are_not_read_again(room: Room) -> None:
    """They are the same object."""
    room.world.override_list(Answer(200, {}, b'[{"targets": ["a"]}]'))
    first = await room.listed()
    assert await room.listed() is first


@pytest.mark.parametrize("etag", ['"a', "a", '"\x7f"', '"' + "a" * 2000 + '"', ""])
async def test_an_etag_that_is_none_is_not_sent_back(room: Room, etag: str) -> None:
    """Nothing of a foreign header goes into a request unchecked."""
    room.world.override_list(Answer(200, {"ETag": etag}, b"[]"))
    await room.listed()
    room.world.override_list(Answer(304, {"ETag": etag}))
    assert (await room.failure()).failure is Failure.UNEXPECTED_STATUS


async def test_an_unasked_for_304_is_as_unexpected_as_any_other_status(room: Room) -> None:
    """There is no list yet that could be unchanged."""
    room.world.override_list(Answer(304))
    assert (await room.failure()).failure is Failure.UNEXPECTED_STATUS


async def test_the_token_is_read_anew_for_each_request(room: Room) -> None:
    """401 with the old one, a list with the new one."""
    room.token.value = "old"
    assert await room.failure() == UpstreamFailure(Failure.AUTH, Sent.YES, http_status=401, detail="HTTP status 401")
    room.token.value = TOKEN
    await room.listed()


async def test_without_a_readable_token_nothing_is_sent(room: Room) -> None:
    """No request without the credential that was configured."""
    room.token.value = None
    failure = await room.failure()
    assert (failure.failure, failure.sent) == (Failure.AUTH, Sent.NO)
    assert not room.simulator.requests
    assert room.counted.ended == []


BAD: list[tuple[bytes | Answer | Misbehaviour, Failure, str]] = [
    (b"<html>log in</html>", Failure.INVALID_RESPONSE, "the list cannot be used: not JSON"),
    (b'{"targets": []}', Failure.INVALID_RESPONSE, "the list cannot be used: not a JSON array"),
    (b'[{"targets": [7]}]', Failure.INVALID_RESPONSE, "targets: not a list of texts"),
    (Misbehaviour.GARBAGE, Failure.INVALID_RESPONSE, "not valid HTTP"),
    (Misbehaviour.TRUNCATED, Failure.NETWORK, "closed in the middle"),
    (Misbehaviour.TEN_MEGABYTES, Failure.INVALID_RESPONSE, "not a JSON array"),
    (Misbehaviour.REDIRECT, Failure.UNEXPECTED_STATUS, "302"),
    (Misbehaviour.RESET_AFTER_REQUEST, Failure.NETWORK, "before an answer"),
    (Answer(500), Failure.SERVER_ERROR, "500"),
    (Answer(204), Failure.UNEXPECTED_STATUS, "204"),
    (Answer(200, {"Content-Encoding": "gzip"}, b"x"), Failure.INVALID_RESPONSE, "encoded"),
]


@pytest.mark.parametrize(("override", "failure", "says"), BAD, ids=[says for _, _, says in BAD])
async def test_what_is_no_list_is_a_failure_that_says_why(
    room: Room, override: bytes | Answer | Misbehaviour, failure: Failure, says: str
) -> None:
    """Counted, and the next good answer is a list again; nothing that was sent is in the sentence."""
    before = await room.listed()
    room.world.override_list(override)
    found = await room.failure()
    assert found.failure is failure
    assert says in found.detail
    assert room.counted.ended[-1] == ("discovery", failure)
    room.world.override_list(None)
    assert await room.listed() is before


async def test_a_drip_runs_into_the_deadline() -> None:
    """By the clock, whatever comes meanwhile."""
    async with Simulator(World((), admin_token=TOKEN)) as simulator, asking(simulator, timeout=0.5) as room:
        room.world.override_list(Misbehaviour.DRIP)
        async with asyncio.timeout(10):
            assert (await room.failure()).failure is Failure.TIMEOUT


async def test_a_hundred_thousand_organisations_fit(room: Room) -> None:
    """With names and tenant ids."""
    tenant = "5f4e2c1a-0b7d-4c53-9a51-6c1f0f5f2a10"
    many = [SimulatedOrganization(f"org-{number:06d}", f"Club number {number}", tenant) for number in range(100_000)]
    room.world.override_list(discovery_list(many))
    found = await room.listed()
    assert len(found.organizations) == 100_000
    assert (found.organizations[-1].id, found.organizations[-1].xero_tenant_id) == ("org-099999", tenant)


async def test_more_than_fifty_mebibytes_are_refused_without_reading_them_all(room: Room) -> None:
    """And the size is told."""
    room.world.override_list(b" " * (MAX_BODY + 1))
    failure = await room.failure()
    assert (failure.failure, failure.detail) == (Failure.INVALID_RESPONSE, "the answer is larger than 50 MiB")


async def test_a_query_and_a_slash_at_the_end_go_out_as_they_are_and_no_token_where_none_is_configured() -> None:
    """Some servers answer a redirect otherwise."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    discovery = Discovery(
        url=f"http://127.0.0.1:{port}/sd/?kind=xero&x=a%20b", token=None, telemetry=Counted(), clock=SystemClock()
    )
    assert await discovery.listing() == Listing(())
    await discovery.aclose()
    server.close()
    await server.wait_closed()
    assert heads[0].startswith(b"GET /sd/?kind=xero&x=a%20b HTTP/1.1\r\n")
    assert b"authorization" not in heads[0].lower()
