"""One reading, made now, beside what a running exporter remembers. Pure."""

from __future__ import annotations

from typing import Final

from exporter.expose.diagnosis_shapes import Basis, DiagnosisDocument, IssueDocument
from exporter.expose.explanation import NOT_KNOWN, WELL, WELL_AT_ONE_LOOK
from exporter.expose.shapes import OrganizationDocument
from exporter.model.judgement import CONNECTION_ISSUES, DOUBTED, Because, Doubt
from exporter.model.words import Issue

CANNOT_BE_ASKED: Final = f"{NOT_KNOWN}: nothing was wrong at the last answer, and it cannot be asked now."
"""What is said of an organisation that was well, and whose reading of now failed."""


def with_history(now: OrganizationDocument, remembered: OrganizationDocument) -> OrganizationDocument:
    """What one reading shows, and since when.

    Where the reading failed, what is remembered is all there is: it is told, with the reading's failure as the reason
    why there is nothing newer.

    Args:
        now: by one reading, without memory.
        remembered: of the same organisation, by the running exporter.
    """
    return _beside(now, remembered) if now.facts is not None else _instead(now, remembered)


def _beside(now: OrganizationDocument, remembered: OrganizationDocument) -> OrganizationDocument:
    before = remembered.diagnosis
    present = {one.issue for one in now.diagnosis.issues}
    update: dict[str, object] = {
        "basis": Basis.ONE_READING_AND_HISTORY,
        "issues": tuple(_since(one, before) for one in now.diagnosis.issues),
        # A connection issue hides what comes after it, here as there.
        "remembered": tuple(one for one in before.issues if one.issue not in present),
    }
    if not now.diagnosis.wrong:
        update |= _less_sure(now, before)
    polling = remembered.polling.model_copy(
        update={
            "last_attempt": now.polling.last_attempt,
            "last_success": now.polling.last_success,
            "failure": None,
            "failures_in_row": 0,
            "data_withdrawn": False,
        }
    )
    diagnosis = now.diagnosis.model_copy(update=update)
    return now.model_copy(update={"diagnosis": diagnosis, "polling": polling, **_readings(now, remembered)})


def _less_sure(now: OrganizationDocument, before: DiagnosisDocument) -> dict[str, object]:
    """What else is to be said of a look that found nothing, by what is remembered."""
    found = now.diagnosis
    if Doubt.LIST_UNREAD in before.doubts and _list_is_missing(now):
        return {
            "wrong": None,
            "summary": _also(found, f"{before.xero.note}"),
            "doubts": (Doubt.LIST_UNREAD, *found.doubts),
            "xero": found.xero.model_copy(update={"note": before.xero.note}),
            "next_steps": tuple(dict.fromkeys((*before.next_steps, *found.next_steps))),
        }
    standing = [one.issue for one in before.issues if _outlasts(one, now)]
    if standing:
        remembers = f"the running exporter, which remembers, still has {', '.join(standing)}"
        return {
            "wrong": None,
            # What this look takes for one that never was is one whose every trace the platform took away.
            "never_connected": False,
            "summary": _also(found, remembers)
            if found.doubts
            else f"{NOT_KNOWN}: this one look, which remembers nothing, finds nothing, and {remembers}.",
            "next_steps": tuple(dict.fromkeys((*before.next_steps, *found.next_steps))),
        }
    return {"summary": WELL} if before.wrong is False and found.summary == WELL_AT_ONE_LOOK else {}


def _also(found: DiagnosisDocument, why: str) -> str:
    """That it is not known, for what this look is in doubt about, if it is, and for this."""
    return f"{found.summary.removesuffix('.')}; and {why}." if found.doubts else f"{NOT_KNOWN}: {why}."


def _outlasts(one: IssueDocument, now: OrganizationDocument) -> bool:
    """Whether an issue that only the running exporter has may stand all the same: one look does not end it."""
    if one.because is Because.NOT_LISTED_BY_XERO:
        return _list_is_missing(now)
    if one.issue is Issue.SYNC_STALE:
        # Since when nothing was synchronised is remembered only where nothing ever was.
        return now.facts is not None and now.facts.connected is True and now.facts.last_sync is None
    if now.diagnosis.never_connected:
        return one.issue is Issue.DISCONNECTED
    if any(one.issue in DOUBTED[doubt] for doubt in now.diagnosis.doubts):
        return True
    return one.issue not in CONNECTION_ISSUES


def _list_is_missing(now: OrganizationDocument) -> bool:
    """Whether the platform says connected, and this look could not read Xero's own list."""
    return now.facts is not None and now.facts.connected is True and now.diagnosis.xero.listed is None


def _instead(now: OrganizationDocument, remembered: OrganizationDocument) -> OrganizationDocument:
    asked = now.polling.last_attempt is not None
    fresh, polling = remembered.diagnosis.freshness, remembered.polling
    fresh = fresh.model_copy(
        update={
            "asked": now.diagnosis.freshness.asked if asked else fresh.asked,
            "why_not": now.diagnosis.freshness.why_not,
        }
    )
    basis = Basis.ONE_READING_AND_HISTORY if asked else Basis.HISTORY
    now_first = dict.fromkeys((*now.diagnosis.next_steps, *remembered.diagnosis.next_steps))
    diagnosis = remembered.diagnosis.model_copy(
        update={"basis": basis, "freshness": fresh, "next_steps": tuple(now_first)}
    )
    if asked and diagnosis.wrong is False:
        # What was well at the last answer is not known to be well now.
        diagnosis = diagnosis.model_copy(update={"wrong": None, "summary": CANNOT_BE_ASKED})
    if asked:
        polling = polling.model_copy(update={"last_attempt": now.polling.last_attempt, "failure": now.polling.failure})
    return remembered.model_copy(
        update={"name": now.name, "diagnosis": diagnosis, "polling": polling, **_readings(now, remembered)}
    )


def _since(issue: IssueDocument, before: DiagnosisDocument) -> IssueDocument:
    """The issue, begun when it was first seen by either."""
    known = [one.since for one in (issue, *before.issues) if one.issue is issue.issue and one.since is not None]
    # Instants of documents are of one shape, and sort as texts.
    return issue.model_copy(update={"since": min(known, default=None)})


def _readings(now: OrganizationDocument, remembered: OrganizationDocument) -> dict[str, object]:
    return {"recent": (*now.recent, *remembered.recent), "failures": (*now.failures, *remembered.failures)}
