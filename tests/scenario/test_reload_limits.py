"""What the platform sees while its limits, or the way to it, are changed by reloads: never more than it may."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from exporter.simulator.answers import Slow
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import World
from exporter.upstream.permits import TOLERANCE
from tests.scenario.story import TOKEN, Story, Watch

MOST_A_SECOND = 60
"""A window of a second is two reloads long, and a fresh set of permits each time would let 120 through."""

RELOADS = 12
JITTER = 0.1
"""Seconds by which a request may come later, or the one before earlier, on a busy machine."""


async def changed(story: Story, number: int, at_once: int, rate: int) -> None:
    """Another timeout each time, so another way to the platform, and these limits."""
    platform = (
        f"platform: {{url: '{story.simulator.url}', token_file: token, timeout: {1000 + number}ms, "
        f"max_concurrency: {at_once}, max_requests_per_second: {rate}}}"
    )
    path = story.folder / "config.yml"
    lines = [platform if line.startswith("platform:") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines))
    await story.exporter.reload("signal")


def world() -> World:
    """A platform with 200 organisations, all of which are due each second: there is always a queue."""
    return World(uniform_fleet(200), admin_token=TOKEN)


@pytest.mark.parametrize("rates", [(MOST_A_SECOND,), (MOST_A_SECOND, MOST_A_SECOND // 2)], ids=["same", "changing"])
async def test_the_rate_does_not_double_with_a_reload(watch: Watch, rates: tuple[int, ...]) -> None:
    """Whoever waited for the old way and whoever asks the new way have one pace together, that of the greater limit."""
    story = await watch("poll: {interval: 1s}", world=world())
    await changed(story, 0, 50, rates[0])
    await asyncio.sleep(1.5)  # the queue is there now
    story.simulator.request_times.clear()
    for number, rate in enumerate(itertools.islice(itertools.cycle(rates), RELOADS), start=1):
        await changed(story, number, 50, rate)
        await asyncio.sleep(0.5)
    times = list(story.simulator.request_times)
    assert len(times) > 0.4 * RELOADS * 0.5 * min(rates), "and yet it goes on"
    for first, last in itertools.combinations(range(len(times)), 2):
        width = times[last] - times[first]
        assert last - first + 1 <= 1 + (width + TOLERANCE + JITTER) * MOST_A_SECOND


async def test_no_more_are_open_at_once_than_the_greater_limit_while_it_changes(watch: Watch) -> None:
    """Readings of the old way, which end as they began, count for the new one."""
    slow = world()
    slow.override_all(Slow(0.6))
    story = await watch("poll: {interval: 1s}", world=slow)
    await changed(story, 0, 10, 1000)
    await asyncio.sleep(1)
    seen = []

    async def looking() -> None:
        while True:
            seen.append(sum(one.task is not None for one in story.simulator._connections))
            await asyncio.sleep(0.005)

    looker = asyncio.create_task(looking())
    for number, at_once in enumerate(itertools.islice(itertools.cycle((5, 10)), RELOADS), start=1):
        await changed(story, number, at_once, 1000)
        await asyncio.sleep(0.4)
    looker.cancel()
    assert max(seen) <= 10
    assert max(seen[-100:]) > 5, "the greater limit is used when it is in force"


async def test_nobody_who_waits_for_a_permit_asks_the_old_platform_any_more(watch: Watch) -> None:
    """The token file may hold the new platform's token by then: it is for that one alone."""
    story = await watch("poll: {interval: 1s}", world=world())
    await changed(story, 0, 1, MOST_A_SECOND)
    await asyncio.sleep(1.5)  # the queue is there now
    successor = World(uniform_fleet(200), admin_token="the-new-platforms-token")
    async with Simulator(successor) as platform:
        (story.folder / "token").write_text("the-new-platforms-token")
        path = story.folder / "config.yml"
        path.write_text(path.read_text().replace(story.simulator.url, platform.url))
        await story.exporter.reload("signal")
        await asyncio.sleep(0.1)  # what was sent already arrives
        asked = story.simulator.requests.total()
        await asyncio.sleep(1)
        assert story.simulator.requests.total() == asked
        assert platform.requests.total() > MOST_A_SECOND / 4, "whoever waited asks the new one, in their turn"
        await story.exporter.drain()
