"""Invoice sync failures: the document itself - its state, its fields, its period."""

from __future__ import annotations

from typing import Final

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons.row import Link, Row, Step

DUPLICATE: Final = Row(
    reason=Reason.DUPLICATE_RECORD,
    cause="Xero already has a record with this number, code or name, and it must be unique.",
    steps=(
        Step("See which number or code the failed record has.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, search for it, voided and deleted records too: their numbers stay taken."),
        Step("If it is the same record, link the two; otherwise give the new one another number, then sync it again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.INVOICES,),
    patterns=(
        "(Invoice|Order|Credit note|Quote) (number|#|) must be unique",
        "Please enter a unique Name",
        "Price List Item with Code {code} already exists",
    ),
)

NOT_EDITABLE: Final = Row(
    reason=Reason.DOCUMENT_NOT_EDITABLE,
    cause="The document in Xero is in a state that cannot be changed: paid, voided, deleted, or with a payment or credit.",
    steps=(
        Step("Find the failed document.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, look at its status and at what is allocated to it."),
        Step(
            "If the change must be made, someone with access to Xero removes the payment or credit first; otherwise "
            "leave the document as it is in Xero, and bring the platform in line."
        ),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.INVOICES,),
    patterns=(
        "(Invoice|document|Credit note) not of valid status for modification",
        "This document cannot be edited as it has a payment or credit note allocated to it",
    ),
)

INVALID: Final = Row(
    reason=Reason.DOCUMENT_INVALID,
    cause="A field of the document has a value that Xero does not take, or lacks one.",
    steps=(
        Step("Open the failed document and find the field that the text names.", Link.INTEGRATION_SETTINGS),
        Step("Correct it at its source, then sync this record again."),
        Step("If many documents fail the same way, tell the platform's developers: it sends what Xero does not take."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=False,
    sync_types=(SyncType.INVOICES,),
    patterns=("Quantity must not be less than zero",),
)

PERIOD_LOCKED: Final = Row(
    reason=Reason.PERIOD_LOCKED,
    cause="The date of the document lies in a period that is locked in the organisation's books.",
    steps=(
        Step("See which date the failed document has.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, open Accounting, Advanced, Financial settings, and read the lock dates."),
        Step(
            "The customer's accountant decides: move the lock date for as long as the sync takes, or date the document "
            "after it. Then sync this record again."
        ),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.INVOICES, SyncType.RECONCILIATION),
    patterns=("(period|end of year|year end) lock date", "period is locked"),
)

PLAN_LIMIT: Final = Row(
    reason=Reason.PLAN_LIMIT,
    cause="The organisation's Xero plan does not allow more of this: entry plans take a number of documents a month.",
    steps=(
        Step("In Xero, open Settings, Subscription and billing, and compare the plan's limits with what was approved."),
        Step("The customer upgrades the plan, or waits for the next month; documents can stay drafts until then."),
        Step("Then sync the failed records again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.INVOICES,),
    patterns=("reached the limit of {number} (invoices|bills)",),
)

ROWS: Final = (DUPLICATE, NOT_EDITABLE, INVALID, PERIOD_LOCKED, PLAN_LIMIT)
