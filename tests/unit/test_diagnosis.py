"""What is wrong with one organisation: one test for each sentence, each beginning and each end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from exporter.clock import SystemClock
from exporter.model.facts import Status, SyncError
from exporter.model.judgement import (
    BLANK,
    CONNECTION_ISSUES,
    KIND_OF_ISSUE,
    MAX_ERROR_SERIES,
    WELL,
    ActiveIssue,
    Because,
    Diagnosis,
    Doubt,
    Memory,
    Thresholds,
    TokenClock,
)
from exporter.model.words import Failure, Freshness, IncidentKind, Issue, Reason, SyncStatus, SyncType
from exporter.observe.diagnosis import LINGERS, Judgement, judge
from exporter.observe.memory import observed
from exporter.observe.seen import MAX_INSTANTS, MAX_KINDS
from tests.unit.judging import DAY, DEGRADED, FAILING, HEALTHY, HOUR, MINUTE, NOON, Watched, at, error, status

DISCONNECTED = SyncStatus.DISCONNECTED
PATIENT = Thresholds(stale_after=10 * DAY)
"""For stories in which one reading holds for long."""


def issues(said: Status, now: float = 0.0, *, rules: Thresholds = PATIENT, unlisted: bool = False) -> list[Issue]:
    """What an organisation has that was read for the first time."""
    return [one.issue for one in judged(said, now, rules=rules, unlisted=unlisted).diagnosis.issues]


def judged(said: Status, now: float = 0.0, *, rules: Thresholds = PATIENT, unlisted: bool = False) -> Judgement:
    """The first judgement of an organisation."""
    memory = observed(BLANK, said, at(now), rules, same=False)
    return judge(said, memory, at(now), rules, reading=True, unlisted=unlisted)


# Nothing wrong


@pytest.mark.parametrize(
    "said",
    [
        status(),
        Status(connected=True, sync_status=HEALTHY),
        Status(connected=True, failed_syncs=0),
        status(None),
        status(HEALTHY, failed=None),
        status(HEALTHY, failed=2, last_sync=-5 * MINUTE, errors=(error(-80 * MINUTE),), expires=5 * DAY),
        status(HEALTHY, failed=0, last_sync=None, errors=(error(-MINUTE),)),
        status(pending=40, last_sync=-25 * HOUR),
        replace(status(failed=0, errors=(error(-80 * MINUTE),)), errors_dropped=1, errors_malformed=1),
        replace(status(failed=0), errors_said=False),
    ],
)
def test_these_are_well(said: Status) -> None:
    """Among them the sample of the troubleshooting page.

    Each says that it is connected, and that its syncs go well or that none failed.
    """
    assert judged(said).diagnosis == Diagnosis(errors=judged(said).diagnosis.errors)


@pytest.mark.parametrize(
    ("said", "doubts"),
    [
        (Status(), (Doubt.CONNECTION_NOT_SAID, Doubt.SYNCS_NOT_SAID)),
        (Status(connected=True), (Doubt.SYNCS_NOT_SAID,)),
        (Status(failed_syncs=0), (Doubt.CONNECTION_NOT_SAID,)),
        (Status(sync_status=HEALTHY), (Doubt.CONNECTION_NOT_SAID,)),
        (status(connected=None), (Doubt.CONNECTION_NOT_SAID,)),
        (status(None, failed=None), (Doubt.SYNCS_NOT_SAID,)),
        (status(None, failed=3), (Doubt.SYNCS_NOT_SAID,)),
        (status(SyncStatus.OTHER, failed=0), (Doubt.STATUS_WORD,)),
        (status(SyncStatus.OTHER, failed=None), (Doubt.STATUS_WORD,)),
        (status(SyncStatus.OTHER, last_sync=None, errors=(error(-MINUTE, Reason.UNKNOWN),)), (Doubt.STATUS_WORD,)),
        (status(DEGRADED, failed=0), (Doubt.UNEXPLAINED,)),
        (status(FAILING, failed=0), (Doubt.UNEXPLAINED,)),
        (status(FAILING, failed=None), (Doubt.SYNCS_NOT_SAID,)),
        (status(failed=None, errors=(error(MINUTE),)), (Doubt.SYNCS_NOT_SAID,)),
        (replace(status(failed=0), errors_dropped=1, errors_malformed=1), (Doubt.ERRORS_UNREAD,)),
        (
            replace(status(failed=2, errors=(error(-80 * MINUTE),)), errors_dropped=1, errors_malformed=1),
            (Doubt.ERRORS_UNREAD,),
        ),
        (replace(status(failed=3), errors_said=False), (Doubt.ERRORS_UNREAD,)),
        (replace(status(failed=2), errors_dropped=3, errors_malformed=3), (Doubt.ERRORS_UNREAD,)),
        (replace(status(failed=None), errors_dropped=1, errors_malformed=1), (Doubt.ERRORS_UNREAD,)),
    ],
)
def test_what_is_not_said_or_not_understood_is_neither_an_issue_nor_well(
    said: Status, doubts: tuple[Doubt, ...]
) -> None:
    """A platform that renamed its fields, or answers with nulls, must not look like a fleet that is well."""
    found = judged(said).diagnosis
    assert (found.issues, found.doubts) == ((), doubts)


@pytest.mark.parametrize(
    "said",
    [
        status(DISCONNECTED, connected=None, failed=None),
        status(None, connected=False, failed=None),
        replace(status(FAILING, failed=3), errors_dropped=1, errors_malformed=1),
        status(FAILING, failed=3, last_sync=-HOUR, errors=(error(-MINUTE),)),
    ],
)
def test_an_issue_explains_what_else_is_not_said(said: Status) -> None:
    """Without a connection nothing can sync; syncs that fail for a reason are called so."""
    found = judged(said).diagnosis
    assert found.issues
    assert found.doubts == ()


def test_an_error_that_may_matter_is_in_doubt_until_it_is_old() -> None:
    """By time alone: the platform goes on giving the same answer, without a count."""
    said = status(FAILING, failed=None, errors=(error(-MINUTE),))
    assert judged(replace(said, sync_status=HEALTHY, last_sync=NOON - HOUR)).diagnosis.doubts == (Doubt.SYNCS_NOT_SAID,)
    counted = judged(replace(said, failed_syncs=1))
    assert judged(said).valid_until == counted.valid_until
    watched = Watched(PATIENT).read(0, status(None, failed=0)).read(60, replace(said, sync_status=HEALTHY, errors=()))
    assert watched.diagnosis is WELL


SICK = status(FAILING, failed=3, last_sync=-HOUR, errors=(error(-MINUTE),))
STALE = status(pending=5, last_sync=-30 * HOUR)
EXPIRED = status(last_sync=-5 * DAY, expires=-3 * DAY)
REVOKED = status(last_sync=-HOUR, errors=(error(-MINUTE, Reason.REAUTHORISE),))


@pytest.mark.parametrize(
    ("before", "after", "issue"),
    [
        (status(DISCONNECTED), status(SyncStatus.OTHER), Issue.DISCONNECTED),
        (status(DISCONNECTED), Status(connected=True), Issue.DISCONNECTED),
        (status(connected=False, last_sync=-DAY), Status(), Issue.DISCONNECTED),
        (EXPIRED, replace(EXPIRED, token_expires_at=None), Issue.TOKEN_EXPIRED),
        (REVOKED, replace(REVOKED, errors=(), errors_dropped=1, errors_malformed=1), Issue.TOKEN_EXPIRED),
        (SICK, replace(SICK, failed_syncs=None), Issue.CONTACTS_FAILING),
        (SICK, replace(SICK, failed_syncs=None, sync_status=HEALTHY), Issue.CONTACTS_FAILING),
        (SICK, replace(SICK, errors=(), errors_said=False, sync_status=HEALTHY), Issue.CONTACTS_FAILING),
        (STALE, replace(STALE, last_sync=None), Issue.SYNC_STALE),
        (STALE, replace(STALE, pending_syncs=None), Issue.SYNC_STALE),
        (STALE, Status(connected=True, sync_status=HEALTHY), Issue.SYNC_STALE),
    ],
)
def test_what_an_issue_was_concluded_from_may_not_be_said_any_more_and_that_does_not_mend_it(
    before: Status, after: Status, issue: Issue
) -> None:
    """It stays, or it is in doubt: a ticket and an action of it go on."""
    watched = Watched(PATIENT)
    watched.read(0, before)
    assert watched.issues == [issue]
    watched.read(15 * MINUTE, after)
    watched.read(30 * MINUTE, after)
    assert issue in watched.issues or watched.diagnosis.leaves_open(issue)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (STALE, status(None, failed=None, pending=0, last_sync=-MINUTE)),
        (STALE, status(pending=None, last_sync=14 * MINUTE)),
        (EXPIRED, replace(EXPIRED, token_expires_at=None, last_sync=at(14 * MINUTE).wall)),
        (EXPIRED, replace(EXPIRED, token_expires_at=at(HOUR).wall)),
        (SICK, status(failed=0, last_sync=14 * MINUTE)),
        (status(DISCONNECTED), status()),
    ],
)
def test_what_is_said_to_be_over_is_over_whatever_else_is_not_said(before: Status, after: Status) -> None:
    """A doubt about something else holds no ticket."""
    watched = Watched(PATIENT)
    watched.read(0, before)
    (issue,) = watched.issues
    watched.read(15 * MINUTE, after)
    watched.read(30 * MINUTE, after)
    assert watched.issues == []
    assert not watched.diagnosis.leaves_open(issue)


def test_one_answer_that_leaves_things_out_does_not_begin_what_was_anew() -> None:
    """Who was connected before Xero's list was asked for was connected before it; who never synced waits on."""
    waits = status(pending=3, last_sync=None)
    watched = Watched(PATIENT).read(0, waits).read(25 * HOUR, replace(waits, connected=None)).read(26.5 * HOUR, waits)
    assert watched.issues == [Issue.SYNC_STALE]
    since = watched.state.memory.connected_since
    assert since is not None
    assert since.monotonic == 0


