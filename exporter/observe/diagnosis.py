"""What is wrong with one organisation: facts, memory and time in, a diagnosis that says why out. Pure.

The issues and their rules stand in the order of precedence. Whatever rests on a clock alone is not concluded while
our clock and the platform's differ: a clock that was set must not disconnect a fleet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model.facts import Status, SyncError
from exporter.model.judgement import (
    CONNECTION_ISSUES,
    ActiveIssue,
    Because,
    Diagnosis,
    Memory,
    Thresholds,
    TokenClock,
)
from exporter.model.moment import Moment
from exporter.model.words import Issue, Reason, SyncStatus
from exporter.observe.active import UNWELL, active_errors, issue_of, next_ageing, recent_errors, remembered

LINGERS: Final = 600.0
"""Seconds that a sync issue stays after its last active error was seen: between two tries of a sync nothing is seen."""

SKEW_TOLERATED: Final = 120.0
"""Seconds that the platform's clock may differ from ours before nothing is concluded from clocks."""

OUTLIVES_SYNC: Final = 3600.0
"""Seconds by which an expiry must lie behind the last sync for the token to be one that is kept valid without syncs.

Access tokens live 30 minutes and are renewed on use: where syncs are rare, an expired one is the ordinary state.
"""

_NEVER: Final = float("inf")
_SYNC_FAILS: Final = (SyncStatus.DEGRADED, SyncStatus.FAILING)
_LINGERING: Final = frozenset(
    {Issue.CONTACTS_FAILING, Issue.INVOICES_FAILING, Issue.RECONCILIATION_FAILING, Issue.SYNC_FAILING}
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of judging one organisation.

    Attributes:
        diagnosis: what is wrong.
        memory: what the next judgement needs.
        valid_until: monotonic second at which time alone changes the diagnosis; infinite when nothing will.
    """

    diagnosis: Diagnosis
    memory: Memory
    valid_until: float


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Why an issue holds now. `since` is the instant that the facts name, seconds since 1970 UTC."""

    issue: Issue
    because: Because
    since: float | None = None
    errors: tuple[SyncError, ...] = ()


def observed(memory: Memory, status: Status, at: Moment, rules: Thresholds, *, same: bool) -> Memory:
    """The memory after a reading gave this status.

    Args:
        memory: what earlier readings left.
        status: what the platform said.
        at: when the reading ended.
        rules: for how long errors are remembered.
        same: whether the status is the very one of the reading before, so that its errors are known.
    """
    seen = memory.seen
    if seen or (status.errors and not same):
        seen = remembered(seen, () if same else status.errors, at.wall - rules.error_window)
    expires, renewed = memory.token_expires_at, memory.token_renewed
    if status.token_expires_at is not None:
        if expires is not None and status.token_expires_at > expires:
            renewed = at.wall
        expires = status.token_expires_at
    connected = status.connected is True
    return Memory(
        seen=seen,
        active=memory.active,
        token_expires_at=expires,
        token_renewed=renewed,
        connected_since=(memory.connected_since or at) if connected else None,
        unsynced_since=(memory.unsynced_since or at.wall) if connected and status.last_sync is None else None,
        since=memory.since,
    )


def judge(
    status: Status,
    memory: Memory,
    now: Moment,
    rules: Thresholds,
    *,
    reading: bool,
    skew: float | None = None,
    unlisted: bool = False,
) -> Judgement:
    """The diagnosis at `now`.

    Args:
        status: what the platform said last.
        memory: what earlier judgements and readings left, that of this status included (`observed`).
        now: the present.
        rules: where the lines are.
        reading: whether the status was read just now; otherwise only time has passed.
        skew: how far the platform's clock is ahead of ours, seconds; None when it does not say.
        unlisted: whether Xero's own list, asked for after the platform said connected, misses the tenant.
    """
    active = active_errors(status, memory, now.wall, rules.error_window)
    errors = recent_errors(status, active, now.wall, rules.error_window)
    if is_never_connected(status):
        diagnosis = Diagnosis(errors=errors, never_connected=True)
        return Judgement(diagnosis, _with(memory, (), ()), _NEVER)
    clock = _clock(status, memory, now.wall, rules, trusted=skew is None or abs(skew) <= SKEW_TOLERATED)
    found = list(_evidence(status, active, clock, unlisted=unlisted))
    seen_active = _seen_active(memory, found, now.monotonic, reading=reading)
    present = {one.issue for one in found}
    found += [_Evidence(issue, Because.LINGERING) for issue, _ in seen_active if issue not in present]
    before = dict(memory.since)
    issues = tuple(_issue(one, before, now.wall) for one in sorted(found, key=_precedence))
    ends = [at + LINGERS for issue, at in seen_active if issue not in present]
    changes = min(clock.next_change, next_ageing(status, memory.seen, now.wall, rules.error_window))
    return Judgement(
        Diagnosis(issues=_unhidden(issues), errors=errors),
        _with(memory, seen_active, tuple((one.issue, one.since) for one in issues)),
        min([now.monotonic + (changes - now.wall), *ends]),
    )


def is_never_connected(status: Status) -> bool:
    """Whether no connection was ever made: not connected, and no trace of a token or a sync."""
    return status.connected is False and status.token_expires_at is None and status.last_sync is None


def _evidence(status: Status, active: Sequence[SyncError], clock: _Clock, *, unlisted: bool) -> Iterator[_Evidence]:
    """What each rule concludes, once for each issue that holds."""
    by_issue: dict[Issue, list[SyncError]] = {}
    for error in active:
        by_issue.setdefault(issue_of(error), []).append(error)
    if status.connected is False or status.sync_status is SyncStatus.DISCONNECTED:
        errors = by_issue.pop(Issue.DISCONNECTED, [])
        yield _Evidence(Issue.DISCONNECTED, Because.PLATFORM_SAYS_DISCONNECTED, _oldest(errors), tuple(errors))
    if Issue.TOKEN_EXPIRED not in by_issue and clock.token_expired:
        yield _Evidence(Issue.TOKEN_EXPIRED, Because.TOKEN_CLOCK, status.token_expires_at)
    if unlisted and status.connected is True:
        errors = by_issue.pop(Issue.UNAUTHORIZED, [])
        yield _Evidence(Issue.UNAUTHORIZED, Because.NOT_LISTED_BY_XERO, _oldest(errors), tuple(errors))
    for issue, errors in by_issue.items():
        yield _Evidence(issue, Because.ERROR, _oldest(errors), tuple(errors))
    failed = status.failed_syncs is not None and status.failed_syncs > 0
    if not active and failed and status.sync_status in _SYNC_FAILS:
        yield _Evidence(Issue.SYNC_FAILING, Because.NO_TEXT)
    if clock.stale_since is not None:
        yield _Evidence(Issue.SYNC_STALE, Because.NOTHING_SYNCED, clock.stale_since)


def _oldest(errors: Sequence[SyncError]) -> float | None:
    return min((error.at for error in errors if error.at is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Clock:
    """What time alone says, and when it will say something else; seconds since 1970 UTC."""

    token_expired: bool
    stale_since: float | None
    next_change: float


def _clock(status: Status, memory: Memory, now: float, rules: Thresholds, *, trusted: bool) -> _Clock:
    """What has passed by `now`.

    While the clocks differ nothing new is raised. What was raised stays: a clock that is set does not heal either.
    """
    may_raise = {Issue.TOKEN_EXPIRED, Issue.SYNC_STALE} if trusted else {issue for issue, _ in memory.since}
    expiry = status.token_expires_at
    token_line = _NEVER
    if expiry is not None and _expiry_is_telling(status, expiry, rules.token_clock):
        token_line = expiry + rules.token_grace
    stale_line = _stale_from(status, memory, rules)
    return _Clock(
        token_expired=token_line < now and Issue.TOKEN_EXPIRED in may_raise,
        stale_since=stale_line if stale_line < now and Issue.SYNC_STALE in may_raise else None,
        next_change=min((line for line in (token_line, stale_line) if line >= now), default=_NEVER),
    )


def _expiry_is_telling(status: Status, expires: float, token_clock: TokenClock) -> bool:
    """Whether an expiry in the past means that nothing can sync."""
    last_sync = status.last_sync
    if last_sync is not None and last_sync > expires:
        return False  # something synced after it: the platform renews on use, and its answer is behind
    unwell = status.sync_status in UNWELL
    if token_clock is TokenClock.TRUSTED or unwell:
        return True
    if token_clock is TokenClock.CORROBORATED:
        return False
    return last_sync is None or expires - last_sync > OUTLIVES_SYNC


def _stale_from(status: Status, memory: Memory, rules: Thresholds) -> float:
    """When the last sync becomes, or became, too old; infinite when it never will."""
    synced = memory.unsynced_since if status.last_sync is None else status.last_sync
    if synced is None or status.connected is False:
        return _NEVER
    waiting = status.pending_syncs is not None and status.pending_syncs > 0
    limits = (rules.sync_stale_after if waiting else None, rules.sync_silent_after)
    return min((synced + limit for limit in limits if limit is not None), default=_NEVER)


def _seen_active(
    memory: Memory, found: Sequence[_Evidence], now: float, *, reading: bool
) -> tuple[tuple[Issue, float], ...]:
    """Sync issues -> when last seen active, those that do not linger any more left out."""
    if not memory.active and not reading:
        return ()
    kept = {issue: at for issue, at in memory.active if now < at + LINGERS}
    if reading:
        kept |= {one.issue: now for one in found if one.issue in _LINGERING}
    return tuple(kept.items())


def _issue(evidence: _Evidence, before: dict[Issue, float], now: float) -> ActiveIssue:
    since = before.get(evidence.issue)
    if since is None:
        since = now if evidence.since is None else min(evidence.since, now)
    reasons: tuple[Reason, ...] = ()
    if evidence.errors:
        reasons = tuple(reason for reason, _ in Counter(error.reason for error in evidence.errors).most_common())
    elif evidence.because is Because.NO_TEXT:
        reasons = (Reason.UNSPECIFIED,)
    return ActiveIssue(evidence.issue, since, evidence.because, reasons)


_ORDER: Final = {issue: place for place, issue in enumerate(Issue)}


def _precedence(evidence: _Evidence) -> int:
    return _ORDER[evidence.issue]


def _unhidden(issues: tuple[ActiveIssue, ...]) -> tuple[ActiveIssue, ...]:
    """The issues, in order of precedence, that no connection issue hides."""
    if issues and issues[0].issue in CONNECTION_ISSUES:
        return issues[:1]
    return issues


def _with(memory: Memory, active: tuple[tuple[Issue, float], ...], since: tuple[tuple[Issue, float], ...]) -> Memory:
    if memory.active == active and memory.since == since:
        return memory
    return Memory(
        seen=memory.seen,
        active=active,
        token_expires_at=memory.token_expires_at,
        token_renewed=memory.token_renewed,
        connected_since=memory.connected_since,
        unsynced_since=memory.unsynced_since,
        since=since,
    )
