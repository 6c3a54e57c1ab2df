"""The snapshot after readings and time: freshness, withdrawal, and that what did not change is the same object."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.clock import SystemClock
from exporter.model.facts import (
    BLOCK_SIZE,
    Organization,
    OrganizationState,
    Reading,
    Snapshot,
    Status,
    SyncError,
    UpstreamFailure,
)
from exporter.model.fleet import Surroundings
from exporter.model.judgement import WELL, Connections, Doubt, Thresholds, TokenClock
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness, IncidentKind, Issue, Reason, Sent, SyncStatus, SyncType, Verdict
from exporter.observe.fleet import FAILED_READINGS, RECENT_READINGS, Fleet
from exporter.observe.fold import fold, snapshot_of
from exporter.observe.news import Event, changes_between
from exporter.observe.phase import phase_of
from exporter.observe.tally import tally_of

STALE_AFTER = 300.0
RULES = Thresholds(stale_after=STALE_AFTER)
STATUS = Status(connected=True, sync_status=SyncStatus.HEALTHY, failed_syncs=2)


def at(second: float) -> Moment:
    """A moment that many seconds after the start of the test's story."""
    return Moment(wall=1_700_000_000.0 + second, monotonic=second)


def success(name: str, second: float, status: Status = STATUS) -> Reading:
    """A reading that succeeded."""
    return Reading(name, at(second), at(second), status)


def failed(name: str, second: float, failure: Failure = Failure.TIMEOUT) -> Reading:
    """A reading that failed."""
    return Reading(name, at(second), at(second), UpstreamFailure(failure, Sent.MAYBE))


def fleet_of(*names: str) -> Snapshot:
    """A snapshot of organisations that nobody asked about yet."""
    return snapshot_of([Organization(name) for name in names], None, at(0))


def freshness(snapshot: Snapshot, name: str = "a") -> Freshness:
    """The freshness of one organisation."""
    state = snapshot.state(name)
    assert state is not None
    return state.freshness


def test_before_the_first_reading_an_organisation_is_pending_and_later_stale() -> None:
    """Pending is for those we had no time to ask; it does not last."""
    snapshot = fleet_of("a")
    assert freshness(fold(snapshot, [], at(1), RULES)) is Freshness.PENDING
    assert freshness(fold(snapshot, [failed("a", 5)], at(6), RULES)) is Freshness.PENDING
    assert freshness(fold(snapshot, [], at(STALE_AFTER), RULES)) is Freshness.STALE


def test_a_success_makes_it_fresh_until_stale_after_has_passed_by_the_clock_alone() -> None:
    """No request is needed to withdraw."""
    snapshot = fold(fleet_of("a"), [success("a", 10)], at(10), RULES)
    just_before = fold(snapshot, [], at(309.9), RULES)
    assert freshness(just_before) is Freshness.FRESH
    after = fold(just_before, [], at(310), RULES)
    assert freshness(after) is Freshness.STALE
    state = after.state("a")
    assert state is not None
    assert state.status is None
    assert state.last_success == at(10)


def test_a_failure_moves_the_attempt_and_never_the_success() -> None:
    """And the data stays until it is too old."""
    snapshot = fold(fleet_of("a"), [success("a", 10), failed("a", 70)], at(70), RULES)
    state = snapshot.state("a")
    assert state is not None
    assert (state.last_attempt, state.last_success) == (at(70), at(10))
    assert state.failure is Failure.TIMEOUT
    assert state.failures_in_row == 1
    assert state.status is STATUS
    assert state.freshness is Freshness.FRESH


def test_a_success_after_failures_brings_everything_back() -> None:
    """Stale, then fresh again with new data."""
    snapshot = fold(fleet_of("a"), [success("a", 10), failed("a", 70)], at(400), RULES)
    assert freshness(snapshot) is Freshness.STALE
    snapshot = fold(snapshot, [success("a", 401)], at(401), RULES)
    state = snapshot.state("a")
    assert state is not None
    assert (state.freshness, state.status, state.failure, state.failures_in_row) == (
        Freshness.FRESH,
        STATUS,
        None,
        0,
    )


