"""What is wrong with one organisation: facts, memory and time in, a diagnosis that says why out. Pure.

The issues and their rules stand in the order of precedence. Whatever rests on a clock alone is not concluded while
our clock and the platform's differ: a clock that was set must not disconnect a fleet. What stood before that is judged
by the platform's clock meanwhile, which wrote all the timestamps: a clock that was set must not heal a fleet either.

What time alone changes between two readings is which issues there are. The counts of errors, and the reasons of an
issue, change with readings only: to the second they would change in every tick of a fleet in trouble, and each change
is a block to be rendered again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from exporter.model.facts import Status
from exporter.model.judgement import (
    CONNECTION_ISSUES,
    SYNCS_FAIL,
    WELL,
    ActiveIssue,
    Because,
    Diagnosis,
    Doubt,
    Memory,
    Thresholds,
)
from exporter.model.moment import Moment
from exporter.model.words import Issue, Reason, SyncStatus
from exporter.observe.active import ActiveKind, Weighed, issue_of, may_matter_until, weigh
from exporter.observe.clocks import ByTheClock, by_the_clock, clocks_agree
from exporter.observe.doubts import SYNCS_GO_BADLY, doubts_of, says_well

LINGERS: Final = 600.0
"""Seconds that a sync issue stays after its last active error was seen: between two tries of a sync nothing is seen."""

_NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of judging one organisation.

    Attributes:
        diagnosis: what is wrong.
        memory: what the next judgement needs; says until when this one holds.
    """

    diagnosis: Diagnosis
    memory: Memory

    @property
    def valid_until(self) -> float:
        """Monotonic second at which time alone changes the diagnosis; infinite when nothing will."""
        return self.memory.valid_until


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Why an issue holds now.

    Attributes:
        issue: which.
        because: what it is concluded from.
        kinds: active errors behind it.
        since: the instant that the facts name, seconds since 1970 UTC.
    """

    issue: Issue
    because: Because
    kinds: tuple[ActiveKind, ...] = ()
    since: float | None = None


def judge(
    status: Status,
    memory: Memory,
    now: Moment,
    rules: Thresholds,
    *,
    reading: bool,
    read_before: float | None = None,
    skew: float | None = None,
    unlisted: bool = False,
    missed_at: Moment | None = None,
) -> Judgement:
    """The diagnosis at `now`.

    Args:
        status: what the platform said last.
        memory: what earlier judgements and readings left, that of this status included (`memory.observed`).
        now: the present.
        rules: where the lines are.
        reading: whether the status was read just now; otherwise only time has passed.
        read_before: when there was a status before `now`, monotonic seconds: what the last judgement found was last
            seen then. None: never.
        skew: how far the platform's clock is ahead of ours, seconds; None when it does not say.
        unlisted: whether Xero's own list, asked for after the platform said connected, misses the tenant.
        missed_at: while no list can be read any more, and the last one missed the tenant: when it was asked for.
    """
    standing = None if clocks_agree(skew) else frozenset(one.issue for one in memory.issues)
    there = now.wall if standing is None or skew is None else now.wall + skew
    weighed = weigh(status, memory, there, rules.error_window, standing=standing)
    errors = weighed.counts if reading else memory.errors
    settled = now.monotonic + (weighed.steady_until - there)
    if is_never_connected(status) and not memory.connected_once:
        memory = replace(
            memory,
            issues=(),
            lingering=(),
            errors=errors,
            valid_until=_NEVER,
            settled_until=settled if reading else -_NEVER,
        )
        return Judgement(Diagnosis(errors=errors, never_connected=True), memory)
    gone = _says_gone(status) or any(one.reason is Reason.DISCONNECTED for one in weighed.active)
    clock = by_the_clock(status, memory, there, rules, standing, gone=gone)
    found = list(_evidence(status, weighed, clock, unlisted=unlisted))
    lingering = _lingering(memory, found, now.monotonic, read_before)
    found += [_Evidence(issue, Because.LINGERING) for issue, _ in lingering]
    over = {issue for issue, seen in memory.lingering if now.monotonic >= seen + LINGERS}
    before = {one.issue: one for one in memory.issues if one.issue not in over}
    if len(found) > 1:
        found.sort(key=_precedence)
    issues = tuple(_issue(one, before.get(one.issue), now.wall, reading=reading) for one in found)
    app_refused, changes = False, clock.next_change
    if weighed.active:
        refused = [one.until for one in weighed.active if one.reason is Reason.APP_CREDENTIALS]
        # Time ends it and never begins it: beside an issue that was raised meanwhile, an older error could else count.
        app_refused = bool(refused) and (reading or memory.app_refused)
        changes = min([changes, *_ends_of(found), max(refused, default=_NEVER)])
    may_matter = may_matter_until(status, memory, there, rules.error_window)
    if may_matter > there:
        changes = min(changes, may_matter)
    valid_until = now.monotonic + (changes - there)
    for _, seen in lingering:
        valid_until = min(valid_until, seen + LINGERS)
    # Not by `replace`, which takes a sixth of the whole judgement to find out which fields there are.
    memory = Memory(
        seen=memory.seen,
        token_expires_at=memory.token_expires_at,
        token_renewed=memory.token_renewed,
        connected_since=memory.connected_since,
        connected_once=memory.connected_once,
        unsynced_since=memory.unsynced_since,
        unwell_since=memory.unwell_since,
        issues=issues,
        lingering=lingering,
        errors=errors,
        app_refused=app_refused,
        valid_until=valid_until,
        settled_until=min(valid_until, settled) if reading else -_NEVER,
    )
    doubts: tuple[Doubt, ...] = ()
    if missed_at is not None or clock.sync_ahead or not says_well(status):
        doubts = doubts_of(
            status, memory, issues, missed_at, sync_ahead=clock.sync_ahead, errors_may_matter=may_matter > there
        )
    if not issues and not errors and not doubts:
        return Judgement(WELL, memory)
    issues = _unhidden(issues)
    return Judgement(Diagnosis(issues=issues, errors=errors, app_refused=app_refused, doubts=doubts), memory)


def is_never_connected(status: Status) -> bool:
    """Whether it says that no connection was ever made: not connected, and no trace of a token or a sync."""
    return status.connected is False and status.token_expires_at is None and status.last_sync is None


def _says_gone(status: Status) -> bool:
    return status.connected is False or status.sync_status is SyncStatus.DISCONNECTED


def _evidence(status: Status, weighed: Weighed, clock: ByTheClock, *, unlisted: bool) -> Iterator[_Evidence]:
    """What each rule concludes, once for each issue that holds."""
    by_issue: dict[Issue, tuple[ActiveKind, ...]] = {}
    for kind in weighed.active:
        issue = issue_of(kind.sync_type, kind.reason)
        by_issue[issue] = (*by_issue.get(issue, ()), kind)
    if _says_gone(status):
        kinds = by_issue.pop(Issue.DISCONNECTED, ())
        yield _Evidence(Issue.DISCONNECTED, Because.PLATFORM_SAYS_DISCONNECTED, kinds, _oldest(kinds))
    if Issue.TOKEN_EXPIRED not in by_issue and clock.token_expired:
        yield _Evidence(Issue.TOKEN_EXPIRED, Because.TOKEN_CLOCK, (), status.token_expires_at)
    if unlisted and status.connected is True:
        kinds = by_issue.pop(Issue.UNAUTHORIZED, ())
        yield _Evidence(Issue.UNAUTHORIZED, Because.NOT_LISTED_BY_XERO, kinds, _oldest(kinds))
    for issue, kinds in by_issue.items():
        since = _oldest(kinds)
        if issue is Issue.TOKEN_EXPIRED and clock.token_expired and status.token_expires_at is not None:
            # The error came when somebody tried, which may be long after the token expired.
            since = status.token_expires_at if since is None else min(since, status.token_expires_at)
        yield _Evidence(issue, Because.ERROR, kinds, since)
    failed = status.failed_syncs is not None and status.failed_syncs > 0
    if not weighed.active and failed and status.sync_status in SYNCS_GO_BADLY:
        yield _Evidence(Issue.SYNC_FAILING, Because.NO_TEXT)
    if clock.stale_since is not None:
        yield _Evidence(Issue.SYNC_STALE, Because.NOTHING_SYNCED, (), clock.stale_since)


def _oldest(kinds: Sequence[ActiveKind]) -> float | None:
    return min((kind.oldest for kind in kinds if kind.oldest is not None), default=None)


def _ends_of(found: Sequence[_Evidence]) -> Iterator[float]:
    """When time alone ends each of what rests on errors, on the clock of the timestamps."""
    for one in found:
        if one.kinds:
            yield max(kind.until for kind in one.kinds)


def _lingering(
    memory: Memory, found: Sequence[_Evidence], now: float, read_before: float | None
) -> tuple[tuple[Issue, float], ...]:
    """Sync issues that are not found any more and not over yet -> when they were last seen."""
    if not memory.issues:
        return ()
    present = {one.issue for one in found}
    seen = dict(memory.lingering)
    return tuple(
        (one.issue, at)
        for one in memory.issues
        if one.issue in SYNCS_FAIL and one.issue not in present
        if (at := seen.get(one.issue, read_before)) is not None and now < at + LINGERS
    )


def _issue(evidence: _Evidence, before: ActiveIssue | None, now: float, *, reading: bool) -> ActiveIssue:
    """The issue by this evidence; the very same as before where nothing of it changed."""
    if before is None:
        since = now if evidence.since is None else min(evidence.since, now)
    elif before.because is evidence.because and not reading:
        return before
    else:
        since = before.since
    if before is not None and evidence.because is Because.LINGERING:
        reasons = before.reasons
    elif evidence.because is Because.NO_TEXT:
        reasons = (Reason.UNSPECIFIED,)
    else:
        reasons = _reasons(evidence.kinds)
    issue = ActiveIssue(evidence.issue, since, evidence.because, reasons)
    return before if before is not None and issue == before else issue


def _reasons(kinds: tuple[ActiveKind, ...]) -> tuple[Reason, ...]:
    """The most frequent first; of those that are as frequent, the one that is listed first."""
    counts: Counter[Reason] = Counter()
    for kind in kinds:
        counts[kind.reason] += kind.count
    return tuple(reason for reason, _ in counts.most_common())


_ORDER: Final = {issue: place for place, issue in enumerate(Issue)}


def _precedence(evidence: _Evidence) -> int:
    return _ORDER[evidence.issue]


def _unhidden(issues: tuple[ActiveIssue, ...]) -> tuple[ActiveIssue, ...]:
    """The issues, in order of precedence, that no connection issue hides."""
    if issues and issues[0].issue in CONNECTION_ISSUES:
        return issues[:1]
    return issues
