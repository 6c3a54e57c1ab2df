"""An action is verified by readings after it, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.model.action import ActionState, Effect
from exporter.model.facts import OrganizationState, Status
from exporter.model.moment import Moment
from exporter.remediation.outcome import effect
from tests.knowledge import HEALTHY, NOW, failing, known, minutes_ago
from tests.unit.acting import an_action

OUTAGE = "Xero is temporarily unavailable (503 Service Unavailable)"
CALLED = minutes_ago(2)
ACTION = an_action(
    state=ActionState.ACCEPTED, called_at=CALLED, verify_by=CALLED + 900, failed_before=2, organization_id="org-1"
)


def seen(status: Status, *, at: float = NOW.wall, skew: float | None = 0.0) -> OrganizationState:
    """What is known by a reading at that instant."""
    return replace(known(status), last_success=Moment(at, NOW.monotonic), skew=skew)


SYNCED = replace(HEALTHY, last_sync=minutes_ago(1))


def test_fewer_failures_and_a_later_sync_verify() -> None:
    """Both."""
    assert effect(ACTION, seen(SYNCED), NOW.wall) is Effect.VERIFIED


@pytest.mark.parametrize(
    "status",
    [
        replace(SYNCED, last_sync=minutes_ago(3)),
        replace(SYNCED, failed_syncs=2),
        replace(SYNCED, last_sync=None),
        replace(SYNCED, last_sync=NOW.wall + 3600),  # of the future: no sync that was
    ],
)
def test_either_alone_is_no_proof(status: Status) -> None:
    """Failures are forgotten, and syncs happen, also without us."""
    assert effect(ACTION, seen(status), NOW.wall) is Effect.WAITING
    assert effect(ACTION, seen(status), CALLED + 900) is Effect.INEFFECTIVE


def test_a_reading_from_before_the_call_proves_nothing() -> None:
    """However good it looks."""
    assert effect(ACTION, seen(SYNCED, at=CALLED - 1), NOW.wall) is Effect.WAITING


def test_a_clock_that_is_ahead_does_not_make_a_sync_later() -> None:
    """The platform's clock is two minutes ahead: its last sync was before the call."""
    assert effect(ACTION, seen(SYNCED, skew=120.0), NOW.wall) is Effect.WAITING


def test_where_nothing_is_counted_the_issue_itself_has_to_end() -> None:
    """failed_syncs may be null."""
    blind = replace(ACTION, failed_before=None)
    assert effect(blind, seen(replace(SYNCED, failed_syncs=None)), NOW.wall) is Effect.VERIFIED
    sick = replace(failing(OUTAGE), last_sync=minutes_ago(1.5))
    assert effect(blind, seen(sick), NOW.wall) is Effect.WAITING


@pytest.mark.parametrize(
    "status", [replace(SYNCED, failed_syncs=None, sync_status=None), replace(SYNCED, failed_syncs=None, connected=None)]
)
def test_an_issue_that_is_only_in_doubt_has_not_ended(status: Status) -> None:
    """A platform that leaves out what it said before verifies nothing, after a retry or after a reconnect."""
    for action in (replace(ACTION, failed_before=None), replace(ACTION, issue=None, failed_before=0)):
        told = effect(action, seen(status), NOW.wall)
        concerned = action.issue is None or status.connected is not None
        assert told is (Effect.WAITING if concerned else Effect.VERIFIED)


def test_after_a_reconnect_a_sync_without_failures_is_enough() -> None:
    """Nothing had failed before."""
    catch_up = replace(ACTION, issue=None, failed_before=0)
    assert effect(catch_up, seen(SYNCED), NOW.wall) is Effect.VERIFIED
    assert effect(catch_up, seen(replace(SYNCED, failed_syncs=1)), NOW.wall) is Effect.WAITING


def test_without_any_reading_it_ends_all_the_same() -> None:
    """An organisation that is gone must not be watched for ever."""
    assert effect(ACTION, None, CALLED + 900) is Effect.WAITING
    assert effect(ACTION, None, CALLED + 3600) is Effect.INEFFECTIVE


def test_an_unknown_outcome_is_resolved_the_same_way() -> None:
    """By what is seen: done, or not done."""
    unknown = replace(ACTION, state=ActionState.UNKNOWN)
    assert effect(unknown, seen(SYNCED), NOW.wall) is Effect.VERIFIED
    assert effect(unknown, seen(replace(SYNCED, failed_syncs=2)), CALLED + 901) is Effect.INEFFECTIVE


def test_a_call_of_a_clock_that_was_ahead_is_not_watched_until_then() -> None:
    """No reading would ever be later than it, and its organisation would be busy for as long."""
    ahead = replace(ACTION, called_at=CALLED + 86_400, verify_by=CALLED + 86_400 + 900)
    assert effect(ahead, seen(SYNCED), NOW.wall) is Effect.INEFFECTIVE
    a_little = replace(ACTION, called_at=NOW.wall + 60, verify_by=NOW.wall + 960)
    assert effect(a_little, seen(SYNCED), NOW.wall) is Effect.WAITING