@pytest.mark.parametrize("silence", [Status(), Status(connected=None, failed_syncs=0), status(connected=None)])
def test_silence_does_not_mend_a_connection_that_is_gone(silence: Status) -> None:
    """It is not told any more, and not called well; what the platform says next decides."""
    watched = Watched(PATIENT)
    watched.read(0, status(connected=False, last_sync=-DAY))
    assert watched.issues == [Issue.DISCONNECTED]
    watched.read(60, silence)
    assert (watched.issues, watched.diagnosis.doubts[0]) == ([], Doubt.CONNECTION_NOT_SAID)
    watched.read(120, status())
    assert watched.diagnosis is WELL


def test_an_organisation_with_which_nothing_is_wrong_shares_one_diagnosis() -> None:
    """Ten thousand healthy ones do not hold ten thousand of them."""
    assert judged(status()).diagnosis is WELL


# In doubt


@pytest.mark.parametrize(
    ("said", "doubted"),
    [
        (status(SyncStatus.OTHER, failed=3), True),
        (status(HEALTHY, failed=3), False),
        (status(DEGRADED, failed=3), False),  # an issue
        (status(SyncStatus.OTHER, failed=3, last_sync=-HOUR, errors=(error(-MINUTE),)), False),  # an issue too
        (status(SyncStatus.OTHER, failed=3, connected=False), False),
    ],
)
def test_a_word_that_nobody_knows_is_neither_an_issue_nor_well(
    said: Status,
    doubted: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """Such as that of a platform that pauses: its word may mean that nothing runs."""
    found = judged(said).diagnosis
    assert found.doubts == ((Doubt.STATUS_WORD,) if doubted else ())
    assert not (doubted and found.issues)


def test_that_the_last_sync_is_too_old_does_not_end_such_a_doubt() -> None:
    """It says nothing of whether those that ran failed."""
    said = replace(status(SyncStatus.OTHER, failed=3, last_sync=-30 * HOUR), pending_syncs=2)
    found = judged(said).diagnosis
    assert ([one.issue for one in found.issues], found.doubts) == ([Issue.SYNC_STALE], (Doubt.STATUS_WORD,))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (status(FAILING, failed=3, errors=(error(-30 * MINUTE),)), [Issue.CONTACTS_FAILING]),
        (status(FAILING, failed=3, errors=(error(-3 * HOUR),)), [Issue.SYNC_FAILING]),
        (
            status(HEALTHY, failed=2, errors=(error(-20 * DAY),)),
            [],
        ),  # of a platform that writes it so for all: no incident
    ],
)
def test_a_last_sync_of_the_future_revives_no_old_error_and_is_not_called_well(
    said: Status, found: list[Issue]
) -> None:
    """What a young error or the platform's own word tells is an issue all the same; the rest is in doubt."""
    diagnosis = judged(replace(said, last_sync=at(400 * DAY).wall)).diagnosis
    assert ([one.issue for one in diagnosis.issues], diagnosis.doubts) == (found, (Doubt.SYNC_AHEAD,))


def test_a_last_sync_of_the_future_is_in_doubt_until_it_is_a_day_ahead() -> None:
    """By time alone."""
    well = judged(status(last_sync=400 * DAY))
    assert (well.diagnosis.issues, well.diagnosis.doubts) == ((), (Doubt.SYNC_AHEAD,))
    assert well.memory.valid_until == pytest.approx(399 * DAY)


