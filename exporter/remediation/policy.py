"""What could help an organisation, by its diagnosis: a call with its parameters, a hold, or nothing any more. Pure.

An alert says only that somebody should look; what is done comes from here, by what is known of the organisation now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model.action import ActionKind, Parameters, TriggerSource
from exporter.model.facts import OrganizationState, Status, SyncError
from exporter.model.holds import Hold
from exporter.model.judgement import CONNECTION_ISSUES, ActiveIssue, Because
from exporter.model.limits import Limits
from exporter.model.words import MAX_RECORD_IDS, Freshness, Issue, Reason, SyncType
from exporter.observe.active import believed
from exporter.observe.reasons import REASONS
from exporter.remediation.outcome import is_of_the_future

SINCE_MARGIN: Final = 60.0
"""Seconds before the first failing error at which a resync begins."""

_SYNC_TYPE_OF: Final = {
    Issue.CONTACTS_FAILING: SyncType.CONTACTS,
    Issue.INVOICES_FAILING: SyncType.INVOICES,
    Issue.RECONCILIATION_FAILING: SyncType.RECONCILIATION,
}
ALL_TYPES: Final = (SyncType.CONTACTS, SyncType.INVOICES, SyncType.RECONCILIATION)
"""What a resync after a reconnect covers."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Attributes:
        source: who asks.
        issue: what an alert is about.
        kind: what a person asks for.
        parameters: with what a person asks for it.
        since: when the connection broke, of a reconnect.
    """

    source: TriggerSource
    issue: Issue | None = None
    kind: ActionKind | None = None
    parameters: Parameters | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Do:
    """This call could help."""

    kind: ActionKind
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing could help now; `kind` is what this would be."""

    hold: Hold
    kind: ActionKind = ActionKind.RETRY


@dataclass(frozen=True, slots=True)
class Over:
    """What was asked for is not needed any more."""

    why: str = "healthy_again"


Decision = Do | Wait | Over


@dataclass(frozen=True, slots=True)
class Opinion:
    """What could help by one of those who ask for an action.

    Attributes:
        wanted: what is asked for.
        decision: what could help.
        triggers: the ledger's numbers of those that ask for this; empty for a person's word.
    """

    wanted: Wanted
    decision: Decision
    triggers: tuple[int, ...] = ()


def opinions(
    asked: Mapping[Wanted, Sequence[int]], state: OrganizationState | None, limits: Limits, now: float
) -> tuple[Opinion, ...]:
    """What could help by each of those who ask for one action, in their order; arguments as of `decide`."""
    return tuple(Opinion(one, decide(one, state, limits, now), tuple(triggers)) for one, triggers in asked.items())


def decide(wanted: Wanted, state: OrganizationState | None, limits: Limits, now: float) -> Decision:
    """What could help.

    Args:
        wanted: what is asked for.
        state: what is known of the organisation; None when it is not on the roster.
        limits: the rules in force.
        now: seconds since 1970 UTC.
    """
    kind = wanted.kind or (ActionKind.RESYNC if wanted.source is TriggerSource.RECONNECT else ActionKind.RETRY)
    if state is None or state.freshness is Freshness.NOT_FOUND:
        return Wait(Hold.UNKNOWN_ORGANIZATION, kind)
    if state.freshness is not Freshness.FRESH or state.status is None:
        return Wait(Hold.UNREADABLE, kind)
    broken = any(one.issue in CONNECTION_ISSUES for one in state.diagnosis.issues)
    issue = next((one for one in state.diagnosis.issues if one.issue is wanted.issue), None)
    if wanted.source is TriggerSource.ALERT and not broken and (issue is None or issue.because is Because.LINGERING):
        return Wait(Hold.UNREADABLE, kind) if state.diagnosis.leaves_open(wanted.issue) else Over()
    if broken or any(one.reason is Reason.DAILY_LIMIT for one in state.diagnosis.errors):
        return Wait(Hold.CONNECTION if broken else Hold.DAILY_LIMIT, kind)
    last_sync = state.status.last_sync
    ahead = last_sync is not None and is_of_the_future(last_sync, state.skew, now)
    unsure = state.diagnosis.leaves_connection_open
    if (ahead or unsure) and wanted.source is not TriggerSource.PERSON:
        # Five calls of which nobody can tell whether they helped would open the breaker for everybody; and where nobody
        # can say whether there is a connection, nobody can say whether any would help.
        return Wait(Hold.UNREADABLE, kind)
    return _call(wanted, issue, state.status, limits, now)


def _call(wanted: Wanted, issue: ActiveIssue | None, status: Status, limits: Limits, now: float) -> Decision:
    """What could be sent, for an organisation that can be judged and whose connection is well."""
    if wanted.source is TriggerSource.RECONNECT:
        since = _bounded(now if wanted.since is None else wanted.since, limits, now)
        return Do(ActionKind.RESYNC, Parameters(ALL_TYPES, since=since))
    if wanted.source is TriggerSource.PERSON and wanted.kind is not None and wanted.parameters is not None:
        return Do(wanted.kind, wanted.parameters)
    return Over() if issue is None else _mend(issue, status, limits, now)


def _mend(issue: ActiveIssue, status: Status, limits: Limits, now: float) -> Decision:
    """A retry of the records whose reasons it can cure, or a resync in its place where that is allowed."""
    curable = [error for error in _errors_of(issue, status) if REASONS[error.reason].retry_helps]
    if not curable:
        return Wait(Hold.RETRY_CANNOT_HELP)
    sync_type = _SYNC_TYPE_OF.get(issue.issue)
    if sync_type is None:
        return Wait(Hold.SYNC_TYPE_UNKNOWN)
    ids = tuple(dict.fromkeys(one for error in curable for one in error.record_ids))[:MAX_RECORD_IDS]
    if ids:
        return Do(ActionKind.RETRY, Parameters((sync_type,), record_ids=ids))
    times = (believed(error.at, now) for error in curable)
    first = min((at for at in times if at is not None), default=None)
    if not limits.fallback_resync or first is None:
        return Wait(Hold.NO_RECORD_IDS)
    return Do(ActionKind.RESYNC, Parameters((sync_type,), since=_bounded(first, limits, now)))


def _errors_of(issue: ActiveIssue, status: Status) -> Iterator[SyncError]:
    """The errors of the last status that are behind the issue; those from before it are of records that got over it."""
    sync_type = _SYNC_TYPE_OF.get(issue.issue, SyncType.OTHER)
    for one in status.errors:
        recent = one.at is None or one.at >= issue.since - SINCE_MARGIN
        if recent and one.sync_type is sync_type and one.reason in issue.reasons:
            yield one


def _bounded(since: float, limits: Limits, now: float) -> float:
    """A minute earlier, in no case further back than allowed, and never in the future."""
    return min(max(since - SINCE_MARGIN, now - limits.lookback), now)
