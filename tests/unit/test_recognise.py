"""What a type and a text are recognised as; look-alikes are told apart, and no text costs much."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Final

import pytest

from exporter.model.words import Reason, SyncType
from exporter.observe.recognise import _recognised, correlation_id, recognise, sync_type_of


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"Status":401,"Title":"Unauthorized","Detail":"AuthenticationUnsuccessful"}', Reason.REAUTHORISE),
        ('{"Status":403,"Title":"Forbidden","Detail":"AuthenticationUnsuccessful"}', Reason.DISCONNECTED),
        ("403 Forbidden: AuthenticationUnsuccessful", Reason.DISCONNECTED),
        ("AuthenticationUnsuccessful (HTTP 403)", Reason.DISCONNECTED),
        ('{"Status":401,"Title":"Unauthorized","Detail":"AuthorizationUnsuccessful"}', Reason.SCOPE_MISSING),
        ("AuthorisationUnsuccessful", Reason.SCOPE_MISSING),
        ('Bearer error="insufficent_scope"', Reason.SCOPE_MISSING),
        ('Bearer error="insufficient_scope"', Reason.SCOPE_MISSING),
        ("TokenExpired: token expired at 01/01/2001 00:00:00", Reason.TOKEN_EXPIRED),
        ("invalid_grant", Reason.REAUTHORISE),
        ('{"error":"invalid_grant","error_description":"refresh token expired"}', Reason.REAUTHORISE),
        ("The access token has expired", Reason.TOKEN_EXPIRED),
        ("The refresh token has expired", Reason.REAUTHORISE),
        ("invalid_client", Reason.APP_CREDENTIALS),
        ("unauthorized_client", Reason.APP_CREDENTIALS),
        ("unsupported_grant_type", Reason.APP_CREDENTIALS),
        ("You've exceeded the per minute rate limit", Reason.RATE_LIMITED),
        ("You've exceeded the per day rate limit", Reason.DAILY_LIMIT),
        ("429 Too Many Requests. X-Rate-Limit-Problem: day", Reason.DAILY_LIMIT),
        ("429 Too Many Requests. X-Rate-Limit-Problem: minute", Reason.RATE_LIMITED),
        ("429 Too Many Requests. X-Rate-Limit-Problem: concurrent", Reason.RATE_LIMITED),
        ("429 Too Many Requests. X-Rate-Limit-Problem: appminute", Reason.RATE_LIMITED),
        ("401", Reason.REAUTHORISE),
        ("403", Reason.DISCONNECTED),
        ("429", Reason.RATE_LIMITED),
        ("503", Reason.XERO_UNAVAILABLE),
        ("Account code '401' is not a valid code for this document", Reason.ACCOUNT_CODE),
        ("Account code '403' has been archived", Reason.ACCOUNT_CODE),
        ("Organisation is not subscribed to currency EUR", Reason.CURRENCY),
        ("Organisation subscription has expired", Reason.DISCONNECTED),
        ("You've reached the limit of 100 contact groups", Reason.CONTACT_LIMIT),
        ("You have reached the limit of invoices you can approve", Reason.PLAN_LIMIT),
        ("This document cannot be edited as it has a payment or credit note allocated to it.",
         Reason.DOCUMENT_NOT_EDITABLE),
        ("This document cannot be edited as it has a reconciled payment or credit note allocated to it.",
         Reason.ALREADY_RECONCILED),
        ("Payment amount exceeds the amount outstanding on this document", Reason.AMOUNT_MISMATCH),
        ("Payment not of valid status for modification", Reason.PAYMENT_STATE),
        ("Invoice not of valid status for modification", Reason.DOCUMENT_NOT_EDITABLE),
        ("The Contact Name already exists", Reason.DUPLICATE_CONTACT),
        ("Price List Item with Code 'abc' already exists", Reason.DUPLICATE_RECORD),
        ("Contact Name cannot be empty", Reason.CONTACT_MISSING_FIELD),
        ("Email address must be valid", Reason.CONTACT_INVALID_FIELD),
        ("Bank account is not mapped", Reason.BANK_ACCOUNT),
        ("Account could not be found", Reason.ACCOUNT_CODE),
        ("Invoice could not be found", Reason.RECORD_MISSING),
    ],
)  # fmt: skip
def test_look_alikes_are_told_apart(text: str, reason: Reason) -> None:
    """Texts that differ by a few letters or a number, and need different cures."""
    assert recognise(None, text).reason is reason


def test_a_cause_outranks_what_stands_beside_it() -> None:
    """The envelope, and Xero's apology for an error of its own."""
    apology = "An error occurred in Xero. Check the API Status page http://status.developer.xero.com"
    assert recognise(None, apology).reason is Reason.XERO_UNAVAILABLE
    assert recognise(None, f"A validation exception occurred. {apology}").reason is Reason.XERO_UNAVAILABLE
    assert recognise(None, f"{apology} Tax rate must be valid.").reason is Reason.TAX_RATE
    messages = [{"Message": apology}, {"Message": "Account must be valid."}, {"Message": "Tax rate must be valid."}]
    body = {"Message": "A validation exception occurred", "Elements": [{"ValidationErrors": messages}]}
    assert recognise(None, json.dumps(body)).reason is Reason.ACCOUNT_CODE


