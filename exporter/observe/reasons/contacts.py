"""Contacts not syncing."""

from __future__ import annotations

from typing import Final

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons.row import Link, Row, Step

_FIELD: Final = (
    "(email address|emailaddress|email|e-mail|e-mail address|website|phone number|phonenumber|phone|first name|"
    "firstname|last name|lastname|contact name|account number|accountnumber|contact number|contactnumber|tax number|"
    "skype user name|address|addressline1|addressline2|address line 1|city|region|postal code|postalcode|post code|"
    "country|attentionto|contact person|contact persons|bank account details|bankaccountdetails|"
    "company number|companynumber)"
)
"""Fields of a contact, as Xero and its SDKs write them."""

DUPLICATE: Final = Row(
    reason=Reason.DUPLICATE_CONTACT,
    cause="Xero already has a contact that this one collides with: names and contact numbers must be unique in Xero.",
    steps=(
        Step("Look at the failed record in the organisation's sync log.", Link.INTEGRATION_SETTINGS),
        Step(
            "In Xero, search for an existing contact with the same name, archived ones too, then with the same e-mail "
            "address and contact number: Xero itself compares names and contact numbers, not e-mail addresses."
        ),
        Step("If it is the same person, link the record to that contact in the platform, or merge the two in Xero."),
        Step("If it is another person, make the names differ, then sync this record again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.CONTACTS,),
    patterns=(
        "Duplicate contact {email}",
        "duplicate contacts (found|detected|exist|exists)",
        "The contact name {name} is already assigned to another contact",
        "contact name must be unique across all active contacts",
        "(The Contact Name|contact name) (already exists|is already in use|is already used|must be unique)",
        "The existing contact with name {name} cannot be updated to use new name {name}",
        "There is an existing contact with that name",
        "contact (number|ContactNumber) {number} (is already|already exists|already assigned|must be unique)",
        "ContactNumber {number} (is already|already exists|already assigned|must be unique)",
        "contact with (the same|this|that|the specified) (name|email|e-mail|email address|contact number|contactnumber) "
        "already exists",
        "contact with (name|email|e-mail|email address|contact number) {name} already exists",
        "A contact {name} already exists (in Xero|)",
        "(multiple|more than one) contacts (found|match|matched|exist|with)",
    ),
    loose=("contact already exists",),
)

MISSING_FIELD: Final = Row(
    reason=Reason.CONTACT_MISSING_FIELD,
    cause="The contact, or the document's reference to one, lacks a field that must be there.",
    steps=(
        Step("Open the failed record and see which field is empty.", Link.INTEGRATION_SETTINGS),
        Step("Fill it in: Xero itself requires only the name; the platform's own rules may require an e-mail address."),
        Step("For an invoice, make sure its contact was synced first, so that it can be named."),
        Step("Sync this record again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.CONTACTS,),
    patterns=(
        "A Contact must be specified for this type of transaction",
        "A contact must be specified",
        "(Contact Name|ContactName) (cannot be empty|cannot be blank|is required|must be specified|is mandatory|"
        "is missing|must not be empty|may not be empty|must be provided)",
        "Contact must contain at least 1 of the following elements to identify the contact",
        "required (field|fields) missing ... (name|email)",
        "missing required (field|fields) ... (name|email|contact|contactname|emailaddress)",
        "contact (is required|is missing|cannot be empty)",
        "contact has no (name|email|email address|emailaddress)",
    ),
    loose=(
        "(email|e-mail|email address|emailaddress|name|first name|last name) (is required|is missing|cannot be empty|"
        "cannot be blank|must be specified|must be provided|is mandatory|not provided)",
        "required fields missing",
    ),
)

INVALID_FIELD: Final = Row(
    reason=Reason.CONTACT_INVALID_FIELD,
    cause="A field of the contact has a value that Xero does not take: a wrong form, or too long.",
    steps=(
        Step("Open the failed record and find the field that the text names.", Link.INTEGRATION_SETTINGS),
        Step("Correct it: a whole e-mail address, a web address with its scheme, lengths within Xero's bounds."),
        Step("Sync this record again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.CONTACTS,),
    patterns=(
        "Website must be valid",
        "Email address must be valid",
        f"{_FIELD} (must be valid|must be a valid|is not valid|is invalid|is not a valid)",
        f"{_FIELD} (exceeds|exceeded|must not exceed|cannot exceed|cannot be longer than|must be less than|"
        "must not be longer than|must not be more than|cannot be more than|is too long)",
        f"(length of|The length of) {_FIELD}",
    ),
)

ARCHIVED: Final = Row(
    reason=Reason.CONTACT_ARCHIVED,
    cause="The contact is archived in Xero, and archived contacts take no changes and no new documents.",
    steps=(
        Step("Find which contact the failed record belongs to.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, open Contacts, Archived, and restore it; or link the record to an active contact instead."),
        Step("Sync this record again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.CONTACTS, SyncType.INVOICES),
    patterns=(
        "The status ARCHIVED is not valid for contacts",
        "contact {name} (is|has been|was) archived",
        "archived contact",
        "(un-archive|unarchive|restore) (the|this) contact",
    ),
)

LIMIT: Final = Row(
    reason=Reason.CONTACT_LIMIT,
    cause="A limit on contacts is reached: Xero takes 100 contact groups, and the platform may set bounds of its own.",
    steps=(
        Step("See in the platform which limit it counts against.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, delete contact groups or archive contacts that nobody uses."),
        Step("Sync again afterwards; until then each attempt fails the same way."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.CONTACTS,),
    patterns=(
        "You've reached the limit of {number} contact groups",
        "(contact|contacts) limit (has been|was|is|) (reached|exceeded)",
        "limit of ... (contacts|contact groups)",
        "(maximum|max) number of contacts",
        "too many contacts",
    ),
)

ROWS: Final = (DUPLICATE, MISSING_FIELD, INVALID_FIELD, ARCHIVED, LIMIT)
