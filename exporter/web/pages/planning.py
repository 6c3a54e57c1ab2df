"""What a person is about to ask for: what the form holds, what is offered in it, and what would come of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from pydantic import ValidationError

from exporter.model.action import ActionKind, Parameters
from exporter.model.asked import incomplete
from exporter.model.facts import OrganizationState, SyncError
from exporter.model.words import MAX_RECORD_IDS, Freshness, SyncType
from exporter.observe.reasons import REASONS
from exporter.web.problems import ProblemError, bad_parameters
from exporter.web.remedies import ResyncRequest, RetryRequest

SYNC_TYPES: Final = (SyncType.CONTACTS, SyncType.INVOICES, SyncType.RECONCILIATION)
"""What the platform can be asked to sync."""

MARGIN: Final = 60.0
"""Seconds before the first failing error at which the resync begins that is offered."""

DAY: Final = 86_400.0

Body: TypeAlias = RetryRequest | ResyncRequest

_SEPARATORS: Final = re.compile(r"[\s,;]+")
_SENTENCES: Final = {
    "note": "the note is too long",
    "sync_type": "choose what is to be synced again",
    "sync_types": "choose what is to be synced again",
    "record_ids": f"name 1 to {MAX_RECORD_IDS} records; an id is 1 to 128 letters, digits and . _ : - of ASCII",
    "since": "say since when, as 2026-01-31T18:00 in UTC",
}
"""Field -> what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the form, as it was written.

    Attributes:
        sync_types: what is to be synced again: one for a retry.
        record_ids: of a retry.
        since: of a resync, as the browser writes it, in UTC.
        note: why.
    """

    sync_types: tuple[str, ...] = ()
    record_ids: tuple[str, ...] = ()
    since: str = ""
    note: str = ""


def drafted(fields: Mapping[str, Sequence[str]]) -> Draft:
    """What was sent."""
    ids = _SEPARATORS.split(" ".join(fields["record_ids"]).strip())
    return Draft(
        sync_types=tuple(dict.fromkeys(fields["sync_type"])),
        record_ids=tuple(dict.fromkeys(filter(None, ids))),
        since="".join(fields["since"]).strip(),
        note="".join(fields["note"]).strip(),
    )


def offered_retry(state: OrganizationState, wanted: SyncType | None) -> Draft:
    """A retry of the records that the platform names.

    Args:
        state: what is known of the organisation.
        wanted: of this type; None: of the first that the same request can cure, else of the first that fails.
    """
    known = failing_records(state)
    curable = [one.sync_type for one in _errors(state) if one.record_ids and REASONS[one.reason].retry_helps]
    failing = [one.sync_type for one in state.diagnosis.errors]
    likely = (one for one in (*curable, *known, *failing) if one in SYNC_TYPES)
    chosen = next(likely, SyncType.CONTACTS) if wanted is None else wanted
    return Draft((chosen,), known.get(chosen, ()))


def offered_resync(state: OrganizationState, now: float) -> Draft:
    """A resync of the types that fail, since a minute before the first error; else of all, since the last sync.

    Args:
        state: what is known of the organisation.
        now: seconds since 1970 UTC.
    """
    errors = [one for one in _errors(state) if one.sync_type in SYNC_TYPES]
    types = tuple(dict.fromkeys(one.sync_type for one in errors)) or SYNC_TYPES
    first = min((one.at for one in errors if one.at is not None), default=None)
    last = None if state.status is None else state.status.last_sync
    since = first - MARGIN if first is not None else last if last is not None else now - DAY
    return Draft(types, since=f"{datetime.fromtimestamp(min(max(since, now - 7 * DAY), now), UTC):%Y-%m-%dT%H:%M:%S}")


def failing_records(state: OrganizationState) -> dict[SyncType, tuple[str, ...]]:
    """The ids that the platform gives of records that fail, by type, the newest error first; no type without ids."""
    found: dict[SyncType, dict[str, None]] = {}
    for one in _errors(state):
        if one.record_ids and one.sync_type in SYNC_TYPES:
            found.setdefault(one.sync_type, {}).update(dict.fromkeys(one.record_ids))
    return {sync_type: tuple(ids)[:MAX_RECORD_IDS] for sync_type, ids in found.items()}


def body_of(kind: ActionKind, draft: Draft) -> Body:
    """What the API would be sent.

    Raises:
        ProblemError: 400, something is missing or cannot be.
    """
    try:
        if kind is ActionKind.RETRY:
            sync_type = draft.sync_types[0] if len(draft.sync_types) == 1 else None
            return RetryRequest.model_validate(
                {"note": draft.note, "sync_type": sync_type, "record_ids": draft.record_ids}
            )
        return ResyncRequest.model_validate(
            {"note": draft.note, "sync_types": draft.sync_types, "since": _instant(draft.since)}
        )
    except ValidationError as error:
        # pydantic's own messages repeat what was sent.
        raise bad_parameters([_SENTENCES[str(fault["loc"][0])] for fault in error.errors()]) from None


def parameters_of(body: Body) -> Parameters:
    """What the call would carry."""
    if isinstance(body, RetryRequest):
        return Parameters((body.sync_type,), record_ids=tuple(dict.fromkeys(body.record_ids)))
    return Parameters(tuple(dict.fromkeys(body.sync_types)), since=body.since.timestamp())


def complete(kind: ActionKind, draft: Draft, now: float) -> Body | str:
    """The body, or why there is none yet."""
    if kind is ActionKind.RETRY and not draft.record_ids:
        return "No record ids: name the records that are to be synced again. An empty list never means all."
    try:
        body = body_of(kind, draft)
    except ProblemError as error:
        return f"{error.detail[:1].upper()}{error.detail[1:]}."
    why = incomplete(kind, parameters_of(body), now)
    return body if why is None else f"{why[:1].upper()}{why[1:]}."


def _instant(written: str) -> datetime | None:
    """What a browser's field for date and time holds, taken as UTC; None when it is none."""
    try:
        instant = datetime.fromisoformat(written)
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _errors(state: OrganizationState) -> Sequence[SyncError]:
    return () if state.status is None or state.freshness is not Freshness.FRESH else state.status.errors
