"""The composition root: who is built of what, what a tick does, and in which order it ends."""

from __future__ import annotations

import asyncio
import platform
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import CollectorRegistry

from exporter import __version__, logs
from exporter.clock import Clock
from exporter.config.changes import changed_keys, restart_only
from exporter.config.files import signature
from exporter.config.load import Source
from exporter.config.schema import Config
from exporter.config.telemetry import traces_of
from exporter.errors import ConfigError, Fault, UnreachableError
from exporter.model.conditions import Conditions, Readiness, ReloadRefused
from exporter.model.facts import Snapshot
from exporter.observe.poller import TICK, Draw
from exporter.observe.trend import Trend
from exporter.remediation.desk import Desk
from exporter.running.accounting import Accounting
from exporter.running.remediating import Remediating
from exporter.running.watching import Watching
from exporter.web.routes import application
from exporter.web.server import Server
from exporter.web.site import Site, WebToken

STALLED_AFTER: Final = 10.0
"""Seconds without a tick after which this process calls itself unhealthy."""

OVERDUE_TICKS: Final = 3
"""Ticks that may be missing before somebody looks why."""

BY_A_PERSON: Final = frozenset({"signal", "request"})
"""Reloads by which somebody says that what is held is right; a touched file says nothing."""

SERVER_GRACE: Final = 5.0
"""Seconds that answers under way get to be taken in: a client that reads slowly does not hold up the end."""

_log = structlog.get_logger("exporter")


