"""MemberPulse's status endpoint, asked over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from exporter import __version__
from exporter.clock import Clock, SystemClock
from exporter.model.facts import Status, UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent, SyncStatus
from exporter.upstream.memberpulse import MemberPulse, skew
from exporter.upstream.transport import ReadTransport

STATUS_PATH = "/api/admin/integrations/xero/{organization_id}/status"
HEALTHY = b'{"connected": true, "sync_status": "healthy"}'
FAILING = b'{"connected": true, "sync_status": "failing"}'
TOKEN = "made-up-token-5c1d"
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
DATE_SECONDS = 784111777.0


@dataclass
class Platform:
    """Answers every request alike, and keeps what it was asked."""

    body: bytes = HEALTHY
    status: str = "200 OK"
    lines: tuple[str, ...] = ()
    silent: bool = False
    requests: list[bytes] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the other side closes it."""
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                if self.silent:
                    continue
                lines = (f"HTTP/1.1 {self.status}", *self.lines, f"Content-Length: {len(self.body)}", "", "")
                writer.write("\r\n".join(lines).encode() + self.body)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()


@dataclass
class ChangingToken:
    """A token as its file has it now."""

    value: str | None = TOKEN
    number: int = 1


@dataclass
class Counted:
    """Telemetry that remembers."""

    ended: list[tuple[str, float, Failure | None]] = field(default_factory=list)
    skews: list[float] = field(default_factory=list)

    def request_ended(self, upstream: str, seconds: float, failure: Failure | None) -> None:
        """Remembers a request."""
        self.ended.append((upstream, seconds, failure))

    def clock_skew(self, seconds: float) -> None:
        """Remembers a skew."""
        self.skews.append(seconds)


@dataclass
class SteppingClock:
    """Two seconds pass from each look at it to the next, on both clocks."""

    wall: float
    monotonic: float = 100.0

    def now(self) -> Moment:
        """The present moment."""
        moment = Moment(self.wall, self.monotonic)
        self.wall += 2
        self.monotonic += 2
        return moment


@dataclass
class Room:
    """All that a test looks at."""

    platform: Platform
    token: ChangingToken
    counted: Counted
    memberpulse: MemberPulse
    transport: ReadTransport

    async def ask(self, organization_id: str = "org-1") -> Status | UpstreamFailure:
        """The status of one organisation, under a permit."""
        async with self.transport.permit(suspect=False):
            return await self.memberpulse.status(organization_id)


@asynccontextmanager
async def room(
    platform: Platform | None = None, *, prefix: str = "", status_path: str = STATUS_PATH, clock: Clock | None = None
) -> AsyncIterator[Room]:
    """A platform and somebody who asks it, for the length of a block."""
    platform = platform or Platform()
    listener = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
    platform.port = listener.sockets[0].getsockname()[1]
    reads = ReadTransport(timeout=10, max_concurrency=5, max_requests_per_second=1e6)
    token, counted = ChangingToken(), Counted()
    memberpulse = MemberPulse(
        base_url=f"http://127.0.0.1:{platform.port}{prefix}",
        status_path=status_path,
        token=token,
        transport=reads,
        telemetry=counted,
        clock=clock or SystemClock(),
    )
    try:
        yield Room(platform, token, counted, memberpulse, reads)
    finally:
        await reads.aclose()
        listener.close()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition, at most 10 s."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def test_the_request_is_the_one_of_the_troubleshooting_page() -> None:
    """Method, path and Authorization are to the letter, and nothing personal is added."""
    async with room() as here:
        assert await here.ask("org-1") == Status(connected=True, sync_status=SyncStatus.HEALTHY, errors_said=False)
    first, *lines = here.platform.requests[0].decode().strip().split("\r\n")
    assert first == "GET /api/admin/integrations/xero/org-1/status HTTP/1.1"
    assert sorted(lines, key=str.lower) == [
        "Accept-Encoding: identity",
        "Accept: application/json",
        f"Authorization: Bearer {TOKEN}",
        f"Host: 127.0.0.1:{here.platform.port}",
        f"User-Agent: xero-exporter/{__version__}",
    ]


@pytest.mark.parametrize("organization_id", ["a", "A.b_c:d-e", "0" * 128, "9..9"])
async def test_an_organization_id_stands_in_the_path_as_it_is(organization_id: str) -> None:
    """Whatever an id may hold reaches the platform unchanged."""
    async with room() as here:
        await here.ask(organization_id)
    path = here.platform.requests[0].split()[1].decode()
    assert path == STATUS_PATH.replace("{organization_id}", organization_id)


@pytest.mark.parametrize(
    ("prefix", "status_path", "path"),
    [
        ("", "/s/{organization_id}", "/s/org-1"),
        ("/", "/s/{organization_id}", "/s/org-1"),
        ("/app", "/s/{organization_id}", "/app/s/org-1"),
        ("/app/", "/s/{organization_id}", "/app/s/org-1"),
        ("", "/{organization_id}/s?of={organization_id}", "/org-1/s?of=org-1"),
        ("", "/s%2Ft/{organization_id}", "/s%2Ft/org-1"),
    ],
)
async def test_the_address_is_put_together_from_its_parts(prefix: str, status_path: str, path: str) -> None:
    """One slash between the parts, and the id wherever the path wants it."""
    async with room(prefix=prefix, status_path=status_path) as here:
        await here.ask()
    assert here.platform.requests[0].split()[1].decode() == path


