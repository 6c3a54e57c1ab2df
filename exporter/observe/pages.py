"""Status pages: when to read each, and what they say as long as that counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from exporter.clock import Clock
from exporter.config.addresses import page_key
from exporter.model.facts import UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import ServiceStatus
from exporter.observe.phase import Grid, phase_of
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.statuspage import PageIncident, PageReport

LEAST_WAIT: Final = 60.0
"""Seconds between two readings of a page, at least: who runs it asks for no more than one a minute."""

TURN: Final = 65.0
"""Seconds between two turns of a page: more than `LEAST_WAIT`, or one that begins late would cost the next turn."""

GOOD_FOR: Final = 300.0
"""Seconds for which an answer counts while the page cannot be read: its server may have a bad minute of its own."""

LONGEST_WAIT: Final = 3600.0
"""The most seconds that a Retry-After can hold us back."""

_log = structlog.get_logger("pages")


class Page(Protocol):
    """Whoever can read one status page."""

    async def report(self) -> PageReport | UpstreamFailure:
        """What the page says now; the same object while it says the same."""
        ...


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """What one page says, as far as it counts at one moment.

    Attributes:
        page: what labels call it, `addresses.page_key` of its URL.
        status: `unknown` when it was not read for longer than `GOOD_FOR`, or never. Never an outage because of that.
        incidents: unresolved ones, empty while the status is not known.
        last_success: when it was last read, seconds since 1970 UTC; None before that.
    """

    page: str
    status: ServiceStatus = ServiceStatus.UNKNOWN
    incidents: tuple[PageIncident, ...] = ()
    last_success: float | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the answers of one page so far come to.

    Attributes:
        report: the last good one.
        read: when that was.
        failing: whether the last reading gave none.
    """

    report: PageReport | None = None
    read: Moment | None = None
    failing: bool = False


@dataclass(slots=True)
class _Watched:
    """One page, and when it is next read."""

    key: str
    page: Page
    phase: float
    known: Known
    next: float = float("-inf")


class PageWatch:
    """Knows when to read each page, and what they say. At most one `ask` may be under way at a time."""

    def __init__(
        self,
        urls: Iterable[str],
        *,
        page_of: Callable[[str], Page],
        clock: Clock,
        metrics: SelfMetrics,
        least_wait: float = LEAST_WAIT,
        turn: float = TURN,
    ) -> None:
        """Reads nothing yet; the first `ask` is due at once.

        Args:
            urls: of the pages, each only once.
            page_of: makes what reads a page.
            clock: tells the time.
            metrics: told of each page that was read.
            least_wait: seconds between two readings of a page.
            turn: seconds between two turns of a page, more than that.
        """
        self._page_of = page_of
        self._clock = clock
        self._metrics = metrics
        self._least_wait = least_wait
        self._grid = Grid.aligned(clock.now(), turn)
        self._under_way = False
        self._watched: tuple[_Watched, ...] = ()
        self._reports: tuple[ServiceReport, ...] = ()
        self.follow(urls)

    def follow(self, urls: Iterable[str]) -> None:
        """Reads these pages from now on; what is known of those that stay is kept."""
        before = {one.key: one for one in self._watched}
        self._watched = tuple(before.get(page_key(url)) or self._new(url) for url in urls)
        self._tell_metrics()

    def due(self, now: Moment) -> bool:
        """Whether to `ask` now: the turn of a page has come."""
        return not self._under_way and any(now.monotonic >= one.next for one in self._watched)

    async def ask(self) -> None:
        """Reads every page whose turn has come. A failure is news, not an exception."""
        self._under_way = True
        try:
            now = self._clock.now().monotonic
            await asyncio.gather(*(self._read(one) for one in self._watched if now >= one.next))
        finally:
            self._under_way = False
        self._tell_metrics()

    def reports(self, now: Moment) -> tuple[ServiceReport, ...]:
        """What each page says, as far as it counts now, in their order; the same object while that does not change."""
        found = tuple(report_of(one.key, one.known, now) for one in self._watched)
        if found != self._reports:
            self._reports = found
        return self._reports

    def _new(self, url: str) -> _Watched:
        key = page_key(url)
        return _Watched(key, self._page_of(url), phase_of(key), Known())

    async def _read(self, one: _Watched) -> None:
        # Before it is asked: should that break, it is not asked again and again.
        one.next = next_read(self._grid, one.phase, self._clock.now().monotonic, self._least_wait)
        answer = await one.page.report()
        now = self._clock.now()
        if isinstance(answer, UpstreamFailure):
            one.next = max(one.next, now.monotonic + min(answer.retry_after or 0.0, LONGEST_WAIT))
        _tell(one.key, one.known, answer)
        one.known = learned(one.known, answer, now)

    def _tell_metrics(self) -> None:
        read = {one.key: one.known.read.wall for one in self._watched if one.known.read is not None}
        self._metrics.status_pages_read(read)


def learned(known: Known, answer: PageReport | UpstreamFailure, now: Moment) -> Known:
    """What an answer adds to what was known of a page. A failure takes nothing away: time does."""
    if isinstance(answer, UpstreamFailure):
        return Known(known.report, known.read, failing=True)
    return Known(answer, now)


def report_of(page: str, known: Known, now: Moment) -> ServiceReport:
    """What of it counts now."""
    if known.report is None or known.read is None:
        return ServiceReport(page)
    if now.monotonic - known.read.monotonic > GOOD_FOR:
        return ServiceReport(page, last_success=known.read.wall)
    return ServiceReport(page, known.report.status, known.report.incidents, known.read.wall)


def next_read(grid: Grid, phase: float, began: float, least_wait: float) -> float:
    """When to read a page again, monotonic seconds: its first turn that is not too soon.

    Args:
        grid: turns of the pages.
        phase: of this page.
        began: when the last reading began, monotonic seconds.
        least_wait: seconds from beginning to beginning, at least.
    """
    return grid.after(phase, began + least_wait)


def _tell(page: str, before: Known, answer: PageReport | UpstreamFailure) -> None:
    """Logs what changed, and only that."""
    if isinstance(answer, UpstreamFailure):
        if not before.failing:
            _log.warning("status_page_failed", page=page, failure=answer.failure, why=answer.detail)
    elif before.failing or before.report is None or before.report.status is not answer.status:
        _log.info("status_page_says", page=page, status=answer.status, incidents=len(answer.incidents))
