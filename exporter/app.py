"""The composition root: who is built of what, what a tick does, and in which order it ends."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import CollectorRegistry

from exporter import __version__, logs
from exporter.build import (
    Tokens,
    Upstream,
    certificate_of,
    discovery_of,
    roster_of,
    tell_roster,
    tokens_of,
    upstream_of,
)
from exporter.clock import Clock
from exporter.config.certificates import ServerCertificate, TrustedCertificates
from exporter.config.changes import changed_keys, restart_only
from exporter.config.files import signature
from exporter.config.load import Source
from exporter.config.schema import Config
from exporter.errors import ConfigError, Fault, UnreachableError
from exporter.expose.exposition import Exposition
from exporter.model.conditions import Conditions, Readiness
from exporter.model.facts import History, Organization
from exporter.model.moment import Moment
from exporter.model.words import RosterSource
from exporter.observe.discoverer import Discoverer
from exporter.observe.fleet import Fleet
from exporter.observe.news import Change, Event
from exporter.observe.poller import TICK, Draw, Poller
from exporter.observe.readiness import readiness
from exporter.observe.roster import difference
from exporter.telemetry.families import DISCOVERY_TOKEN, PLATFORM_TOKEN
from exporter.telemetry.metrics import SelfMetrics
from exporter.web.routes import application
from exporter.web.server import Server
from exporter.web.site import Site, WebToken

STALLED_AFTER: Final = 10.0
"""Seconds without a tick after which this process calls itself unhealthy."""

OVERDUE_TICKS: Final = 3
"""Ticks that may be missing before somebody looks why."""

READS_GRACE: Final = 2.0
"""Seconds that readings under way get to end in when the process is told to stop."""

SERVER_GRACE: Final = 5.0
"""Seconds that answers under way get to be taken in: a client that reads slowly does not hold up the end."""

LINES_A_TICK: Final = 10
"""Changes of organisations told one by one in one tick; more are told as a count. An outage is one story."""

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
        self._started = self._ticked = clock.now()
        self._was_ready = False
        self._stopping = False
        self._registry = CollectorRegistry()
        self._metrics = SelfMetrics(self._registry)
        self._tokens = tokens_of(config)
        self._upstream = upstream_of(config, clock, self._metrics, self._tokens.by_owner[PLATFORM_TOKEN])
        self._roster = roster_of(config, clock)
        # Held by whoever changes the roster: a file, a server and a reload may come at the same time.
        self._roster_changing = asyncio.Lock()
        self._reloading = asyncio.Lock()
        self._in_force: tuple[Organization, ...] | None = None
        self._loaded: Moment | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._roster_task: asyncio.Task[None] | None = None
        self._discovery_task: asyncio.Task[None] | None = None
        self._reload_task: asyncio.Task[None] | None = None
        self._watchdog: asyncio.TimerHandle | None = None
        self._discover_with(config)
        self._fleet = Fleet(config.poll.stale_after_seconds)
        self._poller = Poller(
            reader=self._upstream.reader,
            fleet=self._fleet,
            credential=self._upstream.token,
            clock=clock,
            draw=draw,
            metrics=self._metrics,
            interval=config.poll.interval,
            later=asyncio.get_running_loop().call_later,
        )
        self._exposition = self._exposition_of(config)
        self._certificate = certificate_of(config)
        listen = config.web.listen
        self._server = Server(application(self._site()), listen.host, listen.port, self._certificate)
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def _discover_with(self, config: Config) -> None:
        """Puts the server that lists organisations in force, or none."""
        self._discovery = discovery_of(
            config, self._tokens.by_owner.get(DISCOVERY_TOKEN), self._clock, self._metrics, self._upstream.trust
        )
        self._discoverer: Discoverer | None = None
        if config.organizations.http is not None and self._discovery is not None:
            self._discoverer = Discoverer(
                config.organizations.http,
                discovery=self._discovery,
                credential=self._tokens.by_owner.get(DISCOVERY_TOKEN),
                roster=self._roster,
                changing=self._roster_changing,
                clock=self._clock,
                metrics=self._metrics,
            )

    def _exposition_of(self, config: Config) -> Exposition:
        return Exposition(
            organization_names=config.expose.organization_names, registry=self._registry, metrics=self._metrics
        )

    @property
    def url(self) -> str:
        """Where it listens, once started."""
        return self._server.url

    async def start(self) -> None:
        """Listens, then polls.

        Raises:
            UnreachableError: the address to listen on cannot be had.
        """
        self._tell_limits()
        self._metrics.config_reloaded(self._clock.now().wall)
        self._take_roster()
        self._look_at_tokens()
        self._look_at_certificates()
        self._show(self._clock.now())
        await self._server.start()
        self._started = self._ticked = self._clock.now()
        self._watch_clocks()
        # Jobs own no work: they start it and return, for the scheduler cancels them when it ends.
        self._scheduler.add_job(self._tick, "interval", seconds=TICK, id="tick")
        self._scheduler.add_job(self._look_at_roster, "interval", seconds=TICK, id="roster")
        self._scheduler.start()
        _log.info(
            "started",
            version=__version__,
            python=platform.python_version(),
            address=self.url,
            organizations=len(self._roster.organizations),
            interval_seconds=self._config.poll.interval,
        )

    async def drain(self) -> None:
        """Ends in order: not ready, no tick, readings under way, server, connections. Under 10 s in all."""
        self._stopping = True
        if self._scheduler.running:
            _log.info("stopping", readings_under_way=self._poller.under_way)
            self._scheduler.shutdown(wait=False)
        if self._watchdog is not None:
            self._watchdog.cancel()
        await self._poller.drain(READS_GRACE)
        for task in (self._roster_task, self._discovery_task, self._reload_task, *self._tasks):
            if task is not None:
                task.cancel()
        await self._server.stop(SERVER_GRACE)
        await self._upstream.transport.aclose()
        if self._discovery is not None:
            await self._discovery.aclose()
        _log.info("stopped")

    def reload_soon(self, asked_by: str) -> None:
        """Reloads in a task of its own; while one is under way, its lock makes this one wait."""
        task = asyncio.get_running_loop().create_task(self._reload_and_tell(asked_by))
        self._reload_task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
                _log.error("reload_refused", asked_by=asked_by, faults=len(faults), first=str(faults[0]))
                raise
            self._metrics.config_reloaded(self._clock.now().wall)
            _log.info("reloaded", asked_by=asked_by, changed=list(changed))
        if self._discoverer is not None:
            await self._discoverer.believe()
            self._roster_may_have_changed()
        return changed

    async def _reload(self) -> Sequence[str]:
        if self._source is None:
            raise ConfigError([Fault("", "this exporter was started without a configuration file; restart it")])
        # Taken before the read: a change during it is seen as one more change afterwards.
        self._source_seen = signature(self._source.path)
        config = await asyncio.to_thread(self._source.load)
        changed = changed_keys(self._config, config)
        if faults := restart_only(changed):
            raise ConfigError(faults)
        async with self._roster_changing:
            # All that can be refused comes first. Reading a long list takes longer than a tick may.
            roster = await asyncio.to_thread(roster_of, config, self._clock)
            tokens = tokens_of(config, self._tokens)
            upstream = self._upstream
            if any(key.startswith("platform.") for key in changed):
                upstream = upstream_of(config, self._clock, self._metrics, tokens.by_owner[PLATFORM_TOKEN])
            self._roster.become(roster, keep_discovered="organizations.http" not in changed)
            self._put_in_force(config, changed, tokens, upstream)
        return changed

    def _put_in_force(self, config: Config, changed: Sequence[str], tokens: Tokens, upstream: Upstream) -> None:
        """From here on nothing is refused and nothing waits: no scrape sees half of a change."""
        now = self._clock.now()
        self._config, self._tokens = config, tokens
        if upstream is not self._upstream:
            self._retire(self._upstream.transport.aclose, self._poller.readings())
            self._upstream = upstream
        if {"organizations.http", "platform.ca_file"} & set(changed):
            if self._discovery is not None:
                self._retire(self._discovery.aclose, () if self._discovery_task is None else (self._discovery_task,))
            self._discover_with(config)
        self._poller.reconfigure(upstream.reader, upstream.token, config.poll.interval, now)
        self._fleet.change_stale_after(config.poll.stale_after_seconds, now)
        self._tell_limits()
        if "expose.organization_names" in changed:
            self._exposition = self._exposition_of(config)
        if any(key.startswith("log.") for key in changed):
            logs.configure(config.log.level, config.log.format)
        self._roster_may_have_changed()
        self._show(now)
        self._server.replace(application(self._site()))

    def _retire(self, close: Callable[[], Awaitable[None]], users: Iterable[asyncio.Task[None]]) -> None:
        """Closes what was replaced, once those who still use it are done: each of them has a deadline."""
        users = tuple(users)

        async def closing() -> None:
            if users:
                await asyncio.wait(users)
            await close()

        task = asyncio.get_running_loop().create_task(closing())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell_limits(self) -> None:
        self._metrics.set_limits(self._config.poll.interval, self._config.poll.stale_after_seconds)

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
            self._turn()
        except Exception:  # noqa: BLE001 - see below
            # A fault of ours in one tick must not be the last tick. The health check tells when ticks stay away.
            _log.exception("tick_broke")
            return
        late = now.monotonic - self._ticked.monotonic
        self._metrics.tick_late(max(0, round(late / TICK) - 1))
        self._ticked = now
        self._metrics.tick_ended(self._clock.now().monotonic - now.monotonic)

    def _turn(self) -> None:
        """What one tick does: look, start what is due, fold what came in, render what changed."""
        now = self._clock.now()
        self._look_at_tokens()
        self._look_at_certificates()
        self._poller.tick(now)
        self._show(now)

    def _show(self, now: Moment) -> None:
        """Folds what came in, and makes it what the page shows."""
        changes = self._fleet.fold(now)
        if (snapshot := self._fleet.snapshot) is not None:
            self._exposition.render(snapshot)
        _tell(changes)

    def _look_at_tokens(self) -> None:
        for owner, token in self._tokens.in_files.items():
            before, changed = token.problem, token.look()
            if token.problem is not None and token.problem != before:
                _log.error("token_file_problem", token=owner, problem=token.problem)
            elif changed or token.problem != before:
                _log.info("token_file_read", token=owner, changed=changed)
            self._metrics.token_problem(owner, token.problem is not None)

    def _look_at_certificates(self) -> None:
        trust, certificate = self._upstream.trust, self._certificate
        if _looked("platform", trust):
            self._upstream.transport.trust(trust.context)
            if self._discovery is not None:
                self._discovery.trust(trust.context)
        if self._config.platform.ca_file is not None:
            self._metrics.certificate_problem("platform", trust.problem is not None)
        if certificate is not None and certificate.validity is not None:
            _looked("web", certificate)
            self._metrics.certificate_problem("web", certificate.problem is not None)
            self._metrics.certificate_ends(certificate.validity.not_after)

    async def _look_at_roster(self) -> None:
        loop = asyncio.get_running_loop()
        if _idle(self._roster_task) and self._roster.changed():
            self._roster_task = loop.create_task(self._reload_roster())
        if self._source is not None and _idle(self._reload_task) and signature(self._source.path) != self._source_seen:
            self.reload_soon("file")
        discoverer = self._discoverer
        if discoverer is not None and _idle(self._discovery_task) and discoverer.due(self._clock.now()):
            self._discovery_task = loop.create_task(self._discover(discoverer))

    async def _reload_roster(self) -> None:
        try:
            await self._try_reload_roster()
        except Exception:  # noqa: BLE001 - a fault of ours must be told in our words, not when the task is forgotten
            _log.exception("roster_broke")

    async def _try_reload_roster(self) -> None:
        async with self._roster_changing:
            # Parsing a long list takes longer than a tick may.
            faults = await asyncio.to_thread(self._roster.reload)
        if faults:
            _log.error("roster_rejected", source=RosterSource.FILE, faults=len(faults), first=str(faults[0]))
            self._metrics.roster_rejected(RosterSource.FILE)
            return
        self._roster_may_have_changed()

    async def _discover(self, discoverer: Discoverer) -> None:
        await discoverer.ask()
        self._roster_may_have_changed()

    def _roster_may_have_changed(self) -> None:
        before, after = self._in_force or (), self._roster.organizations
        self._take_roster()
        if before is not after:
            _log.info("roster_changed", organizations=len(after), **difference(before, after))

    def _take_roster(self) -> None:
        now = self._clock.now()
        organizations = self._roster.organizations
        if organizations is not self._in_force:
            self._in_force = organizations
            ids = [one.id for one in organizations]
            self._fleet.replace_roster(organizations, now)
            self._poller.replace_roster(ids, now)
            self._upstream.memberpulse.keep_only(ids)
        if self._loaded is None and not self._roster.waits_for:
            self._loaded = now
        tell_roster(self._roster, self._metrics)

    def _site(self) -> Site:
        return Site(
            exposition=self._exposition,
            metrics=self._metrics,
            snapshot=lambda: self._fleet.snapshot,
            history=self._history,
            next_attempt=self._next_attempt,
            conditions=self._conditions,
            healthy=self._healthy,
            ready=self._ready,
            reload=self.reload,
            tokens=tuple(
                WebToken(one.name, one.role, self._tokens.by_owner[f"web/{one.name}"])
                for one in self._config.web.tokens
            ),
            organization_names=self._config.expose.organization_names,
            version=__version__,
        )

    def _history(self, organization_id: str) -> History:
        return self._fleet.history(organization_id)

    def _next_attempt(self, organization_id: str) -> float | None:
        return self._wall(self._poller.next_attempt(organization_id))

    def _wall(self, monotonic: float | None) -> float | None:
        if monotonic is None:
            return None
        now = self._clock.now()
        return now.wall + monotonic - now.monotonic

    def _conditions(self) -> Conditions:
        return Conditions(
            poll_interval=self._config.poll.interval,
            stale_after=self._config.poll.stale_after_seconds,
            platform_auth_ok=self._poller.auth_ok,
            paused_until=self._wall(self._poller.paused_until),
            sources=self._roster.sources,
        )

    def _healthy(self) -> bool:
        return self._clock.now().monotonic - self._ticked.monotonic < STALLED_AFTER

    def _ready(self) -> Readiness:
        if self._stopping:
            return Readiness(ready=False, why="this exporter is stopping")
        if self._was_ready:
            return Readiness(ready=True, why="polling")
        found = readiness(
            self._fleet.snapshot,
            running_for=self._clock.now().monotonic - (self._loaded or self._started).monotonic,
            interval=self._config.poll.interval,
            brake_on=self._poller.auth_ok is False,
            no_token=not self._upstream.token.number,
            waits_for=self._roster.waits_for,
        )
        # Organisations that come later do not make a working exporter unready.
        self._was_ready = found.ready
        return found


def _idle(task: asyncio.Task[None] | None) -> bool:
    return task is None or task.done()


def _looked(owner: str, files: ServerCertificate | TrustedCertificates) -> bool:
    """Looks, and tells what came of it; True when something new is in force."""
    before = files.problem
    taken = files.look()
    if taken:
        _log.info("certificates_taken_over", certificates=owner)
    elif files.problem is not None and files.problem != before:
        _log.error("certificates_problem", certificates=owner, problem=str(files.problem))
    return taken


def _tell(changes: Sequence[Change]) -> None:
    told: Counter[Event] = Counter()
    for change in changes:
        told[change.event] += 1
        if told[change.event] <= LINES_A_TICK:
            _log.log(_level(change.event), change.event, organization_id=change.organization_id, failure=change.failure)
    for event, count in told.items():
        if count > LINES_A_TICK:
            _log.log(_level(event), event, further_organizations=count - LINES_A_TICK)


def _level(event: Event) -> int:
    return logging.INFO if event is Event.RECOVERED else logging.WARNING
