"""Words that Xero, its SDKs and the platform use for the same thing: the named choices of the pattern language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_WRONG: Final = (
    "must be valid|must be a valid|is not valid|is not a valid|are not valid|is invalid|are invalid|invalid|not valid|"
    "is incorrect|was invalid|not recognised|is not recognised|was not recognised|not a valid|is malformed|"
    "is in an invalid format|must not contain|contains invalid|cannot contain|is not in a valid|format is invalid"
)
"""A value does not do."""

_ABSENT: Final = (
    "is required|are required|required|must be specified|must be provided|must be supplied|must be set|must be entered|"
    "must be present|is mandatory|are mandatory|cannot be empty|cannot be blank|cannot be null|can't be blank|"
    "can't be empty|may not be empty|must not be empty|must not be blank|should not be empty|should not be blank|"
    "is missing|are missing|missing|was not provided|not provided|was not specified|not specified|is blank|is empty|"
    "must contain"
)
"""A value is not there."""

_TOO_LONG: Final = (
    "exceeds|exceeded|must not exceed|cannot exceed|can not exceed|may not exceed|should not exceed|"
    "cannot be longer than|must not be longer than|must not be more than|cannot be more than|must be less than|"
    "must be no more than|must be no longer than|is too long|too long|length must|has a maximum|cannot be greater than|"
    "is limited to|exceeds max length|must be at most|must be shorter|length exceeds|characters or less|"
    "characters or fewer"
)
"""A value is too long."""

_GONE: Final = (
    "could not be found|cannot be found|can not be found|was not found|were not found|not found|is not found|"
    "does not exist|doesn't exist|do not exist|did not exist|no longer exists|could not be located|couldn't be found|"
    "could not find|has been merged|is missing in xero"
)
"""A record is not there."""

_TAKEN: Final = (
    "must be unique|already exists|already exist|already exists in xero|is already in use|already in use|"
    "is already used|"
    "already used|has already been used|is already taken|already taken|is already assigned|already assigned|"
    "is already linked|is not unique|should be unique|is a duplicate|is duplicated|has already been taken|"
    "has been used already"
)
"""A value is another record's."""

_UNCHANGEABLE: Final = (
    "cannot be edited|cannot be updated|cannot be modified|cannot be deleted|cannot be voided|cannot be changed|"
    "cannot be removed|cannot be altered|can't be edited|can't be updated|can't be modified|can't be deleted|"
    "can't be voided|can't be changed|can not be edited|can not be updated|can not be modified|can not be deleted|"
    "could not be deleted|could not be voided|could not be updated|may not be edited|may not be updated|"
    "may not be deleted|is not editable|not editable|cannot edit|cannot be amended|no longer be edited|"
    "no longer be changed|cannot be approved|cannot be emailed|cannot be sent|is locked"
)
"""A record takes no change."""

_SHELVED: Final = (
    "is archived|has been archived|was archived|are archived|archived|is inactive|not active|is not active|"
    "has been deleted|is deleted|was deleted|has been archived or deleted|is disabled|has been disabled|"
    "has been made inactive|has been deactivated"
)
"""A record is there and must not be used."""

_DOCUMENT: Final = (
    "invoice|invoices|bill|bills|credit note|credit notes|creditnote|creditnotes|purchase order|purchase orders|"
    "purchaseorder|quote|quotes|document|documents|bank transaction|bank transactions|banktransaction|"
    "banktransactions|manual journal|manual journals|manualjournal|overpayment|overpayments|prepayment|prepayments|"
    "order|receipt|expense claim|repeating invoice|journal|spend money transactions|receive money transactions|"
    "bank transfer|transaction|transactions"
)
"""What is synchronised and is no contact."""


_PAYMENT: Final = (
    "payment|payments|prepayment|overpayment|refund|allocation|allocations|batch payment|batchpayment|credit note"
)

_CONTACT_FIELD: Final = (
    "email address|emailaddress|email|e-mail|e-mail address|website|phone number|phonenumber|phone|mobile number|"
    "first name|firstname|last name|lastname|contact name|contact number|contactnumber|skype user name|skypeusername|"
    "addressline1|addressline2|addressline3|addressline4|address line 1|address line 2|address line 3|address line 4|"
    "postal code|postalcode|post code|postcode|attentionto|attention to|bankaccountdetails|phone area code|"
    "phoneareacode|phone country code|phonecountrycode"
)
"""Fields of a contact, as Xero and its SDKs write them."""

_ACCOUNT_CODE: Final = (
    "account code|accountcode|account codes|account id|accountid|ledger code|ledger account|nominal code|"
    "nominal account|GL code|GL account"
)
"""What names an account of the chart of accounts."""

_TAX_RATE: Final = (
    "taxtype|tax type|tax code|tax rate|tax rates|taxrate|VAT rate|VAT code|GST code|GST rate|tax component|"
    "taxtype code|tax type code"
)
"""What names a rate of tax."""

_CURRENCY: Final = "currency|currency code|currencycode|currencies"
"""What names a currency."""

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(ways.split("|"))
    for name, ways in {
        "WRONG": _WRONG,
        "ABSENT": _ABSENT,
        "TOO_LONG": _TOO_LONG,
        "GONE": _GONE,
        "TAKEN": _TAKEN,
        "UNCHANGEABLE": _UNCHANGEABLE,
        "SHELVED": _SHELVED,
        "DOCUMENT": _DOCUMENT,
        "PAYMENT": _PAYMENT,
        "CONTACT_FIELD": _CONTACT_FIELD,
        "ACCOUNT_CODE": _ACCOUNT_CODE,
        "TAX_RATE": _TAX_RATE,
        "CURRENCY": _CURRENCY,
    }.items()
}
"""Name, as it stands in patterns between < and > -> the ways to say it."""
