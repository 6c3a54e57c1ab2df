"""Xero beside the platform: its own list of connections, its status pages, and the tasks that ask them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from exporter.clock import Clock
from exporter.config.schema import Config
from exporter.config.secrets import Token
from exporter.model.fleet import PageSays
from exporter.model.judgement import Connections
from exporter.observe.pages import PageWatch
from exporter.observe.xero_view import NOTHING, XeroView, XeroWatch
from exporter.running.asking import Asking, Watch, nothing_to_close
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.identity import Rejection
from exporter.upstream.occasional import OccasionalTransport
from exporter.upstream.statuspage import StatusPage
from exporter.upstream.xero import Xero

PAGE_TIMEOUT: Final = 10.0
"""Seconds for one status page."""

APP_KEYS: Final = frozenset({"xero.app", "xero.api_url", "xero.identity_url"})
"""Keys of which a change makes what was listed before mean nothing: it may be of another app."""

_PAGES_A_SECOND: Final = 10.0  # ten pages each minute: never waited for


class AskingXero:
    """Asks Xero and its status pages, each when it is due. Lives in one asyncio loop; to be closed at the end."""

    def __init__(self, config: Config, *, secret: Token | None, clock: Clock, metrics: SelfMetrics) -> None:
        """Asks nothing yet.

        Args:
            config: whom to ask, and how often.
            secret: of `xero.app`; None where that is not configured.
            clock: tells the time.
            metrics: counts requests and answers.
        """
        self._clock = clock
        self._metrics = metrics
        self._pages_way = OccasionalTransport(
            timeout=PAGE_TIMEOUT, max_concurrency=2, max_requests_per_second=_PAGES_A_SECOND, clock=clock
        )
        self._pages = PageWatch(config.xero.status_pages, page_of=self._page, clock=clock, metrics=metrics)
        self._asking_pages = Asking(self._pages, "status_pages_broke")
        self._xero: Xero | None = None
        self._watch: XeroWatch | None = None
        self._asking_xero: Asking | None = None
        self._watch_with(config, secret)

    @property
    def pages(self) -> tuple[PageSays, ...]:
        """What each status page says, by its host."""
        return tuple(PageSays(one.page, one.status, one.last_success) for one in self._pages.reports(self._clock.now()))

    @property
    def connections(self) -> Connections | None:
        """Xero's own list, as long as it counts; None when there is none."""
        return self._view.connections

    @property
    def app_refused(self) -> bool:
        """Whether Xero refuses the credentials of the app.

        Not whether it refuses what we ask for with them: not every app may list its connections, and the platform
        needs neither that grant nor that scope.
        """
        return self._view.rejection is Rejection.INVALID_CLIENT

    @property
    def app_refused_since(self) -> float | None:
        """Since when it does, seconds since 1970 UTC; None while it does not."""
        since = self._view.rejected_since
        return since.wall if since is not None and self.app_refused else None

    @property
    def asks_xero(self) -> bool:
        """Whether Xero is asked for its own list."""
        return self._watch is not None

    def look(self) -> None:
        """Begins to ask whoever is due."""
        now = self._clock.now()
        self._asking_pages.look(now)
        if self._asking_xero is not None:
            self._asking_xero.look(now)

    async def ask(self) -> None:
        """Asks everybody once, now, and waits for the answers: for commands that answer and end."""
        watches: list[Watch] = [self._pages] if self._watch is None else [self._pages, self._watch]
        await asyncio.gather(*(one.ask() for one in watches))

    def reconfigure(
        self, config: Config, changed: Sequence[str], secret: Token | None
    ) -> Callable[[], Awaitable[None]]:
        """Asks these from now on; what is known of pages that stay is kept.

        Returns:
            Ends and closes what was replaced; to be awaited.
        """
        if "xero.status_pages" in changed:
            self._pages.follow(config.xero.status_pages)
        if not APP_KEYS.intersection(changed):
            return nothing_to_close
        old, way = self._asking_xero, self._xero
        self._watch_with(config, secret)

        async def close() -> None:
            if old is not None:
                await old.aclose()
            if way is not None:
                await way.aclose()

        return close

    async def aclose(self) -> None:
        """Ends what is being asked, and closes the connections."""
        await self._asking_pages.aclose()
        if self._asking_xero is not None:
            await self._asking_xero.aclose()
        if self._xero is not None:
            await self._xero.aclose()
        await self._pages_way.aclose()

    @property
    def _view(self) -> XeroView:
        return NOTHING if self._watch is None else self._watch.view(self._clock.now())

    def _watch_with(self, config: Config, secret: Token | None) -> None:
        app = config.xero.app
        if app.client_id is None or secret is None:
            self._xero = self._watch = self._asking_xero = None
            self._metrics.connections_listed(None)
            return
        self._xero = Xero(
            api_url=config.xero.api_url,
            identity_url=config.xero.identity_url,
            client_id=app.client_id,
            secret=secret,
            telemetry=self._metrics,
            clock=self._clock,
        )
        self._watch = XeroWatch(app, xero=self._xero, credential=secret, clock=self._clock, metrics=self._metrics)
        self._asking_xero = Asking(self._watch, "xero_broke")

    def _page(self, url: str) -> StatusPage:
        return StatusPage(url=url, transport=self._pages_way, telemetry=self._metrics, clock=self._clock)