def test_not_found_is_told_while_the_last_reading_says_so_and_no_longer() -> None:
    """A later outage is not 'not found'."""
    snapshot = fold(fleet_of("a"), [failed("a", 5, Failure.NOT_FOUND)], at(5), RULES)
    assert freshness(snapshot) is Freshness.NOT_FOUND
    snapshot = fold(snapshot, [failed("a", 400)], at(400), RULES)
    assert freshness(snapshot) is Freshness.STALE


def test_a_step_of_the_wall_clock_changes_nothing() -> None:
    """Ages are taken on the clock that never steps: an hour forward or a day back withdraws nothing."""
    snapshot = fold(fleet_of("a"), [success("a", 10)], at(10), RULES)
    for wall in (1_700_000_000.0 + 3600, 1_700_000_000.0 - 86_400):
        assert freshness(fold(snapshot, [], Moment(wall, 20), RULES)) is Freshness.FRESH


def test_counts_name_every_freshness_and_add_up() -> None:
    """Zero is told too."""
    snapshot = fold(fleet_of("a", "b", "c"), [success("a", 1), failed("b", 1, Failure.NOT_FOUND)], at(1), RULES)
    assert snapshot.counts == {
        Freshness.FRESH: 1,
        Freshness.STALE: 0,
        Freshness.PENDING: 1,
        Freshness.NOT_FOUND: 1,
    }


def test_nothing_new_means_the_same_blocks() -> None:
    """The exposition counts on identity."""
    snapshot = fold(fleet_of("a", "b"), [success("a", 1)], at(1), RULES)
    assert fold(snapshot, [], at(2), RULES).blocks is snapshot.blocks


def test_a_second_of_polls_dirties_at_most_three_of_forty_blocks() -> None:
    """Blocks are in order of phase, so those asked in one second are neighbours."""
    names = [f"org-{number:05d}" for number in range(10_000)]
    snapshot = fold(fleet_of(*names), [success(name, 1) for name in names], at(1), Thresholds(stale_after=3600.0))
    assert len(snapshot.blocks) == 40
    for second in range(60):
        due = [name for name in names if int(phase_of(name) * 60) == second]
        after = fold(snapshot, [success(name, 2) for name in due], at(2), Thresholds(stale_after=3600.0))
        dirty = sum(old is not new for old, new in zip(snapshot.blocks, after.blocks, strict=True))
        assert 1 <= dirty <= 3, f"second {second} dirtied {dirty} blocks"


def test_a_new_roster_keeps_what_is_known_of_those_who_stay() -> None:
    """Whole-set swap: the new come as pending, the gone are gone, attributes follow."""
    snapshot = fold(fleet_of("a", "b"), [success("a", 1), success("b", 1)], at(1), RULES)
    swapped = snapshot_of([Organization("b", name="New Name"), Organization("c")], snapshot, at(2))
    assert set(swapped.places) == {"b", "c"}
    kept, new = swapped.state("b"), swapped.state("c")
    assert kept is not None
    assert new is not None
    assert kept.status is STATUS
    assert kept.organization.name == "New Name"
    assert new.freshness is Freshness.PENDING
    assert swapped.state("a") is None


def test_the_same_roster_again_keeps_every_block() -> None:
    """A touched file costs no rendering."""
    organizations = [Organization(f"org-{number}") for number in range(3 * BLOCK_SIZE)]
    snapshot = snapshot_of(organizations, None, at(0))
    again = snapshot_of(list(reversed(organizations)), snapshot, at(1))
    assert all(old is new for old, new in zip(snapshot.blocks, again.blocks, strict=True))


def test_readings_of_strangers_are_ignored() -> None:
    """One that was removed while its reading was under way does not come back."""
    snapshot = fleet_of("a")
    assert fold(snapshot, [success("b", 1)], at(1), RULES).state("b") is None
    fleet = Fleet(RULES)
    fleet.replace_roster([Organization("a")], at(0))
    fleet.receive(success("b", 1))
    assert fleet.history("b").recent == ()


