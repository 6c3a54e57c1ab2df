"""Xero itself: its quota, its outages, the way to it."""

from __future__ import annotations

from typing import Final

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons.row import Link, Row, Step

_ALL: Final = tuple(SyncType)

RATE_LIMITED: Final = Row(
    reason=Reason.RATE_LIMITED,
    cause="Too many calls in a minute, or at once: 60 a minute and 5 at once for an organisation.",
    steps=(
        Step("Do nothing for a few minutes: the limit passes by itself, and the same request can succeed then."),
        Step("If it comes back, something asks too often: look for resyncs, and tell the platform's developers."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=True,
    sync_types=_ALL,
    patterns=(
        "exceeded the per minute rate limit",
        (
            "(minute|concurrent|concurrency|appminute|app minute|per minute|minutely) (rate|request|call|api|) "
            "(limit|limits|problem)"
        ),
        "rate limit problem (minute|concurrent|appminute|app minute|app-minute)",
        "(X-Rate-Limit-Problem|rate limit) ... (minute|concurrent|appminute|second)",
        "(60|10000|10 000) (calls|requests|api calls) (per|a|in a|in one|in) minute",
        "please wait before retrying the xero api",
        (
            "(XeroRateLimitExceeded|RateExceededException|RateLimitExceeded|RateLimitException|"
            "TooManyRequestsException|oauth_problem rate limit)"
        ),
        "xero ... (rate limit|rate limited|rate-limited|too many requests|throttled|throttling)",
        "(too many|5) (concurrent|simultaneous) (requests|calls|connections)",
    ),
    loose=(
        (
            "(rate limit|rate limits|ratelimit|request limit|api limit|call limit|api rate limit|throttle limit) "
            "(has been|was|is|have been|) (exceeded|reached|hit|error|exceed)"
        ),
        (
            "(exceeded|hit|reached|over|exceeding|exceeds) (the|your|a|our|) (api|request|xero|) (rate limit|"
            "rate limits|ratelimit|request limit|call limit)"
        ),
        ("(rate limited|rate-limited|being throttled|was throttled|throttled|rate_limited|rate limiting|rate_limit)"),
        "(HTTP|status code|status|error|code|returned|statuscode|response) 429",
        "429 ... (too many requests|rate|limit|retry)",
        "too many requests",
        "(too many|excessive) (api|) (calls|requests)",
    ),
    bare=(
        "429",
        "429 too many requests",
        "too many requests",
        "rate limit",
        "rate limit exceeded",
    ),
)

DAILY_LIMIT: Final = Row(
    reason=Reason.DAILY_LIMIT,
    cause="The organisation's calls to Xero for the day are used up.",
    steps=(
        Step("Do nothing until midnight UTC: every further call is refused, and retries of any kind only add to them."),
        Step("Start no retry and no resync for this organisation before."),
        Step("Find what used the quota up: a resync, another app of the customer's, or syncs that fail and repeat."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=False,
    sync_types=_ALL,
    patterns=(
        "exceeded the per day rate limit",
        "(X-Rate-Limit-Problem|rate limit|rate limit problem|limit problem) ... (day|daily)",
        (
            "(day|daily|per day|24 hour|24-hour|24 hours) (api|rate|call|request|usage|xero|) (call|calls|"
            "request|requests|usage|rate|api|) (limit|quota|allowance|limits)"
        ),
        (
            "(1000|5000|5 000|1 000) (api calls|calls|requests|api requests) (per|a|in a|in|each|for the) (day|"
            "24|rolling 24)"
        ),
        "X-DayLimit-Remaining 0",
        "(limit|quota|allowance) ... (for today|for the day|per day|each day|24 hours)",
        "(DayLimit|daylimit remaining) ... (0|exceeded|reached)",
    ),
)

UNAVAILABLE: Final = Row(
    reason=Reason.XERO_UNAVAILABLE,
    cause="Xero failed or was offline for a while; nothing is wrong with the record or the connection.",
    steps=(
        Step("Check Xero's status page for an outage.", Link.XERO_STATUS, owner=Owner.PLATFORM),
        Step(
            "Wait: it takes minutes to an hour, and the same request can succeed afterwards.",
            owner=Owner.PLATFORM,
        ),
        Step(
            "If the status page is green and it goes on, escalate to Xero's support with the texts and times.",
            owner=Owner.PLATFORM,
        ),
    ),
    owner=Owner.XERO,
    retry_helps=True,
    sync_types=_ALL,
    patterns=(
        "An error occurred in Xero Check the API Status page",
        "An error occurred in Xero",
        (
            "The Organisation is (offline|currently offline|temporarily offline|unavailable|currently "
            "unavailable|temporarily unavailable)"
        ),
        "organisation (is not available at this time|is not available|is in maintenance)",
        (
            "xero ... (is down|is unavailable|currently unavailable|temporarily unavailable|is offline|under "
            "maintenance|scheduled maintenance|outage|not responding|is not available|service unavailable|"
            "internal server error|bad gateway|gateway timeout|server error|internal error|unexpected error|"
            "experiencing)"
        ),
        (
            "(unexpected|unhandled|internal|unknown) (error|exception|server error) (has occurred|occurred|while|"
            "from|in|at) ... xero"
        ),
        "check the API Status page",
        "(503|502|504|500) ... (xero|api.xero.com)",
        "API is (currently unavailable|temporarily unavailable|down for maintenance)",
        "(scheduled|planned) maintenance",
    ),
    loose=(
        "(service|server) (is|) (temporarily|currently|) (unavailable|overloaded)",
        "(502|) bad gateway",
        "(504|) gateway (timeout|time-out|timed out)",
        "(500|) internal server error",
        "(HTTP|status code|status|error|code|returned|statuscode|response) (500|502|503|504|520|522|524)",
        "503 ... (service|unavailable|server)",
        (
            "(internal error|InternalServerError|internal_error|server_error|temporarily_unavailable|temporarily "
            "unavailable)"
        ),
        "an (unexpected|internal) error (occurred|has occurred)",
        "upstream (connect error|request timeout|server error|unavailable)",
        "the service is unavailable",
    ),
    bare=(
        "500",
        "502",
        "503",
        "504",
        "503 unavailable",
        "500 server error",
        "5xx",
    ),
)

NETWORK: Final = Row(
    reason=Reason.NETWORK,
    cause="The platform's call did not reach Xero, or the answer did not come back: name, connection, TLS, or time.",
    steps=(
        Step("Look whether other organisations have it at the same time: then it is the platform's network or Xero."),
        Step("Check Xero's status page.", Link.XERO_STATUS),
        Step("Alone and seldom, it passes by itself; often, tell the platform's developers."),
    ),
    owner=Owner.PLATFORM,
    retry_helps=True,
    sync_types=_ALL,
    patterns=(
        (
            "(api.xero.com|identity.xero.com|xero) ... (timed out|timeout|connection refused|connection reset|"
            "could not resolve|unreachable|ECONNRESET|ETIMEDOUT|ENOTFOUND|ECONNREFUSED|EAI_AGAIN|getaddrinfo|"
            "could not connect|failed to connect|certificate|handshake)"
        ),
        (
            "(timed out|timeout|connection refused|connection reset|could not resolve|unreachable|failed to "
            "connect|could not connect|unable to connect|handshake|connection error) ... (xero|api.xero.com|"
            "identity.xero.com)"
        ),
    ),
    loose=(
        (
            "(ECONNRESET|ETIMEDOUT|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EPIPE|EHOSTUNREACH|ENETUNREACH|ECONNABORTED|"
            "ESOCKETTIMEDOUT|UND_ERR_CONNECT_TIMEOUT|ENETDOWN)"
        ),
        "socket (hang up|hangup|timeout|timed out|closed|error|was closed)",
        (
            "(read|connect|connection|request|operation|network|socket|response|the request|ssl connection|tls) "
            "(timed out|timeout|time out)"
        ),
        (
            "(timeout of|Client.Timeout exceeded|timed out after|deadline exceeded|timeout awaiting|timed out "
            "waiting for a response)"
        ),
        (
            "(connection|connect) ... (refused|reset by peer|was reset|reset|aborted|closed unexpectedly|"
            "forcibly closed|broken pipe|closed without response|closed before|was closed|dropped)"
        ),
        (
            "(connection refused|connection reset|connection aborted|connection closed|connection error|"
            "connection failed)"
        ),
        (
            "(getaddrinfo|name or service not known|temporary failure in name resolution|name resolution|could "
            "not resolve host|no such host|nodename nor servname|host not found|dns lookup failed|dns resolution|"
            "no address associated with hostname|name not resolved|remote name could not be resolved)"
        ),
        (
            "(CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSL certificate problem|unable to get local "
            "issuer certificate|self signed certificate|ssl handshake|tls handshake|SSLError|SSL_ERROR|wrong "
            "version number|SSL routines|handshake failure|certificate has expired|unable to verify the first "
            "certificate|could not establish trust relationship|SSL connection could not be established)"
        ),
        (
            "(remote end closed connection|remote host closed|unexpected EOF|EOF occurred in violation of "
            "protocol|premature end|incomplete read|IncompleteRead|RemoteDisconnected|empty reply from server|"
            "ProtocolError|server closed the connection|underlying connection was closed|unexpected end of file)"
        ),
        (
            "(network is unreachable|no route to host|host is unreachable|network error|network unreachable|"
            "network failure|network timeout|host unreachable|network problem|network issue)"
        ),
        "(cURL error|curl error|curl) (6|7|28|35|52|55|56|60|16|92)",
        (
            "(max retries exceeded|failed to establish a new connection|unable to connect to the remote server|"
            "failed to fetch|fetch failed|cannot connect to host|NewConnectionError|ConnectTimeout|ReadTimeout|"
            "ConnectionError|ConnectTimeoutError|ReadTimeoutError|HTTPSConnectionPool|TimeoutError|"
            "TimeoutException|SocketTimeoutException|UnknownHostException|ConnectException|task was cancelled|a "
            "task was canceled|broken pipe)"
        ),
    ),
    bare=(
        "timeout",
        "timed out",
        "request timeout",
        "408",
        "408 request timeout",
        "network",
    ),
)

ROWS: Final = (RATE_LIMITED, DAILY_LIMIT, UNAVAILABLE, NETWORK)
