"""Invoice sync failures: what stands in the document."""

from __future__ import annotations

from typing import Final

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons.row import Link, Row, Step

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

ROWS: Final = (INVALID,)
