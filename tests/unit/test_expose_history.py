"""One reading, made now, beside what a running exporter remembers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.expose.diagnosis_shapes import Basis
from exporter.expose.documents import organization_document
from exporter.expose.history import with_history
from exporter.expose.shapes import OrganizationDocument
from exporter.model.facts import History, PastReading, Status, UpstreamFailure
from exporter.model.judgement import ActiveIssue, Because, Diagnosis, Doubt
from exporter.model.words import Freshness, Issue, SyncStatus
from exporter.observe.issues import NO_TOKEN
from tests.knowledge import CANARY, GONE, HEALTHY, NEVER, NOW, TIMED_OUT, failing, known, minutes_ago


def one_reading(outcome: Status | UpstreamFailure) -> OrganizationDocument:
    """By one reading, made now."""
    failure = outcome if isinstance(outcome, UpstreamFailure) else None
    reading = PastReading(NOW.wall, 0.5, failure)
    history = History((reading,), () if failure is None else (reading,))
    return organization_document(known(outcome), history, None, names=False, basis=Basis.ONE_READING)


def remembered(outcome: Status, *more: ActiveIssue) -> OrganizationDocument:
    """By an exporter that watched for an hour, and has these issues besides."""
    state = known(outcome)
    issues = tuple(replace(one, since=minutes_ago(50)) for one in state.diagnosis.issues)
    state = replace(state, diagnosis=replace(state.diagnosis, issues=(*issues, *more)))
    readings = tuple(PastReading(minutes_ago(minutes), 0.1, None) for minutes in (2, 1))
    failures = (PastReading(minutes_ago(30), 3.0, TIMED_OUT),)
    return organization_document(state, History(readings, failures), NOW.wall + 60, names=False)


LINGERING = ActiveIssue(Issue.INVOICES_FAILING, minutes_ago(9), Because.LINGERING)


def test_an_issue_lasts_since_it_was_first_seen_by_either() -> None:
    """One look cannot know since when."""
    both = with_history(one_reading(GONE), remembered(GONE))
    assert both.diagnosis.basis is Basis.ONE_READING_AND_HISTORY
    assert [one.since for one in both.diagnosis.issues] == ["2025-01-15T09:40:00.000Z"]
    assert both.diagnosis.remembered == ()


def test_what_facts_date_earlier_is_not_moved() -> None:
    """The exporter may have come later than the trouble."""
    now = one_reading(failing(*[CANARY] * 90))
    assert with_history(now, remembered(failing(CANARY))).diagnosis.issues == now.diagnosis.issues


def test_what_only_memory_shows_is_told_apart() -> None:
    """What comes and goes is not in one reading, and not hidden: the two disagree, so it is not known."""
    both = with_history(one_reading(HEALTHY), remembered(HEALTHY, LINGERING))
    assert (both.diagnosis.wrong, both.diagnosis.issues) == (None, ())
    assert [one.issue for one in both.diagnosis.remembered] == [Issue.INVOICES_FAILING]
    assert both.diagnosis.summary == (
        "It is not known whether anything is wrong: this one look, which remembers nothing, finds nothing, and the "
        "running exporter, which remembers, still has invoices_failing."
    )
    assert both.diagnosis.next_steps


@pytest.mark.parametrize(
    ("issue", "because", "wrong"),
    [
        (Issue.DISCONNECTED, Because.PLATFORM_SAYS_DISCONNECTED, False),
        (Issue.TOKEN_EXPIRED, Because.TOKEN_CLOCK, False),
        (Issue.UNAUTHORIZED, Because.ERROR, False),
        (Issue.UNAUTHORIZED, Because.NOT_LISTED_BY_XERO, None),  # this look could not read the list
        (Issue.CONTACTS_FAILING, Because.ERROR, None),
        (Issue.SYNC_FAILING, Because.NO_TEXT, None),  # it lingers as well
        (Issue.SYNC_STALE, Because.NOTHING_SYNCED, False),
    ],
)
def test_one_look_ends_what_one_reading_decides_and_nothing_else(
    issue: Issue,
    because: Because,
    wrong: bool | None,  # noqa: FBT001 - a row of a table
) -> None:
    """A platform that says connected has connected; a sync that did not fail just now may fail again."""
    both = with_history(one_reading(HEALTHY), remembered(HEALTHY, ActiveIssue(issue, minutes_ago(9), because)))
    assert both.diagnosis.wrong is wrong
    assert [one.issue for one in both.diagnosis.remembered] == [issue]
    found = with_history(one_reading(GONE), remembered(HEALTHY, ActiveIssue(issue, minutes_ago(9), because)))
    assert found.diagnosis.wrong is True


def test_nothing_synced_ever_is_known_only_by_whoever_watched() -> None:
    """One look cannot tell a customer of today from one of last year."""
    never = replace(HEALTHY, last_sync=None)
    stale = ActiveIssue(Issue.SYNC_STALE, minutes_ago(9), Because.NOTHING_SYNCED)
    assert with_history(one_reading(never), remembered(never, stale)).diagnosis.wrong is None


def test_failed_syncs_are_well_at_one_look_and_well_for_good_where_memory_agrees() -> None:
    """What one look cannot see is said where it matters."""
    failed = replace(HEALTHY, failed_syncs=2)
    assert one_reading(failed).diagnosis.summary.startswith("Nothing is wrong by this one look, which remembers")
    assert one_reading(failed).diagnosis.wrong is False
    assert with_history(one_reading(failed), remembered(failed)).diagnosis.summary == "Nothing is wrong."
    assert one_reading(HEALTHY).diagnosis.summary == "Nothing is wrong."


def test_a_list_that_nobody_can_read_any_more_leaves_it_unknown_also_at_one_look() -> None:
    """The running exporter knows what the last one said; it is over where this look reads one, or is not connected."""
    state = replace(known(HEALTHY), diagnosis=Diagnosis(doubts=(Doubt.LIST_UNREAD,)), missed_at=NOW)
    before = organization_document(state, History(), None, names=False)
    both = with_history(one_reading(HEALTHY), before)
    assert (both.diagnosis.wrong, both.diagnosis.doubts) == (None, (Doubt.LIST_UNREAD,))
    assert both.diagnosis.xero.note == before.diagnosis.xero.note
    assert "last read 2025-01-15T10:30:00.000Z, did not have it" in both.diagnosis.summary
    read = organization_document(known(HEALTHY, listed=True), History(), None, names=False, basis=Basis.ONE_READING)
    assert with_history(read, before).diagnosis.wrong is False
    assert with_history(one_reading(GONE), before).diagnosis.wrong is True


def test_a_look_that_is_in_doubt_itself_keeps_what_the_running_exporter_remembers() -> None:
    """Both reasons in one sentence, and the steps of both."""
    state = replace(known(HEALTHY), diagnosis=Diagnosis(doubts=(Doubt.LIST_UNREAD,)), missed_at=NOW)
    before = organization_document(state, History(), None, names=False)
    wordless = replace(HEALTHY, sync_status=SyncStatus.OTHER)
    both = with_history(one_reading(wordless), before).diagnosis
    assert (both.wrong, both.doubts) == (None, (Doubt.LIST_UNREAD, Doubt.STATUS_WORD))
    assert both.summary.startswith("It is not known whether anything is wrong: the platform's word")
    assert both.summary.endswith("did not have it, and could not be read since.")
    assert set(before.diagnosis.next_steps) < set(both.next_steps)
    gone = ActiveIssue(Issue.DISCONNECTED, minutes_ago(9), Because.PLATFORM_SAYS_DISCONNECTED)
    silent = with_history(one_reading(replace(HEALTHY, connected=None)), remembered(HEALTHY, gone)).diagnosis
    assert (silent.wrong, [one.issue for one in silent.remembered]) == (None, [Issue.DISCONNECTED])
    assert silent.summary.endswith(
        "whether it is connected; and the running exporter, which remembers, still has disconnected."
    )


def test_a_look_at_one_whose_every_trace_is_gone_does_not_call_it_never_connected() -> None:
    """The running exporter saw it connected; without one, it is what the platform says."""
    gone = ActiveIssue(Issue.DISCONNECTED, minutes_ago(9), Because.PLATFORM_SAYS_DISCONNECTED)
    both = with_history(one_reading(NEVER), remembered(NEVER, gone)).diagnosis
    assert (both.wrong, both.never_connected) == (None, False)
    assert "still has disconnected" in both.summary
    assert one_reading(NEVER).diagnosis.never_connected


def test_readings_of_both_are_told_the_newest_first() -> None:
    """This one, then those of the exporter, and when it asks next."""
    both = with_history(one_reading(HEALTHY), remembered(HEALTHY))
    assert [one.at for one in both.recent] == [
        "2025-01-15T10:30:00.000Z",
        "2025-01-15T10:29:00.000Z",
        "2025-01-15T10:28:00.000Z",
    ]
    assert [one.outcome for one in both.failures] == ["timeout"]
    assert both.polling.next_attempt == "2025-01-15T10:31:00.000Z"
    assert both.polling.last_success == "2025-01-15T10:30:00.000Z"


def test_where_nobody_was_asked_what_is_remembered_keeps_its_instants() -> None:
    """There is no reading beside it; only why there is none is new."""
    before = organization_document(known(failing(CANARY)), History(), None, names=False)
    now = organization_document(known(None), History(), None, names=False, basis=Basis.NO_READING, unasked=NO_TOKEN)
    both = with_history(now, before)
    assert both.diagnosis.basis is Basis.HISTORY
    assert both.diagnosis.freshness.asked == before.diagnosis.freshness.asked
    assert both.diagnosis.freshness.why_not == NO_TOKEN.why
    assert both.diagnosis.next_steps == (*now.diagnosis.next_steps, *before.diagnosis.next_steps)
    assert both.diagnosis.next_steps[0].text == NO_TOKEN.task.step.text
    assert both.polling == before.polling


def test_where_the_reading_failed_what_is_remembered_is_told_with_the_reason() -> None:
    """It is fresh still, asked just now, and says why there is nothing newer."""
    both = with_history(one_reading(TIMED_OUT), remembered(GONE))
    fresh = both.diagnosis.freshness
    assert (fresh.freshness, fresh.why_not) == (Freshness.FRESH, "the platform did not answer in time")
    assert (fresh.asked, fresh.answered) == ("2025-01-15T10:30:00.000Z", "2025-01-15T10:30:00.000Z")
    assert [one.issue for one in both.diagnosis.issues] == [Issue.DISCONNECTED]
    assert [one.outcome for one in both.failures] == ["timeout", "timeout"]
    assert both.facts is not None
