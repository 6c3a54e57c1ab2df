"""Authentication and connection: who may do what, and whether Xero knows us at all."""

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
    patterns=(
        "valid user should be identified using the UserID",
        (
            "(not|isn't|aren't) (permitted|allowed|authorised|entitled) (to access this resource|to access the "
            "resource|to perform|to do|to use|to make|to view|to create|to edit|to update|to approve|to publish|"
            "for this role|for your role)"
        ),
        (
            "(permission|permissions|user permissions|access rights|privileges|privilege) ... (denied|required|"
            "insufficient|not granted|missing|to perform|not have|do not|does not|lack|not sufficient|error)"
        ),
        (
            "(does not|do not|doesn't|don't|not|no|without|lacks|lack|insufficient|inadequate|missing|correct|"
            "required|necessary|sufficient|appropriate) (have|has|) (the|any|enough|sufficient|) (correct|"
            "required|necessary|right|appropriate|adequate|) (permission|permissions|privileges|access rights|"
            "user role|role|user rights)"
        ),
        (
            "(user|role|user role) ... (does not have|doesn't have|lacks|not allowed|not permitted|insufficient|"
            "no longer has) ... (access|permission|permissions|role|rights)"
        ),
        "(read only|read-only|invoice only) (user|role|access)",
        "(not|n't|no) (have|) access to (this|the|that|your|an) (organisation|tenant|company|file)",
        (
            "(do not|don't|does not|doesn't|no longer) have access to (this|the|that|your|an) (organisation|"
            "tenant|company|file|feature)"
        ),
        (
            "(user|users) (must|needs to|need to|should) (be|have) (an|a|the|) (adviser|advisor|standard|"
            "administrator|admin|payroll admin|financial adviser)"
        ),
    ),
    loose=(
        "(permission|access) denied",
        "(insufficient|inadequate) (permission|permissions|privileges|rights|access)",
        "not permitted",
    ),
)

DISCONNECTED: Final = Row(
    reason=Reason.DISCONNECTED,
    cause="Xero no longer lets the platform in: access revoked, the user gone, or the organisation closed or deleted.",
    steps=(
        Step("In the organisation's Xero account, open Settings, Connected apps, and check that MemberPulse is there."),
        Step("If it was revoked, or the user who connected has left, re-authorize the connection.", Link.CLIENT_PORTAL),
        Step(
            "If the organisation was deleted, or its trial or plan has ended, no re-authorization helps: ask the "
            "customer which organisation to use.",
            owner=Owner.PLATFORM,
        ),
    ),
    owner=Owner.CUSTOMER,
    retry_helps=False,
    sync_types=_ALL,
    patterns=(
        "(403|Forbidden) ... AuthenticationUnsuccessful",
        "AuthenticationUnsuccessful ... (403|Forbidden)",
        "(401|unauthorised) ... AuthenticationUnsuccessful ... (403|forbidden)",
        (
            "(connection|access|authorisation|app|integration|token|access token|consent|xero access|app access|"
            "application|access_token) ... (has been revoked|was revoked|is revoked|been revoked|revoked by|"
            "revoked|has been removed|was removed|been withdrawn|withdrawn)"
        ),
        "(revoked|removed|withdrawn) ... (access|connection|authorisation|app|consent|by the user|by user)",
        (
            "(xero|organisation|tenant|connection|integration|company|account) ... (is disconnected|has been "
            "disconnected|was disconnected|got disconnected|is not connected|not connected|no longer connected|"
            "isn't connected|been disconnected|disconnected)"
        ),
        (
            "(not connected|no longer connected|disconnected|not linked) (to|from) (a|the|your|) (xero|"
            "organisation|tenant)"
        ),
        (
            "no (active|valid|) (xero|) (connection|connections|tenant|tenants|organisation|organisations) "
            "(found|available|for|to|exists|exist|is connected|connected)"
        ),
        (
            "(xero-tenant-id|xero tenant id|tenantid|tenant id|tenant|xero tenant) ... (is missing|missing|"
            "incorrect|not authorised|isn't authorised|invalid|is not valid|not found|unknown|does not match|not "
            "accessible|no longer|not active|inactive|not connected)"
        ),
        (
            "(organisation|organisations|tenant|company|xero account|xero organisation|xero subscription|xero "
            "trial|free trial|trial|demo company) ... (has been deleted|was deleted|is deleted|has been "
            "cancelled|is cancelled|was cancelled|has been closed|has expired|is expired|expired|is no longer "
            "active|no longer active|not active|is inactive|inactive|has ended|been reset|was reset|is suspended|"
            "suspended|been archived|no longer exists|been removed|is archived|unsubscribed|has lapsed|lapsed|"
            "cancelled|no longer available|no longer accessible)"
        ),
        "(subscription|organisation) is still active",
        (
            "(subscription|trial|billing|plan) (has|is|was|) (expired|lapsed|ended|cancelled|inactive|suspended|"
            "not active|no longer active)"
        ),
        (
            "(user|authorising user|connected user|connecting user) ... (no longer has access|has been removed|"
            "was removed|does not have access to|no longer a member|left the organisation|no access to|not have "
            "access)"
        ),
        "(forbidden|access forbidden|403) ... (organisation|tenant|connection|reconnect|xero)",
        "forbidden access",
        "consumer_key_refused",
    ),
    loose=(
        "connection (revoked|lost|removed|closed by user|not found|disconnected|is disconnected|was revoked)",
        "integration (disconnected|is disconnected|not connected)",
        "valid connection (is|) required",
        "(connection|integration) (is|) (required|missing|inactive|broken)",
        "(HTTP|status code|status|error|code|returned|statuscode|response) (403|forbidden)",
        "403 ... forbidden",
        "forbidden ... 403",
    ),
    bare=(
        "403",
        "403 Forbidden",
        "Forbidden",
        "not connected",
        "disconnected",
    ),
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
    patterns=(
        "(invalid_client|unauthorised_client|unsupported_grant_type)",
        "(unsupported_response_type|invalid_redirect_uri|redirect_uri_mismatch)",
        "Unknown client or client not enabled",
        (
            "(client|app|application|consumer) (id|secret|credentials|key|credential) ... (invalid|incorrect|"
            "wrong|not valid|unknown|missing|mismatch|expired|rejected|not found|not recognised|does not match)"
        ),
        (
            "(invalid|incorrect|wrong|bad|unknown) (client|app|application|consumer|client_id|client_secret) (id|"
            "secret|credentials|key|credential|)"
        ),
        "(invalid|incorrect|mismatched) (redirect_uri|redirect uri|redirect url)",
        "redirect_uri ... (does not match|mismatch|invalid|not registered)",
        (
            "(client|application|app|xero app) (authentication|) (is|was|has been|failed|) (failed|disabled|"
            "suspended|not enabled|deactivated|not authorised|blocked)"
        ),
        (
            "(consumer_key_unknown|consumer key|signature_invalid|signature_method_rejected|failed to validate "
            "signature|certificate has expired|client certificate)"
        ),
        (
            "(app|application|uncertified app|client) ... (connection limit|tenant limit|organisation limit|"
            "maximum number of connections|maximum number of organisations|connections limit|limit of "
            "connections|limit of 25)"
        ),
        (
            "(maximum|limit|number) (number|) (of|on) (connections|connected organisations|tenants) ... (reached|"
            "exceeded|app|application)"
        ),
    ),
)

ROWS: Final = (PERMISSION, DISCONNECTED, APP_CREDENTIALS)
