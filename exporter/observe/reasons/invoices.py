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
        "does not match a recognised account",
        "Account code {code} is not (a|) valid code for this document",
        "<ACCOUNT_CODE> {code} <WRONG>",
        "<ACCOUNT_CODE> ... <ABSENT>",
        "<ACCOUNT_CODE> {code} <GONE>",
        "<ACCOUNT_CODE> {code} <SHELVED>",
        (
            "<ACCOUNT_CODE> {code} (cannot be used|can not be used|may not be used|is not allowed|is not "
            "available|is not enabled|is a system account|cannot be a system account|is not mapped|not mapped)"
        ),
        "(account code|AccountCode|account) or (account id|id|AccountID) must be specified",
        "(invalid|unknown|unrecognised|missing|incorrect|not a valid|no|nonexistent) <ACCOUNT_CODE>",
        "(invalid|unknown|unrecognised) (income|revenue|sales|expense|) account",
        "(Account|accounts) (code|) <GONE>",
        (
            "The account {code} (could not be found|does not exist|is archived|has been archived|has been "
            "deleted|is not valid|was not found)"
        ),
        "Account must be valid",
        (
            "(card|payment method|category|categories|product|products|item|items|expense) ... (mapped to|not "
            "mapped|unmapped|no mapping) ... (account|GL)"
        ),
        "(GL|ledger) account ... (not mapped|mapped|mapping|required)",
        "line item must reference a valid account",
        ("account {name} (is archived|has been archived|has been deleted|is not active|is inactive|not found in xero"),
        (
            "(chart of accounts|accounts mapping|account mapping) ... (missing|not found|not mapped|invalid|"
            "incorrect|mismatch|does not|not set|not configured|incomplete)"
        ),
        "(account|accounts) ... (chart of accounts|in xero's chart)",
        "create the following (accounts|account) in xero",
        (
            "(sales|revenue|income|expense|purchases|inventory|COGS|default|clearing|discount|shipping|fee|fees) "
            "(account|account code) ... (not mapped|not set|missing|not configured|not found|is required|must be "
            "specified|must be mapped|is invalid)"
        ),
        "system (account|accounts) (cannot|can not|may not|must not|are not|is not)",
        (
            "(cannot|can not|may not) (post|be posted|code|be coded) (directly|) to (a|an|the|) (system|control|"
            "accounts receivable|accounts payable|archived|debtors|creditors)"
        ),
    ),
    loose=(
        "account ... (not mapped|is not mapped|unmapped)",
        "account (is archived|has been archived|archived)",
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
        "TaxType code {code} cannot be used with account code {code}",
        "<TAX_RATE> {code} <WRONG>",
        "<TAX_RATE> {code} <GONE>",
        "<TAX_RATE> ... <ABSENT>",
        "<TAX_RATE> {code} <SHELVED>",
        (
            "<TAX_RATE> {code} (cannot be used|can not be used|may not be used|cannot be applied|not applicable|"
            "not allowed|not available|not supported|not mapped|not configured|does not match|do not match|"
            "doesn't match)"
        ),
        "(invalid|unknown|unrecognised|incorrect|wrong|missing|mismatched|no|not a valid) <TAX_RATE>",
        "(invalid|incorrect|wrong) (tax amount|tax configuration)",
        (
            "(tax|tax rate|tax rates|tax type|tax amount|VAT|GST|tax total) (configuration|) (mismatch|"
            "mismatched|does not match|do not match|doesn't match|don't match|not matching|did not match)"
        ),
        "mismatch ... (tax rate|tax rates|tax type|tax amount|tax configuration|VAT rate|GST rate)",
        (
            "(tax amount|TaxAmount|tax total|total tax|VAT amount|GST amount) ... (cannot be greater|incorrect|"
            "must be|should be|does not match|does not equal|cannot be|is not valid|exceeds|is invalid|not "
            "allowed|not permitted)"
        ),
        "cannot be used with (this|the) (tax type|tax rate|TaxType|account code|account)",
        "(LineAmountTypes|line amount types|line amount type) ... (tax|must|invalid|not valid|does not match)",
        "not registered for (GST|VAT|tax|sales tax)",
    ),
    loose=("(tax|VAT|GST) (configuration|rate|code|type) (error|problem|not found)",),
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
        "not subscribed to currency {currency}",
        "not subscribed to (the|this|that|a|any|) (currency|multi-currency|multicurrency|foreign currency)",
        (
            "<CURRENCY> {currency} (not supported|isn't supported|not enabled|isn't enabled|not available|not "
            "subscribed|not valid|is invalid|not recognised|does not exist|not found|could not be found|not "
            "active|not allowed|unsupported|not configured|must be added|has not been added|not added|not set up|"
            "must be valid|cannot be used|not yet supported)"
        ),
        "(unsupported|invalid|unknown|unrecognised|not a valid|disabled) <CURRENCY>",
        (
            "<CURRENCY> ... (does not match|do not match|doesn't match|don't match|must match|mismatch|must be "
            "the same|must be in|differs|is different|different from|not matching|same currency)"
        ),
        (
            "(currency rate|CurrencyRate|exchange rate) ... (invalid|not valid|must be|is required|required|"
            "cannot be|missing|could not be|not available|not found|not allowed|mismatch)"
        ),
        (
            "(multi-currency|multi currency|multicurrency|foreign currency|foreign currencies) ... (not enabled|"
            "not supported|not available|is not|not yet supported|disabled|required|not subscribed|does not|"
            "doesn't)"
        ),
        (
            "(does not|doesn't|do not) (support|have|allow|include) (the|this|) (multi-currency|multi currency|"
            "multicurrency|foreign currency|currency)"
        ),
        "<CURRENCY> ... <ABSENT>",
        "(same|base) currency (as|of) (the|your) (invoice|bank account|account|organisation|document|payment)",
    ),
    loose=(
        "(currency|currencies) (mismatch|error)",
        "different currencies",
    ),
)

ROWS: Final = (ACCOUNT_CODE, TAX_RATE, CURRENCY)
