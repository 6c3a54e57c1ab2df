"""Status pages, read over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from exporter.clock import SystemClock
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, ServiceStatus
from exporter.simulator.answers import Answer, Misbehaviour, Slow, json_answer
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.scripts import XERO_INCIDENT
from exporter.simulator.world import World
from exporter.simulator.xero import PAGES, Kind, Notice, Xero
from exporter.simulator.xero_server import XeroSimulator
from exporter.upstream.statuspage import PageReport, StatusPage
from exporter.upstream.transport import ReadTransport

BEGAN = 1_790_000_000.0


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

    simulator: XeroSimulator
    page: StatusPage
    counted: Counted

    @property
    def theirs(self) -> Xero:
        """The simulated Xero."""
        return self.simulator.xero

    async def says(self) -> PageReport:
        """What the page says, when it should say something."""
        found = await self.page.report()
        assert isinstance(found, PageReport), found
        return found

    async def failure(self) -> UpstreamFailure:
        """The failure, when there should be one."""
        found = await self.page.report()
        assert isinstance(found, UpstreamFailure)
        return found

    @property
    def sent(self) -> dict[str, str]:
        """Which validators the last request carried."""
        headers = self.simulator.last[Kind.PAGE].headers
        return {name: headers[name] for name in ("if-none-match", "if-modified-since") if name in headers}


@asynccontextmanager
async def reading(timeout: float = 20.0, script: str = "healthy") -> AsyncIterator[Room]:  # noqa: ASYNC109 - it is handed on
    """Somebody who reads the first page of a simulated Xero, for the length of a block."""
    world = World(uniform_fleet(3, script), admin_token="t")
    counted, clock = Counted(), SystemClock()
    transport = ReadTransport(timeout=timeout, max_concurrency=2, max_requests_per_second=1000)
    async with XeroSimulator(Xero(world, client_id="a", client_secret="b")) as simulator:
        try:
            page = StatusPage(url=simulator.pages[0], transport=transport, telemetry=counted, clock=clock)
            yield Room(simulator, page, counted)
        finally:
            await transport.aclose()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """A page that says that all is well."""
    async with reading() as made:
        yield made


async def test_a_page_says_that_all_is_well(room: Room) -> None:
    """And is counted as one request."""
    assert await room.says() == PageReport(ServiceStatus.NONE)
    assert room.counted.ended == [("statuspage", None)]


async def test_an_unchanged_page_is_the_same_report_and_sends_no_body(room: Room) -> None:
    """By the ETag; 304 is a success."""
    first = await room.says()
    assert await room.says() is first
    assert room.sent.keys() == {"if-none-match"}
    assert room.counted.ended == [("statuspage", None)] * 2


async def test_what_a_page_says_is_taken_over_with_its_incidents(room: Room) -> None:
    """And goes again."""
    await room.says()
    room.theirs.announce(PAGES[0], Notice("critical", BEGAN, "Nobody can log in"))
    found = await room.says()
    assert found.status is ServiceStatus.CRITICAL
    (incident,) = found.incidents
    assert (incident.impact, incident.started, incident.name) == (ServiceStatus.CRITICAL, BEGAN, "Nobody can log in")
    assert await room.says() is found
    room.theirs.announce(PAGES[0], Notice("maintenance", BEGAN))
    assert await room.says() == PageReport(ServiceStatus.MINOR)
    room.theirs.announce(PAGES[0], None)
    assert await room.says() == PageReport(ServiceStatus.NONE)


async def test_a_page_without_etag_is_asked_by_its_last_change(room: Room) -> None:
    """Last-Modified and If-Modified-Since; 304 is the last report again."""
    body = b'{"status": {"indicator": "minor"}}'
    changed = "Tue, 24 Nov 2026 21:29:10 GMT"
    room.theirs.instead(Kind.PAGE, Answer(200, {"Last-Modified": changed}, body))
    first = await room.says()
    room.theirs.instead(Kind.PAGE, Answer(304))
    assert await room.says() is first
    assert room.sent == {"if-modified-since": changed}


async def test_a_page_that_never_says_when_it_changed_is_read_again(room: Room) -> None:
    """The same bytes are the same report; an unasked 304 is a failure."""
    room.theirs.instead(Kind.PAGE, Answer(200, {}, b'{"status": {"indicator": "minor"}}'))
    first = await room.says()
    assert await room.says() is first
    assert room.sent == {}
    room.theirs.instead(Kind.PAGE, Answer(304))
    found = await room.failure()
    assert (found.failure, found.http_status) == (Failure.UNEXPECTED_STATUS, 304)


@pytest.mark.parametrize(
    ("instead", "failure"),
    [
        (Answer(500, {"Content-Type": "text/html"}, b"<html>"), Failure.SERVER_ERROR),
        (Answer(503), Failure.SERVER_ERROR),
        (Answer(401), Failure.AUTH),
        (Answer(404), Failure.NOT_FOUND),
        (Answer(429, {"Retry-After": "60"}), Failure.RATE_LIMITED),
        (Answer(200, {}, b"<html>We are fine</html>"), Failure.INVALID_RESPONSE),
        (json_answer(200, {"status": "none"}), Failure.INVALID_RESPONSE),
        (json_answer(200, {"indicator": "none"}), Failure.INVALID_RESPONSE),
        (Misbehaviour.REDIRECT, Failure.UNEXPECTED_STATUS),
        (Misbehaviour.GARBAGE, Failure.INVALID_RESPONSE),
        (Misbehaviour.TRUNCATED, Failure.NETWORK),
        (Misbehaviour.TEN_MEGABYTES, Failure.INVALID_RESPONSE),
        (Misbehaviour.CLOSE, Failure.NETWORK),
    ],
    ids=lambda case: f"status {case.status}" if isinstance(case, Answer) else str(case),
)
async def test_a_page_that_cannot_be_read_is_a_failure_and_no_word(
    room: Room, instead: Answer | Misbehaviour, failure: Failure
) -> None:
    """Neither an outage nor all well; afterwards it is asked by what was known before."""
    first = await room.says()
    room.theirs.instead(Kind.PAGE, instead, page=PAGES[0])
    assert (await room.failure()).failure is failure
    assert room.counted.ended[-1] == ("statuspage", failure)
    room.theirs.instead(Kind.PAGE, None)
    assert await room.says() is first


@pytest.mark.parametrize("instead", [Misbehaviour.HANG, Misbehaviour.DRIP, Slow(5.0)], ids=str)
async def test_a_page_that_takes_too_long_is_given_up(instead: Misbehaviour | Slow) -> None:
    """By the wall clock."""
    async with reading(timeout=0.4) as room:
        room.theirs.instead(Kind.PAGE, instead)
        assert (await room.failure()).failure is Failure.TIMEOUT


async def test_the_pages_of_a_world_with_an_outage_tell_of_it_later_than_it_began() -> None:
    """And until long after its end; without anybody who lives through one they say nothing."""
    now = [BEGAN]
    for script, told in (("xero_outage", "major"), ("healthy", None)):
        now[0] = BEGAN
        world = World(uniform_fleet(2, script), admin_token="t", clock=lambda: now[0])
        xero = Xero(world, client_id="a", client_secret="b")
        for minute, word in ((64, None), (66, told), (149, told), (151, None), (240 + 66, told)):
            now[0] = BEGAN + minute * 60
            notice = xero.notice(PAGES[1])
            assert (notice and notice.indicator) == word, minute
            if notice is not None:
                assert notice.began == BEGAN + (minute // 240 * 240 + XERO_INCIDENT.begins) * 60
