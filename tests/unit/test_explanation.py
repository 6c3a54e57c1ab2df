"""One organisation explained: freshness first, what is wrong, why, what to do, and whether a machine could help."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.diagnosis import Links
from exporter.expose.diagnosis_shapes import DiagnosisDocument
from exporter.expose.explanation import explained, tasks_of
from exporter.expose.outlook import IN_VAIN, RESYNC_COSTS, RETRY_COSTS
from exporter.model.facts import Status, UpstreamFailure
from exporter.model.judgement import ActiveIssue, Because, Diagnosis, Doubt
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness, Issue, Owner, Reason, Sent, SyncStatus
from exporter.observe.in_doubt import DOUBTS
from exporter.observe.issues import ISSUES, OPPOSITE, Task
from exporter.observe.reasons import REASONS, Link
from tests.knowledge import (
    CALM,
    CANARY,
    EXPIRED,
    GONE,
    HEALTHY,
    NAME,
    NEVER,
    NOW,
    STALE_SYNC,
    STRANGE,
    TIMED_OUT,
    failing,
    known,
    minutes_ago,
)

LINKS = Links(
    integration_settings="https://app.example/organizations/{organization_id}/xero",
    client_portal="https://portal.example/?club={organization_id}",
)
RATE_LIMITED = "You've exceeded the per minute rate limit"
DAILY = "You've exceeded the per day rate limit"


def told(status: Status | UpstreamFailure | None, links: Links = LINKS, **more: object) -> DiagnosisDocument:
    """What is told of an organisation that was read once."""
    return explained(known(status, **more), links, surroundings=CALM)  # type: ignore[arg-type]


def texts(document: DiagnosisDocument) -> list[str]:
    """Of its next steps."""
    return [step.text for step in document.next_steps]


def test_a_healthy_organisation_asks_for_nothing() -> None:
    """Fresh, well, no step."""
    document = told(HEALTHY)
    assert (document.wrong, document.summary, document.next_steps) == (False, "Nothing is wrong.", ())
    assert document.freshness.answered == "2025-01-15T10:30:00.000Z"
    assert document.freshness.why_not is None
    assert document.xero.status_pages[0].model_dump(mode="json") == {
        "page": "status.xero.com",
        "status": "none",
        "read": "2025-01-15T10:29:20.000Z",
    }


@pytest.mark.parametrize(
    ("outcome", "why", "freshness"),
    [
        (None, "it was not asked yet", Freshness.PENDING),
        (TIMED_OUT, "the platform did not answer in time", Freshness.PENDING),
        (
            UpstreamFailure(Failure.NOT_FOUND, Sent.YES, 404),
            "the platform does not know this organisation (404)",
            Freshness.NOT_FOUND,
        ),
    ],
)
def test_unknown_is_neither_broken_nor_healthy(outcome: UpstreamFailure | None, why: str, freshness: Freshness) -> None:
    """What is not known is said so, with the reason, and no remedy is spoken for."""
    document = told(outcome)
    assert document.wrong is None
    assert (document.freshness.freshness, document.freshness.why_not) == (freshness, why)
    assert document.summary == f"It is not known whether anything is wrong: {why}."
    assert document.what_retry_would_do.startswith("Not known")
    assert document.what_resync_would_do.startswith("Not known")
    assert bool(document.next_steps) == (outcome is not None)


def test_what_became_too_old_is_not_called_well() -> None:
    """Stale: the last answer is told, and that nothing follows from it any more."""
    document = told(HEALTHY, after=600.0)
    assert document.wrong is None
    assert document.freshness.answered == "2025-01-15T10:30:00.000Z"
    assert "too old" in document.summary


def test_never_connected_is_nobodys_fault() -> None:
    """No issue, no step."""
    document = told(NEVER)
    assert (document.never_connected, document.wrong, document.next_steps) == (True, False, ())
    assert document.what_retry_would_do.startswith("Nothing")


@pytest.mark.parametrize(
    ("status", "issue", "because"),
    [
        (GONE, Issue.DISCONNECTED, Because.PLATFORM_SAYS_DISCONNECTED),
        (EXPIRED, Issue.TOKEN_EXPIRED, Because.TOKEN_CLOCK),
        (STALE_SYNC, Issue.SYNC_STALE, Because.NOTHING_SYNCED),
        (failing(None, failed_syncs=1, errors=()), Issue.SYNC_FAILING, Because.NO_TEXT),
    ],
)
def test_an_issue_without_a_reason_is_told_by_its_own_row(status: Status, issue: Issue, because: Because) -> None:
    """What is wrong, since when, why that is concluded, who can end it, and the steps of the table."""
    document = told(status)
    [one] = document.issues
    assert document.wrong is True
    assert (one.issue, one.because, one.sentence) == (issue, because, ISSUES[issue].sentence)
    assert one.since is not None
    if not one.reasons:
        assert texts(document) == [task.step.text for task in ISSUES[issue].tasks]


def test_not_listed_by_xero_is_unauthorized() -> None:
    """The platform says connected, Xero does not: connect again."""
    document = told(HEALTHY, listed=False)
    assert [one.issue for one in document.issues] == [Issue.UNAUTHORIZED]
    assert document.xero.listed is False
    assert "Client Portal" in " ".join(texts(document))


def test_the_opposite_is_told_where_xero_lists_what_the_platform_calls_disconnected() -> None:
    """And only there."""
    assert told(GONE, listed=True).xero.note == OPPOSITE
    assert told(GONE, listed=False).xero.note is None
    assert told(HEALTHY, listed=True).xero.note is None
    assert told(GONE).xero.note is None


def test_a_known_reason_takes_the_place_of_the_list_of_what_it_may_be() -> None:
    """Its steps, each once however many errors there are, and the platform's page for it."""
    document = told(failing(CANARY, CANARY, "The contact name X is already assigned to another contact."))
    assert texts(document) == [step.text for step in REASONS[Reason.DUPLICATE_CONTACT].steps]
    assert document.issues[0].owner is Owner.CUSTOMER
    [errors] = document.errors
    assert (errors.reason, errors.count, errors.retry_helps) == (Reason.DUPLICATE_CONTACT, 3, False)
    assert errors.newest == "2025-01-15T10:29:00.000Z"
    assert errors.cause == REASONS[Reason.DUPLICATE_CONTACT].cause


