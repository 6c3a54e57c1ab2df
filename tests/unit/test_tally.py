"""Who counts for judging the fleet, and as what."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from exporter.model.facts import Organization, OrganizationState
from exporter.model.fleet import NOBODY
from exporter.model.judgement import ActiveIssue, Because, Diagnosis, Doubt, ErrorCount
from exporter.model.words import Failure, Freshness, IncidentKind, Issue, Reason, SyncType
from exporter.observe.tally import added, recounted, tally_of
from tests.unit.judging import at

CONNECTION, SYNC = IncidentKind.CONNECTION, IncidentKind.SYNC


def state(freshness: Freshness = Freshness.FRESH, diagnosis: Diagnosis | None = None) -> OrganizationState:
    """An organisation with this diagnosis."""
    return OrganizationState(Organization("a"), at(0), freshness=freshness, diagnosis=diagnosis or Diagnosis())


def ill(*issues: Issue, reasons: tuple[Reason, ...] = (), app_refused: bool = False) -> Diagnosis:
    """A diagnosis with these issues and recent errors."""
    return Diagnosis(
        issues=tuple(ActiveIssue(issue, 0.0, Because.ERROR) for issue in issues),
        errors=tuple(ErrorCount(SyncType.OTHER, reason, 1, None) for reason in reasons),
        app_refused=app_refused,
    )


def test_not_found_and_never_connected_count_for_nothing() -> None:
    """Neither in the share that is fresh, nor among those affected."""
    others = [state(Freshness.NOT_FOUND), state(diagnosis=Diagnosis(never_connected=True))]
    assert tally_of(others) == replace(NOBODY, not_found=1, never_connected=1)
    found = tally_of([state(), *others, state(Freshness.NOT_FOUND)])
    assert (found.known, found.fresh, found.not_found, found.never_connected) == (1, 1, 2, 1)


def test_stale_and_pending_are_known_and_nothing_else() -> None:
    """What is not fresh has no diagnosis; if it had one, it would not count."""
    found = tally_of([state(Freshness.STALE, ill(Issue.DISCONNECTED)), state(Freshness.PENDING), state()])
    assert (found.known, found.fresh, found.with_issue) == (3, 1, 0)
    assert not any(found.issues.values())
    assert not any(found.affected.values())


def test_new_ones_that_were_not_asked_yet_are_counted_apart_from_those_that_did_not_answer() -> None:
    """Only the latter say something of the platform."""
    failed = replace(state(Freshness.PENDING), last_attempt=at(1))
    found = tally_of([state(Freshness.PENDING), failed, state(Freshness.STALE), state()])
    assert (found.known, found.fresh, found.unasked) == (4, 1, 1)


def test_those_in_doubt_are_counted_unless_they_have_an_issue() -> None:
    """They are fresh, and neither well nor affected."""
    doubt = Diagnosis(doubts=(Doubt.LIST_UNREAD,))
    both = replace(ill(Issue.CONTACTS_FAILING), doubts=doubt.doubts)
    found = tally_of([state(diagnosis=doubt), state(diagnosis=both), state(), state(Freshness.STALE, doubt)])
    assert (found.fresh, found.doubtful, found.with_issue) == (3, 1, 1)


def test_those_whose_last_reading_failed_are_counted() -> None:
    """Well or not, fresh or not; not who the platform does not know, and not who was not asked."""
    missed = [replace(one, failure=Failure.TIMEOUT) for one in (state(), state(diagnosis=ill(Issue.SYNC_STALE)))]
    missed.append(replace(state(Freshness.STALE), failure=Failure.TIMEOUT))
    unknown = replace(state(Freshness.NOT_FOUND), failure=Failure.NOT_FOUND)
    found = tally_of([*missed, state(), unknown, state(Freshness.PENDING)])
    assert (found.known, found.fresh, found.failing) == (5, 3, 3)


def test_each_organisation_is_affected_once_however_many_issues_it_has() -> None:
    """Distinct organisations, by kind; issues are counted each."""
    found = tally_of(
        [state(diagnosis=ill(Issue.CONTACTS_FAILING, Issue.SYNC_STALE)), state(diagnosis=ill(Issue.DISCONNECTED))]
    )
    assert found.affected == {CONNECTION: 1, SYNC: 1}
    assert found.with_issue == 2
    assert {issue for issue, count in found.issues.items() if count} == {
        Issue.CONTACTS_FAILING,
        Issue.SYNC_STALE,
        Issue.DISCONNECTED,
    }
    assert set(found.issues) == set(Issue)
    assert set(found.affected) == set(found.unavailable) == set(IncidentKind)


def test_xero_is_unavailable_for_those_affected_that_have_such_an_error() -> None:
    """Of their kind; an error without an issue is history."""
    outage = ill(Issue.INVOICES_FAILING, reasons=(Reason.XERO_UNAVAILABLE, Reason.ACCOUNT_CODE))
    found = tally_of(
        [
            state(diagnosis=outage),
            state(diagnosis=ill(Issue.INVOICES_FAILING, reasons=(Reason.ACCOUNT_CODE,))),
            state(diagnosis=ill(reasons=(Reason.XERO_UNAVAILABLE,))),
        ]
    )
    assert found.unavailable == {CONNECTION: 0, SYNC: 1}
    assert found.affected == {CONNECTION: 0, SYNC: 2}


def test_a_refused_app_counts_where_an_active_error_says_so() -> None:
    """An error of it that is only recent is history: it synced since."""
    refused = ill(Issue.TOKEN_EXPIRED, app_refused=True)
    history = ill(reasons=(Reason.APP_CREDENTIALS,))
    found = tally_of([state(diagnosis=refused), state(diagnosis=history), state(Freshness.STALE, refused)])
    assert found.app_refused == 1


diagnoses = st.builds(
    ill,
    st.sampled_from(Issue),
    reasons=st.lists(st.sampled_from(Reason), max_size=3).map(tuple),
    app_refused=st.booleans(),
) | st.sampled_from([Diagnosis(), Diagnosis(never_connected=True)])
states = st.lists(st.builds(state, st.sampled_from(Freshness), diagnoses), max_size=12)


@given(states, states)
def test_blocks_are_counted_apart_and_added(one: list[OrganizationState], other: list[OrganizationState]) -> None:
    """As if they were one."""
    whole = tally_of([*one, *other])
    assert added([tally_of(one), tally_of(other)]) == whole
    assert sum(whole.affected.values()) >= whole.with_issue
    assert whole.fresh <= whole.known
    assert all(whole.unavailable[kind] <= whole.affected[kind] <= whole.fresh for kind in IncidentKind)


@given(states, states, states)
def test_a_block_is_recounted_by_those_who_changed_alone(
    stay: list[OrganizationState], gone: list[OrganizationState], come: list[OrganizationState]
) -> None:
    """As if all were counted again."""
    assert recounted(tally_of([*stay, *gone]), gone, come) == tally_of([*stay, *come])
