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
        Step("In Xero, look whether it was deleted, voided or merged into another.", owner=Owner.CUSTOMER),
        Step("Remove the stale link in the platform, so that it is created or linked anew, then sync it again."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=False,
    sync_types=_ALL,
    patterns=(
        (
            "existing (invoice|credit note|contact|payment|item|purchase order|quote|bank transaction|manual "
            "journal) with the specified {id} could not be found"
        ),
        "existing (invoice|credit note|contact|payment|item|purchase order|quote) ... <GONE>",
        "The resource (you're|youre|you are) looking for cannot be found",
        "(requested|) resource (requested|specified|) <GONE>",
        "<DOCUMENT> {id} <GONE>",
        (
            "(payment|payment service|payments|contact|contacts|contact group|item|items|item code|ItemCode|"
            "inventory item|product|tracking category|tracking option|TrackingCategory|TrackingOption|branding "
            "theme|attachment|repeating invoice|account id|record|prepayment|overpayment|allocation|batch "
            "payment|line item|customer|supplier|linked transaction) <GONE>"
        ),
        (
            "(payment|contact|ContactID|InvoiceID|CreditNoteID|PaymentID|ItemID|contact group|item|item code|"
            "tracking category|tracking option|product|record|customer) {id} <GONE>"
        ),
        (
            "(document|invoice|record|contact|object|item|entity) with (the|that|this|) (supplied|specified|"
            "given|provided|id|ID) {id} (not found|could not be found|does not exist|cannot be found)"
        ),
        "(document|record) with the supplied id was not found for this endpoint",
        ("(no|unknown) (invoice|contact|credit note|payment|item|record|document) (was|) (found|exists|matching|with)"),
        "(contact|invoice|item|record) has been merged",
        "not found in xero",
        "(invoice|bill|contact|payment|credit note|item|record|document) is not in xero",
        (
            "(cannot|can't|can not|could not|unable to) find the (related|linked|matching|specified|) (invoice|"
            "bill|contact|payment|credit note|item|record|document)"
        ),
        (
            "(related|linked|associated) (contact|vendor|vendors|supplier|customer|record|invoice|item) ... "
            "(didn't sync|didnt sync|not synced|did not sync|not been synced|could not be synced|not exist|"
            "missing|failed to sync)"
        ),
        (
            "(vendor|supplier|customer|contact|invoice|item) (has not been|was not|is not|not yet|hasn't been) "
            "(synced|exported|linked|mapped|created in xero)|does not exist in xero)"
        ),
    ),
    loose=(
        "404 ... not found",
        "(HTTP|status code|status|code|returned|statuscode|response) 404",
        "(resource|record|object|entity) (not found|does not exist)",
        "(ResourceNotFound|ResourceNotFoundException|NotFoundException|NoSuchRecord)",
        "(contactsync|invoicesync|paymentsync) (not found|could not be found|was not found|does not exist)",
    ),
    bare=(
        "404",
        "404 not found",
        "not found",
        "410 gone",
        "gone",
        "resource not found",
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
    patterns=(
        "Idempotency Key {id} is used with a different request",
        (
            "(idempotency key|Idempotency-Key|IdempotencyKey) ... (different|already used|already been used|"
            "conflict|reused|in use|mismatch|same key|duplicate|in progress|another request)"
        ),
        "(different|same|reused|duplicate|conflicting) ... (idempotency key|Idempotency-Key|IdempotencyKey)",
        "idempotency (conflict|error|mismatch|key conflict)",
    ),
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
    patterns=(
        "A validation exception occurred",
        "A validation exception (has occurred|was thrown|occured)",
    ),
    loose=(
        (
            "(ValidationException|ValidationExeption|validation exception|validation error|validation errors|"
            "validation failed)"
        ),
        "(an|) (unknown|unspecified|unexpected|generic) (error|failure|exception) (occurred|has occurred|)",
        "(one or more|multiple|some) (errors|validation errors) (occurred|found|have occurred|)",
        (
            "(sync|synchronisation|export|import|upload|push|invoice sync|contact sync) (failed|unsuccessful|"
            "error|was unsuccessful|failure|did not complete)"
        ),
        (
            "(failed to|could not|unable to|cannot) (sync|synchronise|export|push|send|save|create|update|upload|"
            "post|publish) (the|this|) (contact|contacts|invoice|invoices|payment|payments|record|records|data|"
            "transaction|bill|item|customer|credit note) ... xero"
        ),
        "something went wrong",
        (
            "(failed to|could not|unable to|cannot|can't|error|problem) (sync|syncing|synchronise|export|"
            "exporting|push|send|save|saving|update|upload|post|posting|publish|complete) (the|this|a|your|) "
            "(contact|contacts|invoice|invoices|payment|payments|record|records|transaction|bill|item|customer|"
            "credit note|action)"
        ),
    ),
    bare=(
        "400",
        "400 bad request",
        "bad request",
        "error",
        "failed",
        "failure",
        "sync failed",
        "unknown error",
        "n a",
        "none",
        "null",
        "undefined",
        "object object",
        "validation exception",
        "apiexception",
        "badrequest",
        "xerobadrequest",
        "ValidationException 10 a validation exception occurred",
        "sync error",
        "unknown",
    ),
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
