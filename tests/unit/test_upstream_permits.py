"""Who may send now: evenly paced, so many at once, and those that hang among themselves."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.upstream.permits import GRAIN, TOLERANCE, Pace, Permits

UNPACED = 1e9
SETTLED = 20  # turns of the loop; a permit changes hands within three


class Crowd:
    """Tasks that ask for permits and hold them until told to leave."""

    def __init__(self, permits: Permits) -> None:
        """Nobody is there yet."""
        self._permits = permits
        self._tasks: dict[asyncio.Task[None], bool] = {}
        self._leave: dict[asyncio.Task[None], asyncio.Event] = {}
        self.inside: list[asyncio.Task[None]] = []

    def come(self, *, suspect: bool = False) -> asyncio.Task[None]:
        """One more asks."""
        leave = asyncio.Event()
        task = asyncio.create_task(self._hold(leave, suspect=suspect))
        self._tasks[task] = suspect
        self._leave[task] = leave
        return task

    def leave(self, task: asyncio.Task[None]) -> None:
        """One lets go of its permit."""
        self._leave[task].set()

    async def settle(self) -> None:
        """Until nothing moves any more."""
        for _ in range(SETTLED):
            await asyncio.sleep(0)

    def waiting(self, *, suspect: bool) -> int:
        """How many wait."""
        return sum(
            kind is suspect and not task.done() and task not in self.inside for task, kind in self._tasks.items()
        )

    def holding(self, *, suspect: bool) -> int:
        """How many hold a permit."""
        return sum(self._tasks[task] is suspect for task in self.inside)

    def present(self) -> list[asyncio.Task[None]]:
        """All that wait or hold, in order of arrival."""
        return [task for task in self._tasks if not task.done()]

    async def _hold(self, leave: asyncio.Event, *, suspect: bool) -> None:
        async with self._permits.permit(suspect=suspect):
            task = asyncio.current_task()
            assert task is not None
            self.inside.append(task)
            try:
                await leave.wait()
            finally:
                self.inside.remove(task)


def permits(most: int) -> Permits:
    """Permits that only their number limits."""
    return Permits(max_concurrency=most, max_requests_per_second=UNPACED)


async def test_no_more_than_so_many_hold_a_permit_at_once() -> None:
    """The third of three waits while two hold, and comes in when one leaves."""
    crowd = Crowd(permits(2))
    first, _, third = crowd.come(), crowd.come(), crowd.come()
    await crowd.settle()
    assert (len(crowd.inside), third in crowd.inside) == (2, False)
    crowd.leave(first)
    await crowd.settle()
    assert third in crowd.inside
    for task in crowd.present():
        crowd.leave(task)
    await crowd.settle()
    assert crowd.present() == []


@pytest.mark.parametrize(("most", "suspects"), [(1, 1), (2, 1), (3, 1), (10, 5), (50, 25), (51, 25)])
async def test_suspects_hold_at_most_half_and_at_least_one(most: int, suspects: int) -> None:
    """However many suspects come, the rest of the permits stays free for others."""
    crowd = Crowd(permits(most))
    for _ in range(most + 1):
        crowd.come(suspect=True)
    await crowd.settle()
    assert crowd.holding(suspect=True) == suspects
    for _ in range(most):
        crowd.come()
    await crowd.settle()
    assert crowd.holding(suspect=False) == most - suspects
    for task in crowd.present():
        task.cancel()
    await crowd.settle()
    assert crowd.present() == []


async def test_waiting_suspects_delay_nobody_else() -> None:
    """A thousand hanging suspects came first, and a healthy one still goes at once."""
    crowd = Crowd(permits(5))
    for _ in range(1_000):
        crowd.come(suspect=True)
    healthy = crowd.come()
    await crowd.settle()
    assert healthy in crowd.inside
    for task in crowd.present():
        task.cancel()
    await crowd.settle()


async def test_suspects_do_not_wait_for_ever_behind_healthy_ones() -> None:
    """A suspect that found its own queue empty is served in its turn of the general one."""
    crowd = Crowd(permits(1))
    first = crowd.come()
    await crowd.settle()
    suspect = crowd.come(suspect=True)
    await crowd.settle()
    later = crowd.come()
    crowd.leave(first)
    await crowd.settle()
    assert (suspect in crowd.inside, later in crowd.inside) == (True, False)
    for task in crowd.present():
        task.cancel()
    await crowd.settle()


STEPS = st.lists(
    st.tuples(st.sampled_from(["come", "suspect", "leave", "cancel", "settle", "limit"]), st.integers(0, 30))
)


@given(st.integers(1, 11), STEPS)
@settings(max_examples=150)
def test_no_history_of_coming_leaving_and_cancelling_loses_a_permit(most: int, steps: list[tuple[str, int]]) -> None:
    """After any such history nobody waits while a permit is free for them, and in the end all permits are there."""
    asyncio.run(live_through(most, steps))


async def live_through(most: int, steps: list[tuple[str, int]]) -> None:
    """Plays `steps` against `most` permits."""
    limited = permits(most)
    crowd = Crowd(limited)
    share = max(1, most // 2)
    for step, number in steps:
        present = crowd.present()
        before, suspects = len(crowd.inside), crowd.holding(suspect=True)
        if step in ("come", "suspect"):
            crowd.come(suspect=step == "suspect")
        elif step == "leave" and present:
            crowd.leave(present[number % len(present)])
        elif step == "cancel" and present:
            present[number % len(present)].cancel()
        elif step == "limit":
            most = 1 + number % 11
            share = max(1, most // 2)
            limited.become(max_concurrency=most, max_requests_per_second=UNPACED)
        else:
            await crowd.settle()
        # Whoever holds one when there are to be fewer keeps it; nobody comes in beyond them.
        assert len(crowd.inside) <= max(most, before)
        assert crowd.holding(suspect=True) <= max(share, suspects)
    await crowd.settle()
    free = max(0, most - len(crowd.inside))
    assert not (free and crowd.waiting(suspect=False))
    assert not (free and crowd.holding(suspect=True) < share and crowd.waiting(suspect=True))
    for task in crowd.present():
        task.cancel()
    await crowd.settle()
    await all_can_be_had(crowd, most, share)


async def all_can_be_had(crowd: Crowd, most: int, share: int) -> None:
    """Takes every permit there should be, the suspects' share first."""
    for number in range(most):
        crowd.come(suspect=number < share)
    await crowd.settle()
    assert len(crowd.inside) == most
    for task in crowd.present():
        task.cancel()
    await crowd.settle()
    assert crowd.present() == []


