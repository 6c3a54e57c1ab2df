"""The whole exporter acts on a simulated platform: only where it can help, once, on the record."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from exporter.errors import LedgerError
from exporter.model.action import Action, ActionKind, ActionState, AttemptOutcome, Parameters
from exporter.model.asked import AlertDelivery, PersonRequest
from exporter.model.holds import Hold
from exporter.model.words import Issue, SyncType
from exporter.remediation.desk import Desk
from exporter.simulator.answers import Answer, Misbehaviour, Slow
from exporter.simulator.endpoints import Kind
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.world import SimulatedOrganization, World
from tests.scenario.story import TOKEN, Story, Watch

SICK = "org-0001"
AUTO = """
poll: {interval: 1s, stale_after: 1h}
remediation:
  mode: auto
  include: ["org-.*"]
  verify_within: 1m
web:
  listen: '127.0.0.1:0'
  tokens: [{name: alertmanager, role: alerts, token: canary-alerts-token}]
"""
HALF_AN_HOUR = 1860.0


def outage_is_over(record_ids: str | None = "record_ids", *, speed: float = 60.0) -> World:
    """One organisation still has records that failed in an outage of Xero which has passed; nine are well."""
    sick = uniform_fleet(1, "xero_outage", minute=91)
    well = [SimulatedOrganization(f"org-{number:04}", f"Club {number}", f"tenant-{number}") for number in range(2, 11)]
    return World([*sick, *well], admin_token=TOKEN, speed=speed, record_ids=record_ids)  # type: ignore[arg-type]


def desk(story: Story) -> Desk:
    """The running exporter's own."""
    return story.exporter.desk


async def only(story: Story, holds: Callable[[Action], bool], *, within: float = 20.0) -> Action:
    """The newest action, once that holds of it."""
    deadline = time.monotonic() + within
    found: Action | None = None
    while time.monotonic() < deadline:
        newest = await desk(story).actions(limit=1)
        if newest:
            found = newest[0]
            if holds(found):
                return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"did not come to hold; last was {found}")


async def started(watch: Watch, config: str = AUTO, *, world: World | None = None) -> Story:
    """A running exporter that knows everybody, half an hour after its ledger was made."""
    story = await watch(config, world=world or outage_is_over())
    await story.until(lambda scrape: scrape.value("xero_organizations", freshness="fresh") == 10)
    await ledger_exists(story)
    story.clock.ahead += HALF_AN_HOUR
    await story.until(lambda scrape: scrape.value("xero_incident", kind="sync") is not None)
    return story