def test_an_unknown_text_leaves_the_list_of_what_it_may_be() -> None:
    """Between reading what was answered and asking others."""
    document = told(failing(STRANGE))
    unknown = [step.text for step in REASONS[Reason.UNKNOWN].steps]
    listed = [task.step.text for task in ISSUES[Issue.CONTACTS_FAILING].tasks]
    assert texts(document) == [unknown[0], *listed[1:], *unknown[1:]]


def test_steps_are_merged_over_issues_without_repeats() -> None:
    """In the order of the issues; a step that two ask for stands once, where it is first asked for."""
    status = failing(CANARY, RATE_LIMITED)
    status = replace(
        status, errors=(status.errors[0], replace(status.errors[1], kind="invoice_sync"), *failing(RATE_LIMITED).errors)
    )
    document = told(status)
    assert [one.issue for one in document.issues] == [Issue.CONTACTS_FAILING, Issue.INVOICES_FAILING]
    assert len(set(texts(document))) == len(texts(document))
    assert {step.text for step in REASONS[Reason.RATE_LIMITED].steps} <= set(texts(document))


def test_steps_lead_to_the_platforms_pages_with_the_id_in_them() -> None:
    """By the templates, the id quoted; none where none is configured."""
    urls = {step.url for step in told(GONE, organization_id="club:1").next_steps}
    assert "https://portal.example/?club=club%3A1" in urls
    assert {step.url for step in told(GONE, Links()).next_steps} == {None}


def test_a_step_is_theirs_on_whose_page_it_begins() -> None:
    """The integration settings are the platform's, whoever owns the cause."""
    steps = told(failing(CANARY)).next_steps
    assert [step.owner for step in steps if step.url is not None] == [Owner.PLATFORM]
    assert {step.owner for step in steps if step.url is None} == {Owner.CUSTOMER}


# In doubt


