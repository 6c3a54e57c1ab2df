"""What each doubt means for people: why it is not known whether anything is wrong, and what to do. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exporter.model.judgement import Doubt
from exporter.observe.issues import SYNC_LOG, Task, platform
from exporter.observe.reasons.row import Link


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """What one doubt means.

    Attributes:
        why: why it is not known whether anything is wrong, words that follow a colon.
        tasks: what to do, in order.
    """

    why: str
    tasks: tuple[Task, ...]


_SETTINGS: Final = platform(
    "See in the organisation's integration settings whether it is connected.", Link.INTEGRATION_SETTINGS
)
_ANSWER: Final = platform(
    "Compare the platform's answer with the fields that are read: connected, token_expires_at, last_sync, sync_status, "
    "pending_syncs, failed_syncs, errors. One that is null, missing or named otherwise says nothing."
)

DOUBTS: Final[Mapping[Doubt, DoubtRow]] = {
    Doubt.LIST_UNREAD: DoubtRow(
        "Xero's own list of connections did not have it, and could not be read since",
        (
            platform(
                "See in the exporter's log why Xero's list of connections cannot be read, and mend xero.app or the way "
                "to Xero: the next list that is read decides."
            ),
            platform(
                "Until then ask the customer to look in their Xero under Settings, Connected apps, whether MemberPulse "
                "is still there."
            ),
        ),
    ),
    Doubt.CONNECTION_NOT_SAID: DoubtRow("the platform does not say whether it is connected", (_ANSWER, _SETTINGS)),
    Doubt.SYNCS_NOT_SAID: DoubtRow(
        "the platform does not say how its syncs go, neither by a word nor by how many failed", (_ANSWER, SYNC_LOG)
    ),
    Doubt.STATUS_WORD: DoubtRow(
        "the platform's word for how syncs go is none that is known here",
        (
            platform(
                "Find out what the platform means by the sync status that it gives, and write that word into "
                "platform.sync_status_words."
            ),
            SYNC_LOG,
        ),
    ),
    Doubt.UNEXPLAINED: DoubtRow(
        "the platform's word is that syncs go badly, but it counts none that failed and lists no error that matters "
        "now",
        (
            SYNC_LOG,
            platform(
                "Ask the platform's developers why it calls this organisation unwell while it counts no failed sync."
            ),
        ),
    ),
    Doubt.ERRORS_UNREAD: DoubtRow(
        "errors of the platform that may say what is wrong are not listed, or cannot be read",
        (
            SYNC_LOG,
            platform(
                "Compare the errors of the platform's answer with what is read of each: type and message, texts of "
                "which one must be there, and timestamp, an instant such as 2025-01-15T10:30:00Z."
            ),
        ),
    ),
    Doubt.SYNC_AHEAD: DoubtRow(
        "the platform gives a last sync that lies more than a day in the future",
        (
            platform("Find out why the platform gives a last sync that lies in the future, and have it mended there."),
            SYNC_LOG,
        ),
    ),
}
"""Doubt -> what it means."""