def test_failures_are_remembered_longer_than_successes() -> None:
    """Yesterday's failure is what somebody will ask about; both memories are bounded."""
    fleet = Fleet(RULES)
    fleet.replace_roster([Organization("a")], at(0))
    for second in range(40):
        fleet.receive(failed("a", second))
    for second in range(40, 140):
        fleet.receive(success("a", second))
    history = fleet.history("a")
    assert [reading.at - at(0).wall for reading in history.recent] == [
        float(s) for s in range(140 - RECENT_READINGS, 140)
    ]
    assert [reading.at - at(0).wall for reading in history.failures] == [
        float(s) for s in range(40 - FAILED_READINGS, 40)
    ]


def test_the_memory_of_the_removed_goes_with_them() -> None:
    """Nothing of a customer who left is kept."""
    fleet = Fleet(RULES)
    fleet.replace_roster([Organization("a"), Organization("b")], at(0))
    fleet.receive(success("a", 1))
    fleet.replace_roster([Organization("b")], at(2))
    assert fleet.history("a").recent == ()


def test_changes_are_told_once_and_polls_are_not() -> None:
    """Became failing, failed in another way, recovered, withdrawn: a line each; the rest is silence."""
    first = fold(fleet_of("a"), [success("a", 1)], at(1), RULES)
    story = [
        ([success("a", 2)], 2.0, []),
        ([failed("a", 3)], 3.0, [Event.FAILING]),
        ([failed("a", 4)], 4.0, []),
        ([failed("a", 5, Failure.AUTH)], 5.0, [Event.FAILING]),
        ([], 302.0, [Event.WITHDRAWN]),
        ([success("a", 303)], 303.0, [Event.RECOVERED]),
    ]
    for readings, second, expected in story:
        then = fold(first, readings, at(second), RULES)
        assert [change.event for change in changes_between(first, then)] == expected
        first = then


@pytest.mark.parametrize("minutes", [1, 59, 61])
def test_the_system_clock_and_the_fold_agree_on_an_hour(minutes: int) -> None:
    """With the machine's own clock frozen: stale after an hour and not before."""
    with freeze_time("2026-01-01T00:00:00Z") as frozen:
        clock = SystemClock()
        begin = clock.now()
        snapshot = snapshot_of([Organization("a")], None, begin)
        snapshot = fold(snapshot, [Reading("a", begin, begin, STATUS)], begin, Thresholds(stale_after=3600.0))
        frozen.tick(timedelta(minutes=minutes))
        now = clock.now()
        assert now.wall == datetime(2026, 1, 1, tzinfo=UTC).timestamp() + minutes * 60
        expected = Freshness.FRESH if minutes < 60 else Freshness.STALE
        assert freshness(fold(snapshot, [], now, Thresholds(stale_after=3600.0))) is expected


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([None, *Failure]), st.integers(0, 400)), max_size=30))
def test_folding_in_any_portions_gives_the_same_knowledge(story: list[tuple[str, Failure | None, int]]) -> None:
    """One tick or thirty: what is known in the end depends on the readings and the time, not on the ticks."""
    story.sort(key=lambda entry: entry[2])
    readings = [
        success(name, second) if failure is None else failed(name, second, failure) for name, failure, second in story
    ]
    whole = fold(fleet_of(*"abc"), readings, at(401), RULES)
    portions = fleet_of(*"abc")
    for reading in readings:
        portions = fold(portions, [reading], reading.ended, RULES)
    portions = fold(portions, [], at(401), RULES)
    for name in "abc":
        one, other = whole.state(name), portions.state(name)
        assert one is not None
        assert other is not None
        assert (one.freshness, one.last_attempt, one.last_success, one.failure, one.status) == (
            other.freshness,
            other.last_attempt,
            other.last_success,
            other.failure,
            other.status,
        )
    assert whole.counts == portions.counts


# Judgement in the fold


def trouble(second: float, *, last_sync: float = 0.0, pending: int = 0) -> Status:
    """Contacts that fail since that second."""
    return Status(
        connected=True,
        last_sync=at(last_sync).wall,
        sync_status=SyncStatus.FAILING,
        pending_syncs=pending,
        failed_syncs=1,
        errors=(SyncError(at(second).wall, reason=Reason.DUPLICATE_CONTACT, sync_type=SyncType.CONTACTS),),
    )


