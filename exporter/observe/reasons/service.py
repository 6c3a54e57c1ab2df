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
    patterns=("exceeded the per minute rate limit",),
    loose=("(rate limit|rate limited)", "rate limit exceeded"),
    bare=("429", "429 too many requests", "too many requests"),
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
    patterns=("exceeded the per day rate limit",),
    loose=("daily limit",),
)

UNAVAILABLE: Final = Row(
    reason=Reason.XERO_UNAVAILABLE,
    cause="Xero failed or was offline for a while; nothing is wrong with the record or the connection.",
    steps=(
        Step("Check Xero's status page for an outage.", Link.XERO_STATUS),
        Step("Wait: it takes minutes to an hour, and the same request can succeed afterwards."),
        Step("If the status page is green and it goes on, escalate to Xero's support with the texts and times."),
    ),
    owner=Owner.XERO,
    retry_helps=True,
    sync_types=_ALL,
    patterns=(
        "An error occurred in Xero Check the API Status page",
        "An error occurred in Xero",
        "The Organisation is offline",
    ),
    loose=("service unavailable", "bad gateway", "gateway timeout", "gateway time-out", "internal server error"),
    bare=("500", "502", "503", "504"),
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
    loose=("(ECONNRESET|ETIMEDOUT|ECONNREFUSED|ENOTFOUND|EAI_AGAIN)", "socket hang up", "read timed out"),
)

ROWS: Final = (RATE_LIMITED, DAILY_LIMIT, UNAVAILABLE, NETWORK)
