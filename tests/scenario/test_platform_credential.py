"""A revoked admin token: said at once, probed gently, healed by a new file without a restart."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.scenario.story import TOKEN, Scrape, Story, Watch


def replace_token(story: Story, token: str) -> None:
    """Replaces the token file as secret mounts do."""
    new = story.folder / "token.new"
    new.write_text(token)
    new.replace(story.folder / "token")


def more_than(requests: int, story: Story, _: Scrape) -> bool:
    """Whether the platform was asked more often than that."""
    return story.simulator.requests.total() > requests


async def test_a_revoked_token_puts_the_brake_on_and_a_new_file_heals_within_two_seconds(watch: Watch) -> None:
    """/metrics stays 200, auth_ok is 0, one probe per 30 s at most, each to another organisation."""
    story = await watch("poll: {interval: 1s, stale_after: 1h}", organizations=10)
    await story.until(lambda scrape: scrape.value("xero_exporter_platform_auth_ok") == 1)

    story.world.revoke_token()
    await story.until(lambda scrape: scrape.value("xero_exporter_platform_auth_ok") == 0)
    before = story.simulator.requests.copy()
    await asyncio.sleep(2.5)
    assert story.simulator.requests == before, "the brake is on, and yet somebody was asked"
    probed = []
    for _ in range(3):
        story.clock.ahead += 30
        await story.until(partial(more_than, before.total(), story), within=3)
        await asyncio.sleep(1.2)
        asked = story.simulator.requests - before
        assert asked.total() == 1, f"{asked.total()} probes in 30 s"
        probed += list(asked)
        before = story.simulator.requests.copy()
    assert len(set(probed)) == 3
    scrape = await story.scrape()
    assert scrape.value("xero_exporter_platform_auth_ok") == 0
    assert (await story.get("/-/ready")).status_code == 200

    story.world.accept_token("canary-admin-token-2")
    replace_token(story, "canary-admin-token-2\n")
    await story.until(lambda scrape: scrape.value("xero_exporter_platform_auth_ok") == 1, within=2)
    await story.until(lambda scrape: len(scrape.organizations("xero_poll_success", 1)) == 10, within=4)


async def test_the_first_success_releases_the_brake_without_a_new_token(watch: Watch) -> None:
    """The platform had a bad minute; a probe finds out."""
    story = await watch("poll: {interval: 1s, stale_after: 1h}", organizations=6)
    story.world.revoke_token()
    await story.until(lambda scrape: scrape.value("xero_exporter_platform_auth_ok") == 0)
    story.world.accept_token(TOKEN)
    story.clock.ahead += 31
    await story.until(lambda scrape: scrape.value("xero_exporter_platform_auth_ok") == 1, within=3)
    await story.until(lambda scrape: len(scrape.organizations("xero_poll_success", 1)) == 6, within=4)


async def test_without_a_token_nothing_is_sent_and_a_file_that_comes_later_starts_it(watch: Watch) -> None:
    """Nobody is refused, nobody failed: there is just nobody to ask with."""
    story = await watch("poll: {interval: 1s}", organizations=3, token=None)
    scrape = await story.until(lambda scrape: scrape.value("xero_exporter_token_file_readable", token="platform") == 0)
    await asyncio.sleep(2.5)
    assert story.simulator.requests.total() == 0
    scrape = await story.scrape()
    assert not scrape["xero_poll_success"]
    assert not scrape["xero_exporter_platform_auth_ok"]
    ready = await story.get("/-/ready")
    assert (ready.status_code, "platform.token_file" in ready.text) == (503, True)
    replace_token(story, TOKEN)
    await story.until(lambda scrape: len(scrape.organizations("xero_poll_success", 1)) == 3, within=5)
    assert (await story.get("/-/ready")).status_code == 200


async def test_a_token_file_that_vanishes_leaves_the_last_token_in_use_and_is_told(watch: Watch) -> None:
    """A mount that is gone for a moment stops nothing."""
    story = await watch("poll: {interval: 1s}", organizations=3)
    await story.until(lambda scrape: scrape.value("xero_exporter_token_file_readable", token="platform") == 1)
    (story.folder / "token").unlink()
    await story.until(lambda scrape: scrape.value("xero_exporter_token_file_readable", token="platform") == 0)
    scrape = await story.until(lambda scrape: len(scrape.organizations("xero_poll_success", 1)) == 3)
    assert scrape.value("xero_exporter_platform_auth_ok") == 1, "the last good token stays in use"
    assert "token_file_problem" in story.log.read_text()