def state_of(snapshot: Snapshot, name: str = "a") -> OrganizationState:
    """What is known of one that is on the roster."""
    state = snapshot.state(name)
    assert state is not None
    return state


def issues(snapshot: Snapshot, name: str = "a") -> list[Issue]:
    """Which issues one organisation has."""
    return [one.issue for one in state_of(snapshot, name).diagnosis.issues]


def test_a_diagnosis_is_made_at_the_reading_and_withdrawn_with_its_data() -> None:
    """What is too old is not concluded from."""
    snapshot = fold(fleet_of("a", "b"), [success("a", 10, trouble(5)), success("b", 10)], at(10), RULES)
    assert (issues(snapshot), issues(snapshot, "b")) == ([Issue.CONTACTS_FAILING], [])
    assert snapshot.tally.affected[IncidentKind.SYNC] == 1
    snapshot = fold(snapshot, [failed("a", 70)], at(309), RULES)
    assert issues(snapshot) == [Issue.CONTACTS_FAILING]
    snapshot = fold(snapshot, [], at(310), RULES)
    assert state_of(snapshot).diagnosis is WELL
    assert snapshot.tally.affected[IncidentKind.SYNC] == 0


def test_an_issue_that_time_alone_begins_or_ends_needs_no_reading() -> None:
    """The tick folds again what is due, and nothing else."""
    rules = Thresholds(stale_after=10_000.0)
    expiring = Status(connected=True, token_expires_at=at(100).wall, last_sync=at(-90_000).wall)
    snapshot = fold(fleet_of("a"), [success("a", 10, expiring)], at(10), rules)
    resting = fold(snapshot, [], at(999), rules)
    assert resting.blocks is snapshot.blocks
    due = fold(resting, [], at(1001), rules)
    assert issues(due) == [Issue.TOKEN_EXPIRED]
    assert fold(due, [], at(1002), rules).blocks is due.blocks


def test_ticks_in_which_nothing_changes_keep_every_block_of_a_fleet_in_trouble() -> None:
    """Twenty errors each, that grow older from second to second: the page is not rendered again for that."""
    names = [f"org-{number}" for number in range(600)]
    errors = tuple(
        SyncError(at(-60.0 * number).wall, reason=list(Reason)[number % 5], sync_type=list(SyncType)[number % 4])
        for number in range(20)
    )
    status = Status(
        connected=True, last_sync=at(5).wall, sync_status=SyncStatus.DEGRADED, failed_syncs=9, errors=errors
    )
    rules = Thresholds(stale_after=3600.0)
    snapshot = fold(fleet_of(*names), [success(name, 10, status) for name in names], at(10), rules)
    assert snapshot.tally.with_issue == 600
    blocks = snapshot.blocks
    for second in range(11, 2400, 7):
        snapshot = fold(snapshot, [], at(second), rules)
        assert snapshot.blocks is blocks


def test_a_reading_that_says_the_same_keeps_what_was_concluded() -> None:
    """The very same objects: nothing is judged again that cannot have changed."""
    said = trouble(5)
    snapshot = fold(fleet_of("a"), [success("a", 10, said)], at(10), RULES)
    again = fold(snapshot, [success("a", 70, said)], at(70), RULES)
    before, after = state_of(snapshot), state_of(again)
    assert after.diagnosis is before.diagnosis
    assert after.memory is before.memory
    assert after.last_success == at(70)


@pytest.mark.parametrize("failure", [None, Failure.NOT_FOUND, Failure.TIMEOUT])
def test_other_readings_or_other_clocks_are_judged_anew(failure: Failure | None) -> None:
    """After a 404 the diagnosis was withdrawn; with a clock that is off, what it says is not to be believed."""
    said = Status(connected=True, token_expires_at=at(-3600).wall, last_sync=at(-90_000).wall)
    snapshot = fold(fleet_of("a"), [success("a", 10, said)], at(10), RULES)
    assert issues(snapshot) == [Issue.TOKEN_EXPIRED]
    if failure is not None:
        snapshot = fold(snapshot, [failed("a", 40, failure)], at(40), RULES)
        assert issues(snapshot) == ([] if failure is Failure.NOT_FOUND else [Issue.TOKEN_EXPIRED])
    snapshot = fold(snapshot, [success("a", 70, said)], at(70), RULES)
    assert issues(snapshot) == [Issue.TOKEN_EXPIRED]
    first_seen_off = fold(fleet_of("a"), [Reading("a", at(10), at(10), said, skew=600.0)], at(10), RULES)
    assert issues(first_seen_off) == []
    assert issues(fold(first_seen_off, [success("a", 70, said)], at(70), RULES)) == [Issue.TOKEN_EXPIRED]