async def test_a_changed_token_is_used_from_the_next_request_on() -> None:
    """No request is prepared with an old token."""
    async with room() as here:
        await here.ask()
        here.token.value, here.token.number = "second", 2
        await here.ask()
    tokens = [line for request in here.platform.requests for line in request.split(b"\r\n") if b"Bearer" in line]
    assert tokens == [b"Authorization: Bearer " + TOKEN.encode(), b"Authorization: Bearer second"]


async def test_without_a_token_nothing_is_sent() -> None:
    """A token file that was never readable is our own authentication failure; no request is counted."""
    async with room() as here:
        here.token.value = None
        outcome = await here.ask()
    assert isinstance(outcome, UpstreamFailure)
    assert (outcome.failure, outcome.sent, outcome.http_status) == (Failure.AUTH, Sent.NO, None)
    assert "token file" in outcome.detail
    assert (here.platform.requests, here.counted.ended) == ([], [])


async def test_the_same_bytes_are_the_same_status() -> None:
    """What did not change is not parsed again, organisation by organisation."""
    async with room() as here:
        first, again, other = await here.ask(), await here.ask(), await here.ask("org-2")
        assert again is first
        assert other == first
        assert other is not first
        here.platform.body = FAILING
        changed = await here.ask()
        assert changed == Status(connected=True, sync_status=SyncStatus.FAILING, errors_said=False)
        here.platform.body = b"{"
        assert isinstance(await here.ask(), UpstreamFailure)
        here.platform.body = FAILING
        assert await here.ask() is changed


async def test_a_forgotten_organisation_is_parsed_anew() -> None:
    """Only those that are kept are remembered."""
    async with room() as here:
        first, second = await here.ask("org-1"), await here.ask("org-2")
        here.memberpulse.keep_only(["org-2", "org-3"])
        assert await here.ask("org-2") is second
        assert await here.ask("org-1") is not first
        here.memberpulse.keep_only([])
        assert len(here.memberpulse._known) == 0


async def test_nothing_of_a_body_is_remembered_but_a_digest() -> None:
    """Names and addresses in it do not stay in memory, however large it is."""
    async with room() as here:
        here.platform.body = HEALTHY.ljust(100_000)
        assert await here.ask() is await here.ask()
        assert [len(known.digest) for known in here.memberpulse._known.values()] == [16]


async def test_an_answer_that_cannot_be_read_names_the_field_and_nothing_else() -> None:
    """The platform's own text goes nowhere."""
    async with room(Platform(body=b'{"failed_syncs": "canary-7f3a"}')) as here:
        outcome = await here.ask()
    assert outcome == UpstreamFailure(
        Failure.INVALID_RESPONSE, Sent.YES, http_status=200, detail="failed_syncs: not a whole number"
    )
    assert [failure for _, _, failure in here.counted.ended] == [Failure.INVALID_RESPONSE]


async def test_a_failure_of_the_platform_is_passed_on_and_counted() -> None:
    """So is its wish to wait; nothing of the answer's body is."""
    async with room(Platform(status="429 Slow Down", lines=("Retry-After: 30",), body=b"canary")) as here:
        outcome = await here.ask()
    assert outcome == UpstreamFailure(
        Failure.RATE_LIMITED, Sent.YES, http_status=429, retry_after=30.0, detail="HTTP status 429"
    )
    assert [(upstream, failure) for upstream, _, failure in here.counted.ended] == [
        ("memberpulse", Failure.RATE_LIMITED)
    ]


async def test_a_success_is_counted_with_its_duration_and_the_platforms_clock() -> None:
    """Asked at 8:49:37 of the platform's clock and 10 s later of ours: it is behind by 10.5 s, give or take half."""
    async with room(Platform(lines=(f"Date: {DATE}",)), clock=SteppingClock(wall=DATE_SECONDS + 10)) as here:
        await here.ask()
    assert here.counted.ended == [("memberpulse", 2.0, None)]
    assert here.counted.skews == [-10.5]


@pytest.mark.parametrize("lines", [(), ("Date: now",)])
async def test_a_platform_that_does_not_tell_the_time_has_no_skew(lines: tuple[str, ...]) -> None:
    """No Date header, no statement."""
    async with room(Platform(lines=lines)) as here:
        await here.ask()
    assert (len(here.counted.ended), here.counted.skews) == (1, [])


async def test_a_cancelled_read_is_not_counted() -> None:
    """It did not end; the next one does."""
    async with room(Platform(silent=True)) as here:
        task = asyncio.create_task(here.ask())
        await until(lambda: len(here.platform.requests) == 1)
        task.cancel()
        await asyncio.wait([task])
        assert (task.cancelled(), here.counted.ended) == (True, [])
        here.platform.silent = False
        assert isinstance(await here.ask(), Status)
    assert len(here.counted.ended) == 1


@pytest.mark.parametrize(
    ("date", "began", "ended", "ahead"),
    [(1000.0, 1000.0, 1001.0, 0.0), (1060.0, 1000.0, 1001.0, 60.0), (940.0, 1000.5, 1000.5, -60.0)],
)
def test_skew_is_taken_from_the_middle_of_both(date: float, began: float, ended: float, ahead: float) -> None:
    """The header's second has passed by half, on average, and the answer was made half-way through the call."""
    assert skew(date, Moment(began, 0), Moment(ended, 0)) == ahead