async def test_cancelling_one_that_waits_for_its_turn_gives_the_turn_to_the_next() -> None:
    """At ten an hour the first goes at once; one that gives up waiting takes no turn and no slot with it."""
    slow = Permits(max_concurrency=2, max_requests_per_second=10 / 3600)
    async with slow.permit(suspect=False):
        pass
    waiting = Crowd(slow)
    for _ in range(5):
        one = waiting.come()
        await waiting.settle()
        assert waiting.inside == []
        one.cancel()
        await waiting.settle()
        assert one.cancelled()
    due = slow._pace.wait(asyncio.get_running_loop().time())
    assert due <= 360
    assert (slow._slots._held, slow._turn.locked()) == (0, False)


async def test_an_error_inside_gives_the_permit_back() -> None:
    """A permit ends with its block, however that ends."""
    few = permits(1)
    for suspect in (True, False):
        with pytest.raises(ZeroDivisionError):
            async with few.permit(suspect=suspect):
                raise ZeroDivisionError
    async with AsyncExitStack() as held:
        await asyncio.wait_for(held.enter_async_context(few.permit(suspect=True)), 1)


async def test_suspects_waiting_for_each_other_use_up_no_turns() -> None:
    """At ten an hour, suspects that wait in their own queue leave the next turn to a healthy one's future."""
    slow = Permits(max_concurrency=50, max_requests_per_second=10 / 3600)
    crowd = Crowd(slow)
    for _ in range(100):
        crowd.come(suspect=True)
    await crowd.settle()
    assert len(crowd.inside) == 1
    assert slow._pace.wait(asyncio.get_running_loop().time()) <= 360
    assert slow._slots._held == 25
    for task in crowd.present():
        task.cancel()
    await crowd.settle()


async def test_more_permits_are_handed_out_at_once_and_fewer_take_none_back() -> None:
    """Three wait for one; with three in all, two more come in; with one again, they stay until they leave."""
    limited = permits(1)
    crowd = Crowd(limited)
    for _ in range(5):
        crowd.come()
    await crowd.settle()
    assert len(crowd.inside) == 1
    limited.become(max_concurrency=3, max_requests_per_second=UNPACED)
    await crowd.settle()
    assert len(crowd.inside) == 3
    limited.become(max_concurrency=1, max_requests_per_second=UNPACED)
    for left in (2, 1, 1, 1, 0):
        crowd.leave(crowd.inside[0])
        await crowd.settle()
        assert len(crowd.inside) == left