def test_changed_thresholds_are_in_force_at_the_next_fold() -> None:
    """Also for what is read again with the same answer."""
    said = trouble(-1000)
    fleet = Fleet(Thresholds(stale_after=3600.0, error_window=7200.0))
    fleet.replace_roster([Organization("a")], at(0))
    fleet.receive(success("a", 1, said))
    fleet.fold(at(1))
    snapshot = fleet.snapshot
    assert snapshot is not None
    assert [one.count for one in state_of(snapshot).diagnosis.errors] == [1]
    fleet.change_rules(Thresholds(stale_after=3600.0, error_window=600.0), at(2))
    fleet.fold(at(2))
    snapshot = fleet.snapshot
    assert snapshot is not None
    assert issues(snapshot) == [Issue.CONTACTS_FAILING, Issue.SYNC_FAILING], "the first lingers"
    fleet.receive(success("a", 61, said))
    fleet.fold(at(61))
    snapshot = fleet.snapshot
    assert snapshot is not None
    assert state_of(snapshot).diagnosis.errors == ()


@pytest.mark.parametrize("skew", [None, 0.0, 30.0])
@pytest.mark.parametrize("step", [-3 * 86_400.0, 3 * 86_400.0])
def test_a_clock_that_is_set_between_two_readings_raises_and_heals_nothing(skew: float | None, step: float) -> None:
    """A reload, or another list of Xero's, has everybody judged anew before the next reading tells of the step."""
    rules = Thresholds(stale_after=3600.0, token_clock=TokenClock.TRUSTED)

    def later(second: float) -> Moment:
        return Moment(at(second).wall + step, second)

    lives = {
        "well": Status(connected=True, token_expires_at=at(86_400).wall, last_sync=at(-60).wall, pending_syncs=1),
        "ill": Status(connected=True, token_expires_at=at(-7200).wall, last_sync=at(-9000).wall),
    }
    fleet = Fleet(rules)
    fleet.replace_roster([Organization(name) for name in lives], at(0))
    for name, said in lives.items():
        fleet.receive(Reading(name, at(1), at(1), said, skew=skew))
    fleet.fold(at(2))
    for second in (10, 20, 30):
        snapshot = fleet.snapshot
        assert snapshot is not None
        assert [issues(snapshot, name) for name in lives] == [[], [Issue.TOKEN_EXPIRED]]
        fleet.change_rules(replace(rules, token_grace=600.0 + second), later(second))
        fleet.fold(later(second + 1))


ONE, TWO = "5f4e0b1c-0000-4000-8000-000000000001", "5f4e0b1c-0000-4000-8000-000000000002"
"""Tenants of Xero."""


def test_a_reading_that_says_the_same_is_judged_by_what_changed_beside_it() -> None:
    """Other thresholds, or another list of Xero's, came since the last fold: the same answer is worth another look."""
    said = Status(connected=True, last_sync=at(-3600).wall, pending_syncs=1)
    fleet = Fleet(Thresholds(stale_after=3600.0))
    fleet.replace_roster([Organization("a", xero_tenant_id=ONE)], at(0))
    for second, rules, listed, expected in [
        (10, Thresholds(stale_after=3600.0), ONE, []),
        (20, Thresholds(stale_after=3600.0, sync_stale_after=1800.0), ONE, [Issue.SYNC_STALE]),
        (30, Thresholds(stale_after=3600.0), ONE, []),
        (40, Thresholds(stale_after=3600.0), TWO, [Issue.UNAUTHORIZED]),
        (50, Thresholds(stale_after=3600.0), ONE, []),
    ]:
        fleet.change_rules(rules, at(second))
        fleet.receive(success("a", second, said))
        fleet.fold(at(second + 1), listing(second, listed))
        snapshot = fleet.snapshot
        assert snapshot is not None
        assert issues(snapshot) == expected, second


