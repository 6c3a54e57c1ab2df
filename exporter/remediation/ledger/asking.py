"""What people ask for, approve, reject, pause and resume: one transaction each."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, select, update

from exporter.errors import RefusedError
from exporter.model.accounts import GateView
from exporter.model.action import UNFINISHED, UNSTARTED, Action, ActionState, TriggerSource
from exporter.model.asked import PersonRequest, incomplete
from exporter.model.limits import Limits
from exporter.remediation.ledger.changing import change, create, record
from exporter.remediation.ledger.reading import action_by_id, gate
from exporter.remediation.ledger.releasing import silence
from exporter.remediation.ledger.rows import action_of
from exporter.remediation.ledger.tables import ACTIONS, GATE


def ask(connection: Connection, request: PersonRequest, limits: Limits, now: float) -> Action:
    """An action that is approved, in place of one of the same organisation and kind that alerts wait for.

    Of another request of a person nothing is lost: it is not replaced. When the call is claimed, the episodes of the
    organisation end: what was exhausted may be tried again.

    Raises:
        RefusedError: as `desk.Desk.ask`.
    """
    if (why := incomplete(request.kind, request.parameters, now)) is not None:
        raise RefusedError(why)
    there = _unfinished(connection, request)
    if there is None:
        blank = Action(
            id=0,
            organization_id=request.organization_id,
            kind=request.kind,
            state=ActionState.PLANNED,
            parameters=request.parameters,
            source=TriggerSource.PERSON,
            issue=None,
            created_at=now,
            changed_at=now,
            look_at=now,
            expires_at=now + limits.expires,
            actor=request.actor,
            note=request.note,
            approved_by=request.actor,
            approved_at=now,
        )
        return create(connection, blank, actor=request.actor, note=request.note)
    if there.state not in UNSTARTED:
        raise RefusedError(
            f"action {there.id} of {request.organization_id} is {there.state}: ask again when it is finished"
        )
    if there.source is TriggerSource.PERSON and there.parameters != request.parameters:
        raise RefusedError(
            f"action {there.id} of {request.organization_id} waits with what was asked for before: reject it, or ask "
            "again when it is finished"
        )
    return change(
        connection,
        replace(there, actor=request.actor, note=request.note),
        now,
        actor=request.actor,
        note=request.note,
        said=request.parameters,
        state=ActionState.PLANNED,
        parameters=request.parameters,
        source=TriggerSource.PERSON,
        approved_by=request.actor,
        approved_at=now,
        hold=None,
        would=None,
        look_at=now,
        expires_at=now + limits.expires,
    )


def approve(
    connection: Connection,
    action_id: int,
    actor: str,
    note: str,
    *,
    limits: Limits,
    now: float,
    seen: int | None = None,
) -> Action:
    """Approves the call of an action that has not started, as it is known now; for any other it is no approval.

    Raises:
        RefusedError: there is no such action, it has started or ended, no call is known, or it changed since `seen`.
    """
    action = _unstarted(connection, action_id)
    if seen is not None and seen != action.version:
        raise RefusedError(f"action {action_id} changed since it was shown: look at it again, then approve it")
    if action.parameters is None:
        raise RefusedError(
            f"action {action_id} has no call yet that could be approved: it waits for what would help ({action.hold})"
        )
    return change(
        connection,
        action,
        now,
        actor=actor,
        note=note or "approved",
        said=action.parameters,
        state=ActionState.PLANNED,
        approved_by=actor,
        approved_at=now,
        hold=None,
        would=None,
        look_at=now,
        expires_at=max(action.expires_at, now + limits.approval_expires),
    )


def reject(connection: Connection, action_id: int, actor: str, note: str, *, limits: Limits, now: float) -> Action:
    """Cancels an action that has not started; its alert asks no more until it has ended, or for `limits.expires`.

    Raises:
        RefusedError: there is no such action, or it has started or ended.
    """
    action = _unstarted(connection, action_id)
    silence(connection, action, now + limits.expires)
    return change(connection, action, now, actor=actor, note=note or "rejected", state=ActionState.CANCELLED, hold=None)


def pause(connection: Connection, actor: str, note: str, now: float) -> GateView:
    """Nothing is started any more. Of a second pause only the event is kept."""
    if gate(connection).paused_at is None:
        connection.execute(update(GATE).values(paused_at=now, paused_by=actor, paused_note=note))
    record(connection, now, "paused", actor=actor, note=note)
    return gate(connection)


def resume(connection: Connection, actor: str, note: str, now: float) -> GateView:
    """Takes back a pause and a hold for a refused credential, and has everything judged again."""
    connection.execute(
        update(GATE).values(
            paused_at=None, paused_by="", paused_note="", credential_refused_at=None, credential_mark=""
        )
    )
    connection.execute(
        update(ACTIONS).where(ACTIONS.c.state.in_(UNSTARTED), ACTIONS.c.look_at > now).values(look_at=now)
    )
    record(connection, now, "resumed", actor=actor, note=note)
    return gate(connection)


def _unfinished(connection: Connection, request: PersonRequest) -> Action | None:
    wanted = select(ACTIONS).where(
        ACTIONS.c.organization_id == request.organization_id,
        ACTIONS.c.kind == request.kind,
        ACTIONS.c.state.in_(UNFINISHED),
    )
    row = connection.execute(wanted).mappings().first()
    return None if row is None else action_of(row)


def _unstarted(connection: Connection, action_id: int) -> Action:
    action = action_by_id(connection, action_id)
    if action is None:
        raise RefusedError(f"there is no action {action_id}: `remediate list` shows those that there are")
    if action.state not in UNSTARTED:
        raise RefusedError(
            f"action {action_id} is {action.state}: only what has not started can be approved or rejected"
        )
    return action