def test_documents_in_an_envelope_are_not_taken_for_its_messages() -> None:
    """A line that somebody described so is no error."""
    lines = [{"Description": "The access token has expired", "ItemCode": "Duplicate contact"}]
    body = {
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": [{"LineItems": lines, "ValidationErrors": [{"Message": "Tax rate must be valid."}]}],
    }
    assert recognise(None, json.dumps(body)).reason is Reason.TAX_RATE


@pytest.mark.parametrize(
    ("kind", "message", "reason"),
    [
        (None, None, Reason.UNSPECIFIED),
        ("contact_sync", None, Reason.UNSPECIFIED),
        ("contact_sync", " \n", Reason.UNSPECIFIED),
        ("rate_limited", None, Reason.RATE_LIMITED),
        ("token_expired", "", Reason.TOKEN_EXPIRED),
        ("TokenExpired", "", Reason.TOKEN_EXPIRED),
        ("duplicate_contact", "jo.tern@example.com", Reason.DUPLICATE_CONTACT),
        ("contact_sync", "jo.tern@example.com already exists", Reason.DUPLICATE_CONTACT),
        ("invoice_sync", "INV-12 already exists", Reason.DUPLICATE_RECORD),
        ("contact_sync", "Tax rate must be valid", Reason.TAX_RATE),
        ("contact_sync", "the sea is calm", Reason.UNKNOWN),
        ("unknown", "the sea is calm", Reason.UNKNOWN),
    ],
)
def test_the_type_speaks_where_the_text_does_not(kind: str | None, message: str | None, reason: Reason) -> None:
    """It never outvotes a text that is recognised."""
    assert recognise(kind, message).reason is reason


@pytest.mark.parametrize(
    ("kind", "reason", "sync_type"),
    [
        ("contact_sync", Reason.TAX_RATE, SyncType.CONTACTS),
        ("Contacts", Reason.UNKNOWN, SyncType.CONTACTS),
        ("invoice_sync", Reason.DUPLICATE_CONTACT, SyncType.INVOICES),
        ("CreditNote", Reason.UNKNOWN, SyncType.INVOICES),
        ("item_sync", Reason.UNKNOWN, SyncType.INVOICES),
        ("reconciliation", Reason.UNKNOWN, SyncType.RECONCILIATION),
        ("bank_transaction", Reason.UNKNOWN, SyncType.RECONCILIATION),
        (" Payment_sync", Reason.UNKNOWN, SyncType.RECONCILIATION),
        ("sync_error", Reason.DUPLICATE_CONTACT, SyncType.CONTACTS),
        (None, Reason.ACCOUNT_CODE, SyncType.INVOICES),
        ("", Reason.AMOUNT_MISMATCH, SyncType.RECONCILIATION),
        (None, Reason.PERIOD_LOCKED, SyncType.OTHER),
        (None, Reason.TOKEN_EXPIRED, SyncType.OTHER),
        ("auth", Reason.UNKNOWN, SyncType.OTHER),
    ],
)
def test_the_sync_type_is_the_types_own_or_else_the_reasons(
    kind: str | None, reason: Reason, sync_type: SyncType
) -> None:
    """By how the type begins; the reason decides only if it has exactly one sync type."""
    assert sync_type_of(kind, reason) is sync_type


