"""Invoice sync failures: the document as Xero has it already."""

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
        (
            "(Invoice|Order|Credit note|Quote|bill|purchase order|document|journal|reference|transaction|receipt|"
            "item) (number|#|no|code|id|) <TAKEN>"
        ),
        (
            "(InvoiceNumber|CreditNoteNumber|PurchaseOrderNumber|QuoteNumber|BillNumber|ItemCode|order number) "
            "... <TAKEN>"
        ),
        (
            "(invoice|credit note|purchase order|bill|order|quote|document) (number|#|no|) {number} (must be "
            "unique|already exists|already in use|has already been used|is already taken|is not unique|is a "
            "duplicate|is already used)"
        ),
        "Please enter a unique (Name|Code|Number|value|reference)",
        "(Price List Item|item|product|inventory item) (with|) (the|) (code|sku|name|Code) {code} already exists",
        (
            "(Item|product|account|tax rate|tracking category|tracking option|branding theme|option|category|"
            "contact group|employee|item code|itemcode) {name} (must be unique|already exists|is already in use|"
            "has already been used|already in use)"
        ),
        (
            "duplicate (invoice|invoices|bill|credit note|purchase order|order|document|item|reference|"
            "transaction|payment|record|number)"
        ),
        (
            "(another|an|existing) (invoice|bill|credit note|purchase order|document|item|account|payment) (with|"
            "has|using) (this|the same|that|same) (number|code|name|reference|id)"
        ),
        (
            "(an invoice|a bill|a credit note|a purchase order|an item|an account|a payment|a quote|invoice|bill|"
            "payment) ... (already exists|already exist|has already been created|was already created|already "
            "been synced|already been exported|already been imported)"
        ),
    ),
    loose=(
        "duplicate (number|code|reference)",
        "(invoice|credit|item) ... <TAKEN>",
        "name must be unique",
    ),
)

NOT_EDITABLE: Final = Row(
    reason=Reason.DOCUMENT_NOT_EDITABLE,
    cause="The document in Xero takes no changes: it is paid, voided or deleted, or has a payment or credit.",
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
        (
            "not of (a|) valid status (for|to be) (modification|modified|deletion|approval|update|voided|deleted|"
            "allocation)"
        ),
        "This document cannot be edited as it has a payment or credit note allocated to it",
        "<DOCUMENT> ... <UNCHANGEABLE>",
        (
            "<UNCHANGEABLE> ... (has a payment|has payments|credit note allocated|payments allocated|is paid|has "
            "been paid|is voided|has been voided|was voided|has been deleted|already paid|been approved|is "
            "approved)"
        ),
        (
            "(cannot|can't|can not|unable to|could not|may not|not allowed to|not possible to) (edit|update|"
            "modify|delete|void|change|approve|amend|remove|submit|email) (an|a|the|this|that|any|) (paid|"
            "approved|authorised|voided|deleted|archived|submitted|existing|billed|) (invoice|invoices|bill|"
            "bills|credit note|credit notes|purchase order|quote|document|manual journal|bank transaction|"
            "transaction|item)"
        ),
        (
            "only (draft|DRAFT|AUTHORISED|SUBMITTED|BILLED|draft and submitted|draft or submitted|AUTHORISED and "
            "BILLED|unpaid|approved|awaiting approval) (invoices|invoice|bills|credit notes|purchase orders|"
            "quotes|documents|manual journals|transactions|status) ... (can|may|are allowed)"
        ),
        (
            "<DOCUMENT> ... (has been voided|is voided|was voided|has been deleted|is deleted|was deleted|has "
            "already been approved|already been approved|is already approved|already voided|already deleted|is "
            "already paid|already paid|has been paid|fully paid|has payments|has a payment|has been billed|is in "
            "a locked state|is approved|been credited)"
        ),
        "(with status|status) different from (DRAFT|draft)",
        (
            "(status|current status) ... (cannot be changed|cannot be set|cannot be updated|does not allow|not "
            "allowed to change|transition)"
        ),
        "(invalid|not a valid) status (transition|change)",
        (
            "has (a|) (payment|payments|credit note|credit notes|allocation|allocations) (or credit note|or "
            "credit notes|) (allocated|applied|associated|against)"
        ),
        "has a payment or credit (applied|allocated)",
        "(credit|vendor credit|supplier credit) ... <UNCHANGEABLE>",
        (
            "<UNCHANGEABLE> (because|as|since) ... (already been applied|already applied|been paid|is paid|has "
            "been paid)"
        ),
        "paid in xero and cannot be updated",
    ),
    loose=("invoice ... (locked|read only|readonly|not editable|cannot be edited|cannot be updated)",),
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
    patterns=(
        "lock date",
        "lock dates",
        "locked (period|accounting period|financial year|date|month|year)",
        (
            "(period|accounting period|financial year|financial period|month|year|date|books|ledger|tax period|"
            "VAT period|GST period) ... (is locked|has been locked|been locked|are locked|is closed|has been "
            "closed|was locked|already closed|already locked|already filed|been finalised|been filed)"
        ),
        ("(closed|filed|finalised) (period|accounting period|financial year|VAT return|activity statement|GST return)"),
        "before the (period|end of year|year end|conversion|financial year|start of the financial) ... date",
        "(conversion date|conversion balance date)",
    ),
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
    patterns=(
        "reached the limit of {number} (invoices|bills|quotes|documents|transactions|purchase orders)",
        (
            "(invoice|invoices|bill|bills|quote|quotes|transaction|document|approved invoice) (limit|quota) (has "
            "been|was|is|for your plan|for this month|) (reached|exceeded|hit)"
        ),
        (
            "(exceeded|reached|exceeds|hit) (the|your|) (monthly|plan|subscription|pricing plan|monthly invoice|"
            "invoice) (limit|quota|allowance|maximum)"
        ),
        (
            "(limit|maximum|number|quota) (of|on|for) (approved|authorised|) (invoices|bills|quotes) ... "
            "(reached|exceeded|plan|month|upgrade)"
        ),
        "(upgrade|change) (your|the|to a|their|to a higher) ... (plan|subscription|pricing plan)",
        (
            "(not available|not included|not allowed|not supported|isn't available|not permitted|unavailable|"
            "isn't included) (on|in|for|with|by|under) (your|this|the|their|its) ... (plan|subscription|pricing "
            "plan|edition|product)"
        ),
        (
            "(plan|subscription|pricing plan|price plan|starter plan|cashbook|ledger plan) ... (does not include|"
            "does not allow|does not support|doesn't allow|doesn't include|doesn't support|limit reached|limit "
            "exceeded|limits|only allows|allows only|limited to|not include|cannot)"
        ),
        "(starter|early|ignite|lite|entry) (plan|edition|subscription)",
    ),
)

ROWS: Final = (DUPLICATE, NOT_EDITABLE, PERIOD_LOCKED, PLAN_LIMIT)
