"""Authentication and connection: tokens and their scopes."""

from __future__ import annotations

from typing import Final

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons.row import Link, Row, Step

_ALL: Final = tuple(SyncType)

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
    patterns=(
        "TokenExpired",
        "TokenExpired token expired at {date}",
        "token expired at {date}",
        "token_expired",
        (
            "(access token|access_token|bearer token|oauth token|xero token|tokenset|token set|jwt) (has|is|was|"
            "had|) (expired|already expired|no longer valid|past its expiry)"
        ),
        "(expired|an expired) (access token|access_token|oauth token|xero token|bearer token|tokenset|jwt)",
        "token validation failed ... expired",
        "lifetime validation failed",
    ),
    loose=(
        "(token|oauth|tokens) (has|is|was|have|had|) expired",
        "(expired|an expired) (token|oauth token|session token)",
    ),
)

REAUTHORISE: Final = Row(
    reason=Reason.REAUTHORISE,
    cause="The platform's token for this organisation is no longer good: revoked, used up, or 60 days without use.",
    steps=(
        Step("Trigger the re-authentication flow.", Link.INTEGRATION_SETTINGS),
        Step("The customer re-authorizes the connection.", Link.CLIENT_PORTAL),
        Step(
            "If it comes back within days, the platform loses refresh tokens: each can be used once.",
            owner=Owner.PLATFORM,
        ),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=_ALL,
    patterns=(
        "invalid_grant",
        "AuthenticationUnsuccessful",
        "invalid_token",
        "token_rejected",
        (
            "(refresh token|refresh_token|RefreshToken|refreshtoken) ... (invalid|is invalid|not valid|expired|"
            "has expired|revoked|not found|missing|could not|failed|is null|required|already used|been used|"
            "unknown|rejected)"
        ),
        "(invalid|expired|missing|unknown|no|bad|used) (refresh token|refresh_token|RefreshToken)",
        (
            "(failed to|could not|unable to|cannot|can't|error|failed) (refresh|refreshing|renew|renewing) (the|"
            "your|) (access token|access_token|token|tokens|xero token|oauth token|xero access token)"
        ),
        "(token|access token) refresh (failed|error|failure|was rejected|unsuccessful)",
        (
            "(xero|connection to xero|your connection|connection|integration|xero authorisation|oauth connection|"
            "xero session) (connection|) (has|is|) expired"
        ),
        (
            "(reconnect|re-connect|reauthorise|re-authorise|re-authenticate|reauthenticate|authenticate again|"
            "log in again|login again|sign in again|authorise again|connect again) ... (xero|connection|"
            "integration|account|organisation|app|required|needed|again)"
        ),
        (
            "(please|must|to|need to|needs to|should|required to) (reconnect|re-connect|reauthorise|re-authorise|"
            "re-authenticate|reauthenticate)"
        ),
        "(reauthorisation|re-authorisation|reauthentication|re-authentication) (is|) (required|needed|necessary)",
        (
            "(access token|access_token|bearer token|oauth token|xero token|authentication token) ... (is "
            "invalid|invalid|not valid|malformed|rejected|missing|not found|could not be verified|incorrect|is "
            "null|undefined|unrecognised)"
        ),
        (
            "(invalid|bad|missing|malformed|no|unrecognised|rejected) (access token|access_token|bearer token|"
            "oauth token|xero token|authentication token)"
        ),
        "(token|IDX10223|IDX10501|IDX10503) ... signature validation failed",
        "(does not|doesn't|did not) match an expected (access|request|ACCESS|REQUEST) token",
        "(does not|doesn't|did not) match an expected (OAuth token|token)",
        "(refresh token|refresh_token) ... (out of date|must be|reconnected|60 days|30 days|inactive)",
        (
            "(authentication|authorisation) (with|to|by|at) xero (failed|was unsuccessful|unsuccessful|expired|"
            "has expired)"
        ),
        (
            "xero (authentication|authorisation|credentials|login) (failed|error|expired|has expired|invalid|are "
            "invalid|rejected|failure|unsuccessful)"
        ),
        "access_denied",
        "request ... was not authorised",
        "authenticate again",
        "(authorisation code|authorization code|code_verifier|consent) ... (expired|invalid|denied|used)",
        "TokenInvalidSignature",
        "TokenValidationFailed",
    ),
    loose=(
        "Invalid token",
        "token (is|was) (invalid|not valid|rejected)",
        "(tokens|token) (not valid|invalid|rejected|malformed)",
        "(authentication|authorisation) (failed|failure|error|required|unsuccessful|expired)",
        "(HTTP|status code|status|error|code|returned|statuscode|response) (401|unauthorised)",
        "not authenticated",
        "unauthorised ... 401",
        "401 ... unauthorised",
    ),
    bare=(
        "401",
        "401 unauthorised",
        "unauthorised",
        "unauthenticated",
        "401 unauthenticated",
        "authentication failed",
        "request was not authorised",
    ),
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
    patterns=(
        "AuthorisationUnsuccessful",
        (
            "(insufficient|insufficent|missing|invalid|required|inadequate|lacks|lacking|without|additional|"
            "correct|necessary|not enough) (the|oauth|required|api|access|token|) (scope|scopes)"
        ),
        (
            "(scope|scopes) ... (missing|insufficient|not granted|required|not authorised|invalid|not included|"
            "not allowed|not have|not been granted|not consented|not grant|not sufficient)"
        ),
        (
            "(not|hasn't|has not|isn't) (granted|consented to|authorised for|approved for|authorised with) ... "
            "(scope|scopes)"
        ),
        "(token|client|app|connection) ... (does not have|doesn't have|lacks|missing) ... (scope|scopes)",
        "(not been authorised|not authorised|unauthorised) to access (this|the|that) (resource|endpoint)",
    ),
)

ROWS: Final = (TOKEN_EXPIRED, REAUTHORISE, SCOPE_MISSING)
