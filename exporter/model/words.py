"""Closed lists of words. They are label values, API values and log values: changing one changes the contract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

ORGANIZATION_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
"""What an organization_id may look like, as a whole match.

It goes into URL paths and labels unescaped, so it can never be ``.`` or ``..`` (which a client resolves away) and
never hold a quote, a slash or a space.
"""

ORGANIZATION_ID_RULE: Final = "1 to 128 letters, digits and . _ : - of ASCII, beginning with a letter or digit"
"""`ORGANIZATION_ID` in words, for error messages."""

RECORD_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
"""What the platform's id of a record may look like, as a whole match. An e-mail address is none."""

MAX_RECORD_IDS: Final = 100
"""Records of one retry, and of one error: a platform that has more of them fails at something else."""


class Freshness(StrEnum):
    """How much can be trusted of what is known about an organisation."""

    FRESH = "fresh"
    """The last success is not older than stale_after."""
    STALE = "stale"
    """There was no success for longer than stale_after."""
    PENDING = "pending"
    """No success yet, and known to us for less than stale_after."""
    NOT_FOUND = "not_found"
    """The last reading says that the platform does not know it (HTTP 404)."""


class Failure(StrEnum):
    """Why a request did not give a usable answer: the failure class, decided on the cause, not on a text."""

    AUTH = "auth"
    """401 or 403."""
    NOT_FOUND = "not_found"
    """404 or 410."""
    RATE_LIMITED = "rate_limited"
    """429."""
    SERVER_ERROR = "server_error"
    """Any 5xx."""
    TIMEOUT = "timeout"
    """Connecting, waiting or reading took longer than the total deadline."""
    NETWORK = "network"
    """Refused, name not found, reset, closed early, TLS."""
    UNEXPECTED_STATUS = "unexpected_status"
    """Any other HTTP status but 200: redirects too, they are never followed."""
    INVALID_RESPONSE = "invalid_response"
    """Not HTTP, too large, not JSON, or a field of the wrong type."""


class Sent(StrEnum):
    """Whether a request that failed can have been acted upon by the other side."""

    YES = "yes"
    """An answer came, so it was received."""
    NO = "no"
    """No connection was ever made."""
    MAYBE = "maybe"
    """Anything else."""


class SyncStatus(StrEnum):
    """The platform's sync_status, folded to a closed list."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILING = "failing"
    DISCONNECTED = "disconnected"
    OTHER = "other"


_SYNC_STATUS_WORDS: Final = {
    "healthy": SyncStatus.HEALTHY,
    "degraded": SyncStatus.DEGRADED,
    "warning": SyncStatus.DEGRADED,
    "partial": SyncStatus.DEGRADED,
    "failing": SyncStatus.FAILING,
    "failed": SyncStatus.FAILING,
    "error": SyncStatus.FAILING,
    "unhealthy": SyncStatus.FAILING,
    "disconnected": SyncStatus.DISCONNECTED,
}
NO_FURTHER_WORDS: Final[Mapping[str, SyncStatus]] = MappingProxyType({})
"""Words for how syncs go beside those that are known, where nothing is configured."""


def sync_status_of(word: str, further: Mapping[str, SyncStatus] = NO_FURTHER_WORDS) -> SyncStatus:
    """The closed word for what the platform wrote: lower-cased exact match, anything unknown is `other`.

    Args:
        word: as written.
        further: words of this platform, in small letters, and what they mean; they go before those that are known.
    """
    small = word.lower()
    return further.get(small) or _SYNC_STATUS_WORDS.get(small, SyncStatus.OTHER)


class SyncType(StrEnum):
    """What was being synchronised when an error happened."""

    CONTACTS = "contacts"
    INVOICES = "invoices"
    RECONCILIATION = "reconciliation"
    OTHER = "other"


class Reason(StrEnum):
    """Why one sync error happened, by its text. What each means, and what to do, is in `observe.reasons`."""

    DUPLICATE_CONTACT = "duplicate_contact"
    CONTACT_MISSING_FIELD = "contact_missing_field"
    CONTACT_INVALID_FIELD = "contact_invalid_field"
    CONTACT_ARCHIVED = "contact_archived"
    CONTACT_LIMIT = "contact_limit"
    ACCOUNT_CODE = "account_code"
    TAX_RATE = "tax_rate"
    CURRENCY = "currency"
    DUPLICATE_RECORD = "duplicate_record"
    DOCUMENT_NOT_EDITABLE = "document_not_editable"
    DOCUMENT_INVALID = "document_invalid"
    PERIOD_LOCKED = "period_locked"
    PLAN_LIMIT = "plan_limit"
    BANK_ACCOUNT = "bank_account"
    ALREADY_RECONCILED = "already_reconciled"
    AMOUNT_MISMATCH = "amount_mismatch"
    PAYMENT_STATE = "payment_state"
    PERMISSION = "permission"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a word, no token
    REAUTHORISE = "reauthorise"
    SCOPE_MISSING = "scope_missing"
    DISCONNECTED = "disconnected"
    APP_CREDENTIALS = "app_credentials"
    RATE_LIMITED = "rate_limited"
    DAILY_LIMIT = "daily_limit"
    XERO_UNAVAILABLE = "xero_unavailable"
    NETWORK = "network"
    RECORD_MISSING = "record_missing"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    UNSPECIFIED = "unspecified"
    """Nothing says why: the platform reports a failure without a text, or only an envelope."""
    UNKNOWN = "unknown"
    """There is a text, and no rule knows it."""


WORDLESS: Final = frozenset({Reason.UNKNOWN, Reason.UNSPECIFIED})
"""Reasons that do not say why: whose it is, and whether the same again would succeed, nobody can tell."""


class Owner(StrEnum):
    """Who can end a cause."""

    CUSTOMER = "customer"
    PLATFORM = "platform"
    XERO = "xero"


class Issue(StrEnum):
    """What is wrong with an organisation now, by precedence: a connection issue hides those below it."""

    DISCONNECTED = "disconnected"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a word, no token
    UNAUTHORIZED = "unauthorized"
    CONTACTS_FAILING = "contacts_failing"
    INVOICES_FAILING = "invoices_failing"
    RECONCILIATION_FAILING = "reconciliation_failing"
    SYNC_FAILING = "sync_failing"
    SYNC_STALE = "sync_stale"


class IncidentKind(StrEnum):
    """What many organisations turn bad in together."""

    CONNECTION = "connection"
    SYNC = "sync"


class Verdict(StrEnum):
    """One word for the fleet; the first that holds, in this order."""

    STARTING = "starting"
    """Not known yet: not everybody was asked, nobody is listed, or what many have was not watched for long enough."""
    PLATFORM_CREDENTIAL = "platform_credential"
    PLATFORM_API = "platform_api"
    XERO_APP = "xero_app"
    XERO = "xero"
    INCIDENT = "incident"
    CUSTOMERS = "customers"
    ALL_WELL = "all_well"


class ServiceStatus(StrEnum):
    """What a status page says of the service: Statuspage's indicator, or that it said nothing."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    """The page could not be read for a while, or says a word not known here. Not an outage."""


class Role(StrEnum):
    """What the holder of a token may do."""

    VIEWER = "viewer"
    """Read."""
    ALERTS = "alerts"
    """Deliver alerts; nothing else is open to it."""
    OPERATOR = "operator"
    """Read and change."""


class RosterSource(StrEnum):
    """Where organisations are listed, in order of precedence."""

    STATIC = "static"
    FILE = "file"
    HTTP = "http"