def listing(second: float, *tenants: str) -> Connections:
    """Xero's list, asked for at that second, good for half an hour."""
    keys = frozenset(tenant.replace("-", "") for tenant in tenants)
    return Connections(keys, len(tenants), at(second), valid_until=second + 1800.0)


def test_not_listed_by_xero_needs_a_list_asked_for_after_the_platform_said_connected() -> None:
    """A customer who connects now cannot be on a list of before; whose list is too old says nothing."""
    rules = Thresholds(stale_after=7200.0)
    organizations = [
        Organization("a", xero_tenant_id=ONE.upper()),
        Organization("b", xero_tenant_id=TWO),
        Organization("c"),
    ]
    snapshot = snapshot_of(organizations, None, at(0))
    readings = [success(name, 10) for name in "abc"]
    snapshot = fold(snapshot, readings, at(10), rules, connections=listing(5, TWO))
    assert snapshot.tally.with_issue == 0
    asked = listing(20, TWO)
    snapshot = fold(snapshot, [], at(21), rules, connections=asked)
    assert [issues(snapshot, name) for name in "abc"] == [[Issue.UNAUTHORIZED], [], []]
    assert [state_of(snapshot, name).listed for name in "abc"] == [False, True, None]
    same = fold(snapshot, [], at(22), rules, connections=asked)
    assert same.blocks is snapshot.blocks
    relisted = fold(same, [], at(23), rules, connections=listing(23, TWO))
    assert relisted.blocks[0] is snapshot.blocks[0]
    gone = fold(relisted, [], at(23 + 1800), rules, connections=listing(23, TWO))
    assert [issues(gone, name) for name in "abc"] == [[], [], []]
    assert [state_of(gone, name).listed for name in "abc"] == [None, None, None]


ASKING = Surroundings(started=True, asks_xero=True)


def unauthorized_at(second: float) -> Snapshot:
    """One customer whom the platform calls connected, and whom Xero's list does not have."""
    rules = Thresholds(stale_after=7200.0)
    snapshot = snapshot_of([Organization("a", xero_tenant_id=ONE)], None, at(0))
    listed = listing(second, TWO)
    snapshot = fold(snapshot, [success("a", 1)], at(second), rules, connections=listed, surroundings=ASKING)
    assert issues(snapshot) == [Issue.UNAUTHORIZED]
    return snapshot


def doubts(snapshot: Snapshot) -> tuple[Doubt, ...]:
    """Why it is not known how the customer stands."""
    return state_of(snapshot, "a").diagnosis.doubts


def test_unauthorized_becomes_unknown_and_not_well_when_no_list_can_be_read_any_more() -> None:
    """Until there is another list, or the platform says something else; readings of the same do not end it."""
    rules = Thresholds(stale_after=7200.0)
    lost = fold(unauthorized_at(20), [], at(20 + 1800), rules, surroundings=ASKING)
    assert (issues(lost), doubts(lost), lost.tally.doubtful) == ([], (Doubt.LIST_UNREAD,), 1)
    assert state_of(lost, "a").missed_at == at(20)
    later = fold(lost, [success("a", 1900)], at(1900), rules, surroundings=ASKING)
    assert doubts(later) == (Doubt.LIST_UNREAD,)
    relisted = fold(later, [], at(2000), rules, connections=listing(2000, ONE), surroundings=ASKING)
    assert (issues(relisted), doubts(relisted), relisted.tally.doubtful) == ([], (), 0)
    missed = fold(later, [], at(2000), rules, connections=listing(2000, TWO), surroundings=ASKING)
    assert (issues(missed), doubts(missed)) == ([Issue.UNAUTHORIZED], ())


