"""Tells how remediation stands: looks at the ledger every few seconds, whoever writes it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

import structlog

from exporter.clock import Clock
from exporter.errors import LedgerError
from exporter.model.accounts import Marks
from exporter.model.action import Mode
from exporter.model.facts import Snapshot
from exporter.remediation.desk import Desk
from exporter.telemetry.remediation import RemediationMetrics

EVERY: Final = 5.0
"""Seconds between two looks: some milliseconds of the ledger's thread each."""

_log = structlog.get_logger("remediation")


class Accounting:
    """Looks at the ledger and tells the metrics. Lives in one asyncio loop; to be drained at the end."""

    def __init__(
        self, *, desk: Desk, metrics: RemediationMetrics, clock: Clock, snapshot: Callable[[], Snapshot | None]
    ) -> None:
        """Looks at nothing yet.

        Args:
            desk: of the ledger.
            metrics: told what is seen.
            clock: tells the time.
            snapshot: what is known of the fleet; None before the first roster.
        """
        self._desk = desk
        self._metrics = metrics
        self._clock = clock
        self._snapshot = snapshot
        self._marks: Marks | None = None
        self._next = 0.0
        self._task: asyncio.Task[None] | None = None
        metrics.rules(desk.limits)

    def look(self) -> None:
        """Says what is in force, and starts a look at the ledger when its time has come and none is under way."""
        self._metrics.rules(self._desk.limits)
        if self._desk.limits.mode is Mode.OFF:
            # Whoever wants no remediation need not have a place for a ledger.
            self._metrics.untold()
            return
        now = self._clock.now().monotonic
        if now >= self._next and (self._task is None or self._task.done()):
            self._next = now + EVERY
            self._task = asyncio.get_running_loop().create_task(self._look())

    async def drain(self) -> None:
        """Starts nothing any more; the last look has ended when this returns."""
        self._next = math.inf
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        try:
            if self._marks is None:
                self._marks = await self._desk.marks()
            account = await self._desk.account(self._marks)
        except LedgerError:
            self._metrics.unusable()
            return
        except Exception:  # noqa: BLE001 - a fault of ours must be told in our words, not when the task is forgotten
            _log.exception("accounting_broke")
            return
        self._marks = account.marks
        self._metrics.stands(account, self._clock.now().wall)
        self._tell_blindness()

    def _tell_blindness(self) -> None:
        # Here, where SQLAlchemy is loaded already: it takes 0.2 s, for which no scrape should wait.
        from exporter.remediation.evidence import fleetwide  # noqa: PLC0415
        from exporter.remediation.gates import is_blind  # noqa: PLC0415

        snapshot = self._snapshot()
        self._metrics.blind(None if snapshot is None else is_blind(fleetwide(snapshot, ""), self._desk.limits))
