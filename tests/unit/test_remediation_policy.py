"""Policy acts only where acting can help, and says why it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.model.action import ActionKind, Parameters, TriggerSource
from exporter.model.facts import OrganizationState, Status, SyncError
from exporter.model.holds import Hold
from exporter.model.limits import Limits
from exporter.model.words import Issue, Reason, SyncStatus, SyncType
from exporter.observe.reasons import REASONS
from exporter.remediation.policy import ALL_TYPES, Decision, Do, Over, Wait, Wanted, decide
from tests.knowledge import EXPIRED, GONE, HEALTHY, NEVER, NOW, TIMED_OUT, failing, known, minutes_ago
from tests.unit.acting import RETRY

OUTAGE = "Xero is temporarily unavailable (503 Service Unavailable)"
DUPLICATE = "Duplicate contact: jane.canary@example.com"
DAILY = "Xero API rate limit exceeded: daily limit"
SICK = Wanted(TriggerSource.ALERT, issue=Issue.CONTACTS_FAILING)
RULES = Limits()
FALLBACK = Limits(fallback_resync=True)


def judged(status: Status | None, wanted: Wanted = SICK, rules: Limits = RULES) -> Decision:
    """What policy says after one reading."""
    return decide(wanted, None if status is None else known(status), rules, NOW.wall)


def with_ids(status: Status, *ids: str) -> Status:
    """The platform gives these ids with every error."""
    return replace(status, errors=tuple(replace(one, record_ids=ids) for one in status.errors))


def test_a_curable_error_with_ids_is_a_retry_of_those_records() -> None:
    """And of nothing else."""
    assert judged(with_ids(failing(OUTAGE, OUTAGE), "uuid-1", "uuid-2")) == Do(
        ActionKind.RETRY, Parameters((SyncType.CONTACTS,), record_ids=("uuid-1", "uuid-2"))
    )


def test_beside_a_last_sync_of_the_future_only_a_person_may_ask() -> None:
    """What was mended since cannot be told, nor whether a call helped."""
    # Local time as if it were UTC: none of its syncs could verify a call, and five such calls open the breaker.
    ahead = replace(with_ids(failing(OUTAGE), "uuid-1"), last_sync=NOW.wall + 10 * 3600, sync_status=SyncStatus.FAILING)
    assert judged(ahead) == Wait(Hold.UNREADABLE)
    assert isinstance(judged(replace(ahead, last_sync=NOW.wall - 3600)), Do)
    assert judged(ahead, Wanted(TriggerSource.RECONNECT)) == Wait(Hold.UNREADABLE, ActionKind.RESYNC)
    asked = Wanted(TriggerSource.PERSON, kind=ActionKind.RETRY, parameters=RETRY)
    assert judged(ahead, asked) == Do(ActionKind.RETRY, RETRY)


@pytest.mark.parametrize(
    "silence",
    [
        Status(),
        replace(HEALTHY, sync_status=None, failed_syncs=None),
        replace(HEALTHY, sync_status=SyncStatus.OTHER),
        replace(HEALTHY, failed_syncs=2, errors_dropped=1, errors_malformed=1),
    ],
)
def test_an_issue_that_is_only_not_said_any_more_is_not_over(silence: Status) -> None:
    """Its action waits for the platform's word, and is not ended as healthy again."""
    assert judged(silence) == Wait(Hold.UNREADABLE)


@pytest.mark.parametrize("status", [HEALTHY, replace(HEALTHY, sync_status=SyncStatus.FAILING)])
def test_what_is_in_doubt_about_another_issue_holds_nothing(status: Status) -> None:
    """Unwell without a failed sync may be a sync that fails; that it is contacts which fail nobody says any more."""
    assert judged(status) == Over()


def test_where_nobody_says_that_there_is_a_connection_only_a_person_may_ask() -> None:
    """The issue is there, and a call may meet a connection that is gone."""
    unsaid = replace(with_ids(failing(OUTAGE), "uuid-1"), connected=None)
    assert judged(unsaid) == Wait(Hold.UNREADABLE)
    asked = Wanted(TriggerSource.PERSON, kind=ActionKind.RETRY, parameters=RETRY)
    assert judged(unsaid, asked) == Do(ActionKind.RETRY, RETRY)


def test_without_ids_nothing_is_done() -> None:
    """An empty list never means all."""
    assert judged(failing(OUTAGE)) == Wait(Hold.NO_RECORD_IDS)


def test_a_resync_stands_in_where_that_is_allowed() -> None:
    """Of that one type, from a minute before the first failing error."""
    assert judged(failing(OUTAGE, OUTAGE), rules=FALLBACK) == Do(
        ActionKind.RESYNC, Parameters((SyncType.CONTACTS,), since=minutes_ago(3))
    )


def test_a_resync_reaches_back_only_so_far() -> None:
    """The customer pays for it with their daily limit."""
    short = Limits(fallback_resync=True, lookback=30.0)
    decision = judged(failing(OUTAGE), rules=short)
    assert isinstance(decision, Do)
    assert decision.parameters.since == NOW.wall - 30


