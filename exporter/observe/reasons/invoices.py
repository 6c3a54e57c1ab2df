"""Invoice sync failures: what an invoice refers to - accounts, tax rates, currencies."""

from __future__ import annotations

from typing import Final

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons.row import Link, Row, Step

ACCOUNT_CODE: Final = Row(
    reason=Reason.ACCOUNT_CODE,
    cause="The document names an account that the organisation's chart of accounts does not have, or not for this use.",
    steps=(
        Step(
            "Check the mapping to the chart of accounts: the code that the text names must be there.",
            Link.INTEGRATION_SETTINGS,
        ),
        Step("In Xero, open Accounting, Chart of accounts, and see whether that code is missing, archived or renamed."),
        Step("Map to an account that exists, or create or restore it in Xero, then sync the failed records again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.INVOICES,),
    patterns=(
        "Account code {code} has been removed as it does not match a recognised account",
        "Account code {code} is not a valid code for this document",
        "Account code {code} (is not valid|is invalid|does not exist|could not be found|has been archived|is archived)",
        "(Invalid|unknown) account (code|codes)",
        "Account could not be found",
        "Account must be valid",
        "AccountCode (must be specified|is required|is not valid|could not be found)",
    ),
)

TAX_RATE: Final = Row(
    reason=Reason.TAX_RATE,
    cause="The tax rate of a line does not exist in the organisation, or does not go with its account.",
    steps=(
        Step("Check that the tax rate configuration matches the rates in Xero.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, open Accounting, Tax rates, and see whether the rate is active and allowed for the account."),
        Step("Map to a rate that exists and fits, then sync the failed records again."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.INVOICES,),
    patterns=(
        "Tax rate must be valid",
        "The TaxType code {code} cannot be used with account code {code}",
        "The TaxType code {code} (does not exist|is not valid)",
        "The tax amount cannot be greater than the line amount",
        "tax rate ... mismatch",
    ),
)

CURRENCY: Final = Row(
    reason=Reason.CURRENCY,
    cause="The document is in a currency that is not enabled in the Xero organisation, or not for its account.",
    steps=(
        Step("See which currency the failed document has.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, open Settings, Currencies, and add it; several currencies need a plan that has them."),
        Step("Sync the failed records again, or issue them in a currency that is enabled."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=(SyncType.INVOICES,),
    patterns=(
        "Organisation is not subscribed to currency {currency}",
        "currency ... (is not supported|not supported|is not enabled|not enabled)",
    ),
)

ROWS: Final = (ACCOUNT_CODE, TAX_RATE, CURRENCY)
