"""One reading, made now, beside what a running exporter remembers."""

from __future__ import annotations

from dataclasses import replace

from exporter.expose.diagnosis_shapes import Basis
from exporter.expose.documents import organization_document
from exporter.expose.history import with_history
from exporter.expose.shapes import OrganizationDocument
from exporter.model.facts import History, PastReading, Status, UpstreamFailure
from exporter.model.judgement import ActiveIssue, Because
from exporter.model.words import Freshness, Issue
from exporter.observe.issues import NO_TOKEN
from tests.knowledge import CANARY, GONE, HEALTHY, NOW, TIMED_OUT, failing, known, minutes_ago


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
    """What comes and goes is not in one reading, and not hidden."""
    both = with_history(one_reading(HEALTHY), remembered(HEALTHY, LINGERING))
    assert (both.diagnosis.wrong, both.diagnosis.issues) == (False, ())
    assert [one.issue for one in both.diagnosis.remembered] == [Issue.INVOICES_FAILING]


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
