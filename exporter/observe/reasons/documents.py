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
    patterns=(
        "Quantity must not be less than zero",
        (
            "(must have|must contain|requires|require|needs|need|requiring) at least (two|one|2|1) (line|lines|"
            "line item|line items|journal lines)"
        ),
        "(invalid|incorrect|illegal|special|unsupported) (symbol|symbols|character|characters)",
        (
            "(not able|unable|failed|could not) ... (publish|upload|attach|send) ... (image|attachment|file|"
            "attachments|document image)"
        ),
        "(Invalid value|value) ... must be one of",
        "(must be|is not|must be either) one of the (following|valid|allowed)",
        (
            "(One or more|at least one|at least 1|a minimum of one) (line item|line items|line|lines|lineitem|"
            "journal line|journal lines|item|items) <ABSENT>"
        ),
        "(line item|line items|lineitem|lineitems|line|lines|journal line|journal lines) ... <ABSENT>",
        (
            "(line item|line items|lineitem|lineitems|line amount|LineAmount|unit amount|UnitAmount|unit price|"
            "quantity|discount rate|discount amount|discount|line quantity|unit cost) ... <WRONG>"
        ),
        (
            "(line item|line items|lineitem|lineitems|line amount|LineAmount|unit amount|UnitAmount|unit price|"
            "discount rate|discount amount) ... (cannot be|must be|may not be|must not be|should be|should not "
            "be|less than zero|negative|not allowed|has been exceeded|too many)"
        ),
        (
            "(quantity|discount) ... (cannot be negative|cannot be zero|must be positive|must be greater than "
            "zero|must not be negative|less than zero|cannot be less than zero)"
        ),
        (
            "(description|Description|description field|item description) ... (is mandatory|must be specified|"
            "cannot be empty|is required for|field is mandatory|mandatory for each line item)"
        ),
        (
            "(description|reference|invoice number|InvoiceNumber|narration|narrative|particulars|item name|item "
            "code|ItemCode|url|order number|delivery instructions|terms|summary|title|code|name|tracking option|"
            "line item description) ... <TOO_LONG>"
        ),
        "(max|maximum) (allowed|permitted|) (length|number of characters|characters|size)",
        (
            "(document date|invoice date|DueDate|due date|issue date|expiry date|payment date|date of the "
            "document|delivery date|planned payment date|expected payment date|date for the document|document "
            "due date|journal date|ExpiryDate|IssueDate) ... (cannot be|must be|is required|required|must not|is "
            "mandatory|mandatory|is invalid|invalid|not valid|is missing|must be specified|must not be|cannot be "
            "before|should be|not specified|may not be|cannot be empty)"
        ),
        (
            "(date|Date) ... (cannot be before|must be after|cannot be earlier|cannot be in the future|cannot be "
            "later|must be before|must not be before|must be on or after|cannot be prior|outside the)"
        ),
        (
            "(item code|ItemCode|inventory item|item) {code} (is not valid|is invalid|not valid|is not a valid|"
            "must be valid|cannot be used|cannot be sold|cannot be purchased|is not sold|is not purchased|not "
            "tracked)"
        ),
        (
            "(quantity on hand|QuantityOnHand|insufficient quantity|not enough stock|insufficient stock|stock on "
            "hand|available quantity|no item available|quantity available|inventory quantity|tracked inventory|"
            "inventory asset account)"
        ),
        "(invalid|unknown) (TrackingCategory|tracking category|tracking option)",
        (
            "(TrackingCategory|tracking category|tracking categories|tracking option|tracking options|tracking "
            "code|TrackingOption|tracking) ... (is not valid|is invalid|invalid|not valid|must be|is required|"
            "required|archived|is not active|cannot be|mandatory|is missing|validation error|expected|maximum|"
            "limit|more than)"
        ),
        "(discount|discounts|DiscountRate|DiscountAmount) (may not|cannot|can not|must not) be applied",
        (
            "(invoice|bill|credit note|document|order|quote|purchase order|manual journal|journal|bank "
            "transaction|transaction) (type|status|number|total|date|amount|reference|branding theme) ... (is "
            "not valid|is invalid|must be|is required|invalid|is mandatory|cannot be negative|cannot be less|"
            "must not be|cannot be zero|must be specified|not recognised|must have|cannot be blank|cannot be "
            "empty|may not)"
        ),
        (
            "(invoice|bill|credit note|document|order|quote|purchase order|bank transaction|transaction|"
            "invoices) ... (total must be|cannot be negative|cannot have a negative|must be greater than|must "
            "not be negative|cannot be zero|must have at least|can not be empty|is not of a valid type|not a "
            "valid type)"
        ),
        (
            "The (status|type|value|field|element|attribute|property|parameter|date|string|format|element name) "
            "{text} (is not a valid|is not valid|was not recognised|is invalid|is not recognised|cannot be "
            "parsed|could not be parsed|is not supported|is not allowed)"
        ),
        (
            "(PostDataInvalidException|PostDataInvalid|post data was invalid|QueryParseException|could not be "
            "parsed|JSON for post data|XML for post data|No data has been provided|no data provided|malformed "
            "JSON|invalid JSON|invalid XML|not valid JSON|data provided was invalid|error occurred while parsing|"
            "NoDataProcessedException|ObjectGroupSerializationException)"
        ),
        (
            "(Guid should contain 32 digits|GUID format|not a valid guid|invalid guid|must be a valid guid|valid "
            "GUID|unrecognised Guid|valid uuid)"
        ),
        (
            "(is not a|isn't a|not a) valid (date|decimal|number|integer|boolean|value|status|type|enum|guid|"
            "email type|url|line amount type)"
        ),
        (
            "(BrandingTheme|branding theme|BrandingThemeID|shipping address|delivery address|sent to contact|"
            "SentToContact|url|Url|expected arrival date) ... (must be|is not valid|invalid|is required|not "
            "valid|updated|absolute)"
        ),
        (
            "(attachment|attachments|file|file size|filename|image) ... (too large|exceeds|exceed|not supported|"
            "invalid|is not valid|maximum|limit|file type|not allowed|could not be)"
        ),
        (
            "(total|subtotal|sub total|amount) (cannot be|must be|must not be|should be) (negative|positive|"
            "greater than|zero|less than zero|less than|a positive|specified)"
        ),
        (
            "(ContactID|SourceLineItemID|SourceTransactionID|TargetTransaction) ... (do not match|does not match|"
            "must match)"
        ),
        "(rounding|decimal places|decimals) ... (exceed|more than|maximum|must|too many|only)",
    ),
    loose=(
        (
            "(description|quantity|date|due date|reference|narration|line items|amount|status|type|unit price|"
            "unit amount|item code|invoice number) <ABSENT>"
        ),
        "(date|due date|amount|quantity|status|reference|type|item code|sku|unit price|invoice number) <WRONG>",
        (
            "(invoice|credit|item) ... (exceeds|max length|maximum length|too long|must be valid|is invalid|is "
            "not valid|is required|is mandatory|cannot be empty)"
        ),
        (
            "invalid (date|due date|amount|quantity|status|reference|line item|line items|item code|invoice|"
            "document|field|value|payload|request body|data)"
        ),
        "(enter a SKU|sku is missing|missing sku)",
        "(malformed|unprocessable) (request|entity|content)",
    ),
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

ROWS: Final = (DUPLICATE, NOT_EDITABLE, INVALID, PERIOD_LOCKED, PLAN_LIMIT)
