"""Asking when it is due, in a task of its own: what is asked beside the platform is all asked so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from exporter.model.moment import Moment

_log = structlog.get_logger("exporter")


class Watch(Protocol):
    """Whoever knows when to ask, and asks."""

    def due(self, now: Moment) -> bool:
        """Whether to `ask` now."""
        ...

    async def ask(self) -> None:
        """Asks once; a failure is news, not an exception."""
        ...


class Asking:
    """One watch, and the task in which it asks; at most one at a time. Lives in one asyncio loop."""

    def __init__(self, watch: Watch, event: str, then: Callable[[], None] | None = None) -> None:
        """Asks nothing yet.

        Args:
            watch: asks.
            event: what the log calls it when that breaks.
            then: called after each answer.
        """
        self._watch = watch
        self._event = event
        self._then = then
        self._task: asyncio.Task[None] | None = None

    def look(self, now: Moment) -> None:
        """Begins to ask when that is due; nobody waits for the answer."""
        if (self._task is None or self._task.done()) and self._watch.due(now):
            self._task = asyncio.get_running_loop().create_task(self._ask())

    def stop(self) -> None:
        """What is asked already no longer counts."""
        if self._task is not None:
            self._task.cancel()

    async def aclose(self) -> None:
        """Stops, and waits for the end of that."""
        self.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            await self._watch.ask()
            if self._then is not None:
                self._then()
        except Exception:  # noqa: BLE001 - a fault of ours must be told in our words, not when the task is forgotten
            _log.exception(self._event)


async def nothing_to_close() -> None:
    """For whoever promises something that closes what was replaced, where nothing was."""
