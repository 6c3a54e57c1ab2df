"""Of what nobody can say whether it is wrong with an organisation. Pure."""

from __future__ import annotations

from typing import Final

from exporter.model.facts import Status
from exporter.model.judgement import ActiveIssue, Doubt, Memory
from exporter.model.moment import Moment
from exporter.model.words import Issue, SyncStatus

MOST_SYNC_AHEAD: Final = 86_400.0
"""Seconds that a last sync may lie in the future. A platform that writes its local time as if it were UTC is 14 hours
ahead at most, and becomes stale that much later; what is further ahead would hide every error for ever."""


def is_sync_ahead(status: Status, there: float) -> bool:
    """Whether the last sync lies so far in the future, by the platform's clock, that no clock can have written it."""
    return status.last_sync is not None and status.last_sync > there + MOST_SYNC_AHEAD


def doubts_of(
    status: Status, memory: Memory, issues: tuple[ActiveIssue, ...], missed_at: Moment | None, *, sync_ahead: bool
) -> tuple[Doubt, ...]:
    """Why nobody can say that nothing else is wrong.

    What a list missed ends as an issue when no list can be read any more, and is not cured by that; who was connected
    anew since could not be on it. A sync that is too old says nothing of whether others fail.
    """
    since = memory.connected_since
    unread = missed_at is not None and since is not None and since.monotonic < missed_at.monotonic
    failed = status.failed_syncs is not None and status.failed_syncs > 0
    explained = any(one.issue is not Issue.SYNC_STALE for one in issues)
    wordless = failed and status.sync_status is SyncStatus.OTHER and not explained
    ahead = sync_ahead and status.connected is not False
    found = ((Doubt.LIST_UNREAD, unread), (Doubt.STATUS_WORD, wordless), (Doubt.SYNC_AHEAD, ahead))
    return tuple(doubt for doubt, there in found if there)
