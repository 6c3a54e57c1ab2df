"""Of what nobody can say whether it is wrong with an organisation. Pure.

An organisation is well where the platform says that it is connected and that its syncs go well: by a word that is known
here, or by counting none that failed. What it leaves out, or says in words that nobody knows, is in doubt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporter.model.facts import Status
from exporter.model.judgement import ActiveIssue, Doubt, Memory
from exporter.model.moment import Moment
from exporter.model.words import Issue, SyncStatus

SYNCS_GO_BADLY: Final = (SyncStatus.DEGRADED, SyncStatus.FAILING)
"""What the platform says of syncs that fail; disconnected says that there are none."""


def says_well(status: Status) -> bool:
    """Whether the platform says all that it takes to be well, in its best words; most of a fleet does."""
    return (
        status.connected is True
        and status.sync_status is SyncStatus.HEALTHY
        and not status.errors_malformed
        and (status.failed_syncs == 0 or (status.failed_syncs is not None and status.errors_said))
    )


def doubts_of(
    status: Status,
    memory: Memory,
    issues: tuple[ActiveIssue, ...],
    missed_at: Moment | None,
    *,
    sync_ahead: bool,
    errors_may_matter: bool,
) -> tuple[Doubt, ...]:
    """Why nobody can say that nothing else is wrong.

    Args:
        status: what the platform said, of one that was connected once.
        memory: what earlier readings left.
        issues: what is wrong as far as is known.
        missed_at: when Xero's list was asked for that missed it, while no list can be read any more.
        sync_ahead: whether its last sync lies too far in the future to be believed.
        errors_may_matter: whether it does not say how many syncs failed, and lists errors that matter if any did.
    """
    return (
        *_of_the_connection(status, memory, issues, missed_at),
        *_of_its_syncs(status, issues, errors_may_matter=errors_may_matter),
        *((Doubt.SYNC_AHEAD,) if sync_ahead and not _is_disconnected(issues) else ()),
    )


def _of_the_connection(
    status: Status, memory: Memory, issues: tuple[ActiveIssue, ...], missed_at: Moment | None
) -> Iterator[Doubt]:
    since = memory.connected_since
    # What a list missed ends as an issue when no list can be read any more, and is not cured by that; who was connected
    # anew since could not be on it.
    if missed_at is not None and since is not None and since.monotonic < missed_at.monotonic:
        yield Doubt.LIST_UNREAD
    if status.connected is None and not _is_disconnected(issues):
        yield Doubt.CONNECTION_NOT_SAID


def _of_its_syncs(status: Status, issues: tuple[ActiveIssue, ...], *, errors_may_matter: bool) -> Iterator[Doubt]:
    # A sync that is too old says nothing of whether others fail; any other issue explains what the platform says.
    if any(one.issue is not Issue.SYNC_STALE for one in issues):
        return
    failed, word = status.failed_syncs, status.sync_status
    if word is SyncStatus.OTHER:
        yield Doubt.STATUS_WORD
    elif (word is None and failed != 0) or (failed is None and (errors_may_matter or word in SYNCS_GO_BADLY)):
        yield Doubt.SYNCS_NOT_SAID
    elif word in SYNCS_GO_BADLY:
        yield Doubt.UNEXPLAINED
    # One entry of many that is malformed spoils nothing while none failed; all of them may hide what is wrong.
    if (status.errors_malformed and (failed != 0 or not status.errors)) or (not status.errors_said and failed):
        yield Doubt.ERRORS_UNREAD


def _is_disconnected(issues: tuple[ActiveIssue, ...]) -> bool:
    """Whether nothing can sync, whatever else is not known."""
    return any(one.issue is Issue.DISCONNECTED for one in issues)
