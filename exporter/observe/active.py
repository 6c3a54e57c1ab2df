"""Which of the errors that the platform lists matter now, and how they are counted. Pure.

The platform does not take an error away when its cause is gone, so most listed errors are history. The sample of its
troubleshooting page shows one: healthy, two failed, one error older than the last sync. Nothing is wrong there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from exporter.model.facts import Status, SyncError
from exporter.model.judgement import MAX_ERROR_SERIES, ErrorCount, Memory
from exporter.model.words import Issue, Reason, SyncStatus, SyncType
from exporter.observe.seen import has_come_back

MOST_BELIEVED: Final = 86_400.0
"""Seconds that an instant of the platform's may lie in the future to be believed. One that writes its local time as if
it were UTC is 14 hours ahead at most, with all its instants alike."""

UNWELL: Final = frozenset({SyncStatus.DEGRADED, SyncStatus.FAILING, SyncStatus.DISCONNECTED})
"""What the platform says of a connection that is not healthy. Null, and words that nobody knows, say nothing."""

ISSUE_OF_REASON: Final[Mapping[Reason, Issue]] = {
    Reason.DISCONNECTED: Issue.DISCONNECTED,
    Reason.TOKEN_EXPIRED: Issue.TOKEN_EXPIRED,
    Reason.REAUTHORISE: Issue.TOKEN_EXPIRED,
    Reason.SCOPE_MISSING: Issue.UNAUTHORIZED,
    Reason.PERMISSION: Issue.UNAUTHORIZED,
}
"""Reasons that say what is wrong with the connection itself, whatever was being synchronised."""

ISSUE_OF_SYNC_TYPE: Final[Mapping[SyncType, Issue]] = {
    SyncType.CONTACTS: Issue.CONTACTS_FAILING,
    SyncType.INVOICES: Issue.INVOICES_FAILING,
    SyncType.RECONCILIATION: Issue.RECONCILIATION_FAILING,
    SyncType.OTHER: Issue.SYNC_FAILING,
}

CONCERNS_CONNECTION: Final = frozenset({*ISSUE_OF_REASON, Reason.APP_CREDENTIALS})
"""Reasons for which nothing can sync: `failed_syncs` need not count them."""

_NEVER: Final = float("inf")

_Kind: TypeAlias = "tuple[SyncType, Reason]"


@dataclass(slots=True)
class ActiveKind:
    """Active errors of one kind.

    Attributes:
        sync_type: what was being synchronised.
        reason: why it failed.
        count: how many are listed; 0 when only the memory has them.
        oldest: when the oldest of them happened, seconds since 1970 UTC; None when none of them says.
        until: when time alone ends it, on the clock that `now` is of; infinite when time does not.
    """

    sync_type: SyncType
    reason: Reason
    count: int = 0
    oldest: float | None = None
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """The errors of one status, weighed at one instant.

    Attributes:
        active: kinds that matter.
        counts: errors that are active or young, by kind, most frequent first; kinds beyond `MAX_ERROR_SERIES` are
            counted as unknown.
        steady_until: when time alone changes any of this, on the clock that `now` is of; infinite when it does not.
    """

    active: tuple[ActiveKind, ...] = ()
    counts: tuple[ErrorCount, ...] = ()
    steady_until: float = _NEVER


_NOTHING: Final = Weighed()


def believed(at: float | None, now: float) -> float | None:
    """When something happened, as far as it can be: None of what lies more than `MOST_BELIEVED` in the future."""
    return None if at is None or at > now + MOST_BELIEVED else at


def may_matter_until(status: Status, memory: Memory, now: float, window: float) -> float:
    """When time alone ends that errors would matter if syncs had failed, where the platform does not say how many did.

    Infinite when time does not, minus infinity when none would, or the platform says.
    """
    if status.failed_syncs is not None or not (status.errors or memory.seen):
        return -_NEVER
    found = weigh(replace(status, failed_syncs=1), memory, now, window).active
    return max((kind.until for kind in found), default=-_NEVER)


def weigh(
    status: Status, memory: Memory, now: float, window: float, *, standing: AbstractSet[Issue] | None = None
) -> Weighed:
    """Which errors matter at `now`, and how many there are.

    An error matters when it concerns the connection or syncs are counted as failed, and it is newer than the last
    sync (or there never was one), or young while the platform calls the connection unwell, or one of two of its kind
    that lie apart, both young. An error without a time, or of more than a day in the future, counts as
    young, and as older than any sync.

    What the platform lists no more matters only as such a pair, while syncs are counted as failed: what was wrong with
    the connection itself is over then.

    Args:
        status: what the platform said.
        memory: what earlier readings left, this one's errors included.
        now: seconds since 1970 UTC.
        window: seconds for which an error is young.
        standing: issues of which youth is evidence; None: of any. While clocks differ, of nothing new.
    """
    failed = status.failed_syncs is not None and status.failed_syncs > 0
    if not status.errors and not (failed and memory.seen):
        return _NOTHING
    facts = _Facts(
        failed=failed,
        unwell=status.sync_status in UNWELL,
        last_sync=status.last_sync,
        renewed=memory.token_renewed,
        returned={(one.sync_type, one.reason): one.instants[-1] for one in memory.seen if has_come_back(one)},
        window=window,
        standing=standing,
    )
    active: dict[_Kind, ActiveKind] = {}
    counts: dict[_Kind, tuple[int, float | None]] = {}
    steady_until, latest = _NEVER, now + MOST_BELIEVED
    for error in status.errors:
        kind, at = (error.sync_type, error.reason), error.at
        if at is not None and at > latest:
            steady_until, at = min(steady_until, at - MOST_BELIEVED), None
        until = _matters_until(error, kind, at, facts)
        if until > now:
            if (found := active.get(kind)) is None:
                found = active[kind] = ActiveKind(*kind)
            found.count += 1
            found.oldest = _least(found.oldest, at)
            found.until = max(found.until, until)
            steady_until = min(steady_until, until)
        counted_until = until if at is None or until == _NEVER else at + window
        if counted_until > now:
            count, newest = counts.get(kind, _NONE)
            counts[kind] = (count + 1, at if newest is None or (at is not None and at > newest) else newest)
            steady_until = min(steady_until, counted_until)
    if failed:
        for one in _remembered_only(facts, active, now):
            active[one.sync_type, one.reason] = one
            steady_until = min(steady_until, one.until)
    return Weighed(tuple(active.values()), _error_counts(counts), steady_until)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What decides whether an error matters; `returned` are the older ones of pairs that lie apart, by kind."""

    failed: bool
    unwell: bool
    last_sync: float | None
    renewed: float | None
    returned: Mapping[_Kind, float]
    window: float
    standing: AbstractSet[Issue] | None

    def youth_tells(self, kind: _Kind) -> bool:
        """Whether youth is evidence of the issue of this kind."""
        return self.standing is None or issue_of(*kind) in self.standing