async def ledger_exists(story: Story) -> None:
    """An executor obeys."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(LedgerError):
            if (await desk(story).gate()).heartbeat_at is not None:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("no executor")


def alert(issue: Issue = Issue.INVOICES_FAILING, organization_id: str = SICK) -> AlertDelivery:
    """What Alertmanager delivers."""
    return AlertDelivery(organization_id, issue, "print", "2026-01-01T00:00:00Z")


async def test_records_that_a_retry_can_cure_are_retried_once_and_verified(watch: Watch) -> None:
    """From the alert to the reading that shows it."""
    story = await started(watch)
    await desk(story).deliver([alert(), alert()])
    action = await only(story, lambda one: one.state is ActionState.VERIFIED, within=40)
    (call,) = story.simulator.calls
    assert (call.organization_id, call.kind) == (SICK, Kind.RETRY)
    body = json.loads(call.body)
    assert body["sync_type"] == "invoices"
    assert body["record_ids"] == [f"invoice_sync-{number}" for number in (1, 2, 3, 4)]
    record = await desk(story).action(action.id)
    assert record is not None
    assert [one.idempotency_key for one in record.attempts] == [call.idempotency_key]
    assert [one.what for one in record.events] == ["planned", "started", "accepted", "verified"]


async def test_a_dry_run_sends_nothing_and_tells_what_it_would_have_sent(watch: Watch) -> None:
    """The default."""
    story = await started(watch, "poll: {interval: 1s, stale_after: 1h}")
    await desk(story).deliver([alert()])
    action = await only(story, lambda one: one.would is not None)
    assert (action.state, action.hold, action.would) == (ActionState.HELD, Hold.DRY_RUN, "call")
    assert action.parameters is not None
    assert len(action.parameters.record_ids) == 4
    assert story.simulator.calls == []


async def test_the_platform_as_documented_gives_no_ids_and_so_nothing_is_done(watch: Watch) -> None:
    """An empty list never means all."""
    story = await started(watch, world=outage_is_over(None))
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.hold is Hold.NO_RECORD_IDS)
    assert story.simulator.calls == []


async def test_a_resync_of_that_one_type_stands_in_where_allowed(watch: Watch) -> None:
    """Bounded by the first failing error."""
    story = await started(watch, AUTO.replace("verify", "fallback: resync\n  verify"), world=outage_is_over(None))
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.state in (ActionState.ACCEPTED, ActionState.VERIFIED))
    (call,) = story.simulator.calls
    assert call.kind is Kind.RESYNC
    assert json.loads(call.body)["sync_types"] == ["invoices"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Misbehaviour.RESET_AFTER_REQUEST, ActionState.UNKNOWN),
        (Misbehaviour.HANG, ActionState.UNKNOWN),
        (Misbehaviour.GARBAGE, ActionState.UNKNOWN),
        (Answer(503), ActionState.UNKNOWN),
        (Answer(400), ActionState.FAILED),
        (Answer(302, {"Location": "/"}), ActionState.FAILED),
        (Answer(202), ActionState.ACCEPTED),
    ],
)
async def test_whatever_comes_back_nothing_is_sent_again(
    watch: Watch, answer: Answer | Misbehaviour, state: ActionState
) -> None:
    """Observation decides, and the next attempt waits for the cooldown."""
    story = await started(watch)
    story.world.override_remedies(answer)
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.state is state)
    await asyncio.sleep(2.5)
    assert len(story.simulator.calls) == 1


async def test_an_unknown_call_that_took_effect_is_verified(watch: Watch) -> None:
    """Only its answer was lost."""
    story = await started(watch)
    story.world.override_remedies(Misbehaviour.RESET_AFTER_REQUEST, takes_effect=True)
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.state is ActionState.UNKNOWN)
    await only(story, lambda one: one.state is ActionState.VERIFIED, within=40)
    assert len(story.simulator.calls) == 1


async def test_an_accepted_call_that_does_nothing_is_ineffective(watch: Watch) -> None:
    """A yes is no evidence; its alert asks again, and waits for the cooldown."""
    story = await started(watch)
    story.world.override_remedies(Answer(202))
    await desk(story).deliver([alert()])
    first = await only(story, lambda one: one.state is ActionState.ACCEPTED)
    story.clock.ahead += 61
    second = await only(story, lambda one: one.id > first.id and one.hold is Hold.COOLDOWN)
    record = await desk(story).action(first.id)
    assert record is not None
    assert record.action.state is ActionState.INEFFECTIVE
    assert second.organization_id == SICK
    assert len(story.simulator.calls) == 1


async def test_a_refused_token_holds_everybody_until_its_file_changes(watch: Watch) -> None:
    """Reading may go on with it all the same."""
    story = await started(watch)
    story.world.override_remedies(Answer(403))
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.hold is Hold.CREDENTIAL)
    story.world.override_remedies(None)
    story.clock.ahead += HALF_AN_HOUR
    await asyncio.sleep(2)
    assert len(story.simulator.calls) == 1
    (story.folder / "token").write_text(f"{TOKEN}\n")
    await only(story, lambda one: one.state is ActionState.ACCEPTED)
    assert len(story.simulator.calls) == 2


async def test_rate_limited_calls_wait_as_long_as_asked(watch: Watch) -> None:
    """And are tried again then."""
    story = await started(watch)
    story.world.override_remedies(Answer(429, {"Retry-After": "300"}))
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.hold is Hold.BACK_OFF)
    story.world.override_remedies(None)
    story.clock.ahead += 301
    await only(story, lambda one: one.state is ActionState.ACCEPTED)
    assert len(story.simulator.calls) == 2


async def test_a_pause_stops_everything_and_says_that_it_is_obeyed(watch: Watch) -> None:
    """Until a person resumes."""
    story = await started(watch)
    view = await desk(story).pause(actor="jo", note="looking")
    assert view.obeyed(story.clock.now().wall)
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.hold is Hold.PAUSED)
    await asyncio.sleep(1.5)
    assert story.simulator.calls == []
    await desk(story).resume(actor="jo")
    await only(story, lambda one: one.state in (ActionState.ACCEPTED, ActionState.VERIFIED))


async def test_ten_thousand_alerts_are_one_storm_and_no_call(watch: Watch) -> None:
    """And one escalation."""
    story = await started(watch)
    await desk(story).deliver([alert(organization_id=f"org-{number:04}") for number in range(10_000)], truncated=1)
    async with asyncio.timeout(30):
        while not any(  # noqa: ASYNC110 - the ledger has no events to wait for
            one.hold is Hold.STORM for one in await desk(story).actions(organization_id=SICK)
        ):
            await asyncio.sleep(0.1)
    assert story.simulator.calls == []
    assert [one.what for one in await desk(story).events(action_id=None)] == ["storm_began"]
    scrape = await story.scrape()
    assert scrape.value("xero_organizations", freshness="fresh") == 10


async def test_a_person_asks_and_the_gates_still_judge(watch: Watch) -> None:
    """In mode approve, for an organisation that no list includes."""
    story = await started(watch, AUTO.replace("mode: auto", "mode: approve").replace('include: ["org-.*"]', ""))
    parameters = Parameters((SyncType.CONTACTS,), record_ids=("uuid-7",))
    await desk(story).ask(PersonRequest("org-0002", ActionKind.RETRY, parameters, "jo"))
    await only(story, lambda one: one.state is ActionState.ACCEPTED)
    (call,) = story.simulator.calls
    assert json.loads(call.body) == {"sync_type": "contacts", "record_ids": ["uuid-7"]}


async def test_a_change_of_mode_is_obeyed_without_a_restart(watch: Watch) -> None:
    """What was rehearsed is done then."""
    story = await started(watch, AUTO.replace("mode: auto", "mode: dry_run"))
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.would == "call")
    path = story.folder / "config.yml"
    path.write_text(path.read_text().replace("mode: dry_run", "mode: auto"))
    await story.exporter.reload("signal")
    story.clock.ahead += 61
    await only(story, lambda one: one.state in (ActionState.ACCEPTED, ActionState.VERIFIED))
    record = await desk(story).action(1)
    assert record is not None
    assert [one.outcome for one in record.attempts] == [AttemptOutcome.REHEARSED, AttemptOutcome.ACCEPTED]


async def test_a_call_under_way_ends_and_is_recorded_before_the_process_does(watch: Watch) -> None:
    """SIGTERM does not make an unknown of what is about to be known."""
    story = await started(watch)
    story.world.override_remedies(Slow(0.7))
    await desk(story).deliver([alert()])
    deadline = time.monotonic() + 10
    while not story.simulator.calls:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    await story.exporter.drain()
    later = Desk(f"sqlite:///{story.folder}/xero-exporter.db", clock=story.clock, limits=desk(story).limits)
    record = await later.action(1)
    await later.aclose()
    assert record is not None
    assert record.action.state is ActionState.ACCEPTED


async def test_a_ledger_that_is_locked_stops_actions_and_nothing_else(watch: Watch) -> None:
    """Polling and /metrics go on, and so do actions once it is free: without a restart."""
    story = await started(watch)
    other = sqlite3.connect(story.folder / "xero-exporter.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="lock"):
        await desk(story).deliver([alert()])
    before = (await story.scrape()).value("xero_poll_last_success_timestamp_seconds", organization=SICK)
    assert before is not None
    await story.until(
        lambda scrape: (scrape.value("xero_poll_last_success_timestamp_seconds", organization=SICK) or 0) > before + 2
    )
    assert (await story.get("/-/healthy")).status_code == 200
    other.close()
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.state in (ActionState.ACCEPTED, ActionState.VERIFIED))
    assert len(story.simulator.calls) == 1


async def test_a_ledger_that_cannot_be_opened_stops_nothing_else(watch: Watch) -> None:
    """Its folder comes later, and then it is used."""
    story = await watch(AUTO + "ledger: {url: 'sqlite:///volume/ledger.db'}\n", world=outage_is_over())
    await story.until(lambda scrape: scrape.value("xero_organizations", freshness="fresh") == 10)
    with pytest.raises(LedgerError, match="folder"):
        await desk(story).deliver([alert()])
    (story.folder / "volume").mkdir()
    await ledger_exists(story)
    assert (await desk(story).deliver([alert()])).recorded == 1


async def test_a_reload_while_the_executor_reads_does_not_leave_it_waiting(watch: Watch) -> None:
    """The way to the platform is replaced, and the old one closed only when nobody reads by it."""
    story = await started(watch)
    story.world.override(SICK, Slow(0.8))
    await desk(story).deliver([alert()])
    await only(story, lambda one: one.state is ActionState.STARTED)
    path = story.folder / "config.yml"
    path.write_text(path.read_text().replace("timeout: 1s", "timeout: 3s"))
    await story.exporter.reload("signal")
    await only(story, lambda one: one.state is not ActionState.STARTED, within=10)