class Exporter:
    """The whole exporter: build it, start it, drain it. Lives in one asyncio loop."""

    def __init__(self, config: Config, *, clock: Clock, draw: Draw, source: Source | None = None) -> None:
        """Builds everything and starts nothing.

        Args:
            config: what to do.
            clock: tells the time.
            draw: randomness.
            source: where the configuration comes from; None: it cannot be reloaded.

        Raises:
            ConfigError: the organisations file, or a certificate, cannot be used.
        """
        self._config = config
        self._clock = clock
        self._source = source
        self._source_seen = None if source is None else signature(source.path)
        self._ticked = clock.now()
        self._stopping = False
        self._hash_key = secrets.token_bytes(16)
        traces, problems = traces_of(config.telemetry, {} if source is None else source.environ)
        for problem in problems:
            _log.warning("traces_variable_unusable", problem=problem)
        self._watching = Watching(config, clock=clock, draw=draw, registry=CollectorRegistry(), traces=traces)
        self._metrics = self._watching.metrics
        self._remediating = Remediating(config, watching=self._watching, clock=clock)
        self._accounting = Accounting(
            desk=self.desk, metrics=self._metrics.remediation, clock=clock, snapshot=self._snapshot
        )
        self._reloading = asyncio.Lock()
        self._reload_refused: ReloadRefused | None = None
        self._reload_tasks: set[asyncio.Task[None]] = set()
        self._watchdog: asyncio.TimerHandle | None = None
        listen = config.web.listen
        self._told = self._site()
        self._server = Server(application(self._told), listen.host, listen.port, self._watching.certificate)
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    @property
    def desk(self) -> Desk:
        """Where alerts and people ask for actions."""
        return self._remediating.desk

    @property
    def url(self) -> str:
        """Where it listens, once started."""
        return self._server.url

    async def start(self) -> None:
        """Listens, then polls.

        Raises:
            UnreachableError: the address to listen on cannot be had.
        """
        self._metrics.config_reloaded(self._clock.now().wall)
        self._watching.begin()
        await self._server.start()
        self._ticked = self._clock.now()
        self._watch_clocks()
        # Jobs own no work: they start it and return, for the scheduler cancels them when it ends.
        self._scheduler.add_job(self._tick, "interval", seconds=TICK, id="tick")
        self._scheduler.add_job(self._look_at_sources, "interval", seconds=TICK, id="roster")
        self._scheduler.add_job(self._remediate, "interval", seconds=TICK, id="remediation")
        self._scheduler.start()
        _log.info(
            "started",
            version=__version__,
            python=platform.python_version(),
            address=self.url,
            organizations=self._watching.organizations,
            traces=self._watching.tracing is not None,
            interval_seconds=self._config.poll.interval,
        )

    async def drain(self) -> None:
        """Ends in order: not ready, no tick, action and readings under way, server, ledger, connections, traces.

        Under 15 s, and under 25 s when a call to the platform is under way.
        """
        self._stopping = True
        if self._scheduler.running:
            _log.info("stopping", readings_under_way=self._watching.under_way)
            self._scheduler.shutdown(wait=False)
        if self._watchdog is not None:
            self._watchdog.cancel()
        tasks = tuple(self._reload_tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._remediating.drain()
        await self._watching.drain()
        await self._accounting.drain()
        await self._server.stop(SERVER_GRACE)
        await self._remediating.aclose()
        await self._watching.aclose()
        _log.info("stopped")

    def reload_soon(self, asked_by: str) -> None:
        """Reloads in a task of its own; while one is under way, its lock makes this one wait."""
        task = asyncio.get_running_loop().create_task(self._reload_and_tell(asked_by))
        self._reload_tasks.add(task)
        task.add_done_callback(self._reload_tasks.discard)

    async def _reload_and_tell(self, asked_by: str) -> None:
        try:
            await self.reload(asked_by)
        except ConfigError:
            return  # told in the log and by the gauge
        except Exception:  # noqa: BLE001 - a fault of ours must be told in our words, not when the task is forgotten
            _log.exception("reload_broke")

    async def reload(self, asked_by: str) -> Sequence[str]:
        """Reads the configuration again and puts it in force, whole or not at all.

        History and freshness of the organisations that stay are kept, and so is every connection of callers.

        Args:
            asked_by: ``signal``, ``request`` or ``file``, for the log.

        Returns:
            The keys that changed.

        Raises:
            ConfigError: it cannot be used, or changes what only a restart can; the old one stays in force.
        """
        async with self._reloading:
            try:
                changed = await self._reload()
            except ConfigError as error:
                self._metrics.config_reloaded(None)
                faults = error.faults
                self._reload_refused = ReloadRefused(self._clock.now().wall, str(faults[0]))
                _log.error("reload_refused", asked_by=asked_by, faults=len(faults), first=str(faults[0]))
                raise
            except Exception:
                self._metrics.config_reloaded(None)
                self._reload_refused = ReloadRefused(self._clock.now().wall, "a fault of the exporter: see its log")
                raise
            self._reload_refused = None
            self._metrics.config_reloaded(self._clock.now().wall)
            _log.info("reloaded", asked_by=asked_by, changed=list(changed))
            if asked_by in BY_A_PERSON:
                await self._watching.believe_discovery()
        return changed

    async def _reload(self) -> Sequence[str]:
        if self._stopping:
            raise ConfigError([Fault("", "this exporter is stopping")])
        if self._source is None:
            raise ConfigError([Fault("", "this exporter was started without a configuration file; restart it")])
        # Taken before the read: a change during it is seen as one more change afterwards.
        self._source_seen = signature(self._source.path)
        config = await asyncio.to_thread(self._source.load)
        changed = changed_keys(self._config, config)
        if faults := restart_only(changed):
            raise ConfigError(faults)
        await self._watching.reconfigure(config, changed)
        self._remediating.reconfigure(config)
        self._config = config
        if any(key.startswith("log.") for key in changed):
            logs.configure(config.log.level, config.log.format)
        if (site := self._site()) != self._told:
            # Only then: what is replaced is full of cycles, 80 kB that stay until the next look for garbage.
            self._told = site
            self._server.replace(application(site))
        self._server.present(self._watching.certificate)
        return changed

    async def failed(self) -> None:
        """Waits until the server ends although nobody told it to.

        Raises:
            UnreachableError: it did; nothing of what is known can be told any more.
        """
        await self._server.ended()
        raise UnreachableError("the HTTP server ended by itself: see the log, and start this exporter again")

    def _watch_clocks(self) -> None:
        """Sees to it that the ticks go on when the machine's clock is set.

        The scheduler plans by the wall clock: set back by an hour, it would not tick for an hour, and what is too old
        would stay on the page. The loop's own timers do not step.
        """
        self._watchdog = asyncio.get_running_loop().call_later(TICK, self._watch_clocks)
        overdue = self._clock.now().monotonic - self._ticked.monotonic > OVERDUE_TICKS * TICK
        if overdue and self._scheduler.running:
            _log.warning("clock_stepped_or_stalled")
            self._ticked = self._clock.now()
            for job in self._scheduler.get_jobs():
                job.reschedule("interval", seconds=TICK)

    async def _tick(self) -> None:
        now = self._clock.now()
        try:
            self._watching.turn()
        except Exception:  # noqa: BLE001 - see below
            # A fault of ours in one tick must not be the last tick. The health check tells when ticks stay away.
            _log.exception("tick_broke")
            return
        late = now.monotonic - self._ticked.monotonic
        self._metrics.tick_late(max(0, round(late / TICK) - 1))
        self._ticked = now
        self._metrics.tick_ended(self._clock.now().monotonic - now.monotonic)

    async def _remediate(self) -> None:
        self._remediating.turn()

    async def _look_at_sources(self) -> None:
        if self._source is not None and not self._reload_tasks and signature(self._source.path) != self._source_seen:
            self.reload_soon("file")
        self._watching.look_at_sources()
        self._accounting.look()

    def _site(self) -> Site:
        watching = self._watching
        return Site(
            exposition=watching.exposition,
            metrics=self._metrics,
            snapshot=self._snapshot,
            history=watching.history,
            next_attempt=watching.next_attempt,
            trend=self._trend,
            conditions=self._conditions,
            healthy=self._healthy,
            ready=self._ready,
            reload=self.reload,
            tracing=self._watching.tracing,
            desk=self.desk,
            stopping=self._is_stopping,
            tokens=tuple(
                WebToken(one.name, one.role, watching.tokens.by_owner[f"web/{one.name}"])
                for one in self._config.web.tokens
            ),
            organization_names=self._config.expose.organization_names,
            links=self._config.links,
            hash_key=self._hash_key,
            version=__version__,
            open_reading=self._config.web.open_reading,
        )

    def _snapshot(self) -> Snapshot | None:
        return self._watching.snapshot

    def _trend(self) -> Trend:
        return self._watching.trend

    def _conditions(self) -> Conditions:
        return replace(self._watching.conditions(), reload_refused=self._reload_refused)

    def _is_stopping(self) -> bool:
        return self._stopping

    def _healthy(self) -> bool:
        return self._clock.now().monotonic - self._ticked.monotonic < STALLED_AFTER

    def _ready(self) -> Readiness:
        if self._stopping:
            return Readiness(ready=False, why="this exporter is stopping")
        return self._watching.ready()
