"""Of what nobody can say whether it is wrong with an organisation. Pure."""

from __future__ import annotations

from exporter.model.facts import Status
from exporter.model.judgement import ActiveIssue, Doubt, Memory
from exporter.model.moment import Moment
from exporter.model.words import Issue, SyncStatus


def doubts_of(
    status: Status, memory: Memory, issues: tuple[ActiveIssue, ...], missed_at: Moment | None, *, sync_ahead: bool
) -> tuple[Doubt, ...]:
    """Why nobody can say that nothing else is wrong.

    What a list missed ends as an issue when no list can be read any more, and is not cured by that; who was connected
    anew since could not be on it. A sync that is too old says nothing of whether others fail. Without a connection
    nothing can sync, so that the last one does not matter.
    """
    since = memory.connected_since
    unread = missed_at is not None and since is not None and since.monotonic < missed_at.monotonic
    failed = status.failed_syncs is not None and status.failed_syncs > 0
    explained = any(one.issue is not Issue.SYNC_STALE for one in issues)
    wordless = failed and status.sync_status is SyncStatus.OTHER and not explained
    ahead = sync_ahead and all(one.issue is not Issue.DISCONNECTED for one in issues)
    found = ((Doubt.LIST_UNREAD, unread), (Doubt.STATUS_WORD, wordless), (Doubt.SYNC_AHEAD, ahead))
    return tuple(doubt for doubt, there in found if there)
