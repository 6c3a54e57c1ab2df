"""One organisation explained to a person: diagnosis and tables in, a document out. Pure.

What is told comes in the order in which a person needs it: how fresh it is, what is wrong, why, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from exporter.config.diagnosis import Links
from exporter.config.xero import STATUS_PAGES
from exporter.expose.counted import counted
from exporter.expose.diagnosis_shapes import (
    Basis,
    DiagnosisDocument,
    ErrorsDocument,
    FreshnessDocument,
    IssueDocument,
    StatusPageDocument,
    StepDocument,
    XeroDocument,
)
from exporter.expose.instants import instant_of, rfc3339
from exporter.expose.outlook import what_resync_would_do, what_retry_would_do
from exporter.model.facts import OrganizationState, Status
from exporter.model.fleet import ALONE, Surroundings
from exporter.model.judgement import ActiveIssue, Doubt, ErrorCount
from exporter.model.words import WORDLESS, Freshness, Owner, Reason
from exporter.observe.in_doubt import DOUBTS
from exporter.observe.issues import EVIDENCE, FAILURES, ISSUES, OPPOSITE, SYNC_LOG, FailureRow, Task
from exporter.observe.reasons import REASONS
from exporter.observe.reasons.row import Link

WELL: Final = "Nothing is wrong."
NEVER_CONNECTED: Final = "It was never connected to Xero, so nothing is wrong with its connection."
WELL_WHEN_ASKED: Final = "Nothing was wrong at its last answer; the last attempt to ask it failed."
NOT_KNOWN: Final = "It is not known whether anything is wrong"
WELL_AT_ONE_LOOK: Final = (
    "Nothing is wrong by this one look, which remembers nothing; syncs are counted as failed, and failures that come "
    "back show only over time."
)

_NOT_YET: Final = "it was not asked yet"


def explained(
    state: OrganizationState,
    links: Links,
    *,
    surroundings: Surroundings = ALONE,
    basis: Basis = Basis.HISTORY,
    unasked: FailureRow | None = None,
) -> DiagnosisDocument:
    """What is wrong with an organisation, why, and what to do.

    Args:
        state: what is known of it.
        links: templates of the platform's pages.
        surroundings: what the status pages say.
        basis: what the state was made from.
        unasked: why nobody was asked; None when that is not known, or somebody was.
    """
    known = state.freshness is Freshness.FRESH
    diagnosis = state.diagnosis
    sure = known and not diagnosis.doubts
    place = _Place(state.organization.id, links)
    return DiagnosisDocument(
        basis=basis,
        freshness=freshness_document(state, unasked),
        wrong=True if diagnosis.issues else False if sure else None,
        summary=_summary(state, unasked, basis),
        issues=tuple(map(_issue, diagnosis.issues)),
        remembered=(),
        doubts=diagnosis.doubts,
        errors=tuple(_errors(one, place) for one in diagnosis.errors),
        left_out=None if state.status is None else left_out(state.status),
        never_connected=diagnosis.never_connected,
        xero=_xero(state, surroundings),
        what_retry_would_do=what_retry_would_do(diagnosis, known=known),
        what_resync_would_do=what_resync_would_do(diagnosis, known=known),
        next_steps=place.told(_next_steps(state, unasked)),
    )


def left_out(status: Status) -> str | None:
    """How many entries of the list of errors are not there, and why; None when none is missing."""
    dropped, malformed = status.errors_dropped, status.errors_malformed
    if not dropped:
        return None
    whole = len(status.errors) + dropped
    if dropped == malformed:
        are = "is" if dropped == 1 else "are"
        return f"Of {_errors_listed(whole)}, {dropped} cannot be read and {are} left out."
    unread = f", {malformed} of them because they cannot be read" if malformed else ""
    # Of a long list only both ends are looked at, so that an entry in its middle may be newer.
    return (
        f"Of {_errors_listed(whole)}, {len(status.errors)} count here, the newest as far as is known; "
        f"{dropped} are left out{unread}."
    )


def _errors_listed(count: int) -> str:
    return f"{counted(count, 'error')} that the platform lists"


def freshness_document(state: OrganizationState, unasked: FailureRow | None = None) -> FreshnessDocument:
    """When it was asked and answered, and why there is nothing newer."""
    return FreshnessDocument(
        freshness=state.freshness,
        asked=instant_of(state.last_attempt),
        answered=instant_of(state.last_success),
        why_not=_why_not(state, unasked),
    )


def _why_not(state: OrganizationState, unasked: FailureRow | None) -> str | None:
    if state.last_attempt is None:
        return _NOT_YET if unasked is None else unasked.why
    return None if state.failure is None else FAILURES[state.failure].why


def _summary(state: OrganizationState, unasked: FailureRow | None, basis: Basis) -> str:
    if state.freshness is not Freshness.FRESH:
        return f"{NOT_KNOWN}: {_why_not(state, unasked) or 'its last answer is too old'}."
    if state.diagnosis.never_connected:
        return NEVER_CONNECTED
    if not state.diagnosis.issues:
        return _without_issue(state, basis)
    return " ".join(ISSUES[one.issue].sentence for one in state.diagnosis.issues)


def _without_issue(state: OrganizationState, basis: Basis) -> str:
    if state.diagnosis.doubts:
        return f"{NOT_KNOWN}: {'; and '.join(_doubt(one, state) for one in state.diagnosis.doubts)}."
    if state.failure is not None:
        return WELL_WHEN_ASKED
    failed = state.status is not None and (state.status.failed_syncs or 0) > 0
    return WELL_AT_ONE_LOOK if failed and basis is Basis.ONE_READING else WELL


def _doubt(doubt: Doubt, state: OrganizationState) -> str:
    """Why it is not known, words that follow a colon."""
    failed = None if state.status is None else state.status.failed_syncs
    counts = f"the platform counts {counted(failed, 'failed sync')}" if failed else ""
    match doubt:
        case Doubt.LIST_UNREAD:
            read = instant_of(state.missed_at) or "some time ago"
            return f"Xero's own list of connections, last read {read}, did not have it, and could not be read since"
        case Doubt.SYNCS_NOT_SAID if failed:
            return f"{counts}, and gives no word for how syncs go"
        case Doubt.SYNCS_NOT_SAID if state.status is not None and state.status.sync_status is not None:
            return "the platform does not say how many syncs failed, and its word or its errors say that some may have"
        case Doubt.STATUS_WORD if failed:
            return f"{counts}, and its word for how syncs go is none that is known here"
        case _:
            return DOUBTS[doubt].why


def _issue(one: ActiveIssue) -> IssueDocument:
    row = ISSUES[one.issue]
    # A reason that is known says whose it is. One that is not known does not say that it is the customer's.
    telling = [reason for reason in one.reasons if reason not in WORDLESS] or one.reasons
    return IssueDocument(
        issue=one.issue,
        since=rfc3339(one.since),
        because=one.because,
        evidence=EVIDENCE[one.because],
        sentence=row.sentence,
        owner=REASONS[telling[0]].owner if telling else row.owner,
        reasons=one.reasons,
    )


def _errors(one: ErrorCount, place: _Place) -> ErrorsDocument:
    row = REASONS[one.reason]
    return ErrorsDocument(
        sync_type=one.sync_type,
        reason=one.reason,
        count=one.count,
        newest=rfc3339(one.newest),
        cause=row.cause,
        owner=row.owner,
        retry_helps=None if one.reason in WORDLESS else row.retry_helps,
        steps=place.told(tasks_of(one.reason)),
    )


def _xero(state: OrganizationState, surroundings: Surroundings) -> XeroDocument:
    opposite = state.listed is True and state.status is not None and state.status.connected is False
    doubtful = Doubt.LIST_UNREAD in state.diagnosis.doubts
    unread = _doubt(Doubt.LIST_UNREAD, state) if doubtful else None
    return XeroDocument(
        listed=state.listed,
        note=OPPOSITE if opposite else unread,
        status_pages=status_pages(surroundings),
    )


def status_pages(surroundings: Surroundings) -> tuple[StatusPageDocument, ...]:
    """What the status pages say, and when each was read."""
    return tuple(
        StatusPageDocument(page=one.page, status=one.status, read=rfc3339(one.read)) for one in surroundings.pages
    )


def _next_steps(state: OrganizationState, unasked: FailureRow | None) -> Iterator[Task]:
    """What to do now: why it is not known, else what each issue asks for, the gravest first."""
    if state.freshness is not Freshness.FRESH:
        if unasked is not None:
            yield unasked.task
        elif state.failure is not None:
            yield FAILURES[state.failure].task
        return
    for one in state.diagnosis.issues:
        yield from _tasks(one)
    for doubt in state.diagnosis.doubts:
        yield from DOUBTS[doubt].tasks


def _tasks(one: ActiveIssue) -> Iterator[Task]:
    """What an issue and the reasons behind it ask for.

    A reason that is known says more than the list of what may be behind an issue, which then is left out. One that is
    not known begins with reading what was answered, and ends with asking others: the list stands in between.
    """
    telling = [reason for reason in one.reasons if reason not in WORDLESS]
    wordless = [tuple(tasks_of(reason)) for reason in one.reasons if reason in WORDLESS]
    for reason in telling:
        yield from tasks_of(reason)
    for tasks in wordless:
        yield from tasks[:1]
    if not telling:
        yield from (task for task in ISSUES[one.issue].tasks if not wordless or task is not SYNC_LOG)
    for tasks in wordless:
        yield from tasks[1:]


def tasks_of(reason: Reason) -> Iterator[Task]:
    """The steps of a reason: its owner's, but for those that say whose, or begin on a page of somebody else's."""
    row = REASONS[reason]
    return (Task(step.owner or _at_home(step.link) or row.owner, step) for step in row.steps)


_AT_HOME: Final = {Link.INTEGRATION_SETTINGS: Owner.PLATFORM, Link.CLIENT_PORTAL: Owner.CUSTOMER}
"""Who works on which page."""


def _at_home(link: Link | None) -> Owner | None:
    return None if link is None else _AT_HOME.get(link)


class _Place:
    """Where the steps of one organisation are taken."""

    def __init__(self, organization_id: str, links: Links) -> None:
        quoted = quote(organization_id, safe="")
        templates = {Link.INTEGRATION_SETTINGS: links.integration_settings, Link.CLIENT_PORTAL: links.client_portal}
        self._urls = {
            link: template.replace("{organization_id}", quoted)
            for link, template in templates.items()
            if template is not None
        }
        self._urls[Link.XERO_STATUS] = STATUS_PAGES[0]

    def told(self, tasks: Iterable[Task]) -> tuple[StepDocument, ...]:
        """The steps with their pages, each text once, in order."""
        once: dict[str, Task] = {}
        for task in tasks:
            once.setdefault(task.step.text, task)
        return tuple(
            StepDocument(
                text=task.step.text,
                owner=task.owner,
                url=None if task.step.link is None else self._urls.get(task.step.link),
            )
            for task in once.values()
        )