@pytest.mark.parametrize(
    ("said", "doubted"),
    [
        (status(last_sync=DAY), False),  # a platform that writes its local time as if it were UTC
        (status(last_sync=DAY + MINUTE), True),
        (status(last_sync=DAY + MINUTE, connected=None), True),
        (status(last_sync=DAY + MINUTE, connected=False), False),  # an issue, and nothing can sync
        (status(DISCONNECTED, last_sync=DAY + MINUTE), False),  # the same in the platform's other word
    ],
)
def test_a_last_sync_is_in_doubt_from_a_day_ahead(said: Status, doubted: bool) -> None:  # noqa: FBT001 - a row
    """By the platform's clock; it says nothing of an authorisation that may have expired meanwhile."""
    found = judged(replace(said, token_expires_at=at(-DAY).wall), rules=replace(PATIENT, token_clock=TokenClock.AUTO))
    assert (Doubt.SYNC_AHEAD in found.diagnosis.doubts) is doubted
    assert Issue.TOKEN_EXPIRED not in [one.issue for one in found.diagnosis.issues]


@pytest.mark.parametrize("clock", [TokenClock.AUTO, TokenClock.TRUSTED])
def test_a_token_that_expired_stays_so_while_the_last_sync_lies_in_the_future(clock: TokenClock) -> None:
    """That something synced after it is not known; a later expiry ends it."""
    watched = Watched(replace(PATIENT, token_clock=clock))
    expired = status(expires=-3 * DAY, last_sync=-5 * DAY)
    watched.read(0, expired)
    assert watched.issues == [Issue.TOKEN_EXPIRED]
    watched.read(60, replace(expired, last_sync=at(400 * DAY).wall))
    assert watched.issues == [Issue.TOKEN_EXPIRED]
    watched.read(120, status(expires=DAY, last_sync=400 * DAY))
    assert watched.issues == []


def test_what_a_clock_that_was_behind_found_in_the_future_ends_when_it_is_set() -> None:
    """Also of a platform that does not say its time and gives the very same answer."""
    watched = Watched(PATIENT)
    said = status(last_sync=-600)
    watched.read(0, said, skew=None, ours=-3 * DAY)
    assert Doubt.SYNC_AHEAD in watched.diagnosis.doubts
    watched.read(60, said, skew=None)
    assert Doubt.SYNC_AHEAD not in watched.diagnosis.doubts


