"""Why an action is not done now: a closed list, and how each hold ends. The answer to "why not?" is one of these."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Hold(StrEnum):
    """Why an action is not done now. First what the evidence says, then the gates in the order they are judged."""

    UNKNOWN_ORGANIZATION = "unknown_organization"
    """It is not on the roster, or the platform does not know it."""
    UNREADABLE = "unreadable"
    """There is no status that is fresh enough to judge by."""
    CONNECTION = "connection"
    """The connection itself is broken: no retry mends that."""
    DAILY_LIMIT = "daily_limit"
    """Xero refused something for its daily limit, lately: any call would make that worse."""
    RETRY_CANNOT_HELP = "retry_cannot_help"
    """None of the reasons is one for which the same request, sent again, may succeed."""
    SYNC_TYPE_UNKNOWN = "sync_type_unknown"
    """What fails is of a type for which the platform names no sync type."""
    NO_RECORD_IDS = "no_record_ids"
    """A retry needs the ids of the records, and the platform gave none; an empty list never means all."""

    PAUSED = "paused"
    """A person has paused remediation."""
    MODE_OFF = "mode_off"
    """`remediation.mode` is off."""
    DRY_RUN = "dry_run"
    """`remediation.mode` is dry_run: what would be done is told, and nothing is sent."""
    CREDENTIAL = "credential"
    """The platform refused the token that is used for actions (401, 403)."""
    BLIND = "blind"
    """Too many organisations are stale, so nobody can tell one customer from an outage."""
    WARMING_UP = "warming_up"
    """Whether there is an incident is not known yet, or the ledger itself is new and remembers nothing."""
    STORM = "storm"
    """Too much is wrong at once: that is an incident, and not one customer's."""
    BREAKER = "breaker"
    """Several actions in a row did not help."""
    QUIET_HOURS = "quiet_hours"
    """It is a time at which nothing is done automatically."""
    ORGANIZATION_NOT_ALLOWED = "organization_not_allowed"
    """`remediation.include` and `exclude` leave this organisation out."""
    KIND_NOT_ALLOWED = "kind_not_allowed"
    """An automatic action of this kind is not allowed: a resync needs `fallback` or `catch_up`."""
    BUSY = "busy"
    """Another call is under way or was just made, or another action of this organisation is being watched."""
    BACK_OFF = "back_off"
    """The last call did not get through, or the platform asked to wait."""
    COOLDOWN = "cooldown"
    """Something was tried for this organisation a short while ago."""
    ATTEMPTS = "attempts"
    """As many attempts as an episode may have were made: exhausted, a person has to look."""
    ORGANIZATION_BUDGET = "organization_budget"
    """As many calls as this organisation may have in a day were made."""
    HOUR_BUDGET = "hour_budget"
    """As many calls as may be made in an hour were made."""
    DAY_BUDGET = "day_budget"
    """As many calls as may be made in a day were made."""
    APPROVAL = "approval"
    """A person has to approve it."""


EXITS: Final[Mapping[Hold, str]] = MappingProxyType(
    {
        Hold.UNKNOWN_ORGANIZATION: "The organisation comes onto the roster, and the platform knows it.",
        Hold.UNREADABLE: "The platform gives a status again.",
        Hold.CONNECTION: "The connection is made again.",
        Hold.DAILY_LIMIT: "No error of the daily limit is recent any more (`diagnosis.error_window`).",
        Hold.RETRY_CANNOT_HELP: "The reasons change, the issue ends, or a person asks for a retry.",
        Hold.SYNC_TYPE_UNKNOWN: "The issue ends, or a person asks and names the type.",
        Hold.NO_RECORD_IDS: "The platform gives ids, a person names them, or `remediation.fallback` is resync.",
        Hold.PAUSED: "A person resumes.",
        Hold.MODE_OFF: "`remediation.mode` is changed.",
        Hold.DRY_RUN: "`remediation.mode` is changed.",
        Hold.CREDENTIAL: "The token file changes, or a person resumes.",
        Hold.BLIND: "Enough organisations are fresh again, and this one is.",
        Hold.WARMING_UP: "Whether there is an incident is known: 30 minutes after the start, at most.",
        Hold.STORM: "It was calm for `remediation.storm.calm`.",
        Hold.BREAKER: "After `remediation.breaker.pause`, doubled each time, one action is let through; when it is "
        "verified, all are.",
        Hold.QUIET_HOURS: "The hours end.",
        Hold.ORGANIZATION_NOT_ALLOWED: "The configuration is changed, or a person asks.",
        Hold.KIND_NOT_ALLOWED: "The configuration is changed, or a person asks.",
        Hold.BUSY: "The other call has ended, and what it did is known.",
        Hold.BACK_OFF: "The time to wait is over.",
        Hold.COOLDOWN: "`remediation.cooldown` has passed.",
        Hold.ATTEMPTS: "The issue was absent for 24 hours, or a person asks for a retry.",
        Hold.ORGANIZATION_BUDGET: "The oldest of these calls is a day old.",
        Hold.HOUR_BUDGET: "The oldest of these calls is an hour old.",
        Hold.DAY_BUDGET: "The oldest of these calls is a day old.",
        Hold.APPROVAL: "A person approves or rejects it; after `remediation.approval_expires` it expires.",
    }
)
"""How each hold ends, in a sentence; complete. Beside that, an issue that ends cancels its action, and an action that
did not start for `remediation.expires` expires."""
