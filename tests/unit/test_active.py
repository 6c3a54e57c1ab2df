"""Which errors matter: by failed syncs, by the last sync, by youth, by coming back; and how they are counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.facts import Status, SyncError
from exporter.model.judgement import BLANK, MAX_ERROR_SERIES, ErrorCount, Memory, SeenKind
from exporter.model.words import Issue, Reason, SyncStatus, SyncType
from exporter.observe.active import Weighed, issue_of, weigh
from exporter.observe.seen import MAX_INSTANTS, MAX_KINDS, has_come_back, remembered
from tests.unit.judging import DAY, DEGRADED, FAILING, HEALTHY, HOUR, MINUTE, NOON, error, status

WINDOW = HOUR
CONNECTION_REASONS = (
    Reason.DISCONNECTED,
    Reason.TOKEN_EXPIRED,
    Reason.REAUTHORISE,
    Reason.SCOPE_MISSING,
    Reason.PERMISSION,
    Reason.APP_CREDENTIALS,
)


def memory_of(*errors: SyncError, now: float = 0.0) -> Memory:
    """A memory of these errors and no more."""
    return replace(BLANK, seen=remembered((), errors, NOON + now, WINDOW))


def weighed(said: Status, memory: Memory | None = None, now: float = 0.0) -> Weighed:
    """The errors of this status, and of the memory, which else is of this status only."""
    memory = memory_of(*said.errors, now=now) if memory is None else memory
    return weigh(said, memory, NOON + now, WINDOW)


def reasons(found: Weighed) -> list[Reason]:
    """Why the active ones happened."""
    return [one.reason for one in found.active]


def test_the_sample_of_the_troubleshooting_page_has_no_active_error() -> None:
    """Healthy, two failed, one error older than the last sync: history."""
    said = status(failed=2, last_sync=-5 * MINUTE, errors=(error(-80 * MINUTE),))
    assert weighed(said).active == ()
    assert weighed(said).counts == ()


def test_it_is_counted_as_recent_while_young_and_still_does_not_matter() -> None:
    """`xero_recent_errors` tells of it; no issue follows."""
    found = weighed(status(failed=2, last_sync=-5 * MINUTE, errors=(error(-10 * MINUTE),)))
    assert found.active == ()
    assert found.counts == (ErrorCount(SyncType.CONTACTS, Reason.DUPLICATE_CONTACT, 1, NOON - 600),)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("failed", [None, 0, 1])
def test_without_failed_syncs_only_what_concerns_the_connection_matters(reason: Reason, failed: int | None) -> None:
    """A count that is not said is not above zero."""
    said = status(DEGRADED, failed=failed, errors=(error(MINUTE, reason),))
    assert reasons(weighed(said, now=2 * MINUTE)) == ([reason] if failed == 1 or reason in CONNECTION_REASONS else [])


@pytest.mark.parametrize("said", [None, *SyncStatus])
@pytest.mark.parametrize(("happened", "synced", "by_its_place"), [(-30, None, True), (1, 0, True), (0, 0, False)])
def test_newer_than_the_last_sync_it_matters_whatever_the_platform_calls_itself(
    said: SyncStatus | None, happened: float, synced: float | None, *, by_its_place: bool
) -> None:
    """Also where nothing was ever synchronised. As old as the sync is not newer."""
    found = weighed(status(said, failed=1, last_sync=synced, errors=(error(happened),)), now=MINUTE)
    unwell = said in {DEGRADED, FAILING, SyncStatus.DISCONNECTED}
    assert bool(found.active) is (by_its_place or unwell)


@pytest.mark.parametrize(
    ("said", "minutes_old", "matters"),
    [
        (DEGRADED, 59, True),
        (FAILING, 59, True),
        (SyncStatus.DISCONNECTED, 59, True),
        (DEGRADED, 60, False),
        (FAILING, 61, False),
        (HEALTHY, 59, False),
        (SyncStatus.OTHER, 59, False),
        (None, 59, False),
    ],
)
def test_older_than_the_last_sync_it_matters_while_young_and_the_platform_is_unwell(
    said: SyncStatus | None, minutes_old: float, *, matters: bool
) -> None:
    """What the platform does not say, or in a word that nobody knows, is not unwell."""
    found = weighed(status(said, failed=1, last_sync=0, errors=(error(-minutes_old * MINUTE),)))
    assert bool(found.active) is matters


@pytest.mark.parametrize(
    ("older", "newer", "matter"),
    [
        (-20, -10, 2),
        (-20, -14, 2),
        (-15, -10, 0),  # exactly 5 minutes are not more than 5
        (-14, -10, 0),
        (-61, -10, 0),  # the older one is not young
        (-60, -10, 0),
        (-59.9, -10, 2),
    ],
)
def test_two_of_a_kind_that_lie_apart_matter_on_a_healthy_platform(older: float, newer: float, matter: int) -> None:
    """It comes back, whatever the platform says of itself."""
    listed = (error(newer * MINUTE), error(older * MINUTE))
    found = weighed(status(failed=1, errors=listed))
    assert sum(one.count for one in found.active) == matter


@pytest.mark.parametrize(
    "other",
    [
        error(-20 * MINUTE, Reason.CONTACT_ARCHIVED),
        error(-20 * MINUTE, Reason.DUPLICATE_CONTACT, SyncType.INVOICES),
        error(None),
    ],
)
def test_two_of_different_kinds_are_no_repetition(other: SyncError) -> None:
    """Another reason, another sync type, or no time at all."""
    assert weighed(status(failed=1, errors=(error(-10 * MINUTE), other))).active == ()


def test_one_of_the_two_may_be_known_from_an_earlier_reading_only() -> None:
    """Platforms that list only the newest."""
    memory = memory_of(error(-30 * MINUTE), error(-10 * MINUTE))
    assert reasons(weighed(status(failed=1, errors=(error(-10 * MINUTE),)), memory)) == [Reason.DUPLICATE_CONTACT]
    assert weighed(status(failed=0, errors=(error(-10 * MINUTE),)), memory).active == ()


def test_both_may_be_known_from_earlier_readings_only_while_syncs_count_as_failed() -> None:
    """Platforms that empty their list at each sync that works. What concerns the connection must be listed."""
    memory = memory_of(error(-30 * MINUTE), error(-10 * MINUTE))
    (one,) = weighed(status(failed=1), memory).active
    assert (one.count, one.oldest, one.until) == (0, NOON - 30 * MINUTE, NOON + 30 * MINUTE)
    assert weighed(status(failed=0), memory).active == ()
    assert weighed(status(failed=1), memory, now=30 * MINUTE).active == ()
    of_the_token = memory_of(error(-30 * MINUTE, Reason.REAUTHORISE), error(-10 * MINUTE, Reason.REAUTHORISE))
    assert weighed(status(failed=1), of_the_token).active == ()


def test_an_error_of_the_expired_token_ends_when_a_newer_token_was_seen() -> None:
    """A refused grant does not: a later expiry says nothing of it. Nor does an error that came after."""
    renewed = replace(BLANK, token_renewed=NOON + 10 * MINUTE)
    for happened, reason, matters in [
        (5, Reason.TOKEN_EXPIRED, False),
        (15, Reason.TOKEN_EXPIRED, True),
        (None, Reason.TOKEN_EXPIRED, False),
        (5, Reason.REAUTHORISE, True),
        (5, Reason.DISCONNECTED, True),
    ]:
        second = None if happened is None else happened * MINUTE
        said = status(DEGRADED, last_sync=None, errors=(error(second, reason),))
        assert bool(weighed(said, renewed, now=20 * MINUTE).active) is matters, (happened, reason)


@pytest.mark.parametrize(
    ("said", "synced", "matters"),
    [(HEALTHY, None, True), (HEALTHY, 0.0, False), (DEGRADED, 0.0, True), (None, 0.0, False)],
)
def test_without_a_time_it_matters_where_nothing_was_synchronised_or_the_platform_is_unwell(
    said: SyncStatus | None, synced: float | None, *, matters: bool
) -> None:
    """It is young for ever, and older than any sync."""
    found = weighed(status(said, failed=1, last_sync=synced, errors=(error(None),)), now=30 * HOUR)
    assert bool(found.active) is matters
    assert [one.newest for one in found.counts] == ([None] if matters else [])


def test_while_clocks_differ_youth_is_evidence_only_of_what_stands() -> None:
    """Newer than the last sync is no matter of our clock."""
    young = status(DEGRADED, failed=1, last_sync=0, errors=(error(-MINUTE),))
    newer = status(DEGRADED, failed=1, last_sync=0, errors=(error(MINUTE),))
    memory = memory_of(*young.errors)
    nothing: frozenset[Issue] = frozenset()
    assert weigh(young, memory, NOON, WINDOW, standing=nothing).active == ()
    assert weigh(young, memory, NOON, WINDOW, standing={Issue.CONTACTS_FAILING}).active
    assert weigh(young, memory, NOON, WINDOW, standing={Issue.INVOICES_FAILING}).active == ()
    assert weigh(newer, memory, NOON, WINDOW, standing=nothing).active


@pytest.mark.parametrize(
    ("reason", "sync_type", "issue"),
    [
        (Reason.DISCONNECTED, SyncType.CONTACTS, Issue.DISCONNECTED),
        (Reason.TOKEN_EXPIRED, SyncType.INVOICES, Issue.TOKEN_EXPIRED),
        (Reason.REAUTHORISE, SyncType.OTHER, Issue.TOKEN_EXPIRED),
        (Reason.SCOPE_MISSING, SyncType.RECONCILIATION, Issue.UNAUTHORIZED),
        (Reason.PERMISSION, SyncType.CONTACTS, Issue.UNAUTHORIZED),
        (Reason.APP_CREDENTIALS, SyncType.CONTACTS, Issue.CONTACTS_FAILING),
        (Reason.XERO_UNAVAILABLE, SyncType.INVOICES, Issue.INVOICES_FAILING),
        (Reason.AMOUNT_MISMATCH, SyncType.RECONCILIATION, Issue.RECONCILIATION_FAILING),
        (Reason.UNKNOWN, SyncType.OTHER, Issue.SYNC_FAILING),
    ],
)
def test_the_reason_says_which_issue_and_else_the_sync_type(reason: Reason, sync_type: SyncType, issue: Issue) -> None:
    """The platform's app is refused for all at once: that is the fleet's verdict, and here what does not sync."""
    assert issue_of(sync_type, reason) is issue


def test_a_batch_of_a_hundred_does_not_push_out_that_it_happened_before() -> None:
    """A sync of a hundred records with one wrong account fails a hundred times within seconds."""
    seen: tuple[SeenKind, ...] = ()
    for quarter in range(3):
        batch = [error(quarter * 900 + number / 10) for number in range(100)]
        seen = remembered(seen, batch, NOON + quarter * 900 + 30, WINDOW)
        (one,) = seen
        assert has_come_back(one) is (quarter > 0)
        assert len(one.instants) <= MAX_INSTANTS + 2


def test_what_lies_far_in_the_future_is_not_remembered() -> None:
    """Else a garbled year would make every error of its kind one that came back, for ever."""
    assert remembered((), [error(3 * MINUTE)], NOON, WINDOW) == ()
    assert remembered((), [error(MINUTE)], NOON, WINDOW) != ()


def test_the_same_errors_again_are_the_very_same_memory() -> None:
    """Nothing is made anew at each reading."""
    errors = [error(-MINUTE * number, reason) for number in range(5) for reason in (Reason.CURRENCY, Reason.TAX_RATE)]
    seen = remembered((), errors, NOON, WINDOW)
    assert remembered(seen, errors, NOON + 1, WINDOW) is seen
    assert remembered(seen, errors, NOON + 2 * HOUR, WINDOW) == ()


kinds = st.tuples(st.sampled_from(SyncType), st.sampled_from(Reason))
any_error = st.builds(
    lambda kind, second: error(second, kind[1], kind[0]), kinds, st.none() | st.integers(-2 * 3600, 2 * 3600)
)


@given(st.lists(st.lists(any_error, max_size=40), max_size=8))
def test_memory_is_bounded_whatever_comes(readings: list[list[SyncError]]) -> None:
    """Kinds and instants; newest first; no instant twice."""
    seen: tuple[SeenKind, ...] = ()
    for number, errors in enumerate(readings):
        seen = remembered(seen, errors, NOON + 60 * number, WINDOW)
        assert len(seen) <= MAX_KINDS
        assert len({(one.sync_type, one.reason) for one in seen}) == len(seen)
        for one in seen:
            assert 1 <= len(one.instants) <= MAX_INSTANTS + 2
            assert list(one.instants) == sorted(set(one.instants), reverse=True)


@given(st.lists(st.lists(st.integers(-3600, 0), max_size=60), min_size=1, max_size=6))
def test_what_came_back_is_known_although_little_is_remembered(readings: list[list[int]]) -> None:
    """Compared with a memory of everything: the same answer, but for those thinned out, within half a minute."""
    seen: tuple[SeenKind, ...] = ()
    everything: set[float] = set()
    for number, instants in enumerate(readings):
        now = 60.0 * number
        errors = [error(now + second) for second in instants]
        everything |= {now + second for second in instants}
        seen = remembered(seen, errors, NOON + now, WINDOW)
        young = {second for second in everything if second > now - WINDOW}
        exactly = bool(young) and max(young) - min(young) > 300
        assert (bool(seen) and has_come_back(seen[0])) is exactly
        if exactly:
            pair = max(second for second in young if max(young) - second > 300)
            assert pair - 30 <= seen[0].instants[-1] - NOON <= pair


@given(st.lists(any_error, max_size=100), st.sampled_from([0, 1]), st.sampled_from([None, *SyncStatus]))
def test_at_most_ten_kinds_are_told_and_none_is_lost(
    errors: list[SyncError], failed: int, said: SyncStatus | None
) -> None:
    """The rest of each sync type stands under unknown; sums and newest are kept; the most frequent comes first."""
    found = weighed(status(said, failed=failed, last_sync=None, errors=tuple(errors)))
    counted = [
        one
        for one in errors
        if failed or one.reason in CONNECTION_REASONS or (one.at is not None and one.at > NOON - WINDOW)
    ]
    assert len(found.counts) <= MAX_ERROR_SERIES
    assert len({(one.sync_type, one.reason) for one in found.counts}) == len(found.counts)
    assert sum(one.count for one in found.counts) == len(counted)
    assert [one.count for one in found.counts] == sorted((one.count for one in found.counts), reverse=True)
    for sync_type in SyncType:
        of_it = [one for one in counted if one.sync_type is sync_type]
        told = [one for one in found.counts if one.sync_type is sync_type]
        assert sum(one.count for one in told) == len(of_it)
        instants = [one.at for one in of_it if one.at is not None]
        assert max((one.newest for one in told if one.newest is not None), default=None) == max(instants, default=None)


def test_as_many_kinds_are_told_by_name_as_there_is_room_for() -> None:
    """Eleven of one sync type: nine by name, two under unknown."""
    listed = [error(1 + number, reason) for reason in list(Reason)[:11] for number in range(2)]
    found = weighed(status(failed=1, errors=tuple(listed)), now=MINUTE)
    assert (found.counts[0].reason, found.counts[0].count) == (Reason.UNKNOWN, 4)
    assert len(found.counts) == 10
    ten = weighed(status(failed=1, errors=tuple(listed[:20])), now=MINUTE)
    assert Reason.UNKNOWN not in [one.reason for one in ten.counts]


YEARS_AHEAD = 400 * DAY


@pytest.mark.parametrize(
    ("said", "active"),
    [
        (status(failed=2, errors=(error(YEARS_AHEAD),)), False),
        (status(FAILING, failed=2, errors=(error(YEARS_AHEAD),)), True),
        (status(failed=2, last_sync=None, errors=(error(YEARS_AHEAD),)), True),
        (status(failed=2, errors=(error(14 * HOUR),)), True),
        (status(errors=(error(YEARS_AHEAD, Reason.DISCONNECTED),)), False),
        (status(FAILING, failed=1, errors=(error(YEARS_AHEAD, Reason.TOKEN_EXPIRED),)), True),
    ],
)
def test_an_error_of_another_year_is_one_without_a_time(said: Status, active: bool) -> None:  # noqa: FBT001 - a row
    """It is no newer than every sync to come; that of a platform that writes its local time as UTC is believed."""
    assert bool(weighed(said).active) is active
    timeless = replace(said, errors=tuple(replace(one, at=None) for one in said.errors))
    if said.errors[0].at == NOON + YEARS_AHEAD:
        assert weighed(said).active == weighed(timeless).active
        assert weighed(said).counts == weighed(timeless).counts
        assert weighed(said).steady_until == NOON + YEARS_AHEAD - DAY


def test_a_renewed_token_ends_also_an_error_of_another_year() -> None:
    """As it ends one without a time."""
    said = status(FAILING, errors=(error(YEARS_AHEAD, Reason.TOKEN_EXPIRED),))
    assert weighed(said).active
    assert weighed(said, replace(memory_of(), token_renewed=NOON)).active == ()
