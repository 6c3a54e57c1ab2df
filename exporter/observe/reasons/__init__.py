"""The reasons: tables, one row each, in the order of the troubleshooting guide."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exporter.model.words import Reason
from exporter.observe.reasons import (
    connection,
    contacts,
    documents,
    fields,
    invoices,
    reconciliation,
    rest,
    service,
    tokens,
)
from exporter.observe.reasons.row import Link, Row, Step

__all__ = ["RANKING", "REASONS", "Link", "Row", "Step"]

_ROWS: Final = {
    row.reason: row
    for table in (contacts, invoices, documents, fields, reconciliation, connection, tokens, service, rest)
    for row in table.ROWS
}

REASONS: Final[Mapping[Reason, Row]] = MappingProxyType({reason: _ROWS[reason] for reason in Reason})
"""Reason -> what is known of it; complete, in the order of the closed list."""

RANKING: Final = (
    # Nothing else can succeed before these are mended.
    Reason.APP_CREDENTIALS,
    Reason.DISCONNECTED,
    Reason.SCOPE_MISSING,
    Reason.REAUTHORISE,
    Reason.TOKEN_EXPIRED,
    Reason.DAILY_LIMIT,
    Reason.RATE_LIMITED,
    Reason.PERMISSION,
    # The record cannot be changed, whatever is corrected in it.
    Reason.ALREADY_RECONCILED,
    Reason.PERIOD_LOCKED,
    Reason.PLAN_LIMIT,
    Reason.PAYMENT_STATE,
    Reason.DOCUMENT_NOT_EDITABLE,
    # It refers to something that is not there, or is there already.
    Reason.DUPLICATE_CONTACT,
    Reason.CONTACT_ARCHIVED,
    Reason.CONTACT_LIMIT,
    Reason.DUPLICATE_RECORD,
    Reason.CURRENCY,
    Reason.BANK_ACCOUNT,
    Reason.ACCOUNT_CODE,
    Reason.TAX_RATE,
    Reason.RECORD_MISSING,
    Reason.AMOUNT_MISMATCH,
    # A value in it is wrong.
    Reason.CONTACT_MISSING_FIELD,
    Reason.CONTACT_INVALID_FIELD,
    Reason.DOCUMENT_INVALID,
    Reason.IDEMPOTENCY_CONFLICT,
    # What stands beside causes, and is none of its own then.
    Reason.NETWORK,
    Reason.XERO_UNAVAILABLE,
    Reason.UNSPECIFIED,
    Reason.UNKNOWN,
)
"""Which reason a text has that gives several: the first of these."""
