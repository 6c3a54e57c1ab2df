"""Which of the errors that the platform lists matter now, and how they are counted. Pure.

The platform does not take an error away when its cause is gone, so most listed errors are history. The sample of its
troubleshooting page shows one: healthy, two failed, one error older than the last sync. Nothing is wrong there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from exporter.model.facts import Status, SyncError
from exporter.model.judgement import MAX_ERROR_SERIES, ErrorCount, Memory, SeenError
from exporter.model.words import Issue, Reason, SyncStatus, SyncType

REPEATED_APART: Final = 300.0
"""Seconds that two errors of one kind must lie apart to be a failure that comes back, not one that is told twice."""

MAX_SEEN: Final = 64
"""Errors remembered of an organisation: more than four syncs an hour of each kind leave behind."""

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

_CONCERNS_CONNECTION: Final = frozenset({*ISSUE_OF_REASON, Reason.APP_CREDENTIALS})
"""Reasons for which nothing can sync: `failed_syncs` need not count them."""

_Kind: TypeAlias = "tuple[SyncType, Reason]"


def issue_of(error: SyncError) -> Issue:
    """The issue that an active error is evidence of."""
    return ISSUE_OF_REASON.get(error.reason) or ISSUE_OF_SYNC_TYPE[error.sync_type]


def remembered(seen: tuple[SeenError, ...], errors: Iterable[SyncError], since: float) -> tuple[SeenError, ...]:
    """What is remembered after a status with these errors: each once, newest first, none older than `since`."""
    new = {SeenError(one.sync_type, one.reason, one.at) for one in errors if one.at is not None and one.at > since}
    new.difference_update(seen)
    kept = seen if not seen or seen[-1].at > since else tuple(one for one in seen if one.at > since)
    if not new:
        return kept
    return tuple(sorted((*kept, *new), key=_newest_first)[:MAX_SEEN])


def _newest_first(one: SeenError) -> float:
    return -one.at


def active_errors(status: Status, memory: Memory, now: float, window: float) -> tuple[SyncError, ...]:
    """The errors of a status that matter at `now`.

    An error matters when it concerns the connection or syncs are counted as failed, and it is newer than the last
    sync (or there never was one), or young while the platform calls the connection unwell, or one of two of its kind
    that lie apart, both young. An error without a time counts as young, and as older than any sync.

    Args:
        status: what the platform said.
        memory: what earlier readings left, this one's errors included.
        now: seconds since 1970 UTC.
        window: seconds for which an error is young.
    """
    if not status.errors:
        return ()
    young_from = now - window
    repeated = _repeated(memory.seen, young_from)
    unwell = status.sync_status in UNWELL
    failed = status.failed_syncs is not None and status.failed_syncs > 0
    return tuple(
        error
        for error in status.errors
        if (failed or error.reason in _CONCERNS_CONNECTION)
        and _matters(error, status.last_sync, young_from, unwell=unwell, repeated=repeated)
        and not _cured_by_renewal(error, memory.token_renewed)
    )


def _matters(
    error: SyncError, last_sync: float | None, young_from: float, *, unwell: bool, repeated: frozenset[_Kind]
) -> bool:
    if last_sync is None:
        return True
    if error.at is None:
        return unwell
    if error.at > last_sync:
        return True
    return error.at > young_from and (unwell or (error.sync_type, error.reason) in repeated)


def _cured_by_renewal(error: SyncError, renewed: float | None) -> bool:
    """Whether it says that the token expired, and a newer one was seen since.

    A refused grant is not cured by that: only a person, or a sync that works, ends it.
    """
    return renewed is not None and error.reason is Reason.TOKEN_EXPIRED and (error.at is None or error.at < renewed)


def _repeated(seen: Sequence[SeenError], young_from: float) -> frozenset[_Kind]:
    """Kinds of which two young errors lie more than `REPEATED_APART` apart."""
    newest: dict[_Kind, float] = {}
    found: set[_Kind] = set()
    for one in seen:  # newest first
        if one.at <= young_from:
            break
        kind = (one.sync_type, one.reason)
        if newest.setdefault(kind, one.at) - one.at > REPEATED_APART:
            found.add(kind)
    return frozenset(found)


def recent_errors(status: Status, active: Sequence[SyncError], now: float, window: float) -> tuple[ErrorCount, ...]:
    """Errors that are active or young, by kind, most frequent first; kinds beyond the bound become unknown."""
    if not status.errors:
        return ()
    young_from = now - window
    counted = set(map(id, active))
    counts: Counter[_Kind] = Counter()
    newest: dict[_Kind, float] = {}
    for error in status.errors:
        if id(error) not in counted and (error.at is None or error.at <= young_from):
            continue
        kind = (error.sync_type, error.reason)
        counts[kind] += 1
        if error.at is not None:
            newest[kind] = max(error.at, newest.get(kind, error.at))
    if len(counts) > MAX_ERROR_SERIES:
        counts, newest = _bounded(counts, newest)
    order = sorted(counts, key=lambda kind: (-counts[kind], kind))
    return tuple(ErrorCount(kind[0], kind[1], counts[kind], newest.get(kind)) for kind in order)


def _bounded(counts: Counter[_Kind], newest: dict[_Kind, float]) -> tuple[Counter[_Kind], dict[_Kind, float]]:
    """The most frequent kinds, and the rest of each sync type under unknown: at most `MAX_ERROR_SERIES` in all."""
    room = MAX_ERROR_SERIES - len(SyncType)
    told = sorted((kind for kind in counts if kind[1] is not Reason.UNKNOWN), key=lambda kind: (-counts[kind], kind))
    kept = set(told[:room])
    bounded: Counter[_Kind] = Counter()
    latest: dict[_Kind, float] = {}
    for kind, count in counts.items():
        into = kind if kind in kept else (kind[0], Reason.UNKNOWN)
        bounded[into] += count
        if kind in newest:
            latest[into] = max(newest[kind], latest.get(into, newest[kind]))
    return bounded, latest


def next_ageing(status: Status, seen: Sequence[SeenError], now: float, window: float) -> float:
    """Seconds since 1970 UTC at which the next error stops being young; infinite when none does."""
    if not status.errors:
        return float("inf")
    young_from = now - window
    ages = [one.at for one in status.errors if one.at is not None and one.at > young_from]
    ages += [one.at for one in seen if one.at > young_from]
    return min(ages) + window if ages else float("inf")
