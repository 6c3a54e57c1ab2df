"""Error texts as Xero and its integrations really give them; the people and addresses in them are made up.

They carry names and e-mail addresses, as real ones do: what watches the platform must not let those out.
"""

from __future__ import annotations

from typing import Final

DUPLICATE: Final = "Duplicate contact: jo.tern@example.com"
SAME_NAME: Final = (
    "The contact name Marlow Finch is already assigned to another contact. "
    "The contact name must be unique across all active contacts."
)
ACCOUNT: Final = "Account code '600' has been removed as it does not match a recognised account."
TAX: Final = "The TaxType code 'INPUT2' cannot be used with account code '310'."
TOO_MUCH: Final = "Payment amount exceeds the amount outstanding on this document"
RECONCILED: Final = "This document cannot be edited as it has a reconciled payment or credit note allocated to it."
NO_BANK_ACCOUNT: Final = "The specified bank account details do not match a known bank account"
EXPIRED: Final = (
    '{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"TokenExpired: token expired at 01/01/2001 00:00:00"}'
)
INVALID_GRANT: Final = '{"error":"invalid_grant"}'
NOT_AUTHORISED: Final = (
    '{"Type":null,"Title":"Forbidden","Status":403,"Detail":"AuthenticationUnsuccessful",'
    '"Instance":"65e420cd-796c-493b-8f52-5eae2ee667ce","Extensions":{}}'
)
XERO_ERROR: Final = (
    "An error occurred in Xero. Check the API Status page http://status.developer.xero.com for current service status. "
    "Contact the API support team at api@xero.com for more assistance."
)
OFFLINE: Final = "The Organisation is offline"
INVALID_CLIENT: Final = '{"error":"invalid_client"}'
NO_SCOPE: Final = (
    '{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"AuthorizationUnsuccessful",'
    '"Instance":"2f3c568c-8d99-40c3-af5e-ba06f76fb23d","Extensions":{}}'
)
DAY_LIMIT: Final = "You've exceeded the per day rate limit"
MINUTE_LIMIT: Final = "You've exceeded the per minute rate limit"
LOCKED: Final = (
    "Validation Error (The document date cannot be before the period lock date, currently set at 30-Nov-2018, "
    "The document date cannot be before the end of year lock date, currently set at 30-Nov-2018)"
)
NO_NAME: Final = "Contact Name cannot be empty."
BAD_WEBSITE: Final = "Website must be valid"
ARCHIVED: Final = "The status 'ARCHIVED' is not valid for contacts"
GROUPS: Final = "You’ve reached the limit of 100 contact groups."  # noqa: RUF001 - as Xero writes it
NO_CURRENCY: Final = "Organisation is not subscribed to currency EUR"
SAME_NUMBER: Final = "Order number must be unique"
QUANTITY: Final = (
    '{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred",'
    '"Elements":[{"ValidationErrors":[{"Message":'
    "\"The quantity value '-1.0000' is invalid. Quantity must not be less than zero.\"}]}]}"
)
APPROVALS: Final = "You have reached the limit of invoices you can approve"
NOT_MODIFIABLE: Final = (
    "Error: Failed posting invoice to Xero: XERO API Exception Detected #1: Invoice not of valid status for "
    "modification #2: This document cannot be edited as it has a payment or credit note allocated to it."
)
NOT_AUTHORISED_DOCUMENT: Final = (
    "XERO API Exception detected: #1: Payments can only be made against Authorised documents. "
    "#2: Payment amount exceeds the amount outstanding on this document."
)
PAYMENT_MODIFICATION: Final = "Payment not of valid status for modification"
NO_USER: Final = "A valid user should be identified using the UserID."
MISSING: Final = "The resource you're looking for cannot be found"
KEY_REUSED: Final = "Idempotency Key: membership-2041 is used with a different request."
NO_CONNECTION: Final = "connect ETIMEDOUT api.xero.com:443"
VALIDATION: Final = "A validation exception occurred"
NEVER_SEEN: Final = "Ledger reply 7 for Robin Sedge <robin.sedge@example.com>: the frame buckled"
"""Nothing of the kind is known of Xero; whoever recognises texts must say that it does not know."""
