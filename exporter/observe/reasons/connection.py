"""Authentication and connection."""

from __future__ import annotations

from typing import Final

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons.row import Link, Row, Step

_ALL: Final = tuple(SyncType)

PERMISSION: Final = Row(
    reason=Reason.PERMISSION,
    cause="The user who connected Xero may not do this in the organisation.",
    steps=(
        Step("See in the platform which user made the connection.", Link.INTEGRATION_SETTINGS),
        Step("In Xero, open Settings, Users: that user needs a role that may do what failed (Standard or Adviser)."),
        Step("Give the role, or let a user who has it re-authorize the connection.", Link.CLIENT_PORTAL),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=_ALL,
    patterns=("A valid user should be identified using the UserID", "You are not permitted to access this resource"),
)

TOKEN_EXPIRED: Final = Row(
    reason=Reason.TOKEN_EXPIRED,
    cause="The access token has expired; it lives 30 minutes, and the platform should have refreshed it.",
    steps=(
        Step(
            "Check the token expiry timestamp; if it moves on, the platform refreshes and all is well.",
            Link.INTEGRATION_SETTINGS,
        ),
        Step("If it stands in the past, trigger the re-authentication flow."),
        Step("Verify that the OAuth scopes are correct, offline_access among them: without it there is no refresh."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=True,
    sync_types=_ALL,
    patterns=("TokenExpired", "TokenExpired token expired at {date}"),
    loose=("(access token|token) (has|is|) expired",),
)

REAUTHORISE: Final = Row(
    reason=Reason.REAUTHORISE,
    cause="The platform's token for this organisation is no longer good: revoked, used up, or 60 days without use.",
    steps=(
        Step("Trigger the re-authentication flow.", Link.INTEGRATION_SETTINGS),
        Step("The customer re-authorizes the connection.", Link.CLIENT_PORTAL),
        Step("If it comes back within days, the platform loses refresh tokens: each can be used once."),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=_ALL,
    patterns=("invalid_grant", "AuthenticationUnsuccessful"),
    loose=("Invalid token",),
    bare=("401", "401 unauthorised", "unauthorised"),
)

SCOPE_MISSING: Final = Row(
    reason=Reason.SCOPE_MISSING,
    cause="The connection was made without a scope that this call needs; refreshing the token never adds one.",
    steps=(
        Step("Verify the OAuth scopes that the platform asks for against what fails.", Link.INTEGRATION_SETTINGS),
        Step("The customer re-authorizes the connection, and consents to all scopes.", Link.CLIENT_PORTAL),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=_ALL,
    patterns=("AuthorisationUnsuccessful", "(insufficient|insufficent) scope", "invalid_scope"),
)

DISCONNECTED: Final = Row(
    reason=Reason.DISCONNECTED,
    cause="Xero no longer lets the platform into this organisation: revoked, the user left, the trial over, or deleted.",
    steps=(
        Step("In the organisation's Xero account, open Settings, Connected apps, and check that MemberPulse is there."),
        Step("If it was revoked, or the user who connected has left, re-authorize the connection.", Link.CLIENT_PORTAL),
        Step(
            "If the organisation was deleted, or its trial or plan has ended, no re-authorization helps: ask the "
            "customer which organisation to use."
        ),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=_ALL,
    patterns=(
        "(403|Forbidden) ... AuthenticationUnsuccessful",
        "AuthenticationUnsuccessful ... (403|Forbidden)",
    ),
    bare=("403", "403 Forbidden", "Forbidden"),
)

APP_CREDENTIALS: Final = Row(
    reason=Reason.APP_CREDENTIALS,
    cause="Xero does not accept the platform's own app: a wrong client id or secret, or the app is switched off.",
    steps=(
        Step("This concerns every organisation at once, and no customer can mend it: tell the platform's developers."),
        Step("At developer.xero.com, compare the app's client id and secret, and see whether it is enabled."),
        Step("After the correction, syncs go on by themselves; nobody needs to re-authorize unless told so."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=False,
    sync_types=_ALL,
    patterns=("(invalid_client|unauthorised_client|unsupported_grant_type)", "Unknown client or client not enabled"),
)

ROWS: Final = (PERMISSION, TOKEN_EXPIRED, REAUTHORISE, SCOPE_MISSING, DISCONNECTED, APP_CREDENTIALS)
