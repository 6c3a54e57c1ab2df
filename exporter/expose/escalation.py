"""The bundle with which a person hands one organisation over. Pure.

Redacted by allow-list: of a text that a rule recognised, the rule's own words are shown and nothing else; of any other,
its length, when it came, and a short hash, by which the same text is told again, also of another organisation. The hash
has a key that is never shown: a plain hash of a short text, such as an e-mail address, is found out by trying. The key
is random and gone with the process: one made of a secret of the configuration would let that be tried instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from exporter.expose.counted import counted
from exporter.expose.escalation_shapes import ErrorTextDocument, EscalationDocument
from exporter.expose.instants import rfc3339
from exporter.expose.shapes import OrganizationDocument
from exporter.expose.support_request import support_request
from exporter.model.action import UNSTARTED, Action, ActionState
from exporter.model.facts import SyncError
from exporter.model.words import Owner, Reason, ServiceStatus
from exporter.observe.reasons import REASONS
from exporter.observe.recognise import redacted

REDACTED: Final = (
    "Personal data is left out. Of an error text that is recognised only the fixed words are shown, [redacted:KIND] "
    "stands for the rest; a text that is not recognised is withheld whole. Texts with the same hash are the same, in "
    "this bundle and in others that the same run of the exporter made."
)
WITH_PERSONAL_DATA: Final = (
    "THIS BUNDLE HOLDS PERSONAL DATA: the organisation's name and whole error texts, with what they say of customers. "
    "Give it only to people who may see that. The request to Xero at its end holds none."
)
MOST_ACTIONS: Final = 20
"""Actions of an organisation that a bundle looks at, the newest; of those that were sent it names `_MOST_NAMED`."""

_MOST_NAMED: Final = 5


def escalation_document(
    organization: OrganizationDocument,
    errors: Sequence[SyncError],
    *,
    at: float,
    version: str,
    personal_data: bool,
    hash_key: bytes,
    actions: Sequence[Action] | None,
    asked: str | None = None,
) -> EscalationDocument:
    """The bundle.

    Args:
        organization: what is known of it; with its name exactly when `personal_data`.
        errors: those of its last status, with their texts.
        at: when this is made, seconds since 1970 UTC.
        version: of this program.
        personal_data: whether whole texts are told.
        hash_key: random, never shown; hashes of the same key can be compared.
        actions: what the ledger has of this organisation, the newest first; None: it cannot be read.
        asked: what was sent to the platform for this bundle, and how long was waited; None when nothing was.
    """
    told = tuple(error_texts(errors, personal_data=personal_data, hash_key=hash_key))
    return EscalationDocument(
        notice=WITH_PERSONAL_DATA if personal_data else REDACTED,
        personal_data=personal_data,
        at=rfc3339(at),
        version=version,
        status_page_first=status_page_first(organization),
        for_xero=_for_xero(organization),
        organization=organization,
        errors=told,
        tried=(*_acts(actions), *_tried(organization, asked)),
        request=support_request(organization, told, rfc3339(at)),
    )


def error_texts(errors: Sequence[SyncError], *, personal_data: bool, hash_key: bytes) -> Iterator[ErrorTextDocument]:
    """What is told of the texts of these errors, the newest first; arguments as of `escalation_document`."""
    newest_first = sorted(errors, key=_age)
    first: dict[str, float] = {}
    for error in newest_first:
        if error.message is not None and error.at is not None:
            first[error.message] = min(error.at, first.get(error.message, error.at))
    for error in newest_first:
        message = error.message
        length = error.length if error.length is not None else None if message is None else len(message)
        yield ErrorTextDocument(
            at=rfc3339(error.at),
            sync_type=error.sync_type,
            reason=error.reason,
            correlation_id=error.correlation_id,
            text=redacted(error.kind, message),
            length=length,
            cut=message is not None and length != len(message),
            hash=None if message is None else _hash(f"{length} {message}", hash_key),
            first_seen=None if message is None else rfc3339(first.get(message)),
            whole_type=error.kind if personal_data else None,
            whole_text=message if personal_data else None,
        )


def _hash(message: str, key: bytes) -> str:
    return hashlib.blake2b(message.encode("utf-8", "surrogatepass"), digest_size=4, key=key).hexdigest()


def _age(error: SyncError) -> float:
    return float("inf") if error.at is None else -error.at


def status_page_first(organization: OrganizationDocument) -> str:
    """What the status pages say, and what whoever escalates does with it."""
    pages = organization.diagnosis.xero.status_pages
    said = ", ".join(f"{one.page} says {one.status}" for one in pages)
    if not pages:
        return "No status page was read: look at https://status.xero.com before anything is sent."
    if any(one.status in _TROUBLE for one in pages):
        return f"{said}. Xero knows of trouble: wait until it is over, and send this only if it fails on."
    if any(one.status is ServiceStatus.UNKNOWN for one in pages):
        return f"{said}. What is unknown could not be read: look at it before anything is sent."
    return f"{said}. Xero knows of no trouble."


_TROUBLE: Final = frozenset({ServiceStatus.MINOR, ServiceStatus.MAJOR, ServiceStatus.CRITICAL})


def _for_xero(organization: OrganizationDocument) -> str:
    diagnosis = organization.diagnosis
    if diagnosis.wrong is None and organization.facts is None:
        return "Not known: the platform gives no status to go by. That is nothing Xero can look at."
    if diagnosis.wrong is None:
        return f"Not known: there is a status, but take the steps first. {diagnosis.summary}"
    if not diagnosis.wrong:
        return "No: nothing is wrong now."
    reasons = [reason for one in diagnosis.issues for reason in one.reasons]
    if any(REASONS[reason].owner is Owner.XERO for reason in reasons):
        return "Yes, once the status page shows no trouble: errors say that Xero itself failed."
    if Reason.UNKNOWN in reasons:
        return "Perhaps: there are errors that no rule knows. Read them first, they may name a cause that is at hand."
    return "Not yet: what is known does not point at Xero. Take the steps first; ask Xero if it stays after them."


def _acts(actions: Sequence[Action] | None) -> Iterator[str]:
    """What this exporter did to the platform for the organisation, and what of it waits."""
    if actions is None:
        yield "Whether this exporter did anything is not known: its ledger cannot be read."
        return
    sent = [one for one in actions if one.state not in _UNSENT]
    if not sent:
        yield "Nothing was sent for it by this exporter, as far back as its ledger reaches."
    for one in sent[:_MOST_NAMED]:
        yield f"{rfc3339(one.called_at)}: {_what(one)}, {one.state}: {_BECAME[one.state]}."
    for one in actions:
        if one.state in UNSTARTED:
            held = "" if one.hold is None else f", held by {one.hold}"
            yield f"{_what(one)} waits{held}; nothing of it was sent."


def _what(action: Action) -> str:
    parameters = action.parameters
    ids = () if parameters is None else parameters.record_ids
    types = "" if parameters is None else f" of {', '.join(parameters.sync_types)}"
    records = f", {counted(len(ids), 'record')}" if ids else ""
    return f"{action.kind}{types}{records} (action {action.id})"


_UNSENT: Final = frozenset({*UNSTARTED, ActionState.CANCELLED, ActionState.EXPIRED})

_BECAME: Final[Mapping[ActionState, str]] = {
    ActionState.STARTED: "its call may go out at any moment",
    ActionState.ACCEPTED: "the platform took it, and readings have to tell whether it helped",
    ActionState.UNKNOWN: "the call may have been received",
    ActionState.VERIFIED: "it helped",
    ActionState.INEFFECTIVE: "it did not help",
    ActionState.FAILED: "the platform refused it",
    ActionState.EXHAUSTED: "it did not help, and nothing is tried again",
}


def _tried(organization: OrganizationDocument, asked: str | None) -> Iterator[str]:
    fresh, facts = organization.diagnosis.freshness, organization.facts
    if asked is not None:
        yield f"The platform was asked for this: {asked}."
    if fresh.why_not is not None:
        latest = organization.recent[:1] if fresh.asked is not None else ()
        detail = "".join(f" ({one.detail})" for one in latest if one.detail is not None)
        yield f"No answer now: {fresh.why_not}{detail}."
    if facts is None:
        yield "So there is no status of the platform to go by."
        return
    pending, failed = _count(facts.pending_syncs), _count(facts.failed_syncs)
    last = f"its last sync was {facts.last_sync}" if facts.last_sync else "it names no last sync"
    yield f"The platform counts {failed} failed and {pending} pending syncs; {last}."
    yield "Whether the platform itself tried again is not in its status."


def _count(value: int | None) -> str:
    return "an unknown number of" if value is None else str(value)