def issue_of(sync_type: SyncType, reason: Reason) -> Issue:
    """The issue that an active error of this kind is evidence of."""
    return ISSUE_OF_REASON.get(reason) or ISSUE_OF_SYNC_TYPE[sync_type]


def _matters_until(error: SyncError, kind: _Kind, at: float | None, facts: _Facts) -> float:
    """When time alone ends that it matters: infinite when time does not, minus infinity when it does not matter.

    `at` is when it happened, as far as that can be believed.
    """
    last_sync = facts.last_sync
    if not (facts.failed or error.reason in CONCERNS_CONNECTION) or _cured_by_renewal(error, at, facts.renewed):
        return -_NEVER
    if last_sync is None or (at is not None and at > last_sync):
        return _NEVER
    if at is None:
        return _NEVER if facts.unwell else -_NEVER
    from_when = at if facts.unwell else min(at, facts.returned.get(kind, -_NEVER))
    return from_when + facts.window if facts.youth_tells(kind) else -_NEVER


def _cured_by_renewal(error: SyncError, at: float | None, renewed: float | None) -> bool:
    """Whether it says that the token expired, and a newer one was seen since.

    A refused grant is not cured by that: only a person, or a sync that works, ends it.
    """
    return renewed is not None and error.reason is Reason.TOKEN_EXPIRED and (at is None or at < renewed)


def _remembered_only(facts: _Facts, active: Mapping[_Kind, ActiveKind], now: float) -> Iterator[ActiveKind]:
    """Kinds that came back, while none of their errors is listed as one that matters."""
    for kind, pair in facts.returned.items():
        told = kind in active or kind[1] in CONCERNS_CONNECTION
        if not told and pair + facts.window > now and facts.youth_tells(kind):
            yield ActiveKind(*kind, oldest=pair, until=pair + facts.window)


def _least(known: float | None, at: float | None) -> float | None:
    return at if known is None or (at is not None and at < known) else known


_NONE: Final[tuple[int, float | None]] = (0, None)


def _error_counts(counts: dict[_Kind, tuple[int, float | None]]) -> tuple[ErrorCount, ...]:
    """The most frequent first; of too many kinds, the least frequent of each sync type under unknown."""
    if not counts:
        return ()
    order = sorted(counts, key=lambda kind: (-counts[kind][0], kind))
    if len(order) > MAX_ERROR_SERIES:
        counts = _bounded(counts, order)
        order = sorted(counts, key=lambda kind: (-counts[kind][0], kind))
    return tuple(ErrorCount(*kind, *counts[kind]) for kind in order)


def _bounded(
    counts: Mapping[_Kind, tuple[int, float | None]], order: Sequence[_Kind]
) -> dict[_Kind, tuple[int, float | None]]:
    """As many of the most frequent as there is room for beside the unknown that the rest becomes."""
    told = [kind for kind in order if kind[1] is not Reason.UNKNOWN]
    for room in range(MAX_ERROR_SERIES, -1, -1):
        kept = set(told[:room])
        bounded: dict[_Kind, tuple[int, float | None]] = {}
        for kind in order:
            into = kind if kind in kept else (kind[0], Reason.UNKNOWN)
            count, newest = bounded.get(into, _NONE)
            at = counts[kind][1]
            bounded[into] = (
                count + counts[kind][0],
                at if newest is None or (at is not None and at > newest) else newest,
            )
        if len(bounded) <= MAX_ERROR_SERIES:
            break
    return bounded
