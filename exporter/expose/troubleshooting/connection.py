"""Authentication and connection."""

from __future__ import annotations

from typing import Final

from exporter.expose.troubleshooting.line import ERROR_FAMILIES, ISSUE_FAMILIES, Kind, Line
from exporter.model.words import Issue, Reason

_EXPIRED: Final = "OAuth token expired"
_GONE: Final = "Connection disconnected"

CONNECTION: Final = (
    Line(
        _EXPIRED,
        "OAuth token expired",
        Kind.ISSUE,
        "An active error says so; or `token_expires_at` lies in the past for longer than `diagnosis.token_grace`, no "
        "sync came after it, and `diagnosis.token_clock` believes it.",
        (*ISSUE_FAMILIES, "xero_token_expiry_timestamp_seconds"),
        (Issue.TOKEN_EXPIRED,),
        (Reason.TOKEN_EXPIRED, Reason.REAUTHORISE),
        ("has expired and is not being renewed",),
    ),
    Line(
        _EXPIRED,
        "Sync failures with 401 errors",
        Kind.SYMPTOM,
        "The text of an error: 401 alone, or with Xero's detail, which tells an expired token, a refused one and a "
        "missing scope apart.",
        ERROR_FAMILIES,
        (Issue.TOKEN_EXPIRED, Issue.UNAUTHORIZED),
        (Reason.REAUTHORISE, Reason.TOKEN_EXPIRED, Reason.SCOPE_MISSING),
        ("access token has expired", "no longer good", "without a scope"),
        sample='{"Title":"Unauthorized","Status":401,"Detail":"AuthenticationUnsuccessful"}',
    ),
    Line(
        _EXPIRED,
        '"Invalid token" messages in logs',
        Kind.SYMPTOM,
        "The text of an error.",
        ERROR_FAMILIES,
        (Issue.TOKEN_EXPIRED,),
        (Reason.REAUTHORISE,),
        ("no longer good",),
        sample="Invalid token",
    ),
    Line(
        _EXPIRED,
        "Navigate to organization's integration settings",
        Kind.RESOLUTION,
        "The first steps carry the address of that page where `links.integration_settings` is configured.",
        (),
        (Issue.TOKEN_EXPIRED,),
        (),
        ("Open the organisation's integration settings",),
    ),
    Line(
        _EXPIRED,
        "Check token expiry timestamp",
        Kind.CHECK,
        "Read at each poll; a step says what a value in the past means and what not.",
        ("xero_token_expiry_timestamp_seconds",),
        (Issue.TOKEN_EXPIRED,),
        (Reason.TOKEN_EXPIRED,),
        ("Check the token expiry timestamp",),
    ),
    Line(
        _EXPIRED,
        "Trigger re-authentication flow if expired",
        Kind.RESOLUTION,
        "A person has to sign in to Xero: no machine can.",
        (),
        (Issue.TOKEN_EXPIRED,),
        (Reason.REAUTHORISE,),
        ("Trigger the re-authentication flow",),
        acts="no: a person signs in",
    ),
    Line(
        _EXPIRED,
        "Verify OAuth scopes are correct",
        Kind.CHECK,
        "Xero names a missing scope in its 401 (`AuthorizationUnsuccessful`, `insufficient_scope`).",
        (*ISSUE_FAMILIES, *ERROR_FAMILIES),
        (Issue.UNAUTHORIZED,),
        (Reason.SCOPE_MISSING,),
        ("Verify the OAuth scopes",),
        sample='{"Title":"Unauthorized","Status":401,"Detail":"AuthorizationUnsuccessful"}',
    ),
    Line(
        _GONE,
        "Connection disconnected",
        Kind.ISSUE,
        "`connected` is false (unless there never was a connection), `sync_status` is disconnected, or an active error "
        "says so.",
        (*ISSUE_FAMILIES, "xero_connected"),
        (Issue.DISCONNECTED,),
        (Reason.DISCONNECTED,),
        ("The connection to the customer's Xero is gone",),
    ),
    Line(
        _GONE,
        'Integration shows "disconnected" status',
        Kind.SYMPTOM,
        "The platform's own word, read at each poll.",
        ("xero_sync_status", "xero_connected"),
        (Issue.DISCONNECTED,),
        (),
        ("The connection to the customer's Xero is gone",),
    ),
    Line(
        _GONE,
        "No syncs occurring",
        Kind.SYMPTOM,
        "`last_sync` is older than `diagnosis.sync_stale_after` while syncs wait, or than "
        "`diagnosis.sync_silent_after`; a connection issue hides it.",
        ("xero_last_sync_timestamp_seconds", "xero_pending_syncs", *ISSUE_FAMILIES),
        (Issue.SYNC_STALE, Issue.DISCONNECTED),
        (),
        ("Nothing was synchronised for longer",),
    ),
    Line(
        _GONE,
        "Check Xero app authorization in organization's Xero account",
        Kind.CHECK,
        "With `xero.app`, Xero's own list of connections is asked: a tenant that it misses is not authorised, whatever "
        "the platform says. Without it, a person looks.",
        ("xero_connection_authorized", *ISSUE_FAMILIES),
        (Issue.UNAUTHORIZED, Issue.DISCONNECTED),
        (Reason.DISCONNECTED,),
        ("open Settings, Connected apps",),
        sample='{"Title":"Forbidden","Status":403,"Detail":"AuthenticationUnsuccessful"}',
    ),
    Line(
        _GONE,
        "Verify MemberPulse app hasn't been revoked",
        Kind.CHECK,
        "By Xero's own list; or by Xero's 403, which says that this token may not enter this organisation. Were the "
        "app itself refused, all organisations would be: one fact of the fleet.",
        ("xero_connection_authorized", "xero_app_credentials_rejected"),
        (Issue.UNAUTHORIZED,),
        (Reason.DISCONNECTED, Reason.APP_CREDENTIALS),
        ("revoked, or the user who connected has left", "concerns every organisation at once"),
    ),
    Line(
        _GONE,
        "Re-authorize connection through Client Portal",
        Kind.RESOLUTION,
        "The step carries the address of that page where `links.client_portal` is configured.",
        (),
        (Issue.DISCONNECTED,),
        (),
        ("in the Client Portal",),
        acts="no: a person signs in",
    ),
)
"""In the order of the page."""
