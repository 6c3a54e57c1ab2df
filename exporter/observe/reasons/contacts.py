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
        "duplicate (contacts|customer|customers) (found|detected|exist|exists|in xero|)",
        "(contact|customer) (is a duplicate|duplicate|duplicated|already synced)",
        "The contact name {name} is already assigned to another contact",
        "contact name must be unique across all active contacts",
        "(contact name|customer name) <TAKEN>",
        "existing (contact|contacts) with name {name} cannot be updated to use new name {name}",
        "existing contact with (that|this|the same) name",
        (
            "(another|an existing) (contact|customer) (has|with|uses|is using) (this|the|that|same|the same|a "
            "matching) (name|email|email address|contact number|contactnumber|account number|details)"
        ),
        "(contact number|ContactNumber|contact code) ... <TAKEN>",
        (
            "(account number|AccountNumber) ... (is already|already exists|already assigned|already in use|must "
            "be unique)"
        ),
        (
            "contact (with|using|having|for|named|called) {name} (already exists|already exist|already in use|is "
            "already in xero)"
        ),
        "A contact {name} already exists",
        "contact (already exists|already exist|exists already)",
        (
            "(email|email address|e-mail|emailaddress) {email} (already exists|already in use|is already in use|"
            "already used|is already used|is already assigned|already belongs|belongs to another contact|must be "
            "unique)"
        ),
        (
            "(multiple|more than one|several|two or more) (contacts|contact) (found|match|matched|matching|exist|"
            "with|in xero|have|has|were found)"
        ),
        "contacts with the same (name|email|contact number|email address)",
    ),
    loose=(
        "(customer|contact|email|e-mail|email address) already exists",
        "contact sync ... <TAKEN>",
        "contact sync duplicate",
    ),
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
        "(contact|contacts|ContactID|contact id) <ABSENT>",
        "(Contact Name|ContactName|customer name) ... <ABSENT>",
        "name (of the contact|for the contact) ... <ABSENT>",
        "Contact must contain at least 1 of the following elements to identify the contact",
        "must contain (at least|) (one of|1 of|one|) ... identify the contact",
        "(required|mandatory) (field|fields|data|value|values) ... (email|name|contact|emailaddress)",
        "missing (required|mandatory) (field|fields|contact) ... (name|email|contact|contactname|emailaddress)",
        (
            "contact (has no|does not have|doesn't have|without|must have|needs) (a|an|any|the|its|) (name|email|"
            "email address|emailaddress|e-mail|e-mail address|contactid|first name|last name)"
        ),
        "(primary person|contact) ... has no email address",
        "no (name|email|email address) (for|on|set for|specified for) (the|this|) contact",
        (
            "(first name|last name|email|email address|EmailAddress|e-mail) <ABSENT> for (the|this|a|all|every|) "
            "(contact|contacts|contact person|contact persons)"
        ),
    ),
    loose=(
        (
            "(email|e-mail|email address|e-mail address|emailaddress|name|first name|last name|firstname|"
            "lastname) ... <ABSENT>"
        ),
        "(missing|no) (email|e-mail|email address|name|first name|last name|contact name|contact|emailaddress)",
        "(required|mandatory) (field|fields) <ABSENT>",
        "missing (required|mandatory) (field|fields)",
        "contact data (is incomplete|incomplete)",
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
        "<CONTACT_FIELD> <WRONG>",
        "<CONTACT_FIELD> ... <WRONG>",
        "<CONTACT_FIELD> <TOO_LONG>",
        "<CONTACT_FIELD> ... <TOO_LONG>",
        "contact name ... <WRONG>",
        "(length of|length for|the value of) (the|) <CONTACT_FIELD>",
        "(invalid|not a valid|malformed) <CONTACT_FIELD>",
        "maximum of {number} contact persons",
        (
            "(contact person|contact persons|ContactPersons|additional people|additional person) ... (cannot be "
            "added|must|maximum|limit|exceed|can only)"
        ),
        "contact ... (max|maximum) length",
        "contact name ... <TOO_LONG>",
    ),
    loose=(
        "contact sync ... (exceeds|max length|maximum length|too long|must be valid|is invalid|is not valid)",
        ("(ABN|NZBN|VAT number|VAT registration number|tax number|GST number|business number|company number) <WRONG>"),
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
        "(contact|contacts|customer) <SHELVED>",
        (
            "(contact|contacts) (with|for|details|name|in xero) {name} (has been archived|is archived|was "
            "archived|is inactive)"
        ),
        "contact must be (un-archived|unarchived|active|restored)",
        "archived (contact|contacts|customer)",
        "contact {name} (has been archived|is archived|was archived)",
        "(un-archive|unarchive|restore|reactivate) (the|this|a|your|) contact",
        "contactstatus ... archived",
    ),
    loose=("contact sync ... archived",),
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
        (
            "(contact|contacts|contact group|contact groups|customer) (limit|quota) (has been|was|is|have been|) "
            "(reached|exceeded|hit|met)"
        ),
        (
            "reached (the|your|a|) (limit|maximum|maximum number|max number|number) (of|for|on) {number} "
            "(contacts|contact|contact groups)"
        ),
        (
            "(limit|maximum number|max number|maximum|number) (of|on|for) (contacts|contact groups|active "
            "contacts) ... (reached|exceeded|hit)"
        ),
        (
            "(reached|exceeded|exceeds|exceed|hit|over|at) (the|your|its|) (contact|contacts|contact group) "
            "(limit|quota|maximum)"
        ),
        "too many (contacts|contact groups)",
        "(cannot|can't|unable to) (add|create) (any|) more contacts",
        "maximum number of (contacts|contact groups)",
    ),
)

ROWS: Final = (DUPLICATE, MISSING_FIELD, INVALID_FIELD, ARCHIVED, LIMIT)