def test_only_curable_records_are_sent_again() -> None:
    """A duplicate stays one however often it is sent."""
    status = failing(OUTAGE, DUPLICATE)
    first, second = status.errors
    mixed = replace(
        status, errors=(replace(first, record_ids=("curable",)), replace(second, record_ids=("duplicate",)))
    )
    decision = judged(mixed)
    assert isinstance(decision, Do)
    assert decision.parameters.record_ids == ("curable",)


@pytest.mark.parametrize("reason", [reason for reason in Reason if not REASONS[reason].retry_helps])
def test_a_reason_that_a_retry_cannot_cure_never_gives_a_call(reason: Reason) -> None:
    """Whatever ids there are, and with every opt-in."""
    state = known(failing(OUTAGE))
    (issue,) = state.diagnosis.issues
    assert state.status is not None
    error = SyncError(minutes_ago(1), reason=reason, sync_type=SyncType.CONTACTS, record_ids=("uuid-1",))
    sick = replace(
        state,
        status=replace(state.status, errors=(error,)),
        diagnosis=replace(state.diagnosis, issues=(replace(issue, reasons=(reason,)),)),
    )
    assert decide(SICK, sick, FALLBACK, NOW.wall) == Wait(Hold.RETRY_CANNOT_HELP)


@pytest.mark.parametrize("status", [GONE, EXPIRED])
@pytest.mark.parametrize("wanted", [SICK, Wanted(TriggerSource.PERSON, kind=ActionKind.RETRY, parameters=RETRY)])
def test_a_broken_connection_is_not_mended_by_a_retry(status: Status, wanted: Wanted) -> None:
    """Not even when a person asks."""
    assert judged(status, wanted) == Wait(Hold.CONNECTION)


def test_the_daily_limit_holds_everything() -> None:
    """Each call would make it last longer."""
    status = with_ids(failing(OUTAGE, DAILY), "uuid-1")
    assert judged(status, rules=FALLBACK) == Wait(Hold.DAILY_LIMIT)
    person = Wanted(TriggerSource.PERSON, kind=ActionKind.RETRY, parameters=RETRY)
    assert judged(status, person) == Wait(Hold.DAILY_LIMIT)
    assert judged(failing(DAILY, connected=True), Wanted(TriggerSource.RECONNECT, since=0.0)) == Wait(
        Hold.DAILY_LIMIT, ActionKind.RESYNC
    )


@pytest.mark.parametrize("status", [HEALTHY, NEVER])
def test_a_healthy_organisation_needs_nothing(status: Status) -> None:
    """The alert was a hint; the reading is the evidence."""
    assert judged(status) == Over()


def test_a_person_decides_about_a_healthy_organisation() -> None:
    """What they know is not always in the status."""
    wanted = Wanted(TriggerSource.PERSON, kind=ActionKind.RETRY, parameters=RETRY)
    assert judged(HEALTHY, wanted) == Do(ActionKind.RETRY, RETRY)


def test_nobody_acts_on_what_cannot_be_read() -> None:
    """Unknown is not broken."""
    assert decide(SICK, known(TIMED_OUT), RULES, NOW.wall) == Wait(Hold.UNREADABLE)
    assert judged(None) == Wait(Hold.UNKNOWN_ORGANIZATION)


def test_old_data_is_no_evidence() -> None:
    """After stale_after it is withdrawn."""
    assert decide(SICK, known(failing(OUTAGE), after=400), RULES, NOW.wall) == Wait(Hold.UNREADABLE)


def test_a_type_that_the_platform_has_no_name_for_is_left_to_people() -> None:
    """A guess would sync something else."""
    status = with_ids(failing(OUTAGE, kind="widget_sync"), "uuid-1")
    assert judged(status, Wanted(TriggerSource.ALERT, issue=Issue.SYNC_FAILING)) == Wait(Hold.SYNC_TYPE_UNKNOWN)


def test_a_reconnect_is_followed_by_one_bounded_resync() -> None:
    """Of all types, from when it broke."""
    wanted = Wanted(TriggerSource.RECONNECT, since=minutes_ago(60))
    assert judged(HEALTHY, wanted) == Do(ActionKind.RESYNC, Parameters(ALL_TYPES, since=minutes_ago(61)))
    long_ago = Wanted(TriggerSource.RECONNECT, since=minutes_ago(60 * 24 * 100))
    decision = judged(HEALTHY, long_ago)
    assert isinstance(decision, Do)
    assert decision.parameters.since == NOW.wall - RULES.lookback


def test_a_connection_that_broke_again_is_waited_for() -> None:
    """What it missed before is caught up with when it is well again."""
    wait = Wait(Hold.CONNECTION, ActionKind.RESYNC)
    assert judged(GONE, Wanted(TriggerSource.RECONNECT, since=0.0)) == wait


def test_old_errors_of_the_platform_are_not_sent_again() -> None:
    """Records from before the issue got over it."""
    state: OrganizationState = known(failing(OUTAGE))
    assert state.status is not None
    (error,) = state.status.errors
    old = replace(error, at=minutes_ago(500), record_ids=("old",))
    both = replace(state, status=replace(state.status, errors=(old, replace(error, record_ids=("new",)))))
    decision = decide(SICK, both, RULES, NOW.wall)
    assert isinstance(decision, Do)
    assert decision.parameters.record_ids == ("new",)
