"""When the platform asks to slow down."""

from __future__ import annotations

import asyncio

from exporter.simulator.answers import Answer
from tests.scenario.story import Watch


async def test_a_429_with_retry_after_pauses_everybody_until_then(watch: Watch) -> None:
    """And not a second longer than the next turn."""
    story = await watch("poll: {interval: 1s, stale_after: 1h}", organizations=5)
    await story.until(lambda scrape: len(scrape.organizations("xero_poll_success", 1)) == 5)
    story.world.override("org-0003", Answer(status=429, headers={"Retry-After": "120"}))
    paused = await story.until(lambda scrape: scrape["xero_exporter_platform_paused_until_timestamp_seconds"])
    until = paused.value("xero_exporter_platform_paused_until_timestamp_seconds")
    assert until is not None
    assert 100 < until - story.clock.now().wall <= 121
    await asyncio.sleep(0.3)
    before = story.simulator.requests.total()
    await asyncio.sleep(2.5)
    assert story.simulator.requests.total() == before
    story.world.clear("org-0003")
    story.clock.ahead += 121
    over = await story.until(lambda scrape: not scrape["xero_poll_failure"], within=5)
    assert not over["xero_exporter_platform_paused_until_timestamp_seconds"]


async def test_a_429_without_retry_after_is_that_organisations_own(watch: Watch) -> None:
    """The others go on."""
    story = await watch("poll: {interval: 1s, stale_after: 1h}", organizations=5)
    story.world.override("org-0003", Answer(status=429))
    scrape = await story.until(lambda scrape: scrape["xero_poll_failure"])
    assert scrape.value("xero_poll_failure", "org-0003", failure="rate_limited") == 1
    assert not scrape["xero_exporter_platform_paused_until_timestamp_seconds"]
    before = story.simulator.requests.copy()
    await story.until(
        lambda _: all((story.simulator.requests - before)[key] for key in before if "org-0003" not in key)
    )
