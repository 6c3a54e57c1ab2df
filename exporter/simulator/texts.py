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