async def test_a_faster_pace_is_not_slept_through() -> None:
    """Who waits for the next turn of an hour learns within a second that it is one of a millisecond now."""
    slow = Permits(max_concurrency=2, max_requests_per_second=1 / 3600)
    crowd = Crowd(slow)
    first = crowd.come()
    second = crowd.come()
    await crowd.settle()
    assert crowd.inside == [first]
    slow.become(max_concurrency=2, max_requests_per_second=1000)
    async with asyncio.timeout(5):
        while second not in crowd.inside:  # noqa: ASYNC110 - it is the permits that are waited for
            await asyncio.sleep(0.01)
    for task in crowd.present():
        crowd.leave(task)
    await crowd.settle()


def departures(pace: Pace, arrivals: list[float]) -> Iterator[float]:
    """When each goes that comes at the given times, each sleeping exactly as long as it is told."""
    now = 0.0
    for arrival in arrivals:
        now = max(now, arrival)
        now += pace.wait(now)
        pace.take(now)
        yield now


@given(
    st.floats(0.1, 2_000),
    st.lists(st.floats(0, 0.2), min_size=1, max_size=60),
)
def test_no_stretch_of_time_sees_more_go_than_promised(rate: float, gaps: list[float]) -> None:
    """In any w seconds at most 1 + (w + TOLERANCE + GRAIN) * rate go, whenever they come."""
    times = [sum(gaps[: place + 1]) for place in range(len(gaps))]
    gone = list(departures(Pace(rate), times))
    for first in range(len(gone)):
        for last in range(first, len(gone)):
            width = gone[last] - gone[first]
            assert last - first + 1 <= 1 + (width + TOLERANCE + GRAIN) * rate + 1e-6


@given(
    st.lists(st.floats(0.1, 2_000), min_size=2, max_size=6),
    st.lists(st.floats(0, 0.2), min_size=1, max_size=60),
)
def test_no_stretch_of_time_sees_more_go_than_the_fastest_of_its_rates(rates: list[float], gaps: list[float]) -> None:
    """However often the rate changes, and also while it changes."""
    pace, gone, now = Pace(rates[0]), [], 0.0
    for place, gap in enumerate(gaps):
        pace.become(rates[place % len(rates)])
        now += gap
        now += pace.wait(now)
        pace.take(now)
        gone.append(now)
    fastest = max(rates)
    for first in range(len(gone)):
        for last in range(first, len(gone)):
            width = gone[last] - gone[first]
            assert last - first + 1 <= 1 + (width + TOLERANCE + GRAIN) * fastest + 1e-6


@pytest.mark.parametrize("rate", [0.5, 10.0, 200.0, 1_000.0, 10_000.0])
def test_a_crowd_goes_at_the_rate_and_not_slower(rate: float) -> None:
    """Of those that all wait, one goes every 1/rate seconds."""
    gone = list(departures(Pace(rate), [0.0] * 500))
    assert gone[-1] == pytest.approx(499 / rate, abs=TOLERANCE + GRAIN + 1 / rate)


def test_a_rest_is_not_saved_up_for_a_burst() -> None:
    """After an hour without anybody, a crowd at 200 a second goes in groups of 20 each 100 ms, the first of 21."""
    pace = Pace(200)
    pace.take(0.0)
    gone = list(departures(pace, [3600.0] * 101))
    groups = [(moment, len(list(group))) for moment, group in itertools.groupby(gone)]
    assert [size for _, size in groups] == [21, 20, 20, 20, 20]
    assert [moment for moment, _ in groups] == pytest.approx([3600.0 + 0.1 * turn for turn in range(5)], abs=2 * GRAIN)


def test_a_slow_pace_lets_them_go_one_by_one() -> None:
    """At ten a second never two go together, after a rest either."""
    pace = Pace(10)
    gone = list(departures(pace, [5.0] * 5))
    assert gone[0] == 5.0
    assert all(later - earlier >= 0.1 - TOLERANCE - GRAIN for earlier, later in pairwise(gone))