def test_such_a_doubt_ends_when_it_is_connected_anew_or_nobody_asks_xero_any_more() -> None:
    """What was connected later cannot have been on the last list; without `xero.app` there is no list to wait for."""
    rules = Thresholds(stale_after=7200.0)
    lost = fold(unauthorized_at(20), [], at(20 + 1800), rules, surroundings=ASKING)
    away = fold(
        lost,
        [success("a", 1900, replace(STATUS, connected=False, last_sync=1.0))],
        at(1900),
        rules,
        surroundings=ASKING,
    )
    assert (issues(away), doubts(away)) == ([Issue.DISCONNECTED], ())
    back = fold(away, [success("a", 1960)], at(1960), rules, surroundings=ASKING)
    assert (issues(back), doubts(back)) == ([], ())
    unasked = fold(lost, [], at(1900), rules, surroundings=Surroundings(started=True))
    assert (doubts(unasked), state_of(unasked, "a").missed_at) == ((), None)
    at_once = fold(unauthorized_at(20), [], at(30), rules, surroundings=Surroundings(started=True))
    assert (issues(at_once), doubts(at_once)) == ([], ())


def test_what_a_list_missed_says_nothing_of_another_tenant() -> None:
    """The customer is the same, the Xero organisation is not."""
    rules = Thresholds(stale_after=7200.0)
    lost = fold(unauthorized_at(20), [], at(20 + 1800), rules, surroundings=ASKING)
    for tenant, expected in ((ONE, (Doubt.LIST_UNREAD,)), (TWO, ())):
        named = snapshot_of([Organization("a", name="new", xero_tenant_id=tenant)], lost, at(1900))
        assert doubts(fold(named, [], at(1901), rules, surroundings=ASKING)) == expected


def test_the_snapshot_holds_the_tally_of_its_states_and_the_judgement_by_it() -> None:
    """Also after a change of the roster, and with what else the judgement went by."""
    snapshot = fleet_of(*map(str, range(300)))
    readings = [success(str(number), 1, trouble(0) if number % 3 else STATUS) for number in range(300)]
    surroundings = Surroundings(started=True)
    snapshot = fold(snapshot, readings, at(1), RULES, surroundings=surroundings)
    assert snapshot.tally == tally_of(state for block in snapshot.blocks for state in block.states)
    assert snapshot.judgement.verdict is Verdict.STARTING
    assert snapshot.judgement.undecided_until is not None
    assert snapshot.surroundings is surroundings
    smaller = snapshot_of([Organization("1"), Organization("3")], snapshot, at(2))
    assert smaller.tally.with_issue == 1
    assert smaller.judgement is snapshot.judgement


said = st.sampled_from(
    [
        STATUS,
        trouble(0),
        trouble(100),
        trouble(-3000, last_sync=-100),
        trouble(-3500, last_sync=-100, pending=1),
        Status(connected=False),
        Status(connected=True, token_expires_at=at(-700).wall, last_sync=at(-90_000).wall),
        Status(connected=True, last_sync=at(-93_500).wall, pending_syncs=2),
    ]
)


@given(st.lists(st.tuples(st.sampled_from("ab"), said | st.sampled_from(Failure), st.integers(0, 1500)), max_size=20))
@example([("a", trouble(-3000, last_sync=-100), 301), ("b", STATUS, 600), ("a", trouble(0), 1202)])
def test_diagnosis_in_any_portions_is_the_same(story: list[tuple[str, Status | Failure, int]]) -> None:
    """One tick or twenty: which issues there are depends on the readings and the time."""
    story.sort(key=lambda entry: entry[2])
    readings = [
        success(name, second, outcome) if isinstance(outcome, Status) else failed(name, second, outcome)
        for name, outcome, second in story
    ]
    whole = fold(fleet_of(*"ab"), readings, at(1501), RULES)
    portions = fleet_of(*"ab")
    for reading in readings:
        portions = fold(portions, [reading], reading.ended, RULES)
    portions = fold(portions, [], at(1501), RULES)
    for name in "ab":
        one, other = state_of(whole, name), state_of(portions, name)
        assert one.diagnosis == other.diagnosis
        assert one.diagnosis.never_connected == other.diagnosis.never_connected
    assert whole.tally == portions.tally
