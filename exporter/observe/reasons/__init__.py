"""The reasons: tables, one row each, in the order of the troubleshooting guide."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exporter.model.words import Reason
from exporter.observe.reasons import connection, contacts, documents, invoices, reconciliation, rest, service
from exporter.observe.reasons.row import Link, Row, Step

__all__ = ["RANKING", "REASONS", "Link", "Row", "Step"]

REASONS: Final[Mapping[Reason, Row]] = MappingProxyType(
    {
        row.reason: row
        for rows in (
            contacts.ROWS,
            invoices.ROWS,
            documents.ROWS,
            reconciliation.ROWS,
            connection.ROWS,
            service.ROWS,
            rest.ROWS,
        )
        for row in rows
    }
)
"""Reason -> what is known of it; complete."""

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
