"""Why an action is not done now: a closed list, and how each hold ends. The answer to "why not?" is one of these."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Hold(StrEnum):
    """Why an action is not done now. First what the evidence says, then the gates in the order they are judged."""

    UNKNOWN_ORGANIZATION = "unknown_organization"
    UNREADABLE = "unreadable"
    CONNECTION = "connection"
    DAILY_LIMIT = "daily_limit"
    RETRY_CANNOT_HELP = "retry_cannot_help"
    SYNC_TYPE_UNKNOWN = "sync_type_unknown"
    NO_RECORD_IDS = "no_record_ids"
    LEDGER = "ledger"
    FAULT = "fault"
    PAUSED = "paused"
    MODE_OFF = "mode_off"
    DRY_RUN = "dry_run"
    CREDENTIAL = "credential"
    BLIND = "blind"
    WARMING_UP = "warming_up"
    STORM = "storm"
    BREAKER = "breaker"
    QUIET_HOURS = "quiet_hours"
    ORGANIZATION_NOT_ALLOWED = "organization_not_allowed"
    KIND_NOT_ALLOWED = "kind_not_allowed"
    BUSY = "busy"
    BACK_OFF = "back_off"
    COOLDOWN = "cooldown"
    ATTEMPTS = "attempts"
    ORGANIZATION_BUDGET = "organization_budget"
    HOUR_BUDGET = "hour_budget"
    DAY_BUDGET = "day_budget"
    APPROVAL = "approval"


MEANINGS: Final[Mapping[Hold, str]] = MappingProxyType(
    {
        Hold.UNKNOWN_ORGANIZATION: "It is not on the roster, or the platform does not know it.",
        Hold.UNREADABLE: "No status is fresh and says enough to judge by, or its last sync lies in the future.",
        Hold.CONNECTION: "The connection itself is broken: no retry mends that.",
        Hold.DAILY_LIMIT: "Xero refused something for its daily limit, lately: any call would make that worse.",
        Hold.RETRY_CANNOT_HELP: "None of the reasons is one for which the same request, sent again, may succeed.",
        Hold.SYNC_TYPE_UNKNOWN: "What fails is of a type for which the platform names no sync type.",
        Hold.NO_RECORD_IDS: "A retry needs the ids of the records, and none are known; an empty list never means all.",
        Hold.LEDGER: "The ledger failed between the claim and the call: what cannot be recorded is not done.",
        Hold.FAULT: "A fault of this program ended the attempt before its call; the log has it.",
        Hold.PAUSED: "A person has paused remediation.",
        Hold.MODE_OFF: "`remediation.mode` is off.",
        Hold.DRY_RUN: "`remediation.mode` is dry_run: what would be done is told, and nothing is sent.",
        Hold.CREDENTIAL: "The platform refused the token that is used for actions (401, 403).",
        Hold.BLIND: "Too many organisations are stale or in doubt, so nobody can tell one customer from an outage.",
        Hold.WARMING_UP: "Whether there is an incident is not known yet, or the ledger is new and remembers nothing.",
        Hold.STORM: "Too much is wrong at once: that is an incident, and not one customer's.",
        Hold.BREAKER: "Several actions in a row did not help.",
        Hold.QUIET_HOURS: "It is a time at which nothing is done automatically.",
        Hold.ORGANIZATION_NOT_ALLOWED: "`remediation.include` and `exclude` leave this organisation out.",
        Hold.KIND_NOT_ALLOWED: "It may not be done automatically: a resync needs `fallback` or `catch_up`.",
        Hold.BUSY: "Another call is under way or was just made, or another action of this organisation is watched.",
        Hold.BACK_OFF: "The last call did not get through, or the platform asked to wait.",
        Hold.COOLDOWN: "Something was tried for this organisation a short while ago.",
        Hold.ATTEMPTS: "As many attempts as an episode may have were made: exhausted, a person has to look.",
        Hold.ORGANIZATION_BUDGET: "As many calls as this organisation may have in a day were made.",
        Hold.HOUR_BUDGET: "As many calls as may be made in an hour were made.",
        Hold.DAY_BUDGET: "As many calls as may be made in a day were made.",
        Hold.APPROVAL: "A person has to approve it.",
    }
)
"""What each hold says, in a sentence; complete."""

EXITS: Final[Mapping[Hold, str]] = MappingProxyType(
    {
        Hold.UNKNOWN_ORGANIZATION: "The organisation comes onto the roster, and the platform knows it.",
        Hold.UNREADABLE: "The platform gives a status that says enough, with a last sync that has been.",
        Hold.CONNECTION: "The connection is made again.",
        Hold.DAILY_LIMIT: "No error of the daily limit is recent any more (`diagnosis.error_window`).",
        Hold.RETRY_CANNOT_HELP: "The reasons change, the issue ends, or a person asks for a retry.",
        Hold.SYNC_TYPE_UNKNOWN: "The issue ends, or a person asks and names the type.",
        Hold.NO_RECORD_IDS: "The platform gives ids, a person names them, or `remediation.fallback` is resync.",
        Hold.LEDGER: "The ledger can be used, and `remediation.cooldown` has passed.",
        Hold.FAULT: "`remediation.cooldown` has passed: it is tried again.",
        Hold.PAUSED: "A person resumes.",
        Hold.MODE_OFF: "`remediation.mode` is changed.",
        Hold.DRY_RUN: "`remediation.mode` is changed.",
        Hold.CREDENTIAL: "The token file changes, or a person resumes.",
        Hold.BLIND: "Enough organisations are fresh and not in doubt again, and this one is fresh.",
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
