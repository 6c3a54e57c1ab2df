"""Whether the platform's two remedies could help one organisation, and what they cost, in sentences. Pure.

The platform documents ``POST .../retry`` with the ids of records, and ``POST .../resync`` with sync types and a date.
Reading a status costs nothing at Xero; both remedies are paid with the customer's own quota there: 60 calls a minute,
and 1,000 or 5,000 a day. Whoever uses up the day takes the customer down until the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from exporter.model.judgement import CONNECTION_ISSUES, Diagnosis
from exporter.model.words import WORDLESS, Issue, Reason
from exporter.observe.reasons import REASONS

RETRY_COSTS: Final = (
    "POST .../retry takes the ids of the records; each record costs the customer's Xero quota at least one call."
)
RESYNC_COSTS: Final = (
    "POST .../resync takes sync types and a date and goes through everything since then; each record costs the "
    "customer's Xero quota, which can be 1,000 calls a day: name as few types and days as will do."
)
IN_VAIN: Final = "Trying costs the customer's Xero quota all the same."

_NOT_KNOWN: Final = "Not known: there is no answer of the platform to go by. Leave it until there is."
_NEVER_CONNECTED: Final = "Nothing: it was never connected to Xero."
_DAILY: Final = (
    "It would do harm: Xero refuses this customer because the calls of the day are used up. Leave it until tomorrow."
)


def what_retry_would_do(diagnosis: Diagnosis, *, known: bool) -> str:
    """Why retrying the failed records would help, or would not.

    Args:
        diagnosis: what is wrong.
        known: whether it is: an organisation that did not answer lately has an empty diagnosis.
    """
    if (word := _before_reasons(diagnosis, known=known)) is not None:
        return word
    reasons = _reasons(diagnosis)
    if _issue(diagnosis) is Issue.TOKEN_EXPIRED and reasons == [Reason.TOKEN_EXPIRED]:
        return (
            "It helps only if the platform renews the token when it syncs: as long as the expiry stays in the past it "
            f"fails the same way. {RETRY_COSTS}"
        )
    if _issue(diagnosis) in CONNECTION_ISSUES:
        return "It would fail the same way: nothing reaches Xero until the connection works again."
    if _issue(diagnosis) is Issue.SYNC_STALE and not reasons:
        return "Nothing: no record is known to have failed. The syncs wait, and a retry does not start them."
    if not reasons:
        return "Nothing: no recent error says that there is something to retry."
    passing = [one for one in reasons if REASONS[one].retry_helps]
    wordless = [one for one in reasons if one in WORDLESS]
    lasting = [one for one in reasons if one not in passing and one not in wordless]
    said = [
        f"It can succeed unchanged for {_listed(passing)}." if passing else "",
        f"It would fail the same way for {_listed(lasting)}: a person must mend that first." if lasting else "",
        f"Whether it helps for {_listed(wordless)} cannot be said: what is known does not tell why."
        if wordless
        else "",
    ]
    return " ".join([*filter(None, said), RETRY_COSTS if passing or wordless else IN_VAIN])


def what_resync_would_do(diagnosis: Diagnosis, *, known: bool) -> str:
    """Why a resync would help, or would not.

    Args:
        diagnosis: what is wrong.
        known: as `what_retry_would_do`.
    """
    if (word := _before_reasons(diagnosis, known=known)) is not None:
        return word
    reasons = _reasons(diagnosis)
    if _issue(diagnosis) in CONNECTION_ISSUES:
        return (
            "Nothing while the connection is broken. Once it works again, one resync from the last sync on catches up "
            f"on what was missed. {RESYNC_COSTS}"
        )
    if _issue(diagnosis) is Issue.SYNC_STALE and not reasons:
        return f"It may start what did not start by itself, from the last sync on. {RESYNC_COSTS}"
    return _resync_of_records(reasons) if diagnosis.issues else f"Nothing that is needed. {IN_VAIN}"


def _resync_of_records(reasons: Sequence[Reason]) -> str:
    if all(REASONS[one].retry_helps for one in reasons):
        return f"It would help, but a retry of the failed records does the same for less. {RESYNC_COSTS}"
    if any(one in WORDLESS for one in reasons):
        return f"Whether it helps cannot be said: what is known does not tell why syncs fail. {RESYNC_COSTS}"
    return f"It would meet the same records again, and fail on them the same way. {IN_VAIN}"


def _before_reasons(diagnosis: Diagnosis, *, known: bool) -> str | None:
    """What holds whatever the reasons are."""
    if not known:
        return _NOT_KNOWN
    if diagnosis.never_connected:
        return _NEVER_CONNECTED
    return _DAILY if Reason.DAILY_LIMIT in _reasons(diagnosis) else None


def _issue(diagnosis: Diagnosis) -> Issue | None:
    """The gravest one."""
    return diagnosis.issues[0].issue if diagnosis.issues else None


def _reasons(diagnosis: Diagnosis) -> list[Reason]:
    """Those behind the issues, each once; without an issue, those of the recent errors."""
    behind = [reason for one in diagnosis.issues for reason in one.reasons]
    return list(dict.fromkeys(behind if diagnosis.issues else [one.reason for one in diagnosis.errors]))


def _listed(reasons: Sequence[Reason]) -> str:
    *first, last = reasons
    return f"{', '.join(first)} and {last}" if first else str(last)
