"""What judging an organisation must remember of what the platform said, taken from one status after the other. Pure."""

from __future__ import annotations

from dataclasses import replace

from exporter.model.facts import Status
from exporter.model.judgement import Memory, Thresholds
from exporter.model.moment import Moment
from exporter.model.words import SyncStatus
from exporter.observe.active import UNWELL
from exporter.observe.seen import remembered


def observed(
    memory: Memory, status: Status, at: Moment, rules: Thresholds, *, same: bool, skew: float | None = None
) -> Memory:
    """The memory after a reading gave this status; the very same when there is nothing new to remember.

    Args:
        memory: what earlier readings left.
        status: what the platform said.
        at: when the reading ended.
        rules: for how long errors are remembered.
        same: whether the status is the very one of the reading before, so that its errors are known.
        skew: how far the platform's clock is ahead of ours, seconds; None when it does not say.
    """
    there = at.wall + (skew or 0.0)
    seen = memory.seen
    if not same and (seen or status.errors):
        seen = remembered(seen, status.errors, there, rules.error_window)
    expires, renewed = memory.token_expires_at, memory.token_renewed
    if status.token_expires_at is not None:
        if expires is not None and status.token_expires_at > expires:
            renewed = there
        expires = status.token_expires_at
    connected_since, unsynced_since, unwell_since = memory.connected_since, memory.unsynced_since, memory.unwell_since
    # What is not said ends no row: an issue that is told from it would begin anew, or be taken for mended.
    if status.connected is not None:
        connected_since = (connected_since or at) if status.connected else None
        unsynced_since = (unsynced_since or there) if status.connected and status.last_sync is None else None
    if status.sync_status is not None and status.sync_status is not SyncStatus.OTHER:
        unwell_since = (unwell_since or there) if status.sync_status in UNWELL else None
    connected_once = memory.connected_once or bool(
        status.connected or status.token_expires_at is not None or status.last_sync is not None
    )
    if (
        seen is memory.seen
        and expires == memory.token_expires_at
        and renewed == memory.token_renewed
        and connected_since is memory.connected_since
        and connected_once is memory.connected_once
        and unsynced_since == memory.unsynced_since
        and unwell_since == memory.unwell_since
    ):
        return memory
    return replace(
        memory,
        seen=seen,
        token_expires_at=expires,
        token_renewed=renewed,
        connected_since=connected_since,
        connected_once=connected_once,
        unsynced_since=unsynced_since,
        unwell_since=unwell_since,
    )
