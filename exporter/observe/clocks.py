"""What time alone says of an organisation: an expired token, a last sync too long ago. Pure.

Nothing is concluded while our clock and the platform's differ: a clock that was set must not disconnect a fleet.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from exporter.model.facts import Status
from exporter.model.judgement import Because, Memory, Thresholds, TokenClock
from exporter.model.words import Issue
from exporter.observe.active import MOST_BELIEVED, UNWELL

SKEW_TOLERATED: Final = 120.0
"""Seconds that the platform's clock may differ from ours before nothing is concluded from clocks."""

OUTLIVES_SYNC: Final = 3600.0
"""Seconds by which an expiry must lie behind the last sync for the token to be one that is kept valid without syncs.

Access tokens live 30 minutes and are renewed on use: where syncs are rare, an expired one is the ordinary state.
"""

_NEVER: Final = float("inf")


def clocks_agree(skew: float | None) -> bool:
    """Whether the platform's clock, so far ahead of ours, differs from it by less than what is tolerated."""
    return skew is None or abs(skew) <= SKEW_TOLERATED


@dataclass(frozen=True, slots=True)
class ByTheClock:
    """What time alone says; seconds since 1970 UTC by the platform's clock.

    Attributes:
        token_expired: whether the token expired, and that means something.
        stale_since: since when the last sync is too old; None while it is not.
        sync_ahead: whether the last sync lies so far in the future that nobody can say so.
        next_change: when time says something else; infinite when it will not.
    """

    token_expired: bool
    stale_since: float | None
    sync_ahead: bool
    next_change: float


def by_the_clock(
    status: Status,
    memory: Memory,
    there: float,
    rules: Thresholds,
    standing: AbstractSet[Issue] | None,
    *,
    gone: bool,
) -> ByTheClock:
    """What has passed by `there`.

    Args:
        status: what the platform said.
        memory: what earlier readings left.
        there: the present, by the platform's clock.
        rules: where the lines are.
        standing: issues that were raised before; while clocks differ nothing else is. None: they agree.
        gone: whether it is known now that there is no connection.
    """
    token_line = believed = _NEVER
    if status.last_sync is not None and status.last_sync > there + MOST_BELIEVED:
        believed = status.last_sync - MOST_BELIEVED
    ahead = believed != _NEVER
    stood = {one.issue for one in memory.issues}
    expiry = status.token_expires_at
    if expiry is None and not gone and Issue.DISCONNECTED not in stood and _stood_by_the_clock(memory):
        expiry = memory.token_expires_at  # that it is not said any more does not renew it, and connecting anew does
    if expiry is not None and _expiry_is_telling(status, expiry, memory, rules.token_clock, sync_ahead=ahead):
        token_line = expiry + rules.token_grace
    stale_line = _stale_from(status, memory, rules)
    stale_since = stale_line if stale_line < there and (standing is None or Issue.SYNC_STALE in standing) else None
    if stale_since is None and Issue.SYNC_STALE in stood and _nothing_says_fresh(status, there, rules):
        stale_since = there
    return ByTheClock(
        token_expired=token_line < there and (standing is None or Issue.TOKEN_EXPIRED in standing),
        stale_since=stale_since,
        sync_ahead=ahead,
        next_change=min(line for line in (token_line, stale_line, believed, _NEVER) if line >= there),
    )


def _stood_by_the_clock(memory: Memory) -> bool:
    """Whether the token was expired by the clock, as judged before."""
    return any(one.because is Because.TOKEN_CLOCK for one in memory.issues)


def _expiry_is_telling(
    status: Status, expires: float, memory: Memory, token_clock: TokenClock, *, sync_ahead: bool
) -> bool:
    """Whether an expiry in the past means that nothing can sync.

    A platform that was unwell before the token expired is so for another cause: after a night in which some invoices
    failed, a nightly platform is degraded all day, and its access token is at rest all day.
    """
    last_sync = status.last_sync
    if sync_ahead:  # nobody knows whether anything synced after it: what stood stays, and nothing is raised
        return _stood_by_the_clock(memory) or token_clock is TokenClock.TRUSTED
    if last_sync is not None and last_sync > expires:
        return False  # something synced after it: the platform renews on use, and its answer is behind
    unwell = status.sync_status in UNWELL and (memory.unwell_since is None or memory.unwell_since > expires)
    if token_clock is TokenClock.TRUSTED or unwell:
        return True
    if token_clock is TokenClock.CORROBORATED:
        return False
    return last_sync is None or expires - last_sync > OUTLIVES_SYNC


def _nothing_says_fresh(status: Status, there: float, rules: Thresholds) -> bool:
    """Whether neither a later sync nor an empty queue is told, so that syncs which waited for too long still do."""
    if status.connected is False or status.pending_syncs == 0:
        return False
    synced = status.last_sync
    return synced is None or (status.pending_syncs is None and synced + rules.sync_stale_after < there)


def _stale_from(status: Status, memory: Memory, rules: Thresholds) -> float:
    """When the last sync becomes, or became, too old; infinite when it never will."""
    synced = memory.unsynced_since if status.last_sync is None else status.last_sync
    if synced is None or status.connected is False:
        return _NEVER
    waiting = status.pending_syncs is not None and status.pending_syncs > 0
    stale = synced + rules.sync_stale_after if waiting else _NEVER
    return stale if rules.sync_silent_after is None else min(stale, synced + rules.sync_silent_after)
