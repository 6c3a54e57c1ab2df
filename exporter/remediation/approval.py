"""How far a person's approval reaches: to the call that this person saw, and for some hours. Pure."""

from __future__ import annotations

from exporter.model.action import Action, ActionKind, Parameters, TriggerSource
from exporter.model.limits import Limits


def approves(action: Action, kind: ActionKind, parameters: Parameters, limits: Limits, now: float) -> bool:
    """Whether what a person asked for or approved covers this call.

    Args:
        action: as it was approved, or judged since.
        kind: of the call that could help now.
        parameters: what that call would carry.
        limits: the rules in force.
        now: seconds since 1970 UTC.
    """
    if action.source is TriggerSource.PERSON:
        return True
    if action.approved_by is None or action.approved_at is None:
        return False
    # From both ends: an approval of a clock that was ahead must not last until that instant comes.
    in_time = abs(now - action.approved_at) < limits.approval_expires
    return in_time and kind is action.kind and within(parameters, action.parameters)


def within(parameters: Parameters, approved: Parameters | None) -> bool:
    """Whether a call would carry nothing that was not approved: no other type or record, and nothing older."""
    if approved is None:
        return False
    types = set(parameters.sync_types) <= set(approved.sync_types)
    records = set(parameters.record_ids) <= set(approved.record_ids)
    if parameters.since is None or approved.since is None:
        return types and records and parameters.since is approved.since
    return types and records and parameters.since >= approved.since
