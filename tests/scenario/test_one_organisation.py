"""From the first failure to withdrawal and back, as Prometheus would see it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, tzinfo

import pytest
from apscheduler.schedulers import base as scheduling
from apscheduler.triggers import interval

from exporter.simulator.answers import Misbehaviour
from tests.scenario.story import Watch

DATA = [
    "xero_connected",
    "xero_token_expiry_timestamp_seconds",
    "xero_last_sync_timestamp_seconds",
    "xero_sync_status",
    "xero_pending_syncs",
    "xero_failed_syncs",
]
ORG = "org-0001"


async def test_an_organisation_that_starts_failing_says_so_keeps_its_time_loses_its_data_and_comes_back(
    watch: Watch,
) -> None:
    """poll_success 0, the success timestamp stands still, data goes after stale_after and comes back."""
    story = await watch("poll: {interval: 1s, stale_after: 3s}")
    healthy = await story.until(lambda scrape: scrape.organizations("xero_poll_success", 1) >= {ORG, "org-0002"})
    for family in DATA:
        assert ORG in healthy.organizations(family), family
    assert not healthy["xero_poll_failure"]

    story.world.override(ORG, Misbehaviour.RESET_AFTER_REQUEST)
    failing = await story.until(lambda scrape: scrape.value("xero_poll_success", ORG) == 0)
    assert failing.value("xero_poll_failure", ORG, failure="network") == 1
    stands = failing.value("xero_poll_last_success_timestamp_seconds", ORG)

    stale = await story.until(lambda scrape: ORG not in scrape.organizations("xero_connected"))
    for family in DATA:
        assert ORG not in stale.organizations(family), family
        assert "org-0002" in stale.organizations(family), family
    assert stale.value("xero_poll_last_success_timestamp_seconds", ORG) == stands
    attempt = stale.value("xero_poll_last_attempt_timestamp_seconds", ORG)
    assert stands is not None
    assert attempt is not None
    assert attempt > stands
    assert stale.value("xero_organizations", freshness="stale") == 1

    story.world.clear(ORG)
    back = await story.until(lambda scrape: scrape.value("xero_poll_success", ORG) == 1)
    for family in DATA:
        assert ORG in back.organizations(family), family
    assert not back["xero_poll_failure"]
    log = story.log.read_text()
    for event in ("organization_failing", "organization_data_withdrawn", "organization_recovered"):
        assert event in log


async def test_withdrawal_needs_no_request_only_time(watch: Watch) -> None:
    """The clock moves past stale_after, nobody is asked, and within 2 s the data is gone from /metrics."""
    story = await watch("poll: {interval: 1s, stale_after: 3h}", organizations=3)
    await story.until(lambda scrape: len(scrape.organizations("xero_connected")) == 3)
    await story.stop_asking()
    asked = story.simulator.requests.total()
    story.clock.ahead += 3 * 3600 - 60
    scrape = await story.scrape()
    assert len(scrape.organizations("xero_connected")) == 3
    story.clock.ahead += 61
    scrape = await story.until(lambda scrape: not scrape["xero_connected"], within=2.0)
    assert scrape.value("xero_organizations", freshness="stale") == 3
    assert len(scrape.organizations("xero_poll_last_success_timestamp_seconds")) == 3
    assert story.simulator.requests.total() == asked


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_machine_clock_that_is_set_stops_neither_polling_nor_withdrawal(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The scheduler plans by the wall clock; an hour back must not mean an hour of silence."""
    story = await watch("poll: {interval: 1s, stale_after: 4s}", organizations=3)
    await story.until(lambda scrape: len(scrape.organizations("xero_connected")) == 3)

    class Stepped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Stepped:
            return super().now(tz) + timedelta(hours=hours)

    for module in (scheduling, interval):
        monkeypatch.setattr(module, "datetime", Stepped)
    story.clock.wall_stepped = hours * 3600.0
    # As a step does: the wait until the next tick is computed anew, by a clock that shows another time.
    story.exporter._scheduler.wakeup()
    await asyncio.sleep(1.5)
    asked = story.simulator.requests.total()
    await story.until(lambda _: story.simulator.requests.total() >= asked + 6, within=10)
    story.world.override_all(Misbehaviour.RESET_AFTER_REQUEST)
    await story.until(lambda scrape: not scrape["xero_connected"], within=10)


async def test_each_organisation_tells_exactly_what_the_platform_says(watch: Watch) -> None:
    """The sample answer of the platform's own documentation, value by value."""
    story = await watch("poll: {interval: 1s}", organizations=1)
    story.world.override(
        ORG,
        {
            "connected": True,
            "token_expires_at": "2025-01-20T15:00:00Z",
            "last_sync": "2025-01-15T10:30:00Z",
            "sync_status": "healthy",
            "pending_syncs": 0,
            "failed_syncs": 2,
            "errors": [
                {
                    "type": "contact_sync",
                    "message": "Duplicate contact: john@example.com",
                    "timestamp": "2025-01-15T09:15:00Z",
                }
            ],
        },
    )
    scrape = await story.until(lambda scrape: scrape.value("xero_failed_syncs", ORG) == 2)
    assert scrape.value("xero_connected", ORG) == 1
    assert scrape.value("xero_token_expiry_timestamp_seconds", ORG) == 1737385200
    assert scrape.value("xero_last_sync_timestamp_seconds", ORG) == 1736937000
    assert scrape.value("xero_pending_syncs", ORG) == 0
    told = {word: scrape.value("xero_sync_status", ORG, status=word) for word in ("healthy", "degraded", "failing")}
    assert told == {"healthy": 1, "degraded": 0, "failing": 0}
    assert "john@example.com" not in scrape.text
    one = (await story.get(f"/api/v1/organizations/{ORG}")).json()
    assert one["facts"]["errors_reported"] == 1
    assert "Duplicate" not in str(one)


async def test_what_the_platform_does_not_say_is_no_sample(watch: Watch) -> None:
    """Null and missing mean absent: not 0, not NaN, not a failure."""
    story = await watch("poll: {interval: 1s}", organizations=1)
    story.world.override(ORG, {"connected": False, "token_expires_at": None, "last_sync": None, "sync_status": None})
    scrape = await story.until(lambda scrape: scrape.value("xero_connected", ORG) == 0)
    assert scrape.value("xero_poll_success", ORG) == 1
    for family in set(DATA) - {"xero_connected"}:
        assert not scrape[family], family
    assert "NaN" not in scrape.text


async def test_a_hanging_organisation_is_a_timeout_and_does_not_stop_the_others(watch: Watch) -> None:
    """The deadline is by the clock: a drip now and then does not prolong it."""
    story = await watch("poll: {interval: 2s}", organizations=4)
    story.world.override("org-0001", Misbehaviour.HANG)
    story.world.override("org-0002", Misbehaviour.DRIP)
    scrape = await story.until(lambda scrape: len(scrape["xero_poll_failure"]) == 2)
    for name in ("org-0001", "org-0002"):
        assert scrape.value("xero_poll_failure", name, failure="timeout") == 1
    for _ in range(10):
        scrape = await story.scrape()
        assert scrape.organizations("xero_poll_success", 1) == {"org-0003", "org-0004"}
        await asyncio.sleep(0.2)
