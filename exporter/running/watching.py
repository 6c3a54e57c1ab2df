"""What watches: the way to the platform, the roster, the poller and what is known, built and rebuilt as one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from exporter.clock import Clock
from exporter.config.schema import Config
from exporter.config.telemetry import Traces
from exporter.errors import ConfigError
from exporter.expose.exposition import Exposition
from exporter.model.conditions import Conditions, Readiness
from exporter.model.facts import History, Organization, Snapshot
from exporter.model.fleet import Surroundings
from exporter.model.moment import Moment
from exporter.observe.fleet import Fleet
from exporter.observe.poller import Draw, Poller
from exporter.observe.readiness import readiness
from exporter.observe.roster import difference
from exporter.observe.telling import tell
from exporter.observe.trend import Trend
from exporter.running.asking import Asking
from exporter.running.asking_xero import AskingXero
from exporter.running.building import (
    Tokens,
    Upstream,
    certificate_of,
    good_trust_of,
    roster_of,
    tell_roster,
    tokens_of,
    unusable,
    upstream_of,
)
from exporter.running.discovering import Discovering
from exporter.running.looking import look_at_certificates, look_at_tokens, tell_unreadable
from exporter.running.retiring import Retiring
from exporter.running.roster_file import RosterFile
from exporter.telemetry.families import DISCOVERY_TOKEN, PLATFORM_TOKEN, XERO_SECRET
from exporter.telemetry.metrics import SelfMetrics
from exporter.telemetry.tracing import tracing_of

READS_GRACE: Final = 2.0
"""Seconds that readings under way get to end in when the process is told to stop."""

_log = structlog.get_logger("exporter")


class Watching:
    """Watches the fleet: a turn each second, and a look at the sources of the roster. Lives in one asyncio loop."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock,
        draw: Draw,
        registry: CollectorRegistry,
        traces: Traces | None = None,
    ) -> None:
        """Builds everything and asks nobody.

        Args:
            config: what to do.
            clock: tells the time.
            draw: randomness.
            registry: for the exporter's own metrics.
            traces: how traces are sent; None: none are, and what sends them is not loaded.

        Raises:
            ConfigError: the organisations file, platform.ca_file, or our own certificate, cannot be used.
        """
        self._config = config
        self._clock = clock
        self._registry = registry
        self.metrics = SelfMetrics(registry)
        self.tokens = tokens_of(config)
        self.certificate = certificate_of(config)
        trust = good_trust_of(config)
        self._roster = roster_of(config, clock)
        # After all that can be refused, because it starts a thread.
        self.tracing = None if traces is None else tracing_of(traces, metrics=self.metrics, clock=clock, draw=draw)
        token = self.tokens.by_owner[PLATFORM_TOKEN]
        self._upstream = upstream_of(config, clock, self.metrics, token, trust, tracing=self.tracing)
        # Held by whoever changes the roster: a file, a server and a reload may come at the same time.
        self._roster_changing = asyncio.Lock()
        self._in_force: tuple[Organization, ...] | None = None
        self._started = clock.now()
        self._loaded: Moment | None = None
        self._was_ready = False
        roster_file = RosterFile(self._roster, changing=self._roster_changing, metrics=self.metrics)
        self._roster_file = Asking(roster_file, "roster_broke", self._roster_may_have_changed)
        self._retiring = Retiring()
        self._discovering = Discovering(
            roster=self._roster,
            changing=self._roster_changing,
            clock=clock,
            metrics=self.metrics,
            taken=self._roster_may_have_changed,
        )
        self._discover_with(config)
        self._asking_xero = AskingXero(
            config, secret=self.tokens.by_owner.get(XERO_SECRET), clock=clock, metrics=self.metrics
        )
        self._fleet = Fleet(config.thresholds)
        self._poller = Poller(
            reader=self._upstream.reader,
            fleet=self._fleet,
            credential=self._upstream.token,
            clock=clock,
            draw=draw,
            metrics=self.metrics,
            interval=config.poll.interval,
            later=asyncio.get_running_loop().call_later,
        )
        self.exposition = self._exposition_of(config)
        self.also_reading: Callable[[], Iterable[asyncio.Task[None]]] = tuple
        """Tasks beside the poller's that may be reading now: what they read by is closed once they are done."""

    @property
    def snapshot(self) -> Snapshot | None:
        """What is known now; None before the first roster."""
        return self._fleet.snapshot

    @property
    def trend(self) -> Trend:
        """How many had which issue over the last hours."""
        return self._fleet.trend

    @property
    def fleet(self) -> Fleet:
        """Holds what is known; it stays the same object."""
        return self._fleet

    @property
    def upstream(self) -> Upstream:
        """The way to the platform now; a reload may replace it."""
        return self._upstream

    @property
    def organizations(self) -> int:
        """How many are watched."""
        return len(self._roster.organizations)

    @property
    def under_way(self) -> int:
        """Readings that have not ended."""
        return self._poller.under_way

    def begin(self) -> None:
        """Looks at everything once, so that the first page says what is known before anybody was asked."""
        self._started = self._clock.now()
        self._tell_limits()
        self._take_roster()
        tell_unreadable(self.tokens)
        self._look_at_files()
        self._show(self._started)

    def turn(self) -> None:
        """What one tick does: look, plan what is due, fold what came in, render what changed."""
        now = self._clock.now()
        self._look_at_files()
        self._poller.tick(now)
        self._show(now)

    async def drain(self) -> None:
        """Starts nothing any more, gives readings under way `READS_GRACE`, and ends what reads the roster."""
        await self._poller.drain(READS_GRACE)
        self._discovering.stop()
        await self._roster_file.aclose()

    async def aclose(self) -> None:
        """Closes all connections, those that were replaced too, and sends the traces that wait."""
        # What still used them was ended by `drain`, so these end at once.
        await self._retiring.aclose()
        await self._upstream.transport.aclose()
        await self._asking_xero.aclose()
        await self._discovering.aclose()
        if self.tracing is not None:
            await self.tracing.aclose()

    async def reconfigure(self, config: Config, changed: Sequence[str]) -> None:
        """Puts another configuration in force, whole or not at all; what is known of those who stay is kept.

        Args:
            config: the new one.
            changed: the keys in which it differs.

        Raises:
            ConfigError: it cannot be used; the old one stays in force.
        """
        async with self._roster_changing:
            # All that can be refused comes first. Reading a long list takes longer than a tick may.
            roster = await asyncio.to_thread(roster_of, config, self._clock)
            tokens = tokens_of(config, self.tokens)
            if faults := unusable(tokens, self.tokens):
                raise ConfigError(faults)
            # What names the same files as before stays, also when they are bad now: then the last good ones do.
            certificate = self.certificate
            if "web.tls" in changed:
                certificate = await asyncio.to_thread(certificate_of, config)
            upstream = self._upstream
            if any(key.startswith("platform.") or key == "remediation.record_id_fields" for key in changed):
                trust = None if "platform.ca_file" in changed else upstream.trust
                token = tokens.by_owner[PLATFORM_TOKEN]
                upstream = upstream_of(config, self._clock, self.metrics, token, trust, tracing=self.tracing)
            self._roster.become(roster)
            self.certificate = certificate
            self._put_in_force(config, changed, tokens, upstream)

    async def believe_discovery(self) -> None:
        """Takes over what the server lists and is held: a person who reloads says that it is right."""
        await self._discovering.believe()

    def look_at_sources(self) -> None:
        """Starts to read again what changed, and to ask whoever's turn has come beside the platform."""
        self._roster_file.look(self._clock.now())
        self._discovering.look()
        self._asking_xero.look()

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
        tell_roster(self._roster, self.metrics)

    def history(self, organization_id: str) -> History:
        """The remembered readings of one organisation."""
        return self._fleet.history(organization_id)

    def next_attempt(self, organization_id: str) -> float | None:
        """When it is asked next, seconds since 1970 UTC; None when that is not known."""
        return self._wall(self._poller.next_attempt(organization_id))

    def _wall(self, monotonic: float | None) -> float | None:
        if monotonic is None:
            return None
        now = self._clock.now()
        return now.wall + monotonic - now.monotonic

    def conditions(self) -> Conditions:
        """How polling stands."""
        return Conditions(
            poll_interval=self._config.poll.interval,
            stale_after=self._config.poll.stale_after_seconds,
            platform_auth_ok=self._poller.auth_ok,
            paused_until=self._wall(self._poller.paused_until),
            sources=self._roster.sources,
        )

    def ready(self) -> Readiness:
        """Whether what is told is worth scraping."""
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

    def _put_in_force(self, config: Config, changed: Sequence[str], tokens: Tokens, upstream: Upstream) -> None:
        """From here on nothing is refused and nothing waits: no scrape sees half of a change."""
        now = self._clock.now()
        self._config, self.tokens = config, tokens
        if upstream is not self._upstream:
            upstream.transport.take_over(self._upstream.transport)
            self._upstream.reader.give_way_to(upstream.reader)
            self._retiring.retire(self._upstream.transport.aclose, (*self._poller.readings(), *self.also_reading()))
            trust_changed = upstream.trust is not self._upstream.trust
            self._upstream = upstream
            if trust_changed:
                self._discovering.trust(upstream.trust.context)
        if "organizations.http" in changed:
            self._retiring.retire(self._discover_with(config))
        self._retiring.retire(self._asking_xero.reconfigure(config, changed, tokens.by_owner.get(XERO_SECRET)))
        self._poller.reconfigure(upstream.reader, upstream.token, config.poll.interval, now)
        self._fleet.change_rules(config.thresholds, now)
        self._tell_limits()
        if "expose.organization_names" in changed:
            self.exposition = self._exposition_of(config)
        self._roster_may_have_changed()
        self._look_at_files()
        self._show(now)
        self.look_at_sources()

    def _discover_with(self, config: Config) -> Callable[[], Awaitable[None]]:
        """Has this server asked for the list, or none; returns what closes the one before."""
        token = self.tokens.by_owner.get(DISCOVERY_TOKEN)
        return self._discovering.reconfigure(config.organizations.http, token, self._upstream.trust)

    def _exposition_of(self, config: Config) -> Exposition:
        return Exposition(
            organization_names=config.expose.organization_names, registry=self._registry, metrics=self.metrics
        )

    def _tell_limits(self) -> None:
        self.metrics.set_limits(self._config.poll.interval, self._config.poll.stale_after_seconds)

    def _show(self, now: Moment) -> None:
        """Folds what came in, and makes it what the page shows."""
        changes = self._fleet.fold(now, self._asking_xero.connections, self._surroundings())
        if (snapshot := self._fleet.snapshot) is not None:
            self.exposition.render(snapshot)
        tell(changes)

    def _surroundings(self) -> Surroundings:
        no_token = not self._upstream.token.number
        return Surroundings(
            # Without a token nobody is ever asked: that is known at once, and waiting for more would say nothing.
            started=no_token or self.ready().ready,
            credential_refused=no_token or self._poller.auth_ok is False,
            app_refused=self._asking_xero.app_refused,
            app_refused_since=self._asking_xero.app_refused_since,
            asks_xero=self._asking_xero.asks_xero,
            pages=self._asking_xero.pages,
        )

    def _look_at_files(self) -> None:
        look_at_tokens(self.tokens, self.metrics)
        trust = self._upstream.trust
        if look_at_certificates(trust, self.certificate, self.metrics):
            self._upstream.transport.trust(trust.context)
            self._discovering.trust(trust.context)
