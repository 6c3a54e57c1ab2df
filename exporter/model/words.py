"""Closed lists of words. They are label values, API values and log values: changing one changes the contract."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

ORGANIZATION_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
"""What an organization_id may look like, as a whole match.

It goes into URL paths and labels unescaped, so it can never be ``.`` or ``..`` (which a client resolves away) and
never hold a quote, a slash or a space.
"""

ORGANIZATION_ID_RULE: Final = "1 to 128 letters, digits and . _ : - of ASCII, beginning with a letter or digit"
"""`ORGANIZATION_ID` in words, for error messages."""


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


def sync_status_of(word: str) -> SyncStatus:
    """The closed word for what the platform wrote: lower-cased exact match, anything unknown is `other`."""
    return _SYNC_STATUS_WORDS.get(word.lower(), SyncStatus.OTHER)


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
