"""What people ask for, approve, reject, pause and resume: one transaction each."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, select, update

from exporter.errors import RefusedError
from exporter.model.accounts import GateView
from exporter.model.action import UNFINISHED, UNSTARTED, Action, ActionKind, ActionState, TriggerSource
from exporter.model.asked import PersonRequest
from exporter.model.limits import Limits
from exporter.model.words import MAX_RECORD_IDS, RECORD_ID
from exporter.remediation.ledger.changing import change, create, record
from exporter.remediation.ledger.reading import action_by_id, gate
from exporter.remediation.ledger.releasing import silence
from exporter.remediation.ledger.rows import action_of
from exporter.remediation.ledger.tables import ACTIONS, GATE

PERSON_LOOKBACK: Final = 90 * 86_400.0
"""Seconds that a resync may reach back which a person asks for: a full resync costs the customer days of Xero quota."""


def ask(connection: Connection, request: PersonRequest, limits: Limits, now: float) -> Action:
    """An action that is approved, in place of one of the same organisation and kind that alerts wait for.

    Of another request of a person nothing is lost: it is not replaced. When the call is claimed, the episodes of the
    organisation end: what was exhausted may be tried again.

    Raises:
        RefusedError: as `desk.Desk.ask`.
    """
    _complete(request, now)
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


def approve(connection: Connection, action_id: int, actor: str, note: str, *, limits: Limits, now: float) -> Action:
    """Approves the call of an action that has not started, as it is known now; for any other it is no approval.

    Raises:
        RefusedError: there is no such action, it has started or ended, or no call is known.
    """
    action = _unstarted(connection, action_id)
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


def _complete(request: PersonRequest, now: float) -> None:
    parameters = request.parameters
    if request.kind is ActionKind.RETRY:
        if not parameters.record_ids or len(parameters.sync_types) != 1:
            raise RefusedError("a retry needs one sync type and at least one record id; without ids nothing is sent")
        if len(parameters.record_ids) > MAX_RECORD_IDS:
            raise RefusedError(f"a retry names at most {MAX_RECORD_IDS} records")
        if not all(RECORD_ID.fullmatch(one) for one in parameters.record_ids):
            # The id is not told: who mistakes an e-mail address for one must not find it in a log.
            raise RefusedError("a record id is 1 to 128 letters, digits and . _ : -, beginning with a letter or digit")
        return
    if not parameters.sync_types or parameters.since is None:
        raise RefusedError("a resync needs at least one sync type and an instant since when")
    if not now - PERSON_LOOKBACK <= parameters.since <= now:
        raise RefusedError(f"a resync reaches back at most {PERSON_LOOKBACK / 86_400:g} days, and not into the future")


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
