"""What was replaced is closed once those who still use it are done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable


class Retiring:
    """Closes what was replaced. Lives in one asyncio loop; to be closed at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def retire(self, close: Callable[[], Awaitable[None]], users: Iterable[asyncio.Task[None]] = ()) -> None:
        """Closes it once those who use it are done: each of them has a deadline.

        Args:
            close: to be awaited once.
            users: tasks that use it now.
        """
        task = asyncio.get_running_loop().create_task(_closed(close, tuple(users)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Returns when all of it is closed."""
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _closed(close: Callable[[], Awaitable[None]], users: tuple[asyncio.Task[None], ...]) -> None:
    if users:
        await asyncio.wait(users)
    await close()