def test_failed_syncs_beside_a_word_that_nobody_knows_are_not_called_well() -> None:
    """Not an issue by rule; nobody can say that nothing is wrong."""
    document = told(replace(HEALTHY, sync_status=SyncStatus.OTHER, failed_syncs=3))
    assert (document.wrong, document.issues, document.doubts) == (None, (), (Doubt.STATUS_WORD,))
    assert document.summary == (
        "It is not known whether anything is wrong: the platform counts 3 failed syncs, and its word for how syncs go "
        "is none that is known here."
    )
    assert texts(document) == [task.step.text for task in DOUBTS[Doubt.STATUS_WORD].tasks]
    other = told(replace(HEALTHY, sync_status=SyncStatus.OTHER))
    assert (other.wrong, other.summary) == (
        None,
        "It is not known whether anything is wrong: the platform's word for how syncs go is none that is known here.",
    )


def test_what_is_not_said_is_told_as_not_known_each_with_what_to_do() -> None:
    """Two doubts in one sentence, and the steps of both, each once."""
    document = told(Status(failed_syncs=1))
    assert document.wrong is None
    assert document.summary == (
        "It is not known whether anything is wrong: the platform does not say whether it is connected; and the "
        "platform counts 1 failed sync, and gives no word for how syncs go."
    )
    both = (*DOUBTS[Doubt.CONNECTION_NOT_SAID].tasks, *DOUBTS[Doubt.SYNCS_NOT_SAID].tasks)
    assert texts(document) == list(dict.fromkeys(task.step.text for task in both))


def test_a_last_sync_of_the_future_is_told_as_not_known() -> None:
    """With whom to ask about it."""
    document = told(replace(HEALTHY, last_sync=minutes_ago(-3 * 24 * 60)))
    assert (document.wrong, document.doubts) == (None, (Doubt.SYNC_AHEAD,))
    assert document.summary == (
        "It is not known whether anything is wrong: the platform gives a last sync that lies more than a day in the "
        "future."
    )
    assert texts(document) == [task.step.text for task in DOUBTS[Doubt.SYNC_AHEAD].tasks]


def test_what_the_last_list_missed_is_told_as_not_known_with_the_instant_of_that_list() -> None:
    """Xero's own view could not be read since; what it said last, and what to do."""
    doubtful = Diagnosis(doubts=(Doubt.LIST_UNREAD, Doubt.STATUS_WORD))
    state = replace(known(HEALTHY), diagnosis=doubtful, missed_at=Moment(minutes_ago(40), 0.0))
    document = explained(state, LINKS)
    assert document.wrong is None
    assert "last read 2025-01-15T09:50:00.000Z, did not have it, and could not be read since; and the" in (
        document.summary
    )
    assert document.xero.note is not None
    assert document.xero.listed is None
    assert texts(document)[0] == DOUBTS[Doubt.LIST_UNREAD].tasks[0].step.text
    both = explained(replace(state, diagnosis=replace(doubtful, issues=known(GONE).diagnosis.issues)), LINKS)
    assert both.wrong is True
    assert both.summary == ISSUES[Issue.DISCONNECTED].sentence


def _all_tasks() -> list[Task]:
    of_issues = [task for row in ISSUES.values() for task in row.tasks]
    of_doubts = [task for row in DOUBTS.values() for task in row.tasks]
    return [*of_issues, *of_doubts, *(task for reason in Reason for task in tasks_of(reason))]


@pytest.mark.parametrize("task", _all_tasks(), ids=lambda task: task.step.text[:40])
def test_every_step_is_of_who_can_take_it(task: Task) -> None:
    """Pages say whose they are; the customer's Xero is the customer's; Xero itself takes no step."""
    text, link = task.step.text, task.step.link
    assert task.owner is not Owner.XERO
    if link is Link.INTEGRATION_SETTINGS or re.search("developers|Xero's (status|support)|ask the customer", text):
        assert task.owner is Owner.PLATFORM
    if link is Link.CLIENT_PORTAL or re.match(r"(In|Look in) (Xero|the (customer|organisation)'s Xero)", text):
        assert task.owner is Owner.CUSTOMER


@pytest.mark.parametrize("message", ["It rained on the cable.", None])
def test_what_nobody_recognises_is_not_said_to_be_the_customers(message: str | None) -> None:
    """Who reads the platform's log first ends it, or finds out who can."""
    (issue,) = told(failing(message)).issues
    assert (issue.issue, issue.owner) == (Issue.CONTACTS_FAILING, Owner.PLATFORM)


