"""Who may send now: evenly paced, so many at once, and those that hang among themselves."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

TOLERANCE: Final = 0.15
"""Seconds of lateness that are made up for: readings that the poller starts together may go together.

It starts them every 100 ms, and a busy machine wakes it up late; without the rest, each such time would be lost to the
rate. At 200 a second this lets at most 31 go at once; at 6 a second and below they go one by one.
"""

GATHERING: Final = 0.05
"""Seconds for which those who have to wait gather, to go together then: 10 at 200 a second.

A crowd at the limit so wakes the process, and the platform, 20 times a second and not at each turn.
"""

GRAIN: Final = 0.001
"""Seconds that are not worth sleeping for: the grain of uvloop's clock and timers."""

LONGEST_SLEEP: Final = 1.0
"""Seconds after which a sleeper looks again: the rate may be another one by then."""

SUSPECT_SHARE: Final = 2
"""Suspects together hold at most one in so many of all permits (but one at least).

Half: what is left carries 200 requests a second of a platform that answers within 0.1 s, and 900 that hang for 10 s
each are through within 6 minutes, about what back-off asks of them.
"""


class Pace:
    """When the next one may go: 1/rate seconds each, `TOLERANCE` of lateness made up for, more of it forgotten.

    In any stretch of w seconds at most 1 + (w + TOLERANCE + GRAIN) * rate go. Whoever has to wait waits `GATHERING`
    longer, where the turns of others fall into that time too.
    """

    def __init__(self, rate: float) -> None:
        """Begins rested.

        Args:
            rate: how many may go a second, more than 0.
        """
        self._interval = 1 / rate
        self._gathering = max(0.0, GATHERING - self._interval)
        self._due = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until the next one may go; 0 when it may go now. `now` is of a clock that never steps."""
        wait = self._due - now
        return wait + self._gathering if wait > GRAIN else 0.0

    def take(self, now: float) -> None:
        """One goes now."""
        self._due = max(self._due, now - TOLERANCE) + self._interval

    def become(self, rate: float) -> None:
        """From now on so many may go a second; the one that went last counts, as if it had gone at this rate."""
        self._due += 1 / rate - self._interval
        self._interval = 1 / rate
        self._gathering = max(0.0, GATHERING - self._interval)


class Slots:
    """So many may be held at once, and so many may change at any time; whoever waits waits in order."""

    def __init__(self, most: int) -> None:
        """All are free.

        Args:
            most: how many may be held at once, at least 1.
        """
        self._most = most
        self._held = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def become(self, most: int) -> None:
        """From now on so many may be held; of those that are held now none is taken back."""
        self._most = most
        self._hand_out()

    async def acquire(self) -> None:
        """Waits for a slot, and holds it until `release`."""
        if self._held < self._most and not self._waiting:
            self._held += 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # handed out to us just before: the next one has it
                self.release()
            elif mine in self._waiting:
                self._waiting.remove(mine)
            raise

    def release(self) -> None:
        """Gives one back."""
        self._held -= 1
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self._held < self._most:
            first = self._waiting.popleft()
            if not first.done():  # cancelled, and not yet told of it
                self._held += 1
                first.set_result(None)


class Permits:
    """Hands out permits to send; whoever waits waits in order, and a cancelled wait leaves nothing behind."""

    def __init__(self, *, max_concurrency: int, max_requests_per_second: float) -> None:
        """All permits are free.

        Args:
            max_concurrency: how many may be held at once, at least 1.
            max_requests_per_second: how many may be given a second, more than 0.
        """
        self._slots = Slots(max_concurrency)
        self._suspect_slots = Slots(_of_suspects(max_concurrency))
        self._pace = Pace(max_requests_per_second)
        self._turn = asyncio.Lock()
        self._waiting_for_turn = 0
        self._permit = _Permit(self._acquire, self._slots.release)
        self._suspect_permit = _Permit(self._acquire_as_suspect, self._release_as_suspect)

    def become(self, *, max_concurrency: int, max_requests_per_second: float) -> None:
        """From now on other limits hold. Whoever holds a permit keeps it, and counts.

        So there are never more at once, nor in a second, than the greater of both limits allows.
        """
        self._slots.become(max_concurrency)
        self._suspect_slots.become(_of_suspects(max_concurrency))
        self._pace.become(max_requests_per_second)

    def permit(self, *, suspect: bool) -> AbstractAsyncContextManager[None]:
        """Waits for a permit and holds it for the body of the `async with`.

        Args:
            suspect: it ran into the deadline last time. Suspects have a queue of their own, before that of all: while
                one waits there it holds neither a slot nor a turn, so those that hang never delay the others.
        """
        return self._suspect_permit if suspect else self._permit

    async def _acquire(self) -> None:
        await self._slots.acquire()
        try:
            # The turn comes last: taken before the slot, turns would pile up behind full slots and go off at once.
            now = asyncio.get_running_loop().time()
            if self._waiting_for_turn or self._pace.wait(now):
                await self._paced()
            else:
                self._pace.take(now)
        except BaseException:
            self._slots.release()
            raise

    async def _acquire_as_suspect(self) -> None:
        await self._suspect_slots.acquire()
        try:
            await self._acquire()
        except BaseException:
            self._suspect_slots.release()
            raise

    def _release_as_suspect(self) -> None:
        self._slots.release()
        self._suspect_slots.release()

    async def _paced(self) -> None:
        # Nothing is taken before the sleep is over, so a cancelled sleep gives its turn to the next in the queue.
        clock = asyncio.get_running_loop().time
        self._waiting_for_turn += 1
        try:
            async with self._turn:
                while wait := self._pace.wait(clock()):  # noqa: ASYNC110 - it is time that is waited for
                    await asyncio.sleep(min(wait, LONGEST_SLEEP))
                self._pace.take(clock())
        finally:
            self._waiting_for_turn -= 1


class _Permit(AbstractAsyncContextManager[None]):
    """A permit for the length of a block. It remembers nothing, so that all blocks share one.

    Not a generator: for each of 10,000 readings a minute, that costs 3 us more.
    """

    def __init__(self, acquire: Callable[[], Awaitable[None]], release: Callable[[], None]) -> None:
        self._acquire = acquire
        self._release = release

    async def __aenter__(self) -> None:
        await self._acquire()

    async def __aexit__(self, *_: object) -> None:
        self._release()


def _of_suspects(max_concurrency: int) -> int:
    return max(1, max_concurrency // SUSPECT_SHARE)
