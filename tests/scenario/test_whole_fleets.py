"""A thousand organisations: what is wrong with some changes nothing for the others."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from exporter.simulator.answers import Answer, Misbehaviour
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.world import World
from tests.scenario.story import TOKEN, Scrape, Story, Watch

FORBIDDEN = Answer(status=403)


def thousand() -> World:
    """A platform with 1,000 healthy organisations."""
    return World(uniform_fleet(1000, "healthy"), admin_token=TOKEN)


def asked(story: Story) -> int:
    """How often the platform was asked about the forbidden one."""
    return sum(count for (name, _), count in story.simulator.requests.items() if name == "org-0500")


async def test_one_that_is_always_forbidden_changes_nothing_for_the_other_999(watch: Watch) -> None:
    """They stay fresh, the brake stays off, and the one is asked less and less often."""
    world = thousand()
    # A busy machine may keep a reading waiting for more than a second, and that is not what this is about.
    platform = "platform: {url: $URL, token_file: token, timeout: 10s}"
    story = await watch(f"{platform}\npoll: {{interval: 6s, stale_after: 18s}}", world=world)
    world.override("org-0500", FORBIDDEN)

    def settled(scrape: Scrape) -> bool:
        return len(scrape.organizations("xero_poll_success")) == 1000

    await story.until(settled, within=30)
    begin = asked(story)
    first_second = time.monotonic()
    for _ in range(12):
        scrape = await story.scrape()
        assert scrape.organizations("xero_poll_success", 0) == {"org-0500"}
        assert len(scrape.organizations("xero_connected")) == 999
        assert scrape.value("xero_exporter_platform_auth_ok") == 1
        await asyncio.sleep(1.0)
    by_second = Counter(int(at - first_second) for at in story.simulator.request_times if at >= first_second)
    mean = 1000 / 6
    assert max(by_second.values()) <= 3 * mean, f"the busiest second had {max(by_second.values())} requests"
    assert scrape.value("xero_poll_failure", "org-0500", failure="auth") == 1
    assert asked(story) - begin <= 3
    assert scrape.value("xero_organizations", freshness="fresh") == 999


async def test_sixty_that_drip_leave_the_other_940_fresh(watch: Watch) -> None:
    """More of them than there are connections to the platform, each holding one until the deadline."""
    world = thousand()
    dripping = {f"org-{number:04d}" for number in range(1, 1001, 17)}
    assert len(dripping) == 59
    dripping.add("org-1000")
    for name in dripping:
        world.override(name, Misbehaviour.DRIP)
    config = (
        "platform: {url: $URL, token_file: token, timeout: 4s, max_concurrency: 50}\n"
        "poll: {interval: 6s, stale_after: 18s}"
    )
    story = await watch(config, world=world)
    healthy = set(world.organizations) - dripping
    await story.until(lambda scrape: scrape.organizations("xero_poll_success", 1) == healthy, within=30)
    for _ in range(15):
        scrape = await story.scrape()
        assert scrape.organizations("xero_connected") == healthy
        assert scrape.value("xero_organizations", freshness="fresh") == 940
        await asyncio.sleep(1.0)
    assert scrape.organizations("xero_poll_success", 0) <= dripping
    lag = scrape.value("xero_exporter_poll_lag_seconds_sum")
    count = scrape.value("xero_exporter_poll_lag_seconds_count")
    assert lag is not None
    assert count is not None
    assert lag / count < 6.0
