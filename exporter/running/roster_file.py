"""The file that lists organisations: read again when it changed."""

from __future__ import annotations

import asyncio

import structlog

from exporter.model.moment import Moment
from exporter.model.words import RosterSource
from exporter.observe.roster import Roster
from exporter.telemetry.metrics import SelfMetrics

_log = structlog.get_logger("exporter")


class RosterFile:
    """Watches `organizations.file`; to be asked as all that is asked in turns."""

    def __init__(self, roster: Roster, *, changing: asyncio.Lock, metrics: SelfMetrics) -> None:
        """Reads nothing yet.

        Args:
            roster: takes what the file lists.
            changing: held by whoever changes the roster.
            metrics: counts what cannot be used.
        """
        self._roster = roster
        self._changing = changing
        self._metrics = metrics

    def due(self, _: Moment) -> bool:
        """Whether the file is another one than was read."""
        return self._roster.changed()

    async def ask(self) -> None:
        """Reads it; a list that cannot be used is told, and changes nothing."""
        async with self._changing:
            # Parsing a long list takes longer than a tick may.
            faults = await asyncio.to_thread(self._roster.reload)
        if faults:
            _log.error("roster_rejected", source=RosterSource.FILE, faults=len(faults), first=str(faults[0]))
            self._metrics.roster_rejected(RosterSource.FILE)
