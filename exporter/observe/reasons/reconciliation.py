"""Reconciliation errors."""

from __future__ import annotations

from typing import Final

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons.row import Link, Row, Step

BANK_ACCOUNT: Final = Row(
    reason=Reason.BANK_ACCOUNT,
    cause="No bank account of the Xero organisation is mapped, or the mapped one cannot take this payment.",
    steps=(
        Step("Check the bank account mapping.", Link.INTEGRATION_SETTINGS),
        Step(
            "In Xero, open Accounting, Bank accounts: the account must exist, be active, be of type bank (or have "
            "payments enabled), and have the currency of the payment."
        ),
        Step("Map to an account that fits, then sync the failed records again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.RECONCILIATION,),
    patterns=(
        "The specified bank account details do not match a known bank account",
        "you will need to set a linked bank account",
        "You must specify an Account code or Account ID for the payment",
        "bank account ... (not mapped|is not mapped|unmapped)",
    ),
)

ALREADY_RECONCILED: Final = Row(
    reason=Reason.ALREADY_RECONCILED,
    cause="The transaction is already reconciled in Xero, and what is reconciled cannot be changed from outside.",
    steps=(
        Step("Find the failed transaction.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, check whether it was reconciled by hand; if that is right, mark it as done in the platform."),
        Step(
            "If it is wrong, only a person in Xero can undo it (Remove & Redo, or Unreconcile). Never retry before: "
            "it cannot succeed."
        ),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.RECONCILIATION,),
    patterns=(
        "already (been|) reconciled",
        "Payments within a batch cannot be deleted",
        "it has a reconciled payment",
    ),
)

AMOUNT_MISMATCH: Final = Row(
    reason=Reason.AMOUNT_MISMATCH,
    cause="The amount does not agree with what Xero has: more than is outstanding, or totals that differ.",
    steps=(
        Step("Find the failed payment and its amount.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, compare it with the amount outstanding, and see what was paid or credited there by hand."),
        Step("Correct the side that is wrong, then sync this record again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.RECONCILIATION,),
    patterns=("Payment amount exceeds the amount outstanding on this document", "amount mismatch"),
)

PAYMENT_STATE: Final = Row(
    reason=Reason.PAYMENT_STATE,
    cause="The payment, or the document that it is for, is in a state that takes no payment or no change to it.",
    steps=(
        Step("Find the failed payment and the document that it is for.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, look at the document: only authorised ones take payments, not drafts, paid or voided ones."),
        Step("Approve a draft, or mark the payment as done in the platform if Xero has it already."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.RECONCILIATION,),
    patterns=("Payment not of valid status for modification", "Payments can only be made against Authorised documents"),
)

ROWS: Final = (BANK_ACCOUNT, ALREADY_RECONCILED, AMOUNT_MISMATCH, PAYMENT_STATE)