CORRELATION: Final = "8f2a1c3d-0b7d-4c53-9a51-6c1f0f5f2a10"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"Xero-Correlation-Id: {CORRELATION}", CORRELATION),
        (f'{{"xero-correlation-id": "{CORRELATION.upper()}", "Status": 500}}', CORRELATION),
        (f"failed (correlationId={CORRELATION})", CORRELATION),
        (f"Instance {CORRELATION}", None),
        (CORRELATION, None),
        ("Xero-Correlation-Id: none", None),
        (None, None),
    ],
)
def test_a_correlation_id_is_found_only_where_it_is_called_one(text: str | None, found: str | None) -> None:
    """Other UUIDs are records of the customer's."""
    assert correlation_id(text) == found


def _repeated(piece: str) -> str:
    return piece * (4096 // len(piece) + 1)


HOSTILE: Final = {
    "letters": _repeated("a"),
    "brackets": _repeated("("),
    "open objects": _repeated('{"a":'),
    "open arrays": _repeated("["),
    "open strings": _repeated('["'),
    "quotes": _repeated("'\""),
    "escaped quotes": _repeated('\\"'),
    "numbered": _repeated("#1: "),
    "short words": _repeated("a "),
    "entities": _repeated("&amp;"),
    "ampersands": _repeated("&"),
    "open tags": _repeated("<"),
    "tags": _repeated("<a>"),
    "messages": _repeated("<Message>a</Message>"),
    "cut pairs": "{" + _repeated('"Message": "x",'),
    "keys and spaces": _repeated('"message"' + " " * 100),
    "nested objects": _repeated('{"message":'),
    "objects in strings": _repeated('{"message":"{\\"message\\":'),
    "typographic quotes": _repeated("’"),  # noqa: RUF001 - as Xero writes it
    "percent signs": _repeated("%20"),
    "one phrase": _repeated("contact name "),
    "one sentence": _repeated("#1: Invoice not of valid status for modification "),
    "surrogates": _repeated("\ud800"),
}


def _milliseconds(work: Callable[[], object]) -> float:
    """Of this process, not of the clock: the machine is shared."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_megabyte_of_hostile_text_costs_little(name: str) -> None:
    """In 256 texts, none from the cache: 50 ms is the aim, 400 the bound here; anything quadratic takes seconds."""
    texts = [f"{number} {HOSTILE[name]}"[:4096] for number in range(256)]
    assert _milliseconds(lambda: [_recognised.__wrapped__("invoice_sync", text) for text in texts]) < 400


def test_one_text_of_a_megabyte_is_cut_first() -> None:
    """So it costs no more than its beginning."""
    text = '{"a":' * 200_000
    assert _milliseconds(lambda: recognise("invoice_sync", text)) < 50


def test_a_repeated_text_costs_next_to_nothing() -> None:
    """Fleets fail in few words: 10,000 of one text within 100 ms."""
    recognise("contact_sync", "Duplicate contact: jo.tern@example.com")
    assert (
        _milliseconds(
            lambda: [recognise("contact_sync", "Duplicate contact: jo.tern@example.com") for _ in range(10_000)]
        )
        < 100
    )
