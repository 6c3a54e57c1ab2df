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
        "bank account details do not match a known bank account",
        "specified bank account details",
        "bank account code {code} <WRONG>",
        "you will need to set a linked bank account",
        "You must specify an Account code or Account ID for the payment",
        (
            "(bank account|bank accounts|BankAccount|bankaccountid|bank account id|bank account code|bank "
            "account mapping|bank feed|payment account|deposit account|clearing account) ... (not mapped|"
            "unmapped|mapping|not linked|not set|not selected|not configured|not specified|could not be found|"
            "cannot be found|not found|does not exist|is invalid|is not valid|invalid|archived|is inactive|not "
            "active|must be specified|is required|must be valid|missing|has been deleted|must be provided|do not "
            "match|does not match|cannot be|must be|not enabled|is mandatory|no longer)"
        ),
        (
            "(missing|invalid|unknown|unmapped) (bank account|payment account|linked bank account|bank account "
            "mapping|bankaccount)"
        ),
        (
            "(map|link|select|set|specify|choose|assign|connect) (a|an|the|your|valid) (linked|valid|) (bank "
            "account|payment account)"
        ),
        "(not|must be|is not|should be) (of|) (type BANK|a bank account|a bank type account|a bank|type of bank)",
        "(not|must be|is not) (an account|) of type (BANK|bank)",
        "Account type is invalid for making a payment",
        "(enable|enabled|allow|allowed|accept) payments (to|for|on|against) (this|the|that) account",
        (
            "account ... (does not accept payments|not enabled for payments|payments enabled|cannot be used for "
            "payments|cannot be used for a payment|does not allow payments|is not a payment account|cannot "
            "receive payments|is not enabled to receive payments|must be a bank account)"
        ),
        (
            "(payment|payments|refund) ... (bank account|account code|account id|accountid|account) (must be "
            "specified|is required|is missing|not specified|not found|could not be found|is invalid|is not valid|"
            "not mapped|must be valid)"
        ),
        "(account code|account) ... (for|of) (the|this|a) payment",
    ),
    loose=(
        "bank (account|) ... (account not found|not mapped)",
        (
            "(payment|bank|reconcil) ... (account not found|account could not be found|account must be valid|"
            "account is invalid|invalid account)"
        ),
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
        "(already|been|is|was|are|were) (been|) reconciled",
        (
            "reconciled (transaction|transactions|payment|payments|bank transaction|statement|statement line|"
            "with a bank|with a statement|with the bank)"
        ),
        "it has a reconciled payment",
        "cannot be edited as it has a reconciled payment or credit note allocated to it",
        "<UNCHANGEABLE> ... reconciled",
        "reconciled ... <UNCHANGEABLE>",
        "(cannot|can not|can't|unable to|may not) ... reconciled",
        "reconciled ... (cannot|can not|can't|unable to|must be unreconciled|unreconcile)",
        (
            "(unreconcile|un-reconcile|unreconciled|remove and redo|undo the reconciliation) ... (first|before|"
            "payment|transaction|it)"
        ),
        "Payments within a batch cannot be deleted",
        (
            "(part of|within|belongs to|included in|in) (a|an existing|another|) (batch payment|batch deposit|"
            "batch) ... (cannot|can not|must|can't)"
        ),
        "already matched",
    ),
    loose=("already reconciled",),
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
    patterns=(
        "Payment amount exceeds the amount outstanding on this document",
        "cannot be allocated (as|because) (the|) amount is greater than (the|) amount outstanding",
        (
            "(amount|amounts) ... (greater than|more than|exceeds|exceed|larger than) ... (amount outstanding|"
            "outstanding amount|amount due|outstanding)"
        ),
        (
            "(amount|amounts|payment|allocation|total|value|refund|credit) (exceeds|exceed|is greater than|is "
            "more than|cannot exceed|must not exceed|cannot be greater than|cannot be more than|greater than|is "
            "larger than|is higher than) (the|) ... (outstanding|amount due|amount owing|remaining|balance|"
            "remaining credit|available|amount of the invoice|invoice total|document total|total|amount paid|"
            "invoice)"
        ),
        "exceeds the (amount|) (outstanding|due|owing|remaining|available|balance|total)",
        (
            "(amount|amounts|total|totals|sub total|subtotal|line total|balance|balances|sum|document total|"
            "payment amount|invoice total) (mismatch|mismatched|do not match|does not match|don't match|doesn't "
            "match|did not match|does not equal|do not equal|not matching|does not agree|not equal)"
        ),
        (
            "(total|totals|sub total|subtotal|amount|line total|sum|total debits|balance) {amount} (does not "
            "match|does not equal|do not match|did not match|is not equal|does not agree)"
        ),
        "mismatch ... (amount|amounts|total|totals|balance)",
        (
            "(total debits|debits|debit|debits and credits) ... (must equal|must be equal|do not equal|must "
            "balance|does not equal|do not balance)"
        ),
        "(does not balance|do not balance|out of balance|must balance|not balanced|unbalanced)",
        "(overpaid|over paid|overpayment of|would be overpaid|amount is greater than the outstanding)",
        (
            "(insufficient|not enough|no) (credit|remaining credit|outstanding|balance) (remaining|available|to "
            "allocate|on)"
        ),
        "expected line total",
        "(less than|more than|greater than) the (outstanding|amount due|remaining|invoice amount|document total)",
    ),
    loose=(
        "amount mismatch",
        "amounts (differ|do not match)",
    ),
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
    patterns=(
        (
            "(Payment|Prepayment|Overpayment|Allocation|batch payment|refund|payments) not of (a|) valid status "
            "(for modification|for deletion|)"
        ),
        (
            "(Payments|payment|prepayments|overpayments|allocations|refunds|credits) (can only be|cannot be|can "
            "not be|may only be|may not be|must be|could not be) (made|applied|allocated|created|recorded|added|"
            "taken|made against|posted|received|processed|assigned|accepted)"
        ),
        (
            "(payment|payments|overpayment|prepayment|refund|batch payment|allocation|allocations) ... (has "
            "already been deleted|has been deleted|is deleted|was deleted|has been voided|is voided|cannot be "
            "deleted|cannot be updated|cannot be edited|cannot be modified|cannot be voided|already been applied|"
            "already applied|already been made|has already been refunded|already been recorded|already exists "
            "for)"
        ),
        (
            "(cannot|can't|can not|unable to|could not|not possible to|may not) (apply|allocate|make|add|record|"
            "create|process|refund|take|delete|update|edit) (a|an|the|any|this|that|) (payment|payments|credit|"
            "credit note|overpayment|prepayment|allocation|refund)"
        ),
        (
            "(payment|payments|allocate|allocated|allocation|paid) ... (must be authorised|is not authorised|not "
            "approved|must be approved|draft invoice|draft invoices|is in draft|voided invoice|status of the "
            "invoice|authorised documents|status must be|not in an authorised|awaiting payment|already fully "
            "paid|already paid|fully paid|has been paid)"
        ),
        (
            "(invoice|document|bill|credit note) ... (must be authorised|is not authorised|must be approved "
            "before|is not awaiting payment|not in a payable|has no outstanding|no amount outstanding|nothing "
            "outstanding|has no amount due|already been fully allocated|not yet approved)"
        ),
        "(already|been) fully (paid|allocated|refunded|credited)",
        "already been paid off",
        "already (been|) paid off",
        "(incorrect|wrong|invalid) (invoice type|document type|invoice status)",
        (
            "(credit note|overpayment|prepayment|credit) ... (fully allocated|cannot be allocated|can not be "
            "allocated|no remaining credit|already allocated|can only be allocated|must be allocated)"
        ),
    ),
    loose=(
        "payment ... (not of valid status|invalid status|wrong status|status is not valid)",
        "already paid",
    ),
)

ROWS: Final = (BANK_ACCOUNT, ALREADY_RECONCILED, AMOUNT_MISMATCH, PAYMENT_STATE)
