"""When status pages are read, and how long what they say counts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from exporter.model.facts import UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent, ServiceStatus
from exporter.observe.pages import GOOD_FOR, LEAST_WAIT, LONGEST_WAIT, TURN, PageWatch, ServiceReport, next_read
from exporter.observe.phase import Grid
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.statuspage import PageIncident, PageReport

ONE, OTHER = "https://status.xero.com", "https://status.developer.xero.com"
WELL = PageReport(ServiceStatus.NONE)
BAD = PageReport(ServiceStatus.MAJOR, (PageIncident("abc", ServiceStatus.MAJOR, 5.0, "Nobody can log in"),))
DOWN = UpstreamFailure(Failure.NETWORK, Sent.NO, detail="no connection could be made")


@dataclass
class HandClock:
    """Moved by hand."""

    at: float = 1000.0

    def now(self) -> Moment:
        """The present."""
        return Moment(1_700_000_000.0 + self.at, self.at)


@dataclass
class Page:
    """Answers what it is told to."""

    answer: PageReport | UpstreamFailure = field(default=WELL)
    reads: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None

    async def report(self) -> PageReport | UpstreamFailure:
        """The answer."""
        self.reads += 1
        self.began.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.answer


class Room:
    """All that a test looks at."""

    def __init__(self, *urls: str) -> None:
        self.clock = HandClock()
        self.pages: dict[str, Page] = {}
        self.registry = CollectorRegistry(auto_describe=False)
        self.watch = PageWatch(
            urls or (ONE, OTHER), page_of=self._page, clock=self.clock, metrics=SelfMetrics(self.registry)
        )

    def _page(self, url: str) -> Page:
        return self.pages.setdefault(url, Page())

    async def pass_time(self, seconds: int) -> None:
        """Second after second, as the owner does it."""
        for _ in range(seconds):
            self.clock.at += 1
            if self.watch.due(self.clock.now()):
                await self.watch.ask()

    @property
    def says(self) -> dict[str, str]:
        """What each page says now."""
        return {one.page: one.status.value for one in self.watch.reports(self.clock.now())}


async def test_before_the_first_reading_nothing_is_known_and_it_is_due_at_once() -> None:
    """Unknown, and no outage."""
    room = Room()
    assert room.says == {"status.xero.com": "unknown", "status.developer.xero.com": "unknown"}
    assert room.watch.due(room.clock.now())
    await room.watch.ask()
    assert set(room.says.values()) == {"none"}
    assert not room.watch.due(room.clock.now())


async def test_a_page_is_read_about_once_a_minute_and_never_sooner() -> None:
    """At a phase of its own, so that the two are not read together."""
    room = Room()
    await room.pass_time(1)
    at: dict[str, list[float]] = {ONE: [], OTHER: []}
    for _ in range(1200):
        before = {url: page.reads for url, page in room.pages.items()}
        await room.pass_time(1)
        for url, page in room.pages.items():
            at[url] += [room.clock.at] * (page.reads - before[url])
    for times in at.values():
        assert 17 <= len(times) <= 19
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert min(gaps) >= LEAST_WAIT
        assert max(gaps) <= TURN + 1
    assert not set(at[ONE]) & set(at[OTHER])


@given(st.floats(0, 1e6), st.floats(0, 1, exclude_max=True), st.floats(0, 1e6))
def test_the_next_turn_is_never_too_soon_nor_more_than_two_turns_away(
    origin: float, phase: float, began: float
) -> None:
    """Wherever the last reading began."""
    found = next_read(Grid(origin, TURN), phase, began, LEAST_WAIT)
    assert LEAST_WAIT <= found - began <= LEAST_WAIT + TURN + 1e-6


async def test_the_last_answer_counts_for_five_minutes_and_then_nothing_is_known() -> None:
    """Also when the last answer was an outage; nothing is made an outage."""
    for report, word in ((WELL, "none"), (BAD, "major")):
        room = Room(ONE)
        room.pages[ONE].answer = report
        await room.pass_time(1)
        read = room.clock.at
        room.pages[ONE].answer = DOWN
        await room.pass_time(int(GOOD_FOR))
        assert room.clock.at == read + GOOD_FOR
        assert room.says == {"status.xero.com": word}
        await room.pass_time(1)
        assert room.watch.reports(room.clock.now()) == (
            ServiceReport("status.xero.com", last_success=1_700_000_000.0 + read),
        )


async def test_one_page_that_is_away_takes_nothing_from_the_other() -> None:
    """Each for itself."""
    room = Room()
    room.pages[ONE].answer = DOWN
    room.pages[OTHER].answer = BAD
    await room.pass_time(1)
    assert room.says == {"status.xero.com": "unknown", "status.developer.xero.com": "major"}
    (_, other) = room.watch.reports(room.clock.now())
    assert other.incidents == BAD.incidents


async def test_a_page_that_asks_to_wait_is_left_alone() -> None:
    """As long as it asks for, but no longer than an hour."""
    for asked, waited in ((600.0, 600.0), (1e9, LONGEST_WAIT), (1.0, LEAST_WAIT)):
        room = Room(ONE)
        room.pages[ONE].answer = UpstreamFailure(Failure.RATE_LIMITED, Sent.YES, 429, retry_after=asked)
        await room.pass_time(1)
        await room.pass_time(int(waited) - 1)
        assert room.pages[ONE].reads == 1
        await room.pass_time(int(TURN) + 2)
        assert room.pages[ONE].reads == 2


async def test_the_reports_are_the_same_object_while_nothing_changes() -> None:
    """Whoever holds them need not look again."""
    room = Room()
    await room.pass_time(1)
    first = room.watch.reports(room.clock.now())
    await room.pass_time(30)
    assert room.watch.reports(room.clock.now()) is first


async def test_at_most_one_round_is_under_way() -> None:
    """A page that hangs is not asked again meanwhile."""
    room = Room(ONE)
    gate = room.pages[ONE].gate = asyncio.Event()
    asking = asyncio.create_task(room.watch.ask())
    await room.pages[ONE].began.wait()
    room.clock.at += 500
    assert not room.watch.due(room.clock.now())
    gate.set()
    await asking
    assert room.watch.due(room.clock.now())


async def test_what_breaks_is_not_asked_again_at_once() -> None:
    """A fault of ours, told by the owner; the page keeps its turns."""
    room = Room(ONE)
    room.pages[ONE].answer = None  # type: ignore[assignment]  # what cannot be
    with pytest.raises(AttributeError):
        await room.watch.ask()
    assert not room.watch.due(room.clock.now())
    room.pages[ONE].answer = WELL
    await room.pass_time(130)
    assert room.says == {"status.xero.com": "none"}


async def test_pages_come_and_go_and_those_that_stay_keep_what_is_known() -> None:
    """A reload changes the list; what is gone has no series any more."""
    room = Room()
    await room.pass_time(1)
    room.watch.follow((OTHER, "https://status.example"))
    assert room.says == {"status.developer.xero.com": "none", "status.example": "unknown"}
    await room.pass_time(1)
    assert room.says == {"status.developer.xero.com": "none", "status.example": "none"}
    name = "xero_exporter_status_page_last_success_timestamp_seconds"
    series = {
        sample.labels["page"]: sample.value
        for metric in room.registry.collect()
        for sample in metric.samples
        if sample.name == name
    }
    assert series == {"status.developer.xero.com": 1_700_001_001.0, "status.example": 1_700_001_002.0}
    room.watch.follow(())
    assert room.says == {}
    assert not room.watch.due(room.clock.now())


async def test_only_changes_are_logged_and_no_name() -> None:
    """A page that is away is told of once, and when it is back."""
    room = Room(ONE)
    with capture_logs() as logs:
        for answer in (WELL, WELL, BAD, BAD, DOWN, DOWN, WELL):
            room.pages[ONE].answer = answer
            await room.pass_time(130)
    told = [(entry["event"], entry.get("status") or entry.get("failure")) for entry in logs]
    assert told == [
        ("status_page_says", "none"),
        ("status_page_says", "major"),
        ("status_page_failed", "network"),
        ("status_page_says", "none"),
    ]
    assert "Nobody can log in" not in str(logs)