def test_a_warning_to_the_platform_is_no_step_of_the_customer() -> None:
    """Whoever loses refresh tokens is the platform, though only the customer can sign in again."""
    steps = told(failing("invalid_grant")).next_steps
    assert [step.owner for step in steps] == [Owner.PLATFORM, Owner.CUSTOMER, Owner.PLATFORM]
    assert "loses refresh tokens" in steps[2].text


# Whether a machine could help


@pytest.mark.parametrize(
    ("status", "retry", "resync"),
    [
        (GONE, "nothing reaches Xero until the connection works", "Once it works again, one resync"),
        (EXPIRED, "nothing reaches Xero until the connection works", "Once it works again, one resync"),
        (
            failing('{"Detail":"TokenExpired: token expired at 01/01/2025 00:00:00"}'),
            "only if the platform renews the token",
            "Once it works again, one resync",
        ),
        (failing(CANARY), "fail the same way for duplicate_contact", "meet the same records again"),
        (failing(RATE_LIMITED), "succeed unchanged for rate_limited", "does the same for less"),
        (failing(STRANGE), "for unknown cannot be said", "cannot be said"),
        (failing(DAILY), "It would do harm", "It would do harm"),
        (STALE_SYNC, "a retry does not start them", "start what did not start"),
        (HEALTHY, "no recent error says", "Nothing that is needed"),
    ],
)
def test_what_a_remedy_would_do_is_told_by_the_reasons(status: Status, retry: str, resync: str) -> None:
    """And costs are told where one could come to it."""
    document = told(status)
    assert retry in document.what_retry_would_do
    assert resync in document.what_resync_would_do


def test_a_mixture_is_told_apart() -> None:
    """What passes by itself, what a person must mend, and what nobody can say; with the cost."""
    sentence = told(failing(CANARY, RATE_LIMITED, STRANGE)).what_retry_would_do
    assert "succeed unchanged for rate_limited." in sentence
    assert "same way for duplicate_contact:" in sentence
    assert "for unknown cannot be said" in sentence
    assert sentence.endswith(RETRY_COSTS)


def test_what_is_in_vain_says_that_it_costs_all_the_same() -> None:
    """Quota is used up by failures too."""
    document = told(failing(CANARY))
    assert document.what_retry_would_do.endswith(IN_VAIN)
    assert document.what_resync_would_do.endswith(IN_VAIN)
    assert told(GONE).what_resync_would_do.endswith(RESYNC_COSTS)


# What never stands in it


@pytest.mark.parametrize("message", [CANARY, STRANGE, "\x1b[31m", "The contact name Jane Canary is already assigned"])
def test_no_error_text_and_no_name_stands_in_it(message: str) -> None:
    """Whatever the platform writes."""
    whole = told(failing(message, kind=f"contact {CANARY}")).model_dump_json()
    for personal in ("canary", "Canary", "zorblax", NAME, "\\u001b"):
        assert personal not in whole


ISSUE = st.builds(
    ActiveIssue,
    issue=st.sampled_from(Issue),
    since=st.floats(0, 2e9),
    because=st.sampled_from(Because),
    reasons=st.lists(st.sampled_from(Reason), max_size=4, unique=True).map(tuple),
)


@settings(deadline=None)
@given(st.lists(ISSUE, max_size=4, unique_by=lambda one: one.issue))
def test_every_diagnosis_can_be_explained(issues: list[ActiveIssue]) -> None:
    """Any issues for any reasons give sentences, steps that stand once, and an outlook."""
    state = replace(known(HEALTHY), diagnosis=Diagnosis(issues=tuple(issues)))
    document = explained(state, LINKS)
    assert document.wrong == bool(issues)
    assert len(set(texts(document))) == len(texts(document))
    assert bool(document.next_steps) == bool(issues)
    assert all(one.sentence and one.evidence for one in document.issues)
    assert document.what_retry_would_do.endswith(".")
    assert document.what_resync_would_do.endswith(".")


def test_instants_of_the_facts_are_those_of_the_issue() -> None:
    """A token that ran out is expired since then, not since we looked."""
    assert told(EXPIRED).issues[0].since == "2025-01-15T09:50:00.000Z"
    assert minutes_ago(40) == NOW.wall - 2400
