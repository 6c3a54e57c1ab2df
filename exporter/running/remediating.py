"""Remediation at work: the desk, and an executor that has its turn each second.

Nothing of this may stop polling or telling: a ledger that cannot be used is told, and tried again each turn.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from exporter.clock import Clock
from exporter.config.schema import Config
from exporter.model.action import ActionKind, Mode
from exporter.remediation.desk import Desk
from exporter.running.building import Tokens, Upstream
from exporter.running.watching import Watching
from exporter.telemetry.families import PLATFORM_TOKEN, REMEDIATION_TOKEN

if TYPE_CHECKING:
    from exporter.remediation.executor import Executor
    from exporter.upstream.remedies import Remedies
    from exporter.upstream.writing import WriteTransport

ENDING: Final = 22.0
"""Seconds that the action in flight gets to end in and be recorded: a reading, a call, two waits for the lock."""

_log = structlog.get_logger("remediation")


class Remediating:
    """Lives in one asyncio loop; to be drained and closed at the end."""

    def __init__(self, config: Config, *, watching: Watching, clock: Clock) -> None:
        """Opens nothing yet.

        Args:
            config: what may be done.
            watching: what is known, and the way to the platform.
            clock: tells the time.
        """
        self.desk = Desk(config.ledger.url, clock=clock, limits=config.remediation.limits)
        self._config = config
        self._watching = watching
        self._clock = clock
        self._executor: Executor | None = None
        self._transport: WriteTransport | None = None
        self._upstream: Upstream | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        watching.also_reading = self._under_way

    def turn(self) -> None:
        """Begins a turn unless one is under way; nobody waits for it."""
        idle = self._config.remediation.mode is Mode.OFF and self._executor is None
        if not self._stopping and not idle and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._turn())

    def reconfigure(self, config: Config) -> None:
        """Goes by another configuration from the next judgement on; what is under way ends as it began."""
        self._config = config
        self.desk.become(config.remediation.limits)

    async def drain(self) -> None:
        """Claims nothing any more; the action in flight ends and is recorded."""
        self._stopping = True
        if self._executor is not None:
            self._executor.stop()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=ENDING)
            if not self._task.done():
                # Its attempt is on the record: the next start calls it unknown, and looks.
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
        if self._executor is not None:
            await self._executor.end()
            self._executor = None

    async def aclose(self) -> None:
        """Closes the ledger."""
        if self._transport is not None:
            self._transport.close()
        await self.desk.aclose()

    def _under_way(self) -> tuple[asyncio.Task[None], ...]:
        return () if self._task is None or self._task.done() else (self._task,)

    async def _turn(self) -> None:
        try:
            if self._executor is None:
                # SQLAlchemy takes 0.2 s to load: in a thread, so that no reading and no scrape waits for it.
                await asyncio.to_thread(_load)
                self._executor = self._executor_of()
                if self._stopping:
                    return
            self._follow(self._executor)
            await self._executor.turn()
        except Exception:  # noqa: BLE001 - a fault of ours must be told in our words, not when the task is forgotten
            _log.exception("remediation_broke")

    def _follow(self, executor: Executor) -> None:
        """Takes over what a reload, or a new certificate, has changed."""
        upstream = self._watching.upstream
        if upstream is not self._upstream:
            self._upstream = upstream
            executor.attempting.reader = upstream.reader
            executor.attempting.remedies = self._remedies_of(upstream)
        if self._transport is not None:
            self._transport.trust(upstream.trust.context)
        executor.attempting.rules = self._config.thresholds
        executor.keep = self._config.ledger.keep

    def _executor_of(self) -> Executor:
        from exporter.remediation.attempting import Attempting  # noqa: PLC0415 - see _turn
        from exporter.remediation.executor import Executor  # noqa: PLC0415

        self._upstream = self._watching.upstream
        attempting = Attempting(
            desk=self.desk,
            knowledge=self._watching.fleet,
            reader=self._upstream.reader,
            remedies=self._remedies_of(self._upstream),
            rules=self._config.thresholds,
            clock=self._clock,
            credential=self._credential,
            tracing=self._watching.tracing,
        )
        return Executor(
            desk=self.desk,
            knowledge=self._watching.fleet,
            attempting=attempting,
            clock=self._clock,
            credential=self._credential,
            keep=self._config.ledger.keep,
        )

    def _remedies_of(self, upstream: Upstream) -> Remedies:
        from exporter.upstream.remedies import Remedies  # noqa: PLC0415 - with the rest
        from exporter.upstream.writing import WriteTransport  # noqa: PLC0415

        platform = self._config.platform
        self._transport = WriteTransport(timeout=platform.timeout, tls=upstream.trust.context)
        tokens = self._watching.tokens.by_owner
        return Remedies(
            base_url=platform.url,
            paths={ActionKind.RETRY: platform.paths.retry, ActionKind.RESYNC: platform.paths.resync},
            token=tokens.get(REMEDIATION_TOKEN, tokens[PLATFORM_TOKEN]),
            transport=self._transport,
            telemetry=self._watching.metrics,
            clock=self._clock,
            armed=self._armed,
            tracing=self._watching.tracing,
        )

    def _armed(self) -> bool:
        return self._config.remediation.mode in (Mode.APPROVE, Mode.AUTO)

    def _credential(self) -> str:
        """Which token calls carry, and of which version of its file: a refusal ends with either."""
        tokens: Tokens = self._watching.tokens
        return tokens.by_owner.get(REMEDIATION_TOKEN, tokens.by_owner[PLATFORM_TOKEN]).mark


def _load() -> None:
    import exporter.remediation.executor  # noqa: F401, PLC0415 - see Remediating._turn
