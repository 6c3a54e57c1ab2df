"""One organisation on a terminal: how fresh, what is wrong, why, and last, where the eye ends, what to do."""

from __future__ import annotations

from typing import Final

from exporter.cli.terminal import Page, page_says, since
from exporter.expose.diagnosis_shapes import Basis, DiagnosisDocument, ErrorsDocument, IssueDocument, StepDocument
from exporter.expose.shapes import FactsDocument, OrganizationDocument

FAILURES_SHOWN: Final = 4

_BASIS: Final = {
    Basis.HISTORY: "the running exporter, as of then",
    Basis.ONE_READING: "one reading, made now",
    Basis.NO_READING: "nothing: there is no reading",
    Basis.ONE_READING_AND_HISTORY: "one reading, made now; history by the running exporter",
}
_GREEN, _RED, _YELLOW = "bold green", "bold red", "bold yellow"


def show(document: OrganizationDocument, page: Page, now: float, *, no_history: str | None = None) -> None:
    """Writes the page.

    Args:
        document: what is known.
        page: where to.
        now: seconds since 1970 UTC.
        no_history: why no running exporter adds what it remembers; None when one does, or tells all of it.
    """
    diagnosis = document.diagnosis
    named = document.id if document.name is None else f"{document.id} ({document.name})"
    page.title(f"{named}: {_word(diagnosis)}", _style(diagnosis))
    _freshness(document, page, now)
    if no_history is not None:
        page.fact("no history", no_history)
    _wrong(diagnosis, page, now)
    if document.facts is not None:
        _facts(document.facts, page, now, never_connected=diagnosis.never_connected)
        if diagnosis.left_out is not None:
            page.say(diagnosis.left_out, indent=18, style=_YELLOW)
    _xero(document, page, now)
    _errors(diagnosis.errors, page, now)
    _failures(document, page, now)
    if diagnosis.wrong or diagnosis.errors:
        page.heading("Would it help to")
        page.fact("retry?", diagnosis.what_retry_would_do)
        page.fact("resync?", diagnosis.what_resync_would_do)
    _next(diagnosis, page)


def _word(diagnosis: DiagnosisDocument) -> str:
    if diagnosis.wrong is None:
        return "not known"
    if diagnosis.never_connected:
        return "never connected"
    return ", ".join(one.issue for one in diagnosis.issues) or "nothing is wrong"


def _style(diagnosis: DiagnosisDocument) -> str:
    return {None: _YELLOW, True: _RED, False: _GREEN}[diagnosis.wrong]


def _freshness(document: OrganizationDocument, page: Page, now: float) -> None:
    fresh = document.diagnosis.freshness
    page.fact("asked", since(fresh.asked, now))
    page.fact("answered", since(fresh.answered, now))
    if fresh.why_not is not None:
        page.fact("why not", f"{fresh.why_not}{_detail(document)}", _YELLOW)
    page.fact("by", _BASIS[document.diagnosis.basis])


def _detail(document: OrganizationDocument) -> str:
    last = document.recent[0] if document.recent else None
    return f": {last.detail}" if last is not None and last.detail else ""


def _wrong(diagnosis: DiagnosisDocument, page: Page, now: float) -> None:
    if diagnosis.wrong is False and not (diagnosis.remembered or diagnosis.never_connected):
        return
    page.heading("What is wrong")
    if not diagnosis.issues:
        page.say(diagnosis.summary)
    for one in diagnosis.issues:
        _issue(one, page, now)
    for one in diagnosis.remembered:
        page.say(f"The running exporter also has {one.issue}, since {since(one.since, now)}: {one.evidence}.")


def _issue(one: IssueDocument, page: Page, now: float) -> None:
    page.say(f"{one.issue}, since {since(one.since, now)}", style="bold")
    page.say(one.sentence, indent=4)
    reasons = f" Reason: {', '.join(one.reasons)}." if one.reasons else ""
    page.say(f"Because {one.evidence}.{reasons} Who can end it: {one.owner}.", indent=4)


def _facts(facts: FactsDocument, page: Page, now: float, *, never_connected: bool) -> None:
    no_token = "there is no token: it was never connected" if never_connected else "not said"
    page.heading("What the platform says")
    page.fact("connected", _truth(facts.connected))
    page.fact("sync status", facts.sync_status or "not said")
    # null is both: a platform that leaves it out looks like one that never synced.
    no_sync = "never" if never_connected else "never, or not said"
    page.fact("last sync", no_sync if facts.last_sync is None else since(facts.last_sync, now))
    page.fact("token expires", no_token if facts.token_expires_at is None else since(facts.token_expires_at, now))
    page.fact("pending, failed", f"{_count(facts.pending_syncs)}, {_count(facts.failed_syncs)}")
    page.fact("errors listed", f"{facts.errors_reported}{_newest(facts.newest_error_at, now)}")


def _xero(document: OrganizationDocument, page: Page, now: float) -> None:
    xero = document.diagnosis.xero
    page.heading("What Xero says")
    page.fact("lists it", xero.note or "not known" if xero.listed is None else _truth(xero.listed))
    if xero.listed is not None and xero.note is not None:
        page.say(xero.note, indent=18)
    told = [page_says(one.page, one.status, one.read, now) for one in xero.status_pages]
    page.facts("status pages", told or ["not read"])


def _errors(errors: tuple[ErrorsDocument, ...], page: Page, now: float) -> None:
    if not errors:
        return
    page.heading("Recent errors")
    said: set[str] = set()
    for one in errors:
        page.say(f"{one.count} x {one.sync_type}, {one.reason}{_newest(one.newest, now)}")
        if one.cause not in said:
            page.say(one.cause, indent=4)
            said.add(one.cause)


def _newest(instant: str | None, now: float) -> str:
    return "" if instant is None else f", the newest {since(instant, now)}"


def _failures(document: OrganizationDocument, page: Page, now: float) -> None:
    failures, recent = document.failures, document.recent
    if len(failures) + (failures[:1] != recent[:1]) < 2:  # noqa: PLR2004 - one that is the last stands above
        return
    page.heading("Readings that failed, the last first")
    for one in failures[:FAILURES_SHOWN]:
        detail = f", {one.detail}" if one.detail else ""
        page.say(f"{since(one.at, now)}: {one.outcome} after {one.duration_seconds:.1f} s{detail}")
    if more := len(failures) - FAILURES_SHOWN:
        page.say(f"and {more} more" if more > 0 else "")


def _next(diagnosis: DiagnosisDocument, page: Page) -> None:
    page.heading("What now")
    if not diagnosis.next_steps:
        page.say("Nothing." if diagnosis.wrong is False else "Ask again in a moment.")
    for number, step in enumerate(diagnosis.next_steps, 1):
        _step(number, step, page)


def _step(number: int, step: StepDocument, page: Page) -> None:
    indent = len("  1. ")
    page.say(f"[{step.owner}] {step.text}", indent=indent, first=f"{number:>3}. ")
    if step.url is not None:
        page.address(step.url, indent=indent)


def _truth(value: bool | None) -> str:
    return "not said" if value is None else "yes" if value else "no"


def _count(value: int | None) -> str:
    return "not said" if value is None else str(value)