@pytest.mark.parametrize(
    ("connected", "missed", "doubted"),
    [(True, 10.0, True), (True, None, False), (False, 10.0, False), (None, 10.0, False), (True, -10.0, False)],
)
def test_what_the_last_list_missed_is_in_doubt_while_the_platform_calls_it_connected(
    connected: bool | None,  # noqa: FBT001 - a row of a table
    missed: float | None,
    doubted: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """Not who was connected anew after that list was asked for."""
    said = status(connected=connected)
    memory = observed(BLANK, said, at(0), PATIENT, same=False)
    missed_at = None if missed is None else at(missed)
    found = judge(said, memory, at(20), PATIENT, reading=True, missed_at=missed_at).diagnosis
    assert (Doubt.LIST_UNREAD in found.doubts) is doubted
    assert Issue.UNAUTHORIZED not in [one.issue for one in found.issues]


# Never connected, and disconnected


def test_never_connected_is_no_issue() -> None:
    """A customer who has not got to it yet; whatever else is said."""
    never = status(connected=False, last_sync=None, expires=None)
    for said in (
        never,
        replace(never, failed_syncs=3, sync_status=FAILING),
        replace(never, pending_syncs=9, errors=(error(-MINUTE),)),
    ):
        found = judged(said).diagnosis
        assert found.issues == ()
        assert found.never_connected


@pytest.mark.parametrize(
    "said",
    [
        status(connected=False, last_sync=None, expires=-DAY),
        status(connected=False, last_sync=-DAY),
        status(connected=False, last_sync=-DAY, expires=-DAY),
    ],
)
def test_with_a_trace_of_a_token_or_a_sync_it_was_connected_once(said: Status) -> None:
    """So it is disconnected."""
    found = judged(said).diagnosis
    assert [one.issue for one in found.issues] == [Issue.DISCONNECTED]
    assert not found.never_connected


@pytest.mark.parametrize("connected", [True, None])
def test_null_everywhere_is_not_never_connected_unless_connected_is_false(connected: bool | None) -> None:  # noqa: FBT001
    """Unknown is not "no"."""
    assert not judged(Status(connected=connected)).diagnosis.never_connected


@pytest.mark.parametrize(
    ("said", "because"),
    [
        (status(connected=False), Because.PLATFORM_SAYS_DISCONNECTED),
        (status(DISCONNECTED), Because.PLATFORM_SAYS_DISCONNECTED),
        (status(DISCONNECTED, connected=None), Because.PLATFORM_SAYS_DISCONNECTED),
        (status(errors=(error(MINUTE, Reason.DISCONNECTED),)), Because.ERROR),
    ],
)
def test_disconnected_by_any_of_three_signs(said: Status, because: Because) -> None:
    """`connected`, `sync_status`, or what Xero answered."""
    (found,) = judged(said, 2 * MINUTE).diagnosis.issues
    assert (found.issue, found.because) == (Issue.DISCONNECTED, because)


def test_an_old_error_that_says_disconnected_does_not_disconnect() -> None:
    """It synced since."""
    assert issues(status(errors=(error(-MINUTE, Reason.DISCONNECTED),))) == []


# Token


@pytest.mark.parametrize("reason", [Reason.TOKEN_EXPIRED, Reason.REAUTHORISE])
def test_an_active_error_of_the_token_is_token_expired(reason: Reason) -> None:
    """Also while its expiry lies ahead, and no sync is counted as failed."""
    (found,) = judged(status(expires=HOUR, errors=(error(MINUTE, reason),)), 2 * MINUTE).diagnosis.issues
    expected = ActiveIssue(Issue.TOKEN_EXPIRED, NOON + MINUTE, Because.ERROR, (reason,))
    assert found == expected


def test_it_ends_as_soon_as_the_expiry_moves_forward() -> None:
    """The platform renewed it; the error is still listed and newer than the last sync."""
    listed = (error(10 * MINUTE, Reason.TOKEN_EXPIRED),)
    one = Watched().read(11 * MINUTE, status(DEGRADED, expires=10 * MINUTE, errors=listed))
    assert one.issues == [Issue.TOKEN_EXPIRED]
    one.read(12 * MINUTE, status(DEGRADED, expires=10 * MINUTE, errors=(*listed,)))
    assert one.issues == [Issue.TOKEN_EXPIRED]
    one.read(13 * MINUTE, status(DEGRADED, expires=42 * MINUTE, errors=listed))
    assert one.issues == []
    one.read(14 * MINUTE, status(DEGRADED, expires=42 * MINUTE, errors=(error(13.5 * MINUTE, Reason.TOKEN_EXPIRED),)))
    assert one.issues == [Issue.TOKEN_EXPIRED], "a newer one"


@pytest.mark.parametrize("skew", [-100.0, 100.0, -3 * HOUR, 3 * HOUR])
def test_that_it_moved_is_compared_with_the_error_by_one_clock(skew: float) -> None:
    """Timestamps are of the platform's clock, and so is "since"."""
    listed = (error(10 * MINUTE, Reason.TOKEN_EXPIRED),)

    def read(second: float, expires: float, errors: tuple[SyncError, ...]) -> None:
        one.read(second, status(DEGRADED, expires=expires, errors=errors), skew=skew, ours=-skew)

    one = Watched()
    read(11 * MINUTE, 10 * MINUTE, listed)
    assert one.issues == [Issue.TOKEN_EXPIRED]
    read(12 * MINUTE, 42 * MINUTE, listed)
    assert one.issues == []
    read(15 * MINUTE, 42 * MINUTE, (error(14 * MINUTE, Reason.TOKEN_EXPIRED), *listed))
    assert one.issues == [Issue.TOKEN_EXPIRED]


def test_a_refused_grant_does_not_end_by_a_later_expiry() -> None:
    """Only by a sync that works."""
    listed = (error(10 * MINUTE, Reason.REAUTHORISE),)
    one = Watched().read(11 * MINUTE, status(FAILING, expires=10 * MINUTE, errors=listed))
    one.read(13 * MINUTE, status(FAILING, expires=42 * MINUTE, errors=listed))
    assert one.issues == [Issue.TOKEN_EXPIRED]
    one.read(16 * MINUTE, status(HEALTHY, expires=42 * MINUTE, last_sync=15 * MINUTE, errors=listed))
    assert one.issues == []


def test_an_expiry_that_goes_away_or_back_is_no_renewal() -> None:
    """Forward means later than the last one named."""
    listed = (error(10 * MINUTE, Reason.TOKEN_EXPIRED),)
    one = Watched().read(11 * MINUTE, status(DEGRADED, expires=10 * MINUTE, errors=listed))
    for minute, expires in [(12, None), (13, 5 * MINUTE)]:
        one.read(minute * MINUTE, status(DEGRADED, expires=expires, errors=listed))
        assert one.issues == [Issue.TOKEN_EXPIRED]
    one.read(14 * MINUTE, status(DEGRADED, expires=44 * MINUTE, errors=listed))
    assert one.issues == []


CLOCK = [
    # said, last sync, expiry, as far ahead of now as grace allows; auto, trusted, corroborated
    ("outlives the sync by more than an hour", HEALTHY, -2 * HOUR, (True, True, False)),
    ("by an hour and no more", HEALTHY, -HOUR - 16 * MINUTE, (False, True, False)),
    ("half an hour, as access tokens do", HEALTHY, -46 * MINUTE, (False, True, False)),
    ("half an hour, and unwell", DEGRADED, -46 * MINUTE, (True, True, True)),
    ("half an hour, and failing", FAILING, -46 * MINUTE, (True, True, True)),
    ("half an hour, and a word nobody knows", SyncStatus.OTHER, -46 * MINUTE, (False, True, False)),
    ("half an hour, and nothing said", None, -46 * MINUTE, (False, True, False)),
    ("never synced", HEALTHY, None, (True, True, False)),
    ("never synced, and unwell", DEGRADED, None, (True, True, True)),
    ("synced at its expiry", FAILING, -16 * MINUTE, (True, True, True)),
    ("synced after its expiry", FAILING, -15 * MINUTE, (False, False, False)),
    ("synced just now", HEALTHY, 0.0, (False, False, False)),
]


@pytest.mark.parametrize(("said", "synced", "expected"), [row[1:] for row in CLOCK], ids=[row[0] for row in CLOCK])
def test_by_the_clock_a_token_is_expired_only_where_the_clock_is_to_be_trusted(
    said: SyncStatus | None, synced: float | None, expected: tuple[bool, bool, bool]
) -> None:
    """The expiry lies 16 minutes back, a minute longer than grace."""
    for token_clock, holds in zip(TokenClock, expected, strict=True):
        rules = replace(PATIENT, token_clock=token_clock)
        found = issues(status(said, last_sync=synced, expires=-16 * MINUTE), rules=rules)
        assert (Issue.TOKEN_EXPIRED in found) is holds, token_clock


@pytest.mark.parametrize("connected", [True, None])
def test_the_clock_speaks_after_grace_and_the_issue_began_at_the_expiry(connected: bool | None) -> None:  # noqa: FBT001
    """By time alone, between two readings."""
    one = Watched(PATIENT).read(0, status(connected=connected, last_sync=-DAY, expires=10 * MINUTE))
    assert one.wait(25 * MINUTE).issues == []
    assert one.wait(25 * MINUTE + 1).only == ActiveIssue(
        Issue.TOKEN_EXPIRED, NOON + 10 * MINUTE, Because.TOKEN_CLOCK, ()
    )
    one.read(26 * MINUTE, status(last_sync=-DAY, expires=56 * MINUTE))
    assert one.issues == []


def test_grace_is_a_threshold() -> None:
    """Whatever is configured."""
    said = status(last_sync=-DAY, expires=0.0)
    assert issues(said, 31 * MINUTE, rules=replace(PATIENT, token_grace=30 * MINUTE)) == [Issue.TOKEN_EXPIRED]
    assert issues(said, 29 * MINUTE, rules=replace(PATIENT, token_grace=30 * MINUTE)) == []


def test_without_an_expiry_the_clock_says_nothing() -> None:
    """Null is not expired."""
    assert issues(status(HEALTHY, expires=None, last_sync=None), 30 * DAY) == []


# Unauthorized


@pytest.mark.parametrize(
    ("connected", "unlisted", "expected"),
    [(True, True, [Issue.UNAUTHORIZED]), (None, True, []), (True, False, []), (False, True, [Issue.DISCONNECTED])],
)
def test_connected_by_the_platform_and_not_listed_by_xero_is_unauthorized(
    connected: bool | None,  # noqa: FBT001 - the rows of a table
    unlisted: bool,  # noqa: FBT001 - as above
    expected: list[Issue],
) -> None:
    """Only while the platform claims it."""
    assert issues(status(connected=connected), unlisted=unlisted) == expected


@pytest.mark.parametrize("reason", [Reason.PERMISSION, Reason.SCOPE_MISSING])
def test_a_refused_scope_or_permission_is_unauthorized(reason: Reason) -> None:
    """By what Xero answered, with no sync counted as failed."""
    (found,) = judged(status(errors=(error(MINUTE, reason),)), 2 * MINUTE).diagnosis.issues
    assert (found.issue, found.because, found.reasons) == (Issue.UNAUTHORIZED, Because.ERROR, (reason,))
    assert issues(status(errors=(error(-MINUTE, reason),))) == []


def test_not_listed_outranks_the_errors_as_what_it_was_concluded_from() -> None:
    """And keeps them as its reasons."""
    said = status(errors=(error(MINUTE, Reason.PERMISSION),))
    (found,) = judged(said, 2 * MINUTE, unlisted=True).diagnosis.issues
    assert (found.because, found.reasons) == (Because.NOT_LISTED_BY_XERO, (Reason.PERMISSION,))


# What does not sync


def test_each_sync_type_has_its_issue_several_at_once() -> None:
    """In order of precedence, whatever the order of the list."""
    listed = tuple(error(MINUTE, Reason.UNKNOWN, sync_type) for sync_type in reversed(SyncType))
    assert issues(status(FAILING, failed=4, errors=listed), 2 * MINUTE) == [
        Issue.CONTACTS_FAILING,
        Issue.INVOICES_FAILING,
        Issue.RECONCILIATION_FAILING,
        Issue.SYNC_FAILING,
    ]


def test_reasons_of_an_issue_come_most_frequent_first() -> None:
    """Of its own active errors only."""
    listed = (
        error(MINUTE, Reason.TAX_RATE, SyncType.INVOICES),
        error(MINUTE, Reason.ACCOUNT_CODE, SyncType.INVOICES),
        error(2 * MINUTE, Reason.ACCOUNT_CODE, SyncType.INVOICES),
        error(-3 * DAY, Reason.CURRENCY, SyncType.INVOICES),
        error(MINUTE, Reason.UNKNOWN, SyncType.OTHER),
    )
    first, _ = judged(status(FAILING, failed=4, errors=listed), 3 * MINUTE).diagnosis.issues
    assert first == ActiveIssue(
        Issue.INVOICES_FAILING, NOON + MINUTE, Because.ERROR, (Reason.ACCOUNT_CODE, Reason.TAX_RATE)
    )


@pytest.mark.parametrize(
    ("said", "failed", "holds"),
    [
        (DEGRADED, 1, True),
        (FAILING, 1, True),
        (HEALTHY, 1, False),
        (SyncStatus.OTHER, 1, False),
        (None, 1, False),
        (DEGRADED, 0, False),
        (FAILING, None, False),
    ],
)
def test_failed_syncs_that_no_error_explains_are_unspecified(
    said: SyncStatus | None,
    failed: int | None,
    holds: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """The platform must say both that it is not well and that syncs failed."""
    for errors in ((), (error(-2 * HOUR),)):
        found = judged(status(said, failed=failed, errors=errors)).diagnosis.issues
        expected = ActiveIssue(Issue.SYNC_FAILING, NOON, Because.NO_TEXT, (Reason.UNSPECIFIED,))
        assert found == ((expected,) if holds else ())


def test_any_active_error_explains_them() -> None:
    """Also one of the connection, and one of another type."""
    for reason in (Reason.DUPLICATE_CONTACT, Reason.PERMISSION, Reason.UNKNOWN):
        assert Issue.SYNC_FAILING not in issues(status(FAILING, failed=9, errors=(error(MINUTE, reason),)), 2 * MINUTE)


def test_refused_credentials_of_the_app_are_active_without_failed_syncs() -> None:
    """They show as what does not sync; that it is the app is the fleet's verdict."""
    found = judged(status(errors=(error(MINUTE, Reason.APP_CREDENTIALS, SyncType.INVOICES),)), 2 * MINUTE).diagnosis
    assert [one.issue for one in found.issues] == [Issue.INVOICES_FAILING]
    assert found.app_refused
    over = judged(status(errors=(error(-MINUTE, Reason.APP_CREDENTIALS, SyncType.INVOICES),))).diagnosis
    assert [one.reason for one in over.errors] == [Reason.APP_CREDENTIALS]
    assert not over.app_refused


def test_that_the_app_is_refused_is_known_behind_an_issue_of_the_connection() -> None:
    """Its tokens run out next."""
    said = status(FAILING, expires=0.0, errors=(error(MINUTE, Reason.APP_CREDENTIALS),))
    found = judged(said, 20 * MINUTE).diagnosis
    assert [one.issue for one in found.issues] == [Issue.TOKEN_EXPIRED]
    assert found.app_refused


# Stale syncs


@pytest.mark.parametrize(
    ("pending", "hours", "silent_after", "holds"),
    [
        (1, 26.1, None, True),
        (1, 26, None, False),  # not older than that
        (1, 25, None, False),
        (0, 900, None, False),
        (None, 900, None, False),
        (-1, 900, None, False),
        (0, 49, 48, True),
        (None, 49, 48, True),
        (0, 47, 48, False),
        (1, 27, 48, True),
        (0, 27, 48, False),
    ],
)
def test_a_last_sync_too_long_ago_is_stale_with_syncs_pending_or_by_its_own_threshold(
    pending: int | None,
    hours: float,
    silent_after: float | None,
    holds: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """A day and two hours, so that nightly platforms stay quiet."""
    rules = replace(PATIENT, sync_silent_after=None if silent_after is None else silent_after * HOUR)
    found = issues(status(pending=pending, last_sync=-hours * HOUR), rules=rules)
    assert found == ([Issue.SYNC_STALE] if holds else [])


def test_it_began_when_it_became_too_old_and_ends_with_the_next_sync() -> None:
    """By time alone; nothing lingers."""
    one = Watched(PATIENT).read(0, status(pending=3, last_sync=-25 * HOUR))
    assert one.wait(HOUR).issues == []
    assert one.wait(HOUR + 1).only == ActiveIssue(Issue.SYNC_STALE, NOON + HOUR, Because.NOTHING_SYNCED, ())
    assert one.read(2 * HOUR, status(pending=3, last_sync=1.9 * HOUR)).issues == []


def test_a_connection_that_never_synced_counts_from_when_it_was_first_seen() -> None:
    """Through failed readings and a gap, and not from before it was connected."""
    never = status(pending=3, last_sync=None)
    one = Watched().read(0, status(connected=None, pending=3, last_sync=None))
    one.read(HOUR, never).fail(2 * HOUR).read(20 * HOUR, never)
    one.read(HOUR + 26 * HOUR - 1, never)
    assert one.issues == []
    one.read(HOUR + 26 * HOUR + 1, never)
    assert one.since == {Issue.SYNC_STALE: 27 * HOUR}
    again = (
        Watched().read(0, never).read(HOUR, status(connected=False, expires=-DAY, last_sync=None)).read(2 * HOUR, never)
    )
    assert again.read(27 * HOUR, never).issues == []
    assert again.read(28 * HOUR + 1, never).issues == [Issue.SYNC_STALE]


# Precedence


def test_an_issue_of_the_connection_hides_all_that_come_after_it() -> None:
    """One cause for each symptom. In the order of the list of issues."""
    everything = (
        error(MINUTE, Reason.DISCONNECTED),
        error(MINUTE, Reason.TOKEN_EXPIRED),
        error(MINUTE, Reason.PERMISSION),
        error(MINUTE, Reason.DUPLICATE_CONTACT),
        error(MINUTE, Reason.TAX_RATE, SyncType.INVOICES),
    )
    for place, issue in enumerate(CONNECTION_ISSUES):
        said = status(FAILING, failed=5, pending=5, last_sync=-3 * DAY, errors=everything[place:])
        assert issues(said, 2 * MINUTE) == [issue]
    said = status(FAILING, failed=5, pending=5, last_sync=-3 * DAY, errors=everything[3:])
    assert issues(said, 2 * MINUTE) == [Issue.CONTACTS_FAILING, Issue.INVOICES_FAILING, Issue.SYNC_STALE]


def test_what_was_hidden_comes_to_light_with_the_beginning_it_had() -> None:
    """The contacts failed before the token expired and still do."""
    contacts = error(MINUTE)
    one = Watched().read(2 * MINUTE, status(FAILING, failed=1, errors=(contacts,)))
    one.read(3 * MINUTE, status(FAILING, failed=1, errors=(contacts, error(2.5 * MINUTE, Reason.REAUTHORISE))))
    assert one.issues == [Issue.TOKEN_EXPIRED]
    one.read(30 * MINUTE, status(FAILING, failed=1, errors=(contacts,)))
    assert one.since == {Issue.CONTACTS_FAILING: MINUTE}


def test_each_issue_is_of_one_kind_of_incident() -> None:
    """The first three of the connection, the others of syncs."""
    of_connection = {issue for issue, kind in KIND_OF_ISSUE.items() if kind is IncidentKind.CONNECTION}
    assert of_connection == {Issue.DISCONNECTED, Issue.TOKEN_EXPIRED, Issue.UNAUTHORIZED}
    assert set(KIND_OF_ISSUE) == set(Issue)


# Beginnings and ends

FAILS = status(DEGRADED, failed=1, errors=(error(MINUTE),))
WORKS = status(HEALTHY, last_sync=3 * MINUTE)


def test_a_sync_issue_ends_ten_minutes_after_the_last_reading_that_saw_an_active_error() -> None:
    """By time alone, keeping its beginning and its reasons; then nothing is left of it."""
    one = Watched().read(2 * MINUTE, FAILS).read(3 * MINUTE, FAILS)
    one.read(4 * MINUTE, WORKS)
    assert one.only == ActiveIssue(
        Issue.CONTACTS_FAILING, NOON + MINUTE, Because.LINGERING, (Reason.DUPLICATE_CONTACT,)
    )
    for minute in range(5, 13):
        assert one.read(minute * MINUTE, WORKS).issues == [Issue.CONTACTS_FAILING]
    assert one.wait(13 * MINUTE - 0.1).issues == [Issue.CONTACTS_FAILING]
    assert one.wait(13 * MINUTE).issues == []
    assert one.diagnosis is WELL


def test_within_ten_minutes_it_comes_back_as_the_same_and_after_them_as_another() -> None:
    """What matters is when its errors were seen, not how often it was read."""
    one = Watched().read(2 * MINUTE, FAILS).read(4 * MINUTE, WORKS).read(8 * MINUTE, WORKS)
    again = status(DEGRADED, failed=1, last_sync=3 * MINUTE, errors=(error(11 * MINUTE),))
    one.read(11.5 * MINUTE, again)
    assert one.since == {Issue.CONTACTS_FAILING: MINUTE}
    one.read(12 * MINUTE, replace(WORKS, last_sync=NOON + 11.9 * MINUTE))
    later = status(DEGRADED, failed=1, last_sync=11.9 * MINUTE, errors=(error(22 * MINUTE),))
    one.read(23 * MINUTE, later)
    assert one.since == {Issue.CONTACTS_FAILING: 22 * MINUTE}, "also where nobody looked in between"


def test_the_ten_minutes_run_by_the_clock_that_never_steps() -> None:
    """Our own clock is set by an hour meanwhile."""
    one = Watched().read(2 * MINUTE, FAILS).read(3 * MINUTE, WORKS)
    assert one.wait(5 * MINUTE, ours=HOUR).issues == [Issue.CONTACTS_FAILING]


def test_a_reading_that_fails_is_no_reading_without_an_error() -> None:
    """What is known stays, and does not end, while its data counts."""
    one = Watched(Thresholds(stale_after=HOUR)).read(2 * MINUTE, FAILS)
    for minute in range(3, 40):
        assert one.fail(minute * MINUTE).issues == [Issue.CONTACTS_FAILING]


def test_an_error_that_only_grew_too_old_ends_ten_minutes_after_it_was_last_seen_active() -> None:
    """On a platform that is unwell without failed syncs to tell of, read once."""
    rules = Thresholds(stale_after=2 * HOUR)
    said = status(DEGRADED, failed=0, last_sync=20 * MINUTE, errors=(error(0, Reason.APP_CREDENTIALS),))
    one = Watched(rules).read(55 * MINUTE, said)
    assert one.wait(HOUR).only.because is Because.LINGERING
    assert one.wait(HOUR + 5 * MINUTE - 1).issues == [Issue.CONTACTS_FAILING]
    assert one.wait(HOUR + 5 * MINUTE).issues == []


def test_what_failed_with_a_text_goes_on_as_unspecified_when_the_text_is_too_old() -> None:
    """The platform still says so: `contacts_failing` ends, `sync_failing` begins."""
    said = status(DEGRADED, failed=1, last_sync=2 * MINUTE, errors=(error(MINUTE),))
    one = Watched().read(3 * MINUTE, said)
    for minute in range(4, 90):
        one.read(minute * MINUTE, said)
        expected = [Issue.CONTACTS_FAILING] if minute < 71 - 1 else []
        assert one.issues == [*expected, *([Issue.SYNC_FAILING] if minute >= 61 else [])], minute
    assert one.since == {Issue.SYNC_FAILING: 61 * MINUTE}


def test_connection_issues_end_with_what_they_were_concluded_from() -> None:
    """Only sync issues linger: a connection is there or not."""
    one = Watched().read(2 * MINUTE, status(connected=False))
    assert one.issues == [Issue.DISCONNECTED]
    assert one.read(3 * MINUTE, WORKS).issues == []
    one.read(5 * MINUTE, status(FAILING, errors=(error(4 * MINUTE, Reason.PERMISSION),)))
    assert one.issues == [Issue.UNAUTHORIZED]
    assert one.read(6 * MINUTE, status(last_sync=5.5 * MINUTE)).issues == []


def test_who_was_connected_once_is_disconnected_also_when_every_trace_is_gone() -> None:
    """The platform takes the integration away whole; set up again later, nothing of before is wrong."""
    one = Watched().read(2 * MINUTE, FAILS)
    gone = status(connected=False, last_sync=None, failed=1, errors=(error(MINUTE),))
    assert one.read(3 * MINUTE, gone).issues == [Issue.DISCONNECTED]
    assert not one.diagnosis.never_connected
    assert one.read(4 * MINUTE, WORKS).issues == [Issue.CONTACTS_FAILING]  # lingers
    assert one.read(15 * MINUTE, WORKS).issues == []
    assert Watched().read(3 * MINUTE, gone).diagnosis.never_connected


def test_a_beginning_does_not_move_while_the_issue_lasts() -> None:
    """Through older errors that fall out, newer that come in, and other evidence of the same."""
    one = Watched().read(12 * MINUTE, status(FAILING, failed=1, errors=(error(10 * MINUTE), error(5 * MINUTE))))
    assert one.since == {Issue.CONTACTS_FAILING: 5 * MINUTE}
    one.read(13 * MINUTE, status(FAILING, failed=1, errors=(error(12.5 * MINUTE),)))
    one.read(14 * MINUTE, status(FAILING, failed=1, errors=(error(-5 * MINUTE), error(13.5 * MINUTE)), last_sync=-DAY))
    assert one.since == {Issue.CONTACTS_FAILING: 5 * MINUTE}
    token = Watched(PATIENT).read(20 * MINUTE, status(last_sync=-DAY, expires=0.0))
    assert token.since == {Issue.TOKEN_EXPIRED: 0.0}
    listed = (error(10 * MINUTE, Reason.REAUTHORISE),)
    token.read(21 * MINUTE, status(FAILING, last_sync=-DAY, expires=30 * MINUTE, errors=listed))
    assert token.since == {Issue.TOKEN_EXPIRED: 0.0}
    assert token.only.because is Because.ERROR


def test_a_beginning_survives_a_gap_in_which_nothing_was_known() -> None:
    """Unknown is not healed; and what is found healed after it does not linger for what came before."""
    one = Watched().read(2 * MINUTE, FAILS)
    assert one.wait(DAY).issues == []
    assert one.state.freshness is Freshness.STALE
    one.read(DAY + MINUTE, status(DEGRADED, failed=1, errors=(error(DAY),)))
    assert one.since == {Issue.CONTACTS_FAILING: MINUTE}
    healed = Watched().read(2 * MINUTE, FAILS)
    healed.wait(HOUR)
    assert healed.read(HOUR + MINUTE, status(last_sync=HOUR)).issues == []


@pytest.mark.parametrize("failure", [Failure.NOT_FOUND, Failure.TIMEOUT])
def test_what_is_not_fresh_has_no_diagnosis(failure: Failure) -> None:
    """Unknown is not broken and not healthy: an unknown customer at once, others when their data is too old."""
    one = Watched().read(2 * MINUTE, FAILS).fail(3 * MINUTE, failure)
    assert (one.diagnosis is WELL) is (failure is Failure.NOT_FOUND)
    assert one.wait(8 * MINUTE).diagnosis is WELL
    assert Watched().fail(MINUTE, failure).diagnosis is WELL


def test_an_instant_in_the_future_is_no_beginning() -> None:
    """By a clock that is a minute ahead."""
    one = Watched().read(2 * MINUTE, status(FAILING, failed=1, errors=(error(3 * MINUTE),)))
    assert one.since == {Issue.CONTACTS_FAILING: 2 * MINUTE}


# Clocks

CLAIMS = {
    Issue.TOKEN_EXPIRED: status(last_sync=-DAY, expires=-2 * HOUR),
    Issue.SYNC_STALE: status(last_sync=-27 * HOUR, pending=1),
    Issue.CONTACTS_FAILING: status(DEGRADED, last_sync=0.0, failed=1, errors=(error(-MINUTE),)),
}


@pytest.mark.parametrize("issue", CLAIMS)
@pytest.mark.parametrize(("skew", "raised"), [(None, True), (119, True), (-120, True), (121, False), (-3600, False)])
def test_nothing_is_raised_by_the_clock_while_clocks_differ(
    issue: Issue,
    skew: float | None,
    raised: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """Two minutes are tolerated; a platform that does not tell the time is believed."""
    one = Watched().read(MINUTE, CLAIMS[issue], skew=skew)
    assert (issue in one.issues) is raised
    assert (issue in one.wait(2 * MINUTE).issues) is raised
    one.read(3 * MINUTE, CLAIMS[issue], skew=0)
    assert issue in one.issues, "once they agree"


@pytest.mark.parametrize("issue", CLAIMS)
@pytest.mark.parametrize("ours", [-10 * DAY, -11 * MINUTE, 11 * MINUTE, 10 * DAY])
def test_a_clock_that_is_set_does_not_heal_either(issue: Issue, ours: float) -> None:
    """What stood before stays, with its beginning, as the platform's own clock says."""
    one = Watched().read(MINUTE, CLAIMS[issue])
    before = one.since
    assert issue in before
    one.wait(1.5 * MINUTE)
    for minute in range(2, 12):
        one.read(minute * MINUTE, CLAIMS[issue], skew=-ours, ours=ours)
        assert one.since == before, minute
        one.wait((minute + 0.5) * MINUTE, ours=ours)
        assert one.since == before, minute


@pytest.mark.parametrize("ours", [-10 * DAY, 10 * DAY])
def test_what_ends_ends_while_clocks_differ(ours: float) -> None:
    """A token that was renewed, a sync that came, an error that went."""
    for issue, said in CLAIMS.items():
        one = Watched().read(MINUTE, said)
        renewed = status(last_sync=1.5 * MINUTE, expires=31 * MINUTE)
        one.read(2 * MINUTE, renewed, skew=-ours, ours=ours).read(13 * MINUTE, renewed, skew=-ours, ours=ours)
        assert one.issues == [], issue


@pytest.mark.parametrize("skew", [-DAY, -180.0, 180.0, DAY])
def test_what_is_no_matter_of_clocks_is_raised_whatever_they_say(skew: float) -> None:
    """Said outright, or newer than the last sync by the same clock."""
    for said, issue in [
        (status(connected=False), Issue.DISCONNECTED),
        (status(FAILING, failed=1), Issue.SYNC_FAILING),
        (status(FAILING, failed=1, errors=(error(MINUTE),)), Issue.CONTACTS_FAILING),
        (status(errors=(error(MINUTE, Reason.REAUTHORISE),)), Issue.TOKEN_EXPIRED),
    ]:
        assert Watched().read(2 * MINUTE, said, skew=skew, ours=-skew).issues == [issue]


# Until when it holds


def test_by_a_frozen_clock_a_diagnosis_holds_exactly_until_it_says() -> None:
    """The machine's own clock, frozen at instants on both sides of `valid_until`."""
    begin = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
    said = Status(
        connected=True, token_expires_at=begin.timestamp() + 600, last_sync=begin.timestamp() - DAY, failed_syncs=0
    )
    with freeze_time(begin) as frozen:
        now = SystemClock().now()
        first = judge(said, observed(BLANK, said, now, PATIENT, same=False), now, PATIENT, reading=True)
        assert first.diagnosis is WELL
        assert first.valid_until - now.monotonic == 600 + 900
        for seconds, expected in [(1499, []), (1, []), (0.001, [Issue.TOKEN_EXPIRED]), (DAY, [Issue.TOKEN_EXPIRED])]:
            frozen.tick(timedelta(seconds=seconds))
            then = SystemClock().now()
            later = judge(said, first.memory, then, PATIENT, reading=False, read_before=now.monotonic)
            assert [one.issue for one in later.diagnosis.issues] == expected


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (status(), None),
        (status(FAILING, failed=1), None),
        (status(FAILING, failed=1, errors=(error(-MINUTE),), last_sync=-HOUR), None),
        (status(DEGRADED, failed=1, errors=(error(-10 * MINUTE), error(-20 * MINUTE))), 50 * MINUTE),
        (status(failed=1, errors=(error(-10 * MINUTE), error(-20 * MINUTE))), 40 * MINUTE),
        (status(failed=1, errors=(error(-10 * MINUTE),)), None),
        (status(expires=HOUR, last_sync=-HOUR), HOUR + 15 * MINUTE),
        (status(expires=HOUR, last_sync=0), None),
        (status(pending=1, last_sync=-HOUR), 25 * HOUR),
        (status(connected=False, last_sync=None, errors=(error(-10 * MINUTE),)), None),
    ],
)
def test_it_says_when_time_alone_will_change_it(said: Status, seconds: float | None) -> None:
    """And only then: a count that grows older waits for the next reading."""
    assert judged(said).valid_until == (float("inf") if seconds is None else pytest.approx(seconds))


def test_counts_grow_older_with_readings_only() -> None:
    """Each change of a fleet in trouble is a block to render; the second does not matter to anybody."""
    said = status(failed=1, errors=(error(-10 * MINUTE), error(-12 * MINUTE, Reason.CURRENCY)))
    one = Watched(PATIENT).read(0, said)
    assert [two.reason for two in one.diagnosis.errors] == [Reason.CURRENCY, Reason.DUPLICATE_CONTACT]
    before = one.state
    assert one.wait(49 * MINUTE).state is before
    one.read(49 * MINUTE, said)
    assert [two.reason for two in one.diagnosis.errors] == [Reason.DUPLICATE_CONTACT]
    one.read(51 * MINUTE, said)
    assert one.diagnosis is WELL


# Properties

seconds = st.none() | st.integers(-2 * 3600, 2 * 3600).map(float) | st.sampled_from([-1e9, 1e9, 2.5e11])
errors = st.builds(
    error,
    seconds,
    st.sampled_from(
        [Reason.DUPLICATE_CONTACT, Reason.TOKEN_EXPIRED, Reason.PERMISSION, Reason.APP_CREDENTIALS, Reason.DISCONNECTED]
    ),
    st.sampled_from([SyncType.CONTACTS, SyncType.INVOICES]),
)
counts = st.sampled_from([None, 0, 1, -1, 2**63 - 1, -(2**63)])
statuses = st.builds(
    status,
    st.sampled_from([None, *SyncStatus]),
    last_sync=seconds,
    expires=seconds,
    failed=counts,
    pending=counts,
    connected=st.sampled_from([True, True, False, None]),
    errors=st.lists(errors, max_size=5).map(tuple),
)
thresholds = st.builds(
    Thresholds,
    stale_after=st.sampled_from([300.0, 3600.0]),
    error_window=st.sampled_from([600.0, 3600.0]),
    token_grace=st.sampled_from([0.0, 900.0]),
    token_clock=st.sampled_from(TokenClock),
    sync_stale_after=st.sampled_from([600.0, 3600.0]),
    sync_silent_after=st.sampled_from([None, 1200.0]),
)
skews = st.sampled_from([None, 0.0, 30.0, 600.0, -86400.0])
steps = st.lists(st.tuples(st.integers(1, 1200), statuses, skews), min_size=1, max_size=6)


def essence(found: Diagnosis) -> tuple[object, ...]:
    """All of a diagnosis."""
    return (found.issues, found.errors, found.never_connected, found.app_refused)


@given(steps, thresholds, st.booleans(), st.lists(st.floats(0, 1), max_size=4))
def test_between_now_and_valid_until_nothing_changes(
    story: list[tuple[int, Status, float | None]],
    rules: Thresholds,
    unlisted: bool,  # noqa: FBT001 - drawn
    places: list[float],
) -> None:
    """At any time in between it would be judged the same: that is what lets 10,000 organisations rest."""
    memory, now, read_before = BLANK, 0.0, None
    for pause, said, skew in story:
        now += pause
        memory = observed(memory, said, at(now), rules, same=False, skew=skew)
        found = judge(said, memory, at(now), rules, reading=True, read_before=read_before, skew=skew, unlisted=unlisted)
        memory, read_before = found.memory, now
        end = min(found.valid_until, now + 3 * DAY)
        assert end >= now
        for place in places:
            then = now + place * (end - now)
            if then >= end:
                continue
            later = judge(said, memory, at(then), rules, reading=False, read_before=now, skew=skew, unlisted=unlisted)
            assert essence(later.diagnosis) == essence(found.diagnosis)


@given(steps, thresholds)
def test_whatever_is_said_judging_holds_its_promises(
    story: list[tuple[int, Status, float | None]], rules: Thresholds
) -> None:
    """Never raises; issues ordered, each once, none hidden shown; beginnings rest; memory is bounded."""
    one = Watched(rules)
    order = list(Issue)
    now = 0.0
    for pause, said, skew in story:
        before = {issue.issue: issue.since for issue in one.state.memory.issues}
        now += pause
        one.wait(now - pause / 2)
        # One that is over at the very instant at which it is seen again begins anew.
        over = {issue for issue, seen in one.state.memory.lingering if now >= seen + LINGERS}
        between = {issue.issue: issue.since for issue in one.state.memory.issues if issue.issue not in over}
        one.read(now, said, skew=skew)
        found, memory = one.diagnosis, one.state.memory
        places = [order.index(issue) for issue in one.issues]
        assert places == sorted(set(places))
        assert len(places) == 1 or not set(one.issues) & set(CONNECTION_ISSUES)
        assert not (found.never_connected and found.issues)
        assert len(found.errors) <= MAX_ERROR_SERIES
        assert len(memory.seen) <= MAX_KINDS
        assert all(len(kind.instants) <= MAX_INSTANTS + 2 for kind in memory.seen)
        assert len(memory.issues) <= len(Issue)
        assert len(memory.lingering) <= len(Issue)
        for issue in memory.issues:
            assert issue.since <= at(now).wall
            known = between.get(issue.issue)
            assert known is None or issue.since == known
            assert issue.issue not in before or issue.issue not in between or before[issue.issue] == known


@given(steps, thresholds, st.lists(st.integers(1, 400), max_size=5))
def test_the_same_answer_again_is_judged_as_if_it_were_another(
    story: list[tuple[int, Status, float | None]], rules: Thresholds, pauses: list[int]
) -> None:
    """The shortcut for answers with the same bytes changes nothing but the cost."""
    short, long = Watched(rules), Watched(rules)
    now = 0.0
    for pause, said, skew in story:
        now += pause
        for one in (short, long):
            one.read(now, said, skew=skew)
        for wait in pauses:
            now += wait
            short.read(now, said, skew=skew)
            long.read(now, replace(said), skew=skew)
            assert essence(short.diagnosis) == essence(long.diagnosis)
            assert forgetful(short.state.memory) == forgetful(long.state.memory)


def forgetful(memory: Memory) -> Memory:
    """Without what only says when to look again, and without kinds that are too old to matter."""
    return replace(memory, settled_until=0.0, valid_until=0.0, seen=())
