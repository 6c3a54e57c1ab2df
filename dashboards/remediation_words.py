"""What the words of remediation are called on a dashboard, and their colours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dashboards.words import ATTENTION, BAD, GOOD, UNKNOWN, Said
from exporter.model.action import ActionState, AttemptOutcome, Mode
from exporter.model.holds import Hold

LEDGER_DOWN: Final = 1
"""The code of what holds all: the ledger cannot be used."""

NOBODY_ACTS: Final = 2
"""The code of what holds all: no exporter acts on the ledger."""

_HOLDS: Final[Mapping[Hold, Said]] = MappingProxyType(
    {
        Hold.PAUSED: Said("A person paused it", ATTENTION),
        Hold.CREDENTIAL: Said("Its token is refused", BAD),
        Hold.BLIND: Said("Too many are stale", BAD),
        Hold.WARMING_UP: Said("Not long enough watched", UNKNOWN),
        Hold.STORM: Said("Too many are ill", BAD),
        Hold.BREAKER: Said("It does not help", BAD),
        Hold.QUIET_HOURS: Said("Quiet hours", UNKNOWN),
        Hold.HOUR_BUDGET: Said("The hour is used up", ATTENTION),
        Hold.DAY_BUDGET: Said("The day is used up", ATTENTION),
    }
)

HOLD_CODES: Final[Mapping[Hold, int]] = MappingProxyType(
    {hold: code for code, hold in enumerate(_HOLDS, start=NOBODY_ACTS + 1)}
)
"""A number for each hold that is everybody's, in the order of the gates."""

PART_UNSEEN: Final = max(HOLD_CODES.values()) + 1
"""The code of what nobody can tell: some exporters answer, and another does not."""

NOTHING_HOLDS: Final = PART_UNSEEN + 1
"""The code of no hold that is everybody's."""

WAY_SAID: Final[Mapping[int, Said]] = MappingProxyType(
    {
        LEDGER_DOWN: Said("Ledger unusable", "dark-red"),
        NOBODY_ACTS: Said("No exporter acts", "dark-red"),
        **{code: _HOLDS[hold] for hold, code in HOLD_CODES.items()},
        PART_UNSEEN: Said("A part is unseen", "dark-red"),
        NOTHING_HOLDS: Said("Nothing for all", GOOD),
    }
)
"""What holds everybody's actions."""

MODE_CODES: Final[Mapping[Mode, int]] = MappingProxyType({mode: code for code, mode in enumerate(Mode, start=51)})
"""A number for each mode, none of them one of `WAY_SAID`: both stand in one graph. What does more is greater."""

MODE_SAID: Final[Mapping[int, Said]] = MappingProxyType(
    {
        MODE_CODES[Mode.OFF]: Said("Off", "text"),
        MODE_CODES[Mode.DRY_RUN]: Said("Dry run", "blue"),
        MODE_CODES[Mode.APPROVE]: Said("With approval", "purple"),
        MODE_CODES[Mode.AUTO]: Said("Automatic", "dark-purple"),
    }
)
"""What may be done without a person; none is better than another."""

STATE_COLORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ActionState.PLANNED: UNKNOWN,
        ActionState.AWAITING_APPROVAL: "purple",
        ActionState.HELD: "#8a8f98",
        ActionState.STARTED: "yellow",
        ActionState.ACCEPTED: "#1fa3a3",
        ActionState.UNKNOWN: "dark-orange",
        ActionState.VERIFIED: GOOD,
        ActionState.INEFFECTIVE: ATTENTION,
        ActionState.FAILED: BAD,
        ActionState.CANCELLED: "#8a8f98",
        ActionState.EXPIRED: "semi-dark-yellow",
        ActionState.EXHAUSTED: "dark-red",
    }
)
"""The colour of each state of an action."""

OUTCOME_COLORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        AttemptOutcome.ACCEPTED: GOOD,
        AttemptOutcome.REFUSED: BAD,
        AttemptOutcome.RATE_LIMITED: "yellow",
        AttemptOutcome.NOT_SENT: "dark-orange",
        AttemptOutcome.UNKNOWN: ATTENTION,
        AttemptOutcome.NOT_CALLED: "#8a8f98",
        AttemptOutcome.REHEARSED: UNKNOWN,
    }
)
"""The colour of each way in which an attempt ends."""

HOLD_COLORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys((Hold.RETRY_CANNOT_HELP, Hold.KIND_NOT_ALLOWED, Hold.ORGANIZATION_NOT_ALLOWED), "#8a8f98"),
        **dict.fromkeys((Hold.CONNECTION, Hold.UNKNOWN_ORGANIZATION), "dark-red"),
        **dict.fromkeys((Hold.UNREADABLE, Hold.BLIND), "dark-purple"),
        **dict.fromkeys((Hold.NO_RECORD_IDS, Hold.SYNC_TYPE_UNKNOWN), "#1fa3a3"),
        **dict.fromkeys((Hold.MODE_OFF, Hold.DRY_RUN, Hold.WARMING_UP, Hold.QUIET_HOURS), "dark-blue"),
        **dict.fromkeys((Hold.BUSY, Hold.BACK_OFF, Hold.COOLDOWN), UNKNOWN),
        **dict.fromkeys((Hold.ORGANIZATION_BUDGET, Hold.HOUR_BUDGET, Hold.DAY_BUDGET), "yellow"),
        Hold.DAILY_LIMIT: "dark-orange",
        Hold.PAUSED: ATTENTION,
        Hold.LEDGER: "dark-red",
        Hold.FAULT: "dark-red",
        Hold.CREDENTIAL: BAD,
        Hold.STORM: BAD,
        Hold.BREAKER: "semi-dark-red",
        Hold.ATTEMPTS: "semi-dark-yellow",
        Hold.APPROVAL: "purple",
    }
)
"""The colour of each hold; those that ask for nothing are pale, those of one sort alike."""
