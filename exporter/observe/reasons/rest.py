"""What fits nowhere else: records that are gone, keys used twice, and texts that say nothing."""

from __future__ import annotations

from typing import Final

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons.row import Link, Row, Step

_ALL: Final = tuple(SyncType)

RECORD_MISSING: Final = Row(
    reason=Reason.RECORD_MISSING,
    cause="Xero does not have the record that the platform refers to: deleted, merged, or of another organisation.",
    steps=(
        Step("Find the failed record and the id that it has in Xero.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, look whether it was deleted, voided or merged into another."),
        Step("Remove the stale link in the platform, so that it is created or linked anew, then sync it again."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=False,
    sync_types=_ALL,
    patterns=(
        "existing (invoice|credit note) with the specified {id} could not be found",
        "The resource you're looking for cannot be found",
    ),
)

IDEMPOTENCY_CONFLICT: Final = Row(
    reason=Reason.IDEMPOTENCY_CONFLICT,
    cause="The platform used one idempotency key for two different requests.",
    steps=(
        Step("Tell the platform's developers: a changed request needs a new key. No customer can mend it."),
        Step("Syncing this record again helps only if the platform makes a new key for it."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=False,
    sync_types=_ALL,
    patterns=("Idempotency Key {id} is used with a different request",),
)

UNSPECIFIED: Final = Row(
    reason=Reason.UNSPECIFIED,
    cause="The platform reports a failure and does not say why: no text, or only the envelope of one.",
    steps=(
        Step("Check the sync log for specific error messages.", Link.INTEGRATION_SETTINGS),
        Step(
            "If it has no more, ask the platform's developers to pass on Elements[].ValidationErrors[] of the answer."
        ),
    ),
    owner=Owner.PLATFORM,
    retry_helps=False,
    sync_types=_ALL,
    patterns=("A validation exception occurred",),
)

UNKNOWN: Final = Row(
    reason=Reason.UNKNOWN,
    cause="There is a text, and no rule knows it.",
    steps=(
        Step("Read the text in the organisation's sync log.", Link.INTEGRATION_SETTINGS),
        Step("If it is Xero's, tell us its wording without names and numbers, so that a rule can be made."),
        Step("If nobody knows it, escalate to Xero's support with the text, the time and the organisation."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=False,
    sync_types=_ALL,
)

ROWS: Final = (RECORD_MISSING, IDEMPOTENCY_CONFLICT, UNSPECIFIED, UNKNOWN)
